"""A customer asks to be deleted: what is gone when the exports no longer have them, and where they still are."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

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
