"""Which rows of an export count: sums and noise are left out, the lines below the first have what it says, equal ones may be meant.

What their columns are taken for has been decided before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import duckdb

from ecom_pipeline.contracts import Column
from ecom_pipeline.shop.doctor.columns import used_columns
from ecom_pipeline.shop.doctor.derived import ONE_EACH, ROW_IDS
from ecom_pipeline.shop.doctor.matching import Match, Matches, names_each
from ecom_pipeline.shop.doctor.meaning import read_words, understood
from ecom_pipeline.shop.doctor.model import ColumnGuess, InputGuess
from ecom_pipeline.shop.doctor.names import as_sql, folded
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.shop.expressions import parse_expression
from ecom_pipeline.shop.values import number
from ecom_pipeline.sql import literal, quoted

ENOUGH_LINES = 5
"""Lines below the first of their orders from which it is no accident that a column is empty there."""
SOME_LINES = 0.05
"""Share of lines without a number of the order from which they are no sums between the others."""
TOLERATED = 0.05
"""Share of rows that may be rejected; what is more is left out by a condition."""


def without_totals(con: duckdb.DuckDBPyConnection, export: str, found: Matches) -> str | None:
    """The condition that leaves out rows of a report on advertising that are sums of the others."""
    if "campaign_id" not in found or found["campaign_id"].profile.filled == 1:
        return None
    campaign, money = (found[target].profile.name for target in ("campaign_id", "amount"))
    totals, others = con.execute(
        f"""select sum(amount) filter (named is null), sum(amount) filter (named is not null)
        from (select {quoted(campaign)} as named, {number(quoted(money), "DECIMAL(18,4)")} as amount from {export})"""
    ).fetchall()[0]
    if not totals or not others or abs(totals - others) > 0.01 * float(others):
        return None
    return f"{as_sql(campaign)} is not null"


def without_unknown_words(found: Match, column: Column) -> str | None:
    """The condition that leaves out rows whose word means nothing to us; rows with yet other words are told apart later."""
    known = read_words(found.profile, column)
    unknown = [word for word, _ in found.profile.words if word not in known]
    if not TOLERATED < 1 - understood(found.profile, column) < 1:
        return None
    return f"{as_sql(found.profile.name)} not in ({', '.join(map(literal, unknown))})"


def is_told(about: Match | None) -> str | None:
    """The condition of rows that say what they are about, where many do not."""
    return f"{as_sql(about.profile.name)} is not null" if about and about.profile.filled < 1 - TOLERATED else None


def with_product(
    con: duckdb.DuckDBPyConnection, table: str, product: Match, title: Match | None, sold: str | None
) -> str | None:
    """The condition of lines, and that they name a product where many do not: those are sums of the lines below them."""
    names = list(dict.fromkeys(match.profile.name for match in (product, title) if match))
    silent = f"select avg((coalesce({', '.join(map(quoted, names))}) is null)::int) from {table}"
    if not TOLERATED < (con.execute(silent).fetchall()[0][0] or 0) < 1:
        return sold
    told = " or ".join(f"{as_sql(name)} is not null" for name in names)
    return f"({told}) and {sold}" if sold else told


def with_amount(con: duckdb.DuckDBPyConnection, table: str, items: Matches, sold: str | None) -> str | None:
    """The condition of lines, and that they have an amount where many have neither that nor pieces: they were cancelled."""
    money, pieces = items.get("line_amount") or items.get("unit_price"), items.get("quantity")
    if money is None or pieces is None or not 0 < money.profile.filled < 1 - TOLERATED:
        return sold
    count = number(quoted(pieces.profile.name), "DECIMAL(18,4)")
    none = f"select avg((coalesce({count}, 0) = 0)::int) from {table} where {quoted(money.profile.name)} is null"
    if con.execute(none).fetchall()[0][0] < ENOUGH:
        return sold
    told = f"{as_sql(money.profile.name)} is not null"
    return f"{told} and {sold}" if sold else told


def filled_down(con: duckdb.DuckDBPyConnection, table: str, key: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The key of an order and the columns that only the first line of an order has, if any; the table has them filled then."""
    others = [column for column in dict.fromkeys(columns) if column != key]
    if not others:
        return ()
    name = quoted(key)
    told = ", ".join(f"{quoted(column)} is not null as told_{place}" for place, column in enumerate(others))
    shares = ", ".join(
        f"avg(told_{place}::int) filter ({which})"
        for place in range(len(others))
        for which in ("is_first", "not is_first")
    )
    (lines, below, unnamed, *found) = con.execute(
        f"""with held as (
            select {told}, {name} is null as is_unnamed, last_value({name} ignore nulls) over (order by _row) as held, _row
            from {table}
        ),
        lines as (select *, held is distinct from lag(held) over (order by _row) as is_first from held)
        select count(*), count(*) filter (not is_first), count(*) filter (not is_first and is_unnamed), {shares} from lines"""
    ).fetchall()[0]
    if below < ENOUGH_LINES:
        return ()
    only_first = [
        column
        for column, at_first, later in zip(others, found[::2], found[1::2], strict=True)
        if (at_first or 0.0) >= ENOUGH and (later or 0.0) <= 1 - ONE_EACH
    ]
    if not only_first and unnamed < SOME_LINES * lines:
        return ()
    held = [
        f"last_value({quoted(one)} ignore nulls) over (order by _row) as {quoted(one)}" for one in (key, *only_first)
    ]
    con.execute(f"create or replace table {table} as select * replace ({', '.join(held)}) from {table}").fetchall()
    return (key, *only_first)


def equal_and_meant(
    con: duckdb.DuckDBPyConnection, export: Export, guesses: Sequence[InputGuess], decimal_comma: bool
) -> tuple[int, str]:
    """How many rows without an id equal another one in what is mapped of them, and why they are meant if they are."""
    kinds = ((guess.table, guess.columns, guess.where) for guess in guesses if guess.table in ("order_items", "events"))
    table, rows, where = next(kinds, ("", (), None))
    taken = taken_rows(export.table, where, decimal_comma)
    used = used_columns(rows)
    columns = [column for column in export.columns if column in used]
    if not columns or len(export.files) > 1 or any(column.target == ROW_IDS[table] for column in rows):
        return 0, ""
    equal = _equal_rows(con, taken, columns)
    if not equal:
        return 0, ""
    if {"value": "1"} in (column.origin for column in rows):
        return equal, "a row is one piece, so that equal rows are several pieces"
    if table == "order_items" and any(row.target == "order_id" and row.source_column is None for row in rows):
        return equal, f"{equal} lines equal another one, and no order number tells them apart"
    if table == "events" and not _tells_seconds(con, export, rows):
        return equal, f"{equal} events equal another one, and their times tell no seconds"
    if equal > _equal_rows(con, taken, export.columns):
        return equal, f"{equal} lines equal another one in what is mapped, and some of them differ elsewhere"
    return equal, ""


def _tells_seconds(con: duckdb.DuckDBPyConnection, export: Export, events: Sequence[ColumnGuess]) -> bool:
    time = next(column for column in events if column.target == "event_at")
    if time.source_column not in export.columns or "unit" in time.origin:
        return True
    told = rf"select count(*) from {export.table} where regexp_matches({quoted(time.source_column)}, ':\d\d:\d\d')"
    return bool(con.execute(told).fetchall()[0][0])


def _equal_rows(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> int:
    listed = ", ".join(map(quoted, columns))
    (equal,) = con.execute(f"select count(*) - count(distinct row({listed})) from {table}").fetchall()[0]
    return int(equal)


def named_rows(guesses: Sequence[InputGuess], profiles: Sequence[Profile]) -> tuple[InputGuess, ...] | None:
    """Lines or events with a column that has a number of its own in every row; None if there is no such column."""
    used = {column.source_column for guess in guesses for column in guess.columns}
    numbers = (
        one.name
        for one in profiles
        if one.name not in used
        and one.filled == 1
        and names_each(one)
        and re.fullmatch("(?!row).*id", folded(one.name))
    )
    if (number := next(numbers, None)) is None:
        return None
    return tuple(
        replace(guess, columns=(_number_of_row(ROW_IDS[guess.table], number), *guess.columns))
        if guess.table in ("order_items", "events", "refunds")
        and all(column.target != ROW_IDS[guess.table] for column in guess.columns)
        else guess
        for guess in guesses
    )


def _number_of_row(target: str, column: str) -> ColumnGuess:
    why = "it has another number in every row, some of which are equal else"
    return ColumnGuess(target=target, origin={"column": column}, confidence=0.7, why=why, source_column=column)


def taken_rows(table: str, where: str | None, decimal_comma: bool) -> str:
    """The rows of an export that a condition of ``shop.yaml`` takes."""
    if where is None:
        return table
    return f"(from {table} where {parse_expression(where, condition=True, decimal_comma=decimal_comma).sql})"
