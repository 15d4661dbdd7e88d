"""Shops beside each other that number their orders alike: what one calls 1001 is not what the other calls 1001.

Whether two exports are of two shops or of one, say before and after a change, is told by the orders whose number they
share: those of one shop are of the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import PurePath

import duckdb

from ecom_pipeline.shop.doctor.columns import made
from ecom_pipeline.shop.doctor.model import ColumnGuess, InputGuess
from ecom_pipeline.shop.doctor.names import as_sql
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.sql import literal, quoted

SOME = 10
"""Orders with one number and two times from which it is no accident."""
MOSTLY = 0.5

Given = tuple[Export, tuple[InputGuess, ...]]


def told_apart(con: duckdb.DuckDBPyConnection, given: Sequence[Given]) -> list[tuple[InputGuess, ...]]:
    """The guesses about each export, with the order numbers of shops that number alike told apart."""
    alike: set[int] = set()
    for (one, (export, guesses)), (other, (beside, theirs)) in combinations(enumerate(given), 2):
        if all(_feeds_itself(both) for both in (guesses, theirs)) and _collide(
            con, (export, guesses), (beside, theirs)
        ):
            alike |= {one, other}
    return [
        tuple(_numbered(guess, _shop(export)) for guess in guesses) if place in alike else guesses
        for place, (export, guesses) in enumerate(given)
    ]


def _feeds_itself(guesses: Sequence[InputGuess]) -> bool:
    """Whether an export has its orders and their lines itself, so that no other one refers to its numbers."""
    return {"orders", "order_items"} <= {guess.table for guess in guesses}


def _collide(con: duckdb.DuckDBPyConnection, one: Given, other: Given) -> bool:
    sides = [_number_and_time(export, guesses) for export, guesses in (one, other)]
    if not all(sides):
        return False
    left, right = (
        f"(select {number} as number, min({time}) as time from {table} group by number)"
        for number, time, table in sides
    )
    shared, apart = con.execute(
        f"select count(*), count(*) filter (one.time <> other.time) from {left} as one join {right} as other using (number)"
    ).fetchall()[0]
    return bool(apart >= SOME and apart >= MOSTLY * shared)


def _number_and_time(export: Export, guesses: Sequence[InputGuess]) -> tuple[str, ...]:
    columns = {column.target: column for guess in guesses if guess.table == "orders" for column in guess.columns}
    told = [columns[target].source_column for target in ("order_id", "ordered_at") if target in columns]
    names = [quoted(name) for name in told if name in export.columns]
    return (*names, export.table) if len(names) == 2 else ()


def _shop(export: Export) -> str:
    path = PurePath(export.files[0])
    return path.parent.name or path.name.split(".")[0]


def _numbered(guess: InputGuess, shop: str) -> InputGuess:
    return replace(guess, columns=tuple(_columns(guess, shop)))


def _columns(guess: InputGuess, shop: str) -> Iterator[ColumnGuess]:
    for column in guess.columns:
        if column.target == "order_id" and column.source_column:
            sql = f"concat({literal(f'{shop}-')}, {as_sql(column.source_column)})"
            why = "another export has these numbers for other orders: two shops? Each may have a folder of its own"
            yield replace(made("order_id", sql, 0.5, why), source_column=column.source_column)
        else:
            yield column
