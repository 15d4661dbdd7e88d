"""Given clean rows, the figures that a shop would work out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecom_pipeline.warehouse.names import rows_of
from ecom_pipeline_tests.tables import world as worlds
from ecom_pipeline_tests.tables.world import CONTRACTS

Row = dict[str, Any]


class World(worlds.World):
    """A world that rows are given to one by one, and that answers in mappings."""

    def given(self, table: str, *rows: Row) -> World:  # type: ignore[override]
        super().given(table, rows)
        return self

    def query(self, statement: str) -> list[Row]:
        return list(rows_of(self.con, statement))

    def select(self, table: str) -> list[Row]:
        return self.query(f"select * from ({CONTRACTS[table].select}\n) order by all")


@pytest.fixture(scope="module")
def empty() -> World:
    return World()


@pytest.fixture
def world(empty: World) -> Iterator[World]:
    with empty.scratch():
        yield empty


def only(rows: list[Row], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def event(event_id: str, at: str, kind: str = "view", **more: object) -> Row:
    base = {"event_id": event_id, "event_type": kind, "event_at": f"2024-03-01 {at}", "event_date": "2024-03-01"}
    return base | {"visitor_id": "V1", "customer_id": "C1"} | more


def line(line_id: str, order_id: str, amount: str, **more: object) -> Row:
    base = {"order_item_id": line_id, "order_id": order_id, "product_id": "P1", "customer_id": "C1", "quantity": 1}
    base |= {"ordered_at": "2024-03-01 12:00:00", "ordered_date": "2024-03-01", "order_status": "completed"}
    return base | {"line_amount": amount} | more


def order(order_id: str, **more: object) -> Row:
    base = {"order_id": order_id, "customer_id": "C1", "ordered_at": "2024-03-01 12:00:00"}
    return base | {"ordered_date": "2024-03-01", "status": "completed"} | more


def test_thirty_minutes_of_rest_is_the_same_visit_and_a_second_more_is_not(world: World) -> None:
    world.given(
        "clean.events",
        event("1", "10:00:00", customer_id=None),
        event("2", "10:30:00", customer_id=None),
        event("3", "11:00:01", customer_id=None),
        event("4", "10:10:00", visitor_id="V2", customer_id=None),
    )
    found = world.query("select visitor_id, events from (" + sessions(world) + ") order by visitor_id, started_at")
    assert found == [
        {"visitor_id": "V1", "events": 2},
        {"visitor_id": "V1", "events": 1},
        {"visitor_id": "V2", "events": 1},
    ]


def sessions(world: World) -> str:
    world.keep("features.bot_days", "features.sessions")
    return "from features.sessions"


def test_the_shops_own_session_ids_are_kept_together_whatever_the_gap(world: World) -> None:
    world.given("clean.events", event("1", "10:00:00", session_id="S1"), event("2", "13:00:00", session_id="S1"))
    assert len(world.query(sessions(world))) == 1


def paced(visitor: str, seconds: int, number: int) -> list[Row]:
    times = [(n * seconds // 3600, n * seconds // 60 % 60, n * seconds % 60) for n in range(number)]
    who = {"visitor_id": visitor, "customer_id": None}
    return [event(f"{visitor}{n}", f"{h:02}:{m:02}:{s:02}", **who) for n, (h, m, s) in enumerate(times)]


@pytest.mark.slow
def test_a_day_at_the_pace_of_a_machine_or_with_its_name_is_a_bots_day(world: World) -> None:
    world.given("clean.events", *paced("machine", 4, 102), *paced("short", 4, 101), *paced("busy", 5, 300))
    world.given(
        "clean.events",
        event("1", "10:00:00", visitor_id="named", customer_id=None, user_agent="Mozilla/5.0 (GoogleBot/2.1)"),
    )
    flags = {row["visitor_id"]: row["is_bot"] for row in world.query(sessions(world))}
    assert flags == {"machine": True, "short": False, "busy": False, "named": True}


def test_cancelled_orders_are_no_sales_and_purchase_events_are_none_where_there_are_orders(world: World) -> None:
    world.given("clean.orders", order("O1"), order("O2", status="cancelled"))
    world.given("clean.order_items", line("L1", "O1", "10.00"), line("L2", "O2", "99.00", order_status="cancelled"))
    world.given("clean.events", event("e", "10:00:00", "purchase", price="5.00", quantity=3, product_id="P1"))
    assert only(world.select("features.sales"), "sale_id", "revenue") == [("L1", Decimal("10.0000"))]
    world.con.execute("delete from clean.orders")
    world.con.execute("delete from clean.order_items")
    assert only(world.select("features.sales"), "sale_id", "revenue") == [("e", Decimal("15.0000"))]


def touched(world: World, *visits: tuple[str, str, str | None]) -> World:
    """An order of C1 at noon on the first of March, after visits (day, time, channel)."""
    world.given("clean.orders", order("O1", channel="shop_says"))
    world.given("clean.order_items", line("L1", "O1", "10.00"))
    rows = [
        {"session_id": f"S{n}", "visitor_id": "V1", "customer_id": "C1", "started_at": f"{day} {time}", "is_bot": False}
        | {"channel": channel, "session_date": day, "campaign_id": f"K{n}"}
        for n, (day, time, channel) in enumerate(visits)
    ]
    world.keep("features.sales", "features.orders")
    return world.given("features.sessions", *rows)


@pytest.mark.parametrize(
    ("visits", "channel", "method", "campaign"),
    [
        ([], "shop_says", "shop", None),
        ([("2024-02-20", "10:00:00", "mail"), ("2024-03-01", "11:00:00", "ads")], "ads", "last_touch", "K1"),
        ([("2024-02-20", "10:00:00", "mail"), ("2024-03-01", "11:00:00", "direct")], "mail", "last_touch", "K0"),
        ([("2024-03-01", "12:00:01", "ads")], "shop_says", "shop", None),
        ([("2024-01-31", "12:00:00", "ads")], "ads", "last_touch", "K0"),
        ([("2024-01-31", "11:59:59", "ads")], "shop_says", "shop", None),
    ],
    ids=["no visit", "the last one", "direct is no touch", "after the order", "30 days", "a second more"],
)
def test_last_touch(
    visits: list[tuple[str, str, str]], channel: str, method: str, campaign: str | None, world: World
) -> None:
    (row,) = touched(world, *visits).select("features.attribution")
    assert (row["channel"], row["method"], row["campaign_id"]) == (channel, method, campaign)


amounts = st.decimals(min_value=0, max_value=1000, places=2)
orders_of_customers = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 28), amounts), min_size=1, max_size=12)


@pytest.mark.slow
@given(made=orders_of_customers, visits=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 28)), max_size=12))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_attribution_sums_to_revenue_and_so_do_days_and_customers(
    made: list[tuple[int, int, Decimal]], visits: list[tuple[int, int]]
) -> None:
    world = World()
    for n, (customer, day, amount) in enumerate(made):
        when = {
            "customer_id": f"C{customer}",
            "ordered_at": f"2024-02-{day:02} 12:00:00",
            "ordered_date": f"2024-02-{day:02}",
        }
        world.given("clean.orders", order(f"O{n}", **when))
        world.given("clean.order_items", line(f"L{n}", f"O{n}", str(amount), **when))
    for n, (customer, day) in enumerate(visits):
        seen = {"visitor_id": f"V{customer}", "customer_id": f"C{customer}", "channel": ("ads", "mail")[n % 2]}
        world.given(
            "clean.events",
            event(f"e{n}", "10:00:00", **seen, event_at=f"2024-02-{day:02} 10:00:00", event_date=f"2024-02-{day:02}"),
        )
    world.keep("features.bot_days", "features.as_of", "features.sessions", "features.days", "features.sales")
    world.keep("features.orders", "features.attribution", "features.products", "features.daily_sales")
    revenue = sum(amount for _, _, amount in made)
    for table, where in (
        ("features.attribution", "true"),
        ("features.orders", "true"),
        ("features.daily_sales", "series_kind = 'total'"),
        ("features.daily_sales", "series_kind = 'category'"),
    ):
        (found,) = world.query(f"select coalesce(sum(revenue), 0) as revenue from {table} where {where}")
        assert found["revenue"] == revenue, table
    (attributed,) = world.query("select count(*) as n from features.attribution")
    assert attributed["n"] == len(made)


def test_days_without_sales_are_there_with_nothing(world: World) -> None:
    world.given("clean.orders", order("O1"), order("O2", ordered_at="2024-03-04 09:00:00", ordered_date="2024-03-04"))
    world.given(
        "clean.order_items",
        line("L1", "O1", "10.00"),
        line("L2", "O2", "5.00", ordered_at="2024-03-04 09:00:00", ordered_date="2024-03-04"),
    )
    world.keep("features.as_of", "features.days", "features.sales", "features.products", "features.daily_sales")
    total = world.query("select sales_date, revenue from features.daily_sales where series_kind = 'total' order by 1")
    assert [(row["sales_date"], row["revenue"]) for row in total] == [
        (date(2024, 3, 1), 10),
        (date(2024, 3, 2), 0),
        (date(2024, 3, 3), 0),
        (date(2024, 3, 4), 5),
    ]


def test_a_century_has_every_day_once(world: World) -> None:
    world.given("features.as_of", {"first_date": "1950-01-01", "as_of_date": "2050-01-01"})
    counted = "count(*), count(distinct calendar_date), min(calendar_date), max(calendar_date)"
    assert world.rows(f"select {counted} from ({CONTRACTS['features.days'].select}\n)") == [
        (36_526, 36_526, date(1950, 1, 1), date(2050, 1, 1))
    ]


def test_the_thousand_products_that_brought_most_are_kept_of_equals_those_that_sold_most(world: World) -> None:
    world.given("features.as_of", {"as_of_date": "2024-06-30"})
    world.con.execute(
        "insert into features.product_days (product_id, activity_date, orders, units, revenue)"
        " select name, day, 1, units, revenue from (values (date '2024-06-01'), (date '2024-06-02')) as days (day),"
        " (select 'best ' || number, 1, 5 from range(999) as numbers (number) union all"
        " values ('more pieces', 2, 1), ('fewer pieces', 1, 1)) as products (name, units, revenue)"
    )
    once = {"product_id": "one good day", "activity_date": "2024-06-01", "orders": 1, "units": 9, "revenue": "1.5"}
    world.given("features.product_days", once)
    kept = {row["product_id"] for row in world.select("features.product_sales")}
    assert {name for name in kept if not name.startswith("best")} == {"more pieces"}
    assert len(kept) == 1000


def test_a_record_of_rows_says_whether_it_adds_up(world: World) -> None:
    counts = {"run_id": "r", "input": "orders", "clean_rows": 7, "duplicate_rows": 2, "quarantined_rows": 1}
    for source, routed in (("whole", 10), ("leaky", 11)):
        names = ", ".join([*counts, "source", "routed_rows"])
        values = [*counts.values(), source, routed]
        world.con.execute(f"insert into journal.conservation ({names}) values ({', '.join('?' * len(values))})", values)
    assert dict(only(world.select("ops.conservation"), "source", "is_conserved")) == {"whole": True, "leaky": False}
