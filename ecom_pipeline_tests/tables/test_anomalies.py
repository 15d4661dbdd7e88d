"""A shop of ten quiet weeks, and faults planted in it, from the clean tables to the words of the finding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecom_pipeline_tests.tables.world import World

SHOP = """
create temp table visits as
select
    cast(date '2024-01-01' + cast(day as integer) as date) as day,
    number,
    day * 1000 + number as id,
    (day * 7919 + number * 104729) % 97 as dice
from range(70) as days (day), range(100) as numbers (number)
where number < 60 + 20 * (day % 7 // 5) + (day * 7919) % 13;

insert into clean.events by name
select
    id as event_id, 'view' as event_type, day as event_date, case when dice > 9 then 'C1' end as customer_id,
    case when dice % 2 = 0 then 'email' end as channel
from visits;

insert into clean.orders by name
select id as order_id, 'completed' as status, day as ordered_date, 'C1' as customer_id, 'CN' as country
from visits;

insert into clean.order_items by name
select id as order_item_id, day as ordered_date, 1 + dice % 3 as quantity, 10 + dice as line_amount
from visits;

insert into clean.refunds by name
select id as refund_id, id as order_id, day as refunded_date, 10 + dice as amount
from visits
where dice < 7;

insert into clean.marketing_spend by name
select day as spend_date, channel, 100 + id % 10 as amount, 20 as clicks
from visits, (values ('email'), ('search')) as channels (channel)
where number = 0;
"""
"""Sixty to ninety visits a day, more of them at weekends, from Monday 2024-01-01 to Sunday 2024-03-10."""

DAY = "date '2024-03-05'"
FAULTS = {
    "half the volume": (
        f"delete from clean.orders where ordered_date = {DAY} and cast(order_id as integer) % 2 = 0",
        "clean.orders rows on 2024-03-05: 3",
    ),
    "a share of nulls that jumps": (
        f"update clean.events set customer_id = null where event_date = {DAY} and cast(event_id as integer) % 2 = 0",
        "clean.events null_share of customer_id on 2024-03-05: 0.5",
    ),
    "a new word": (
        f"update clean.orders set country = 'China' where ordered_date = {DAY} and cast(order_id as integer) % 9 = 0",
        "clean.orders new_values of country on 2024-03-05: 1 (China), expected 0 to 0",
    ),
    "a misread decimal comma": (
        f"update clean.order_items set line_amount = line_amount * 100 where ordered_date = {DAY}",
        "clean.order_items mean of line_amount on 2024-03-05: 5",
    ),
    "the comma misread in every tenth line": (
        f"update clean.order_items set line_amount = line_amount * 100 where ordered_date = {DAY} and line_amount < 20",
        "clean.order_items mean of line_amount on 2024-03-05: 2",
    ),
    "a missing day": (
        f"delete from clean.marketing_spend where spend_date = {DAY}",
        "clean.marketing_spend rows on 2024-03-05: 0",
    ),
    "a table that has stopped arriving": (
        f"delete from clean.refunds where refunded_date >= {DAY}",
        "clean.refunds lag_days on 2024-03-10: 6 (last on 2024-03-04), expected 0 to 1",
    ),
    "a last day that is not over": ("delete from clean.events where event_date = '2024-03-10' and channel is null", ""),
}


@pytest.fixture(scope="module")
def quiet() -> World:
    world = World()
    world.con.execute(SHOP)
    return world


@pytest.fixture
def shop(quiet: World) -> Iterator[World]:
    with quiet.scratch() as world:
        yield world


def findings(world: World) -> list[str]:
    world.keep("features.as_of", "features.days", "features.daily_metrics", "ops.anomalies")
    return [str(one) for (one,) in world.rows("select finding from ops.anomalies where is_anomaly order by finding")]


def test_a_quiet_shop_has_no_anomaly_on_any_night(shop: World) -> None:
    for _ in range(7):
        assert findings(shop) == []
        assert shop.one("select count(distinct metric_date) from ops.anomalies") == 7
        last = shop.one("select max(as_of_date) from features.as_of")
        for table, column in (
            ("events", "event_date"),
            ("orders", "ordered_date"),
            ("order_items", "ordered_date"),
            ("refunds", "refunded_date"),
            ("marketing_spend", "spend_date"),
        ):
            shop.con.execute(f"delete from clean.{table} where {column} = '{last}'")


@pytest.mark.parametrize(("fault", "told"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_the_only_finding(fault: str, told: str, shop: World) -> None:
    shop.con.execute(fault)
    found = findings(shop)
    assert len(found) == bool(told)
    assert all(one.startswith(told) for one in found)


def test_a_fault_of_a_week_ago_is_told_no_more_and_hardly_moves_the_band(shop: World) -> None:
    shop.con.execute("update clean.order_items set line_amount = line_amount * 100 where ordered_date = '2024-03-01'")
    band = "select lower, upper from ops.anomalies where column_name = 'line_amount' and metric_date = '2024-03-08'"
    assert findings(shop) == []
    ((lower, upper),) = shop.rows(band)
    assert 20 < float(str(lower)) < 58 < float(str(upper)) < 120


def test_a_shop_of_four_weeks_is_not_judged(shop: World) -> None:
    shop.con.execute("delete from clean.events where event_date < '2024-02-12'")
    shop.con.execute("delete from clean.orders where ordered_date < '2024-02-12'")
    shop.con.execute("delete from clean.orders where ordered_date = '2024-03-05' and cast(order_id as integer) % 2 = 0")
    assert findings(shop) == []
    assert shop.rows("select distinct metric from ops.anomalies where table_name = 'clean.orders'") == [("lag_days",)]
