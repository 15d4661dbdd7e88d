"""Orders: who bought what when, at what price, what became of it, and what was refunded."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecom_pipeline.shop.samples.advertising import draw_campaign, wanted_orders
from ecom_pipeline.shop.samples.catalogue import PAIR_PROBABILITY, Catalogue
from ecom_pipeline.shop.samples.draws import Floats, Ints, choose, numbered, pick_days
from ecom_pipeline.shop.samples.people import RECENT_DAYS
from ecom_pipeline.shop.samples.seasons import DAYS, FIRST

RATES = {"CNY": 1.0, "USD": 7.10, "EUR": 7.70}
"""One unit in CNY; ``sample.yaml`` tells the pipeline the same."""
SLOTS, SLOT_MINUTES, JITTER_MINUTES = 18, 80, 8
"""A customer's visits start in different slots of a day, so that more than 30 minutes lie between any two."""
SHARE_GUEST = 0.015
SHARE_SOLD_OUT = 0.03
_COUPONS = ("NEW10", "VIP20", "SALE30")
_SLOT_WEIGHT = (1, 0.4, 0.2, 0.2, 0.3, 0.8, 2, 3, 4, 4, 3.5, 3, 3.5, 4, 5, 7, 7, 4)


def expected_orders(customers: pd.DataFrame, demand: Floats) -> Floats:
    """Expected orders per day: each order spread over its window in proportion to demand."""
    cumulative = np.concatenate([[0.0], np.cumsum(demand)])
    _, first, last = _windows(customers)
    rate = 1 / (cumulative[last + 1] - cumulative[first])
    change = np.zeros(DAYS + 1)
    np.add.at(change, first, rate)
    np.subtract.at(change, last + 1, rate)
    return np.asarray(np.cumsum(change)[:DAYS] * demand, dtype=np.float64)


def _windows(customers: pd.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Customer, first and last possible day of every order; one order of a loyal customer is recent."""
    customer = np.repeat(np.arange(len(customers)), customers["orders"])
    first, last = customers["first"].to_numpy()[customer].copy(), customers["last"].to_numpy()[customer]
    recent = (customers["segment"].to_numpy()[customer] == "loyal_high_value") & ~pd.Series(
        customer
    ).duplicated().to_numpy()
    first[recent] = DAYS - RECENT_DAYS
    return customer, first, last


def draw_slots(rng: np.random.Generator, size: int) -> Ints:
    """The slot of the day each visit starts in, most of them in the evening."""
    weight = np.array(_SLOT_WEIGHT)
    return np.searchsorted(np.cumsum(weight / weight.sum())[:-1], rng.random(size), side="right").astype(np.int64)


def make_orders(rng: np.random.Generator, customers: pd.DataFrame, demand: Floats, spend: Floats) -> pd.DataFrame:
    """One row per order: customer (number), day, slot, campaign, order_id; its exact time follows from its visit."""
    customer, first, last = _windows(customers)
    orders = pd.DataFrame(
        {"customer": customer, "day": pick_days(rng, demand, first, last), "slot": draw_slots(rng, len(customer))}
    )
    while (clash := orders.duplicated(["customer", "day", "slot"])).any():
        orders.loc[clash, "slot"] = (orders.loc[clash, "slot"] + 1) % SLOTS
    orders = orders.sort_values(["day", "slot", "customer"], ignore_index=True)
    orders["campaign"] = draw_campaign(
        rng, orders["day"].to_numpy(), wanted_orders(spend), expected_orders(customers, demand)
    )
    orders["is_guest"] = rng.random(len(orders)) < SHARE_GUEST
    date = (pd.Timestamp(FIRST) + pd.to_timedelta(orders["day"], unit="D")).dt.strftime("%Y%m%d")
    orders["order_id"] = "SO" + date + numbered("", orders.groupby("day").cumcount().to_numpy() + 1, 4)
    return orders


def make_items(
    rng: np.random.Generator, catalogue: Catalogue, customers: pd.DataFrame, orders: pd.DataFrame, demand: Floats
) -> pd.DataFrame:
    """One row per line of an order: order (number), product (number), quantity, unit_price, line_amount, currency."""
    loyal = customers["segment"].to_numpy()[orders["customer"]] == "loyal_high_value"
    order = np.repeat(np.arange(len(orders)), 1 + rng.poisson(np.where(loyal, 0.9, 0.55)))
    buyer = orders["customer"].to_numpy()[order]
    taste, tier = customers["taste"].to_numpy()[buyer], customers["tier"].to_numpy()[buyer]
    items = pd.DataFrame({"order": order, "product": catalogue.draw(rng, taste, tier, orders["day"].to_numpy()[order])})
    together = [items]
    for product, partner in catalogue.pairs:
        bought = items.loc[items["product"] == product, "order"].drop_duplicates()
        together.append(pd.DataFrame({"order": bought[rng.random(len(bought)) < PAIR_PROBABILITY], "product": partner}))
    items = (
        pd.concat(together).drop_duplicates(["order", "product"]).sort_values("order", kind="stable", ignore_index=True)
    )

    buyer, day = orders["customer"].to_numpy()[items["order"]], orders["day"].to_numpy()[items["order"]]
    currency = customers["currency"].to_numpy()[buyer]
    rate = np.array([RATES[code] for code in currency])
    items["quantity"] = choose(rng, ["1", "2", "3"], [0.84, 0.11, 0.05], len(items)).astype(np.int64)
    items["unit_price"] = np.round(catalogue.products["price"].to_numpy()[items["product"]] / rate, 2)
    smooth = pd.Series(demand).rolling(29, center=True, min_periods=1).median().to_numpy()
    sale = (demand > 1.35 * smooth)[day] & (rng.random(len(items)) < 0.7)
    full = items["quantity"] * items["unit_price"]
    items["line_amount"] = np.round(full * np.where(sale, 0.9, 1.0), 2)
    items["discount"] = np.round(full - items["line_amount"], 2)
    items["currency"] = currency
    items["amount_cny"] = items["line_amount"] * rate
    return items


def make_stock(rng: np.random.Generator, catalogue: Catalogue, orders: pd.DataFrame, items: pd.DataFrame) -> Ints:
    """Pieces on hand of every product on the last day: what sells in some weeks, for some much more, for a few nothing."""
    recent = orders["day"].to_numpy()[items["order"]] >= DAYS - 60
    sold = items[recent].groupby("product")["quantity"].sum().reindex(range(len(catalogue.products)), fill_value=0)
    days = rng.gamma(1.5, 60, len(sold)) * (rng.random(len(sold)) >= SHARE_SOLD_OUT)
    return np.asarray(rng.poisson(np.maximum(sold.to_numpy() / 60, 0.05) * days), dtype=np.int64)


def settle(
    rng: np.random.Generator, customers: pd.DataFrame, orders: pd.DataFrame, items: pd.DataFrame
) -> pd.DataFrame:
    """The orders with status, discount, shipping, coupon and the time of their last change; needs ``ordered_at``."""
    total = items.groupby("order")["line_amount"].sum().reindex(range(len(orders))).to_numpy()
    rate = np.array([RATES[code] for code in customers["currency"].to_numpy()[orders["customer"]]])
    couponed = (rng.random(len(orders)) < 0.12) & (total * rate > 120)
    step = rng.integers(0, len(_COUPONS), len(orders))
    orders["coupon"] = np.where(couponed, np.array(_COUPONS, dtype=object)[step], "")
    orders["discount"] = np.where(couponed, np.round((step + 1) * 10 / rate, 2), 0.0)
    orders["shipping"] = np.where(total * rate >= 99, 0.0, np.round(8 / rate, 2))
    status = choose(rng, ["已取消", "已退货", "已完成"], [0.03, 0.02, 0.95], len(orders))
    open_days = rng.integers(1, 5, len(orders))
    pending = (status == "已完成") & (orders["day"].to_numpy() + open_days >= DAYS)
    orders["status"] = np.where(pending, "待发货", status)
    waited = np.where(pending, rng.integers(5, 60, len(orders)), open_days * 1440 + rng.integers(0, 600, len(orders)))
    orders["updated_at"] = orders["ordered_at"] + pd.to_timedelta(waited, unit="min")
    return orders


def make_refunds(rng: np.random.Generator, orders: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Refunds: all lines of returned orders, and a few lines of completed ones."""
    status = orders["status"].to_numpy()[items["order"]]
    partly = (status == "已完成") & (rng.random(len(items)) < 0.012)
    lines = items[(status == "已退货") | partly].copy()
    lines["refunded_at"] = orders["updated_at"].to_numpy()[lines["order"]] + pd.to_timedelta(
        rng.integers(1440, 14400, len(lines)), unit="min"
    )
    lines = lines[lines["refunded_at"] < pd.Timestamp(FIRST) + pd.Timedelta(days=DAYS)].reset_index(drop=True)
    lines["reason"] = choose(
        rng, ["质量问题", "尺寸不合适", "不想要了", "发错货", "运输破损"], [0.3, 0.25, 0.2, 0.1, 0.15], len(lines)
    )
    return lines
