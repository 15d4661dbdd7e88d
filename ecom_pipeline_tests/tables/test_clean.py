"""Given rows of ``input``, what is kept, what is a duplicate, what is refused and why."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ecom_pipeline_tests.tables.world import CONTRACTS, Row, World, only


@pytest.fixture
def world() -> World:
    return World().given("input.exchange_rates", {"currency": "CNY", "rate": 1}, {"currency": "USD", "rate": "7.2"})


def order(order_id: str | None, **more: object) -> Row:
    return {"order_id": order_id, "ordered_at": "2024-03-01 10:00:00", "currency": "CNY"} | more


def item(order_item_id: str, **more: object) -> Row:
    base = {"order_item_id": order_item_id, "order_id": "O1", "product_id": "P1", "quantity": 2, "currency": "CNY"}
    return base | {"unit_price": "1.50"} | more


def refusals(world: World, table: str, key: str) -> dict[str, list[str]]:
    """Names of the quarantine rules that each row breaks."""
    world.con.execute(f"create or replace table candidate as {CONTRACTS[table].select}")
    return {
        str(row[key]): [
            rule.name
            for rule in CONTRACTS[table].row_rules
            if rule.action == "quarantine"
            and world.query(f"select count(*) as n from candidate where {key} = '{row[key]}' and {rule.breaks}")[0]["n"]
        ]
        for row in world.query("from candidate")
    }


def test_the_readable_then_the_latest_update_then_the_newest_load_wins(world: World) -> None:
    world.given(
        "input.orders",
        order("O1", _load_id=1, customer_id="old"),
        order("O1", _load_id=2, customer_id="new"),
        order("O1", _load_id=3, customer_id="unreadable", _reasons="status: odd"),
        order("O2", _load_id=9, customer_id="stale", updated_at="2024-03-01 11:00:00"),
        order("O2", _load_id=1, customer_id="fresh", updated_at="2024-03-02 11:00:00"),
        order(" O1 ", _load_id=1, customer_id="padded"),
    )
    first = [row for row in world.select("clean.orders") if row["_duplicate"] == 1]
    assert only(first, "order_id", "customer_id") == [("O1", "new"), ("O2", "fresh")]
    assert len(world.select("clean.orders")) == 6


def test_rows_without_a_key_are_never_duplicates_of_each_other(world: World) -> None:
    world.given("input.orders", order(None), order(" "))
    assert only(world.select("clean.orders"), "order_id", "_duplicate") == [(None, 1), (None, 1)]


def test_amounts_are_in_the_reporting_currency_beside_the_original(world: World) -> None:
    world.given("input.orders", order("O1"))
    world.given(
        "input.order_items",
        item("L1", currency="USD"),
        item("L2", currency=" usd", unit_price=None, line_amount="3.00"),
        item("L3", discount_amount="0.50"),
        item("L4", currency="XXX"),
        item("L5", currency=None),
    )
    world.keep("clean.orders")
    found = {row["order_item_id"]: row for row in world.select("clean.order_items")}
    assert {name: row["line_amount"] for name, row in found.items()} == {
        "L1": Decimal("21.6000"),
        "L2": Decimal("21.6000"),
        "L3": Decimal("2.5000"),
        "L4": None,
        "L5": Decimal("3.0000"),
    }
    assert found["L2"]["unit_price"] == Decimal("10.8000")
    assert {row["original_line_amount"] for row in found.values()} == {Decimal("3.0000"), Decimal("2.5000")}
    assert refusals(world, "clean.order_items", "order_item_id") == {
        "L1": [],
        "L2": [],
        "L3": [],
        "L4": ["has_exchange_rate"],
        "L5": [],
    }


def test_a_line_without_its_order_is_refused_and_an_unknown_product_only_told(world: World) -> None:
    world.given("input.orders", order("O1", customer_id="C1"))
    world.given("input.products", {"product_id": "P1"})
    world.given("input.order_items", item("L1"), item("L2", order_id="O9"), item("L3", product_id="P9"))
    world.keep("clean.products", "clean.orders")
    assert refusals(world, "clean.order_items", "order_item_id") == {"L1": [], "L2": ["has_order"], "L3": []}
    rows = world.select("clean.order_items")
    assert only(rows, "order_item_id", "customer_id", "is_known_product") == [
        ("L1", "C1", True),
        ("L2", None, True),
        ("L3", "C1", False),
    ]


def test_what_could_not_be_read_is_passed_on(world: World) -> None:
    world.given("input.orders", order("O1", _reasons="ordered_at: 'x' is not a timestamp"))
    assert only(world.select("clean.orders"), "_reasons") == [("ordered_at: 'x' is not a timestamp",)]


def test_test_orders_and_impossible_times_are_refused(world: World) -> None:
    world.given(
        "input.orders",
        order("good"),
        order("test", is_test=True),
        order("future", ordered_at="2999-01-01 00:00:00"),
        order("ancient", ordered_at="1970-01-01 00:00:00"),
    )
    assert refusals(world, "clean.orders", "order_id") == {
        "good": [],
        "test": ["not_a_test"],
        "future": ["not_in_the_future"],
        "ancient": ["not_before_1990"],
    }


@pytest.mark.parametrize("name", sorted(name for name in CONTRACTS if name.startswith("clean.")))
def test_every_row_of_the_input_comes_out_once(world: World, name: str) -> None:
    given = f"input.{CONTRACTS[name].input}"
    world.given(given, *({"_row": number, "_reasons": None} for number in range(3)), {"_row": 9, "_reasons": "bad"})
    assert sorted(row["_row"] for row in world.select(name)) == [0, 1, 2, 9]
