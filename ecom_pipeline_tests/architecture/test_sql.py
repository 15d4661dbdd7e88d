"""Every SELECT beside a contract is bare, reads what is promised, gives what it promises, and carries over to Spark."""

from __future__ import annotations

import graphlib
from functools import cache

import pytest
import sqlglot

from ecom_pipeline_tests.architecture.sql_rules import inputs, problems
from ecom_pipeline_tests.tables.world import CONTRACTS, TYPES, promised

SELECTS = [contract for contract in CONTRACTS.values() if contract.select]
READS = {
    "clean": {"input", "clean"},
    "features": {"clean", "features"},
    "models": {"models"},
    "marts": {"clean", "features", "models", "marts"},
    "ops": {"journal", "quarantine", "features", "ops"},
}
SHOP = {
    "clean.orders": {
        "order_id": "VARCHAR",
        "ordered_at": "TIMESTAMP",
        "ordered_date": "DATE",
        "paid": "DECIMAL(18,4)",
        "score": "DOUBLE",
    }
}


@cache
def read_by(select: str) -> set[str]:
    return inputs(sqlglot.parse_one(select, read="duckdb"))


def test_a_select_keeps_every_rule_and_gives_the_promised_columns() -> None:
    found = {one.name: problems(str(one.select), TYPES, list(promised(one))) for one in SELECTS}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_a_layer_reads_only_layers_before_it() -> None:
    for contract in SELECTS:
        read = {name.split(".")[0] for name in read_by(str(contract.select))}
        assert read <= READS[contract.schema_name], contract.name


def test_tables_depend_on_each_other_without_a_circle() -> None:
    graph = {one.name: read_by(str(one.select)) for one in SELECTS}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert order.index("clean.orders") < order.index("clean.order_items") < order.index("marts.sales_daily")


def test_an_innocent_select_has_no_problems() -> None:
    innocent = "with o as (select order_id, 'Ä' as mark from clean.orders)\n\nselect order_id, mark from o"
    assert problems(innocent, SHOP, ["order_id", "mark"]) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("select order_id from clean.orders; select 1", "one bare SELECT"),
        ("select order_id from clean.orders;", "one bare SELECT"),
        ("create table t as select 1 as a", "one bare SELECT"),
        ("select order_id from", "cannot be parsed"),
        ("SELECT order_id from clean.orders", "lower case"),
        ("select order_id from orders", "orders: no such table"),
        ("select order_id from clean.order", "clean.order: no such table"),
        ("select order_id from shop.clean.orders", "without a catalog"),
        ("select orderid from clean.orders", "names cannot be resolved"),
        ("select order_id, paid from clean.orders", "expected order_id"),
        ("select paid as order_id, order_id as paid from clean.orders", "gives order_id, paid"),
        ("select date_diff('day', ordered_at, ordered_at) as order_id from clean.orders", "differs on timestamps"),
        (
            "select date_diff('hour', cast(ordered_at as date), ordered_at) as order_id from clean.orders",
            "differs on timestamps",
        ),
        ("select ordered_date - ordered_date as order_id from clean.orders", "an interval in Spark"),
        ("select dayofweek(ordered_date) as order_id from clean.orders", "day of week"),
        ("select isodow(ordered_date) as order_id from clean.orders", "day of week"),
        ("select extract(dow from ordered_date) as order_id from clean.orders", "day of week"),
        ("select extract(isodow from ordered_date) as order_id from clean.orders", "day of week"),
        ("select cast(score as bigint) as order_id from clean.orders", "rounds in DuckDB"),
        ("select cast(paid / 3 as integer) as order_id from clean.orders", "rounds in DuckDB"),
        ("select cast(sum(paid) as bigint) as order_id from clean.orders", "rounds in DuckDB"),
        ("select paid * paid as order_id from clean.orders", "stops at 18 digits"),
        ("select current_date as order_id from clean.orders", "not of the clock"),
        ("select now() as order_id from clean.orders", "does not know the function"),
        ("select today() as order_id from clean.orders", "not of the clock"),
        ("select random() as order_id from clean.orders", "same content"),
        ("select uuid() as order_id from clean.orders", "same content"),
        ("select any_value(order_id) as order_id from clean.orders", "whichever row"),
        ("select first(order_id) as order_id from clean.orders", "whichever row"),
        ("select mode(order_id) as order_id from clean.orders", "whichever of the most frequent"),
        ("select order_id from clean.orders limit 5", "all its rows"),
        ("select order_id, count(*) from clean.orders group by all", "group by all"),
        ("select order_id from clean.orders order by all", "order by all"),
        ("select * exclude (paid) from clean.orders", "columns are named"),
        ("select * replace (1 as paid) from clean.orders", "columns are named"),
        ("select columns('order.*') from clean.orders", "columns are named"),
        ("select unnest(generate_series(1, 2)) as order_id", "unfolds"),
        ("select epoch_us(ordered_at) as order_id from clean.orders", "does not know the function"),
        ("select ordered_at + interval (paid) day as order_id from clean.orders", "a fixed length"),
        ("select [order_id] as order_id from clean.orders", "nested type"),
        ("select {'a': order_id} as order_id from clean.orders", "nested type"),
        ("select order_id from clean.orders where order_id = ?", "pasteable"),
    ],
)
def test_what_may_not_be_written_is_found(statement: str, problem: str) -> None:
    assert problem in "\n".join(problems(statement, SHOP, ["order_id"]))
