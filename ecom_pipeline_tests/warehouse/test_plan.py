"""When a table is left alone, when its touched slices are built, and when the whole, as nothing less is known to be enough."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import duckdb
import pytest

from ecom_pipeline.warehouse.builds import Build, changes_of, note_changes, remember
from ecom_pipeline.warehouse.increment import Increment, Plan
from ecom_pipeline_tests.nights import CONTRACTS

BOTS, EVENTS = CONTRACTS["features.bot_days"], CONTRACTS["clean.events"]
COME = """create table staging.was as from clean.events;
    insert into clean.events by name select 'e3' as event_id, date '2024-01-03' as event_date, 'view' as event_type"""
RENAMED = """create table staging.was as from clean.events; update clean.events set event_type = 'buy'"""
FIRST = "create table staging.was as from clean.events limit 0"
EMPTIED = "create table staging.was as from clean.events; delete from clean.events"
WEEKEND = (date(2024, 1, 6), date(2024, 1, 7))


@pytest.fixture
def built(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A table, built of two events in a run that judged it."""
    for contract in (BOTS, EVENTS):
        columns = ", ".join(f"{name} {kind}" for name, kind in contract.types.items())
        con.execute(f"create table {contract.name} ({columns})")
    con.execute(
        """insert into clean.events by name
        select unnest(['e1', 'e2']) as event_id, unnest([date '2024-01-01', date '2024-01-02']) as event_date, 'view' as event_type"""
    )
    remember(con, EVENTS.name, Build(version="1", built_from={}, fingerprint="", run_id="r1"))
    remember(con, BOTS.name, Build(version="1", built_from={EVENTS.name: "1"}, fingerprint="same", run_id="r1"))
    con.execute("insert into journal.checks by name select 'r1' as run_id, ? as table_name", [BOTS.name])
    return con


def planned(con: duckdb.DuckDBPyConnection, fingerprint: str = "same", **options: Any) -> Plan:
    increment = Increment(connection=con, contracts=CONTRACTS, sliced_input=lambda *_: "", **options)
    return increment.plan(BOTS, [EVENTS.name], fingerprint)


@pytest.mark.parametrize(
    ("change", "options", "mode"),
    [
        ("", {}, "unchanged"),
        ("", {"full": True}, "replace"),
        ("", {"fingerprint": "another"}, "replace"),
        ("delete from journal.checks", {}, "replace"),
        ("drop table features.bot_days", {}, "replace"),
        ("delete from journal.builds where table_name = 'features.bot_days'", {}, "replace"),
    ],
)
def test_without_news_a_table_is_left_alone_where_it_is_there_and_was_judged(
    built: duckdb.DuckDBPyConnection, change: str, options: Mapping[str, Any], mode: str
) -> None:
    built.execute(change)
    assert planned(built, **options).mode == mode


@pytest.mark.parametrize(
    ("change", "before", "mode", "days"),
    [
        (COME, "1", "merge", ["2024-01-03"]),
        (RENAMED, "1", "unchanged", []),
        (COME, "0", "replace", None),
        (FIRST, "1", "replace", None),
        (EMPTIED, "1", "replace", None),
    ],
    ids=["a row has come", "in a column that is not read", "a night was missed", "it was empty", "it is empty"],
)
def test_the_days_of_rows_that_changed_are_built(
    built: duckdb.DuckDBPyConnection, change: str, before: str, mode: str, days: list[str] | None
) -> None:
    built.execute(change)
    note_changes(built, EVENTS.name, EVENTS.types, "staging.was", EVENTS.name, before)
    remember(built, EVENTS.name, Build(version="2", built_from={}, fingerprint="", run_id="r2"))
    plan = planned(built)
    assert (plan.mode, plan.built_from) == (mode, {EVENTS.name: "2"})
    if days is not None:
        assert touched(built) == days
    assert planned(built, dates=WEEKEND).mode == ("replace" if days is None else "merge")


def test_what_changed_is_not_known_without_a_note(built: duckdb.DuckDBPyConnection) -> None:
    remember(built, EVENTS.name, Build(version="2", built_from={}, fingerprint="", run_id="r2"))
    assert planned(built).mode == "replace"
    built.execute(COME)
    note_changes(built, EVENTS.name, EVENTS.types, "staging.was", EVENTS.name, "1")
    assert planned(built).mode == "merge"
    built.execute(f"drop table {changes_of(EVENTS.name)}")
    assert planned(built).mode == "replace"


def test_a_backfill_builds_its_days_and_its_last_one_too(built: duckdb.DuckDBPyConnection) -> None:
    assert planned(built, dates=WEEKEND).mode == "merge"
    assert touched(built) == ["2024-01-06", "2024-01-07"]


def touched(con: duckdb.DuckDBPyConnection) -> list[str]:
    query = 'select activity_date::varchar from staging."touched__features__bot_days" order by all'
    return [day for (day,) in con.execute(query).fetchall()]
