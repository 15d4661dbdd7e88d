"""What the SELECTs keep to whatever they are given: nothing is lost, nothing counts twice, sums agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline_tests.tables.world import CONTRACTS, Row, World, candidate_of

CUSTOMERS, PRODUCTS = ("ann", "bob", None), ("p1", "p2", "p3", None)
CHANNELS = ("email", "search", "direct", "(none)", None)
START = datetime(2024, 1, 1)
MONEY = st.decimals(min_value=0, max_value=1000, places=4)
MOMENT = st.integers(0, 50 * 24 * 4).map(lambda quarters: START + timedelta(minutes=15 * quarters))
FEATURES = (
    "features.as_of",
    "features.days",
    "features.session_owners",
    "features.people",
    "features.bot_days",
    "features.sales",
    "features.orders",
    "features.sessions",
    "features.products",
    "features.interactions",
    "features.customer_days",
    "features.product_days",
    "features.customers",
    "features.customer_months",
    "features.rfm",
    "features.daily_sales",
    "features.attribution",
    "features.channel_days",
    "features.touches",
    "features.daily_metrics",
)
MARTS = (
    "marts.sales_daily",
    "marts.category_sales_daily",
    "marts.cohorts",
    "marts.channel_performance",
    "marts.channel_segments",
    "marts.campaign_performance",
    "marts.funnel_daily",
    "marts.customer_tags",
    "marts.identity_summary",
    "marts.customer_profiles",
    "marts.segment_summary",
    "marts.products",
)
few = settings(max_examples=30, deadline=None, derandomize=True)


@st.composite
def shops(draw: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, list[Row]]:
    """What a shop could have in ``clean``: orders with lines, some cancelled, refunds, visits and spend."""
    orders: list[Row] = [
        {
            "order_id": f"o{number}",
            "customer_id": draw(st.sampled_from(CUSTOMERS)),
            "ordered_at": moment,
            "ordered_date": moment.date(),
            "status": draw(st.sampled_from(("completed", "completed", "returned", "cancelled"))),
            "channel": draw(st.sampled_from(CHANNELS)),
            "discount_amount": draw(st.none() | MONEY),
        }
        for number, moment in enumerate(draw(st.lists(MOMENT, max_size=6)))
    ]
    items = [
        {
            "order_item_id": f"{order['order_id']}-{line}",
            **{name: order[name] for name in ("order_id", "customer_id", "ordered_at", "ordered_date")},
            "order_status": order["status"],
            "product_id": draw(st.sampled_from(PRODUCTS)),
            "quantity": draw(MONEY),
            "line_amount": amount,
        }
        for order in orders
        for line, amount in enumerate(draw(st.lists(MONEY, max_size=3)))
    ]
    events: list[Row] = [
        {
            "event_id": f"e{number:02}",
            "event_type": draw(st.sampled_from(("view", "cart", "favourite", "search", "purchase"))),
            "event_at": moment,
            "event_date": moment.date(),
            "customer_id": (customer := draw(st.sampled_from(CUSTOMERS))),
            "session_id": (session := draw(st.sampled_from(("s1", "s2", None)))),
            "visitor_id": customer or session,
            "product_id": draw(st.sampled_from(PRODUCTS)),
            "price": draw(st.none() | MONEY),
            "channel": draw(st.sampled_from(CHANNELS)),
            "user_agent": draw(st.sampled_from((None, None, "SomeBot"))),
        }
        for number, moment in enumerate(draw(st.lists(MOMENT, max_size=12)))
    ]
    refunds: list[Row] = [
        {
            "refund_id": f"r{number}",
            "customer_id": draw(st.sampled_from(CUSTOMERS)),
            "order_status": draw(st.sampled_from((None, "returned", "cancelled"))),
            "refunded_date": draw(MOMENT).date(),
            "amount": amount,
        }
        for number, amount in enumerate(draw(st.lists(MONEY, max_size=3)))
    ]
    spend: list[Row] = [
        {
            "spend_date": draw(MOMENT).date(),
            "channel": draw(st.sampled_from(("email", "search"))),
            "campaign_id": draw(st.sampled_from(("c1", None))),
            "amount": amount,
        }
        for amount in draw(st.lists(MONEY, max_size=4))
    ]
    catalogue: list[Row] = [
        {"product_id": "p1", "category_path": "Home > Mugs", "price": 5},
        {"product_id": "p2", "category_path": "Toys", "price": 7},
    ]
    return {
        "clean.orders": orders,
        "clean.order_items": items,
        "clean.events": events,
        "clean.refunds": refunds,
        "clean.marketing_spend": spend,
        "clean.products": catalogue,
    }


def fill(world: World, shop: dict[str, list[Row]]) -> None:
    for table, rows in shop.items():
        world.given(table, rows)
    world.keep(*FEATURES)


def total(world: World, table: str, column: str, where: str = "true") -> Decimal:
    value = world.one(f"select coalesce(sum({column}), 0) from {table} where {where}")
    return Decimal(str(value))


@pytest.mark.slow
@given(shop=shops())
@few
def test_revenue_is_the_same_sum_however_it_is_cut(shop: dict[str, list[Row]], empty: World) -> None:
    with empty.scratch() as world:
        fill(world, shop)
        world.keep("marts.channel_daily", "marts.attributed_orders")
        sold = total(world, "features.sales", "revenue")
        if shop["clean.orders"]:
            assert sold == total(world, "clean.order_items", "line_amount", "order_status <> 'cancelled'")
        for table, where in {
            "features.orders": "true",
            "features.daily_sales": "series_kind = 'total'",
            "features.daily_sales ": "series_kind = 'category'",
        }.items():
            assert total(world, table, "revenue", where) == sold, (table, where)
        cents = total(world, "features.orders", "cast(revenue as decimal(18, 2))")
        for table, where in {
            "features.attribution": "true",
            "features.channel_days": "true",
            "features.touches": "is_converted and position = 1",
            "marts.channel_daily": "true",
            "marts.attributed_orders": "true",
        }.items():
            assert total(world, table, "revenue", where) == cents, (table, where)
        known = total(world, "features.sales", "revenue", "customer_id is not null")
        assert total(world, "features.customer_days", "revenue") == known
        assert total(world, "features.customers", "revenue") == known
        assert total(world, "features.rfm", "monetary") == known
        named = total(world, "features.sales", "revenue", "product_id is not null")
        assert total(world, "features.product_days", "revenue") == named


@pytest.mark.slow
@given(shop=shops())
@few
def test_every_table_keeps_its_promise(shop: dict[str, list[Row]], empty: World) -> None:
    with empty.scratch() as world:
        fill(world, shop)
        world.keep(*MARTS)
        for name in (*FEATURES, *MARTS):
            contract = CONTRACTS[name]
            for rule in contract.row_rules:
                assert world.one(f"select count(*) from {name} where {rule.breaks}") == 0, (name, rule.name)
            if contract.key:
                key = ", ".join(contract.key)
                assert world.rows(f"select {key} from {name} group by {key} having count(*) > 1") == [], name


@pytest.mark.slow
@given(shop=shops())
@few
def test_orders_are_credited_once_and_days_are_dense(shop: dict[str, list[Row]], empty: World) -> None:
    with empty.scratch() as world:
        fill(world, shop)
        world.keep(*MARTS)
        orders = world.one("select count(*) from features.orders")
        for table in ("features.channel_days", "marts.channel_performance", "marts.funnel_daily", "marts.sales_daily"):
            assert total(world, table, "orders") == orders, table
        gaps = world.rows(
            "select series from features.daily_sales group by series_kind, series"
            " having count(*) <> date_diff('day', min(sales_date), max(sales_date)) + 1"
            " or max(sales_date) <> (select as_of_date from features.as_of) or min_by(orders, sales_date) = 0"
        )
        assert gaps == []


@pytest.mark.slow
@given(shop=shops())
@few
def test_every_event_of_a_visitor_is_in_one_visit(shop: dict[str, list[Row]], empty: World) -> None:
    with empty.scratch() as world:
        fill(world, shop)
        visitors = [event for event in shop["clean.events"] if event["visitor_id"]]
        assert total(world, "features.sessions", "events") == len(visitors)
        of_kind = [event for event in visitors if event["event_type"] == "purchase"]
        assert total(world, "features.sessions", "purchases") == len(of_kind)
        signed_in = [event for event in visitors if event["customer_id"]]
        of_customers = world.one("select coalesce(sum(events), 0) from features.sessions where customer_id is not null")
        assert of_customers >= len(signed_in)  # type: ignore[operator]


@pytest.mark.slow
@given(shop=shops(), turn=st.randoms(use_true_random=False))
@few
def test_the_order_of_rows_changes_nothing(shop: dict[str, list[Row]], turn: Any, empty: World) -> None:
    contents = []
    shuffled = {table: turn.sample(rows, len(rows)) for table, rows in shop.items()}
    for rows in (shop, shuffled):
        with empty.scratch() as world:
            fill(world, rows)
            world.keep(*MARTS)
            contents.append({name: world.rows(f"select * from {name} order by all") for name in (*FEATURES, *MARTS)})
    assert contents[0] == contents[1]


LINES = st.lists(
    st.fixed_dictionaries(
        {
            "order_item_id": st.sampled_from(("i1", "i2", None)),
            "order_id": st.sampled_from(("o1", "o9")),
            "product_id": st.just("p1"),
            "quantity": st.sampled_from((-1, 0, 2, None)),
            "unit_price": st.sampled_from((Decimal("1.5"), -1, None)),
            "currency": st.sampled_from(("GBP", "XYZ", None)),
            "_source": st.sampled_from(("web", "till")),
            "_load_id": st.integers(1, 3),
            "_reasons": st.sampled_from((None, None, "quantity: 'x' is not a number")),
        }
    ),
    max_size=8,
)
SPEND = st.lists(
    st.fixed_dictionaries(
        {
            "spend_date": st.sampled_from((START.date(), None)),
            "channel": st.sampled_from(("email", None)),
            "amount": st.sampled_from((1, -1, None)),
            "_load_id": st.integers(1, 3),
            "_reasons": st.sampled_from((None, None, "amount: 'x' is not a number")),
        }
    ),
    max_size=8,
)


@pytest.mark.slow
@pytest.mark.parametrize(("table", "rows"), [("order_items", LINES), ("marketing_spend", SPEND)])
def test_what_arrived_is_clean_a_duplicate_or_rejected(
    table: str, rows: st.SearchStrategy[list[Row]], empty: World
) -> None:
    contract = CONTRACTS[f"clean.{table}"]
    refusing = [rule.breaks for rule in contract.row_rules if rule.action == "quarantine"]
    rejected = f"_duplicate = 1 and (_reasons is not null or {' or '.join(refusing)})"

    @given(arrived=rows)
    @few
    def conserves(arrived: list[Row]) -> None:
        with empty.scratch() as world:
            world.given("clean.orders", [{"order_id": "o1", "ordered_at": START}])
            world.given("input.exchange_rates", [{"currency": "GBP", "rate": 1}])
            world.given(f"input.{table}", arrived)
            world.keep(f"clean.{table}")
            candidate = candidate_of(contract)
            kept = world.one(f"select count(*) from clean.{table}")
            twice = world.one(f"select count(*) from {candidate} where _duplicate > 1")
            out = world.one(f"select count(*) from {candidate} where {rejected}")
            assert len(arrived) == kept + twice + out  # type: ignore[operator]
            if contract.key:
                (key,) = contract.key
                assert world.one(f"select count(*) - count(distinct {key}) from clean.{table}") == 0
                first = world.one(f"select count(*) from {candidate} where _duplicate = 1 and {key} is not null")
                assert first == len({row[key] for row in arrived if row[key]})

    conserves()
