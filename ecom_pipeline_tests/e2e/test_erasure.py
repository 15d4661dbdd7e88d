"""A customer asks to be deleted: what is gone when the exports no longer have them, and where they still are."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline import cli
from ecom_pipeline.sql import literal, quoted
from ecom_pipeline_tests.e2e.conftest import House

pytestmark = pytest.mark.slow
CUSTOMER = ("C17", "Name 17", "c17@example.com", "13800000017")


def leaves(landing: Path) -> None:
    """Take every row of the customer, and the lines of their orders, out of all exports."""
    gone = set(CUSTOMER)
    for file in (*sorted(landing.glob("orders-*.csv")), *sorted(landing.glob("*.csv"))):
        with file.open(newline="", encoding="utf-8") as opened:
            rows = list(csv.reader(opened))
        left = [row for row in rows if not gone & set(row)]
        if file.name.startswith("orders-"):
            gone |= {row[0] for row in rows if CUSTOMER[0] in row}
        with file.open("w", newline="", encoding="utf-8") as opened:
            csv.writer(opened).writerows(left)
    with gzip.open(landing / "clicks.jsonl.gz", "rt", encoding="utf-8") as opened:
        clicks = [line for line in opened if json.loads(line)["user"] != CUSTOMER[0]]
    with gzip.open(landing / "clicks.jsonl.gz", "wt", encoding="utf-8") as opened:
        opened.writelines(clicks)


def found_in(file: Path) -> Iterator[str]:
    """The tables of a DuckDB file that say anything of the customer."""
    said = " or ".join(
        f"regexp_matches(said, {literal(f'(^|[^0-9A-Za-z]){word}([^0-9A-Za-z]|$)')})" for word in CUSTOMER
    )
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables() where not internal").fetchall()
        for schema, table in tables:
            rows = f"select one::varchar as said from {quoted(schema)}.{quoted(table)} as one"
            if connection.execute(f"select count(*) from ({rows}) where {said}").fetchall()[0][0]:
                yield f"{schema}.{table}"


def test_who_left_the_exports_is_nowhere(house: House) -> None:
    before = set(found_in(house.releases / "current" / "release.duckdb"))
    assert {"marts.customer_profiles", "marts.recommendations"} <= before
    leaves(house.landing)
    assert house.night()
    assert not list(found_in(house.releases / "current" / "release.duckdb"))
    assert not list(found_in(house.warehouse))


def named_in(landing: Path) -> set[tuple[str, int]]:
    """The rows of the exports, from 1 below the header, that name the customer or an order of theirs."""
    found, orders = set(), set()
    for file in (*sorted(landing.glob("orders-*.csv")), *sorted(landing.glob("*.csv"))):
        with file.open(newline="", encoding="utf-8") as opened:
            for number, row in enumerate(csv.reader(opened)):
                if {CUSTOMER[0], *orders} & set(row):
                    found.add((file.name, number))
                    orders |= {row[0]} if file.name.startswith("orders-") else set()
    with gzip.open(landing / "clicks.jsonl.gz", "rt", encoding="utf-8") as opened:
        found |= {
            ("clicks.jsonl.gz", number)
            for number, line in enumerate(opened, 1)
            if json.loads(line)["user"] == CUSTOMER[0]
        }
    return found


def test_what_is_held_of_a_customer_is_told_with_the_rows_it_came_from(house: House) -> None:
    said = house.ecom("person", CUSTOMER[0], "--json")
    assert said.code == cli.OK
    held = said.json
    name, email = CUSTOMER[1:3]
    assert [(row["name"], row["email"]) for row in held["tables"]["clean.customers"]] == [(name, email)]
    with_rows = {name for name in found_in(house.warehouse) if not name.startswith(("raw.", "quarantine.", "journal."))}
    assert set(held["tables"]) >= with_rows
    told = {(one["file"], row) for one in held["origins"] for row in one["row_numbers"]}
    assert told == named_in(house.landing)
    assert all(one["rows"] == len(one["row_numbers"]) for one in held["origins"])
    page = house.ecom("person", CUSTOMER[0])
    assert "Held of C17" in page.words
    assert "clicks.jsonl.gz" in page.words
    assert email not in page.words


def test_of_a_stranger_nothing_is_held(house: House) -> None:
    said = house.ecom("person", "nobody")
    assert (said.code, said.words) == (cli.NOTHING, "Nothing is held of nobody.")
