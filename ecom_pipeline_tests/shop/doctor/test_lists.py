"""Lists inside exports: the lines of an order, the products of an event, the records of an answer become rows."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ecom_pipeline_tests.shop.doctor.exports import examined, loaded, rows, write_csv


def order(n: int) -> dict[str, Any]:
    """An order of a shop's interface: 2 x 2.50 and 1 x 10.00."""
    return {
        "id": 7000 + n,
        "name": f"#{n}",
        "created_at": f"2024-03-{n % 28 + 1:02}T10:00:00+01:00",
        "financial_status": "refunded" if n % 10 == 0 else "paid",
        "currency": "EUR",
        "total_price": "15.00",
        "customer": {"id": 90 + n % 9, "email": f"c{n % 9}@example.org"},
        "line_items": [
            {"id": n * 2, "product_id": 1, "name": "Mug", "quantity": 2, "price": "2.50", "total_discount": "0.00"},
            {
                "id": n * 2 + 1,
                "product_id": 2,
                "name": "Pot",
                "quantity": 1,
                "price": "10.00",
                "total_discount": "0.00",
            },
        ],
        "tags": [{"tag": "x"}],
    }


@pytest.mark.parametrize("form", ["lines", "array", "answer", "answer over lines"])
def test_orders_with_their_lines(tmp_path: Path, form: str) -> None:
    orders = [order(n) for n in range(40)]
    texts = {
        "lines": "\n".join(map(json.dumps, orders)),
        "array": json.dumps(orders),
        "answer": json.dumps({"orders": [one | {"line_items": None} | one["line_items"][0] for one in orders]}),
        "answer over lines": json.dumps({"orders": [one | one["line_items"][0] for one in orders]}, indent=2),
    }
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "orders.json").write_text(texts[form])
    found = examined(tmp_path / "in")
    if form.startswith("answer"):
        assert found.sources[0].options == {"each": "orders"}
        return
    assert found.sources[0].options == {"each": "line_items"}
    assert any("tags: lists, of which only a query makes rows" in told for told in found.sources[0].notices)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        sums = "select count(*), count(distinct order_id), sum(quantity * unit_price)::decimal(18, 2) from input.order_items"
        assert rows(con, sums) == [(80, 40, Decimal("600.00"))]
        assert rows(con, "select count(*), sum(amount)::decimal(18, 2) from input.refunds") == [(8, Decimal("60.00"))]
        assert rows(con, "select distinct product_id, name from input.products order by 1") == [
            ("1", "Mug"),
            ("2", "Pot"),
        ]
        assert rows(con, "select count(distinct order_id), count(distinct customer_id) from input.orders") == [(40, 9)]
        assert rows(con, "select count(name), count(discount_amount) from input.customers, input.orders limit 1") == [
            (0, 0)
        ]


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_events_about_one_product_and_about_several(tmp_path: Path, suffix: str) -> None:
    """As Segment and PostHog write them; pages are no events of the shop."""
    events = []
    for n in range(60):
        mug, pot = ({"product_id": p, "price": price, "quantity": 1} for p, price in (("mug", 2.5), ("pot", 10)))
        told = [(None, {"url": "/"}), ("Product Viewed", mug), ("Product Added", pot)]
        if n % 3 == 0:
            told.append(("Order Completed", {"order_id": f"o{n}", "total": 12.5, "products": [mug, pot]}))
        for place, (event, properties) in enumerate(told):
            at = f"2024-03-{n % 28 + 1:02}T10:{place:02}:{n % 60:02}Z"
            events.append({"event": event, "timestamp": at, "anonymousId": f"a{n % 9}", "properties": properties})
    path = tmp_path / "in" / f"events.{suffix}"
    if suffix == "csv":
        lines = [[json.dumps(v) if isinstance(v, dict) else v or "" for v in one.values()] for one in events]
        write_csv(path, tuple(events[0]), lines)
    else:
        path.parent.mkdir()
        path.write_text("\n".join(map(json.dumps, events)))
    assert examined(tmp_path / "in").sources[0].options["each"] == "properties.products"
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        sums = "select event_type, product_id, count(*), sum(price)::decimal(18, 2), count(distinct order_id) from input.events"
        assert rows(con, f"{sums} group by all order by all") == [
            ("cart", "pot", 60, Decimal("600.00"), 0),
            ("purchase", "mug", 20, Decimal("50.00"), 20),
            ("purchase", "pot", 20, Decimal("200.00"), 20),
            ("view", "mug", 60, Decimal("150.00"), 0),
        ]


def test_tickets_of_an_answer_know_their_customers_by_address(tmp_path: Path) -> None:
    tickets = [
        {
            "id": n,
            "created_at": f"2024-03-{n % 28 + 1:02}T08:00:00Z",
            "description": f"Where is my order {n}? It is late.",
        }
        | {"requester": {"id": n % 7, "email": f"C{n % 7}@example.org"}, "tags": ["web"]}
        for n in range(40)
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "tickets.json").write_text(json.dumps({"tickets": tickets, "next_page": None}))
    header = ("Order Number", "Order Date", "Email", "SKU", "Quantity", "Price")
    lines = [[f"{n}", "2024-03-01", f"c{n % 7}@example.org", "p1", "1", "2.50"] for n in range(40)]
    write_csv(tmp_path / "in" / "orders.csv", header, lines)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        known = "customer_id in (select customer_id from input.orders)"
        found = f"select count(*), bool_and({known}), count(distinct message_id) from input.messages"
        assert rows(con, found) == [(40, True, 40)]
