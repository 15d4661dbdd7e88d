"""Three real shops through their own ``shop.yaml``: every row accounted for, amounts to the cent.

The figures were computed straight from the files, with other tools (see ``shared/DATA.md``).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ecom_pipeline.shop.loading import load_source
from ecom_pipeline.shop.mapping import input_selects, routing_select
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline_tests.shop.shops import CONTRACTS

SHOPS = Path(__file__).parents[1] / "shops"
DATA = Path(__file__).parents[3] / "shared" / "data" / "shops"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the real shops are not here: {DATA} does not exist"),
]


@pytest.fixture(scope="module", params=["online_retail", "cdnow", "taobao"])
def loaded(request: pytest.FixtureRequest) -> Iterator[tuple[str, duckdb.DuckDBPyConnection, dict[str, int]]]:
    """A shop, its views, and the rows each input takes."""
    name: str = request.param
    shop = load_shop(SHOPS / name / "shop.yaml", {}, CONTRACTS)
    (source,) = shop.sources
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute("create schema raw")
        con.execute("create schema input")
        con.execute("set timezone = 'UTC'")
        report = load_source(con, shop, source, DATA / name, [], 1, f'raw."{source}"')
        assert sum(entry.rows for entry in report.entries) == one(con, f'select count(*) from raw."{source}"')
        columns = [row[0] for row in con.execute(f'describe raw."{source}"').fetchall()]
        for table, select in input_selects(shop, CONTRACTS, {source: columns}).items():
            con.execute(f"create view input.{table} as {select}")
        inputs = shop.sources[source].inputs
        con.execute(f"create view routing as {routing_select(shop, source)}")
        yield name, con, {table: one(con, f"select count(*) from input.{table}") for table in inputs}


def one(con: duckdb.DuckDBPyConnection, query: str) -> Any:
    return con.execute(query).fetchall()[0][0]


ROWS = {
    "online_retail": {
        "orders": 531_282,
        "order_items": 531_282,
        "refunds": 9_288,
        "products": 527_792,
        "customers": 406_829,
    },
    "cdnow": {"orders": 69_659, "order_items": 69_659},
    "taobao": {"events": 110_300, "products": 110_300},
}
UNROUTED = {"online_retail": 1_339, "cdnow": 0, "taobao": 0}
ALL = {"online_retail": 541_909, "cdnow": 69_659, "taobao": 110_300}
# Online Retail: 9,747,747.934 in all, and 11,062.06 back for the three adjustments of bad debt, which are no sales.
CHECKS = {
    "online_retail": {
        "select count(distinct order_id) from input.orders": 20_725,
        "select count(distinct customer_id) from input.customers": 4_372,
        "select count(distinct order_item_id) from input.order_items": 526_051,
        "select sum(quantity * unit_price) - (select sum(amount) from input.refunds) from input.order_items": Decimal(
            "9758809.994"
        ),
        "select min(ordered_at)::varchar from input.orders": "2010-12-01 08:26:00",
        "select max(ordered_at)::varchar from input.orders": "2011-12-09 12:50:00",
        "select count(*) from input.orders where dayname(ordered_date) = 'Saturday'": 0,
    },
    "cdnow": {
        "select count(distinct customer_id) from input.orders": 23_570,
        "select count(distinct order_id) from input.orders": 69_659,
        "select sum(line_amount) from input.order_items": Decimal("2500315.63"),
        "select count(*) from input.order_items where line_amount = 0": 80,
        "select min(ordered_date)::varchar || ' ' || max(ordered_date) from input.orders": "1997-01-01 1998-06-30",
        "select min(ordered_at)::varchar from input.orders": "1997-01-01 05:00:00",
        "select max(ordered_at)::varchar from input.orders": "1998-06-30 04:00:00",
    },
    "taobao": {
        "select count(distinct customer_id) from input.events": 66_454,
        "select count(*) from input.events where event_type = 'view'": 98_361,
        "select count(*) from input.events where event_type = 'cart'": 6_063,
        "select count(*) from input.events where event_type = 'favourite'": 3_383,
        "select count(*) from input.events where event_type = 'purchase'": 2_493,
        "select count(distinct event_id) from input.events": 110_300,
        "select min(event_at)::varchar from input.events": "2017-11-26 01:00:00",
        "select max(event_at)::varchar from input.events": "2017-11-26 03:10:11",
        "select string_agg(distinct event_date::varchar) from input.events": "2017-11-26",
    },
}


def test_every_row_is_accounted_for(loaded: tuple[str, duckdb.DuckDBPyConnection, dict[str, int]]) -> None:
    name, con, counts = loaded
    assert counts == ROWS[name]
    assert {table: one(con, f"select count(*) from input.{table}") for table in counts} == counts
    assert one(con, "select count(*) from routing") == ALL[name]
    assert one(con, "select count(_reasons) from routing") == UNROUTED[name]


def test_every_value_is_read(loaded: tuple[str, duckdb.DuckDBPyConnection, dict[str, int]]) -> None:
    name, con, counts = loaded
    assert {table: one(con, f"select count(_reasons) from input.{table}") for table in counts} == dict.fromkeys(
        ROWS[name], 0
    )


def test_the_figures_are_those_of_the_files(loaded: tuple[str, duckdb.DuckDBPyConnection, dict[str, int]]) -> None:
    name, con, _ = loaded
    assert {query: one(con, query) for query in CHECKS[name]} == CHECKS[name]
