"""A shop so small that a night takes seconds, with every input: 40 customers, 12 products, 120 days."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

START, DAYS, CUSTOMERS, PRODUCTS = date(2024, 1, 1), 120, 40, 12
Rows = list[list[str]]

SHOP = """\
name: mini
timezone: Asia/Shanghai
currency: CNY
country: CN
exchange_rates: {USD: 7.2}
sources:
  orders:
    files: orders-*.csv
    inputs:
      orders:
        columns: {order_id: order_id, customer_id: customer, ordered_at: at, status: status, currency: currency, channel: channel}
  lines:
    files: lines.csv
    inputs:
      order_items:
        columns: {order_item_id: line, order_id: order_id, product_id: sku, quantity: qty, unit_price: price, currency: currency}
  refunds:
    files: refunds.csv
    inputs:
      refunds:
        columns: {refund_id: id, order_id: order_id, product_id: sku, customer_id: customer, refunded_at: at, amount: amount}
  clicks:
    files: clicks.jsonl.gz
    inputs:
      events:
        columns:
          event_id: id
          event_type: {column: type, values: {pv: view, addcart: cart, fav: favourite, buy: purchase}}
          event_at: {column: ts, unit: s}
          customer_id: user
          product_id: sku
          channel: channel
          campaign_id: campaign
  products:
    files: products.csv
    inputs:
      products:
        columns: {product_id: sku, name: name, category_path: category, brand: brand, price: price, cost: cost, stock: stock, lead_time_days: lead}
  customers:
    files: customers.csv
    inputs:
      customers:
        columns: {customer_id: id, name: name, email: email, phone: phone, country: country, language: language, registered_at: registered}
  messages:
    files: messages.csv
    inputs:
      messages:
        columns: {message_id: id, customer_id: customer, sent_at: at, text: text, language: language, intent: intent}
  faq:
    files: faq.csv
    inputs:
      faq:
        columns: {faq_id: id, intent: intent, questions: questions, answer: answer, language: language}
  spend:
    files: spend.csv
    inputs:
      marketing_spend:
        columns: {spend_date: day, channel: channel, campaign_id: campaign, amount: amount, impressions: impressions, clicks: clicks}
  campaigns:
    files: campaigns.csv
    inputs:
      campaigns:
        columns: {campaign_id: id, name: name, channel: channel, starts_on: start, ends_on: end, budget: budget}
  experiments:
    files: experiments.csv
    inputs:
      experiments:
        columns: {experiment_id: experiment, customer_id: customer, arm: arm, assigned_at: day, cost: cost}
  market:
    files: market.csv
    inputs:
      market:
        columns: {market_date: day, indicator: indicator, value: value}
  calendar:
    files: calendar.csv
    inputs:
      calendar:
        columns: {calendar_date: day, name: name, kind: kind, country: country}
"""

QUESTIONS = {
    "order_status": ("where is my order", "我的订单到哪里了"),
    "refund": ("I want my money back", "我要退款"),
    "invoice": ("please send me an invoice", "请给我开发票"),
}


def write_mini(folder: Path) -> Path:
    """Write the shop's exports and its shop.yaml; returns the path of the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    orders, lines, clicks, refunds = [], [], [], []
    for day in range(DAYS):
        today = START + timedelta(days=day)
        for _ in range(3 + 2 * (today.weekday() >= 5)):
            customer, moment = int(random.integers(CUSTOMERS)), datetime.combine(today, datetime.min.time())
            moment += timedelta(seconds=int(random.integers(8 * 3600, 22 * 3600)))
            order = f"O{len(orders):05d}"
            channel = ("ads", "mail", "")[int(random.integers(3))]
            skus = [
                int(random.integers(PRODUCTS // 2)) + (customer % 2) * PRODUCTS // 2
                for _ in range(1 + int(random.integers(2)))
            ]
            for step, kind in enumerate(("pv", "addcart", "buy")):
                for sku in skus:
                    at = moment - timedelta(hours=8, minutes=10 - 4 * step)
                    epoch = int((at - datetime(1970, 1, 1)).total_seconds())
                    clicks.append(
                        {"id": f"E{len(clicks)}", "type": kind, "ts": epoch, "user": f"C{customer}", "sku": f"P{sku}"}
                        | ({"channel": channel, "campaign": "K1" if channel == "ads" else None} if channel else {})
                    )
            orders.append(
                (
                    order,
                    f"C{customer}",
                    f"{moment:%Y-%m-%d %H:%M:%S}",
                    "completed",
                    "USD" if day == 5 else "CNY",
                    channel,
                )
            )
            lines.extend(
                (f"{order}-{n}", order, f"P{sku}", 1 + sku % 3, f"{10 + sku}.50", "") for n, sku in enumerate(skus)
            )
            if len(orders) % 20 == 0:
                refunds.append(
                    (
                        f"R{len(refunds)}",
                        order,
                        f"P{skus[0]}",
                        f"C{customer}",
                        f"{moment + timedelta(days=2):%Y-%m-%d %H:%M:%S}",
                        "10.50",
                    )
                )
    half = len(orders) // 2
    head = ("order_id", "customer", "at", "status", "currency", "channel")
    write(folder / "orders-1.csv", head, orders[:half])
    write(folder / "orders-2.csv", head, orders[half:])
    write(folder / "lines.csv", ("line", "order_id", "sku", "qty", "price", "currency"), lines)
    write(folder / "refunds.csv", ("id", "order_id", "sku", "customer", "at", "amount"), refunds)
    with gzip.open(folder / "clicks.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(click) + "\n" for click in clicks)
    write(
        folder / "products.csv",
        ("sku", "name", "category", "brand", "price", "cost", "stock", "lead"),
        [
            (
                f"P{n}",
                f"Product {n}",
                f"{'Home' if n < 6 else 'Garden'} > Part {n % 3}",
                f"Brand {n % 2}",
                f"{10 + n}.50",
                "5.00",
                100,
                7,
            )
            for n in range(PRODUCTS)
        ],
    )
    write(
        folder / "customers.csv",
        ("id", "name", "email", "phone", "country", "language", "registered"),
        [
            (f"C{n}", f"Name {n}", f"c{n}@example.com", f"1380000{n:04d}", "CN", "zh" if n % 2 else "en", "2023-12-01")
            for n in range(CUSTOMERS)
        ],
    )
    messages = [
        (
            f"M{n}",
            f"C{n % CUSTOMERS}",
            f"{START + timedelta(days=n)} 12:00:00",
            QUESTIONS[intent][n % 2],
            "zh" if n % 2 else "en",
            intent,
        )
        for n, intent in enumerate(list(QUESTIONS) * 30)
    ]
    write(folder / "messages.csv", ("id", "customer", "at", "text", "language", "intent"), messages)
    write(
        folder / "faq.csv",
        ("id", "intent", "questions", "answer", "language"),
        [
            (f"F{n}{language}", intent, QUESTIONS[intent][n2], f"Answer {intent}", language)
            for n, intent in enumerate(QUESTIONS)
            for n2, language in enumerate(("en", "zh"))
        ],
    )
    days = [START + timedelta(days=n) for n in range(DAYS)]
    write(
        folder / "spend.csv",
        ("day", "channel", "campaign", "amount", "impressions", "clicks"),
        [(day, "ads", "K1", "20.00", 1000, 50) for day in days],
    )
    write(
        folder / "campaigns.csv",
        ("id", "name", "channel", "start", "end", "budget"),
        [("K1", "Spring", "ads", days[0], days[-1], "5000")],
    )
    write(
        folder / "experiments.csv",
        ("experiment", "customer", "arm", "day", "cost"),
        [("letter", f"C{n}", ("control", "letter")[n % 2], days[60], "0.50") for n in range(CUSTOMERS)],
    )
    write(
        folder / "market.csv", ("day", "indicator", "value"), [(day, "search", 100 + n) for n, day in enumerate(days)]
    )
    write(
        folder / "calendar.csv",
        ("day", "name", "kind", "country"),
        [("2024-02-10", "春节", "holiday", "CN"), ("2024-03-08", "Spring sale", "event", "CN")],
    )
    (folder / "shop.yaml").write_text(SHOP, encoding="utf-8")
    return folder / "shop.yaml"


def edit(path: Path, change: Callable[[Rows], Rows], to: Path | None = None) -> None:
    """Change the rows of a CSV file, or of a copy of it; the first is the header."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    with (to or path).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(change(rows))


def write(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
