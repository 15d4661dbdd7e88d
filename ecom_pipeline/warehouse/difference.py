"""What changed between two releases, and the loads that caused it, from the two release files alone.

Everything is computed inside DuckDB over both files, attached as ``before`` and ``after``; only short answers leave it. A
release of another version of the project may have other tables and columns: tables are compared in the columns that both
have with the same type, and a question is answered where both have what it needs; otherwise the answer says what is lacking.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.sql import literal, quoted
from ecom_pipeline.warehouse.connection import bounded
from ecom_pipeline.warehouse.names import rows_of
from ecom_pipeline.warehouse.questions import QUESTIONS, Question
from ecom_pipeline.warehouse.release import PublishedTable, Release, ReleaseError, show

SIDES = ("before", "after")

Columns = Mapping[str, Mapping[str, str]]
"""Table to column to type."""
Moved = tuple[int, int, int, dict[str, int]]
"""Rows added, removed and changed, and the number of changed rows per column, most first."""


@dataclass(frozen=True, kw_only=True)
class TableDifference:
    """How a table moved, by its key where it has one.

    ``rows_before`` or ``rows_after`` is None where the release has no such table. ``columns`` has the number of changed
    rows per column, most first. A column that changed its type is a lost one and a new one.
    """

    table: str
    rows_before: int | None
    rows_after: int | None
    added: int
    removed: int
    changed: int
    columns: dict[str, int]
    new_columns: list[str]
    lost_columns: list[str]

    @property
    def is_same(self) -> bool:
        """Whether both releases have the same columns and rows of it."""
        return (self.rows_before is None) == (self.rows_after is None) and not any(
            (self.added, self.removed, self.changed, self.new_columns, self.lost_columns)
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The first rows of an answer, and how many there are in all.

    ``lacking`` says what a release must have for it and has not; there are no rows then.
    """

    title: str
    rows: list[dict[str, Any]]
    in_all: int
    lacking: str = ""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two releases, what lies behind it in one sentence, the answer to every question, and every table of either."""

    releases: list[dict[str, Any]]
    cause: str
    answers: dict[str, Answer]
    tables: list[TableDifference]


def difference(
    folder: Path,
    before: str,
    after: str,
    contracts: Mapping[str, Contract],
    *,
    memory_limit: str,
    threads: int,
) -> Difference:
    """What changed from one release to another.

    Parameters
    ----------
    contracts
        Have the keys by which rows are recognised.
    memory_limit, threads
        Bounds of DuckDB; what does not fit in memory spills to a temporary folder.

    Raises
    ------
    ReleaseError
        One of them does not exist or cannot be read, or the memory is too small.
    """
    releases = {"before": show(folder, before), "after": show(folder, after)}
    published = {side: {table.name: table for table in release.tables} for side, release in releases.items()}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="ecom-diff-") as spill,
            duckdb.connect(
                config=bounded(memory_limit=memory_limit, threads=threads, temp_folder=Path(spill))
            ) as connection,
        ):
            for side, release in releases.items():
                file = folder / release.release_id / "release.duckdb"
                connection.execute(f"attach {literal(str(file))} as {quoted(side)} (read_only)")
            columns = {side: _columns(connection, side) for side in SIDES}
            answers = {name: _answer(connection, question, columns) for name, question in QUESTIONS.items()}
            tables = [
                _table(
                    connection,
                    name,
                    tables=[published[side].get(name) for side in SIDES],
                    columns=[columns[side].get(name, {}) for side in SIDES],
                    key=contracts[name].key if name in contracts else (),
                )
                for name in sorted({*published["before"], *published["after"]})
            ]
    except duckdb.Error as error:
        raise ReleaseError(f"{folder}: {before} and {after} cannot be compared: {error}") from error
    return Difference(
        releases=[_described(side, release) for side, release in releases.items()],
        cause=_cause(releases, answers),
        answers=answers,
        tables=tables,
    )


def _described(side: str, release: Release) -> dict[str, Any]:
    return {
        "side": side,
        "release": release.release_id,
        "run": release.run_id,
        "content": release.digest,
        "rows": sum(table.rows for table in release.tables),
    }


def _cause(releases: Mapping[str, Release], answers: Mapping[str, Answer]) -> str:
    loads, made_with = answers["loads"], answers["made_with"]
    if releases["before"].digest == releases["after"].digest:
        return "The content is the same; what moved is the record of runs in ops."
    if loads.lacking or made_with.lacking:
        return "The cause is not known: the two releases do not both say what they were made from."
    unlike = ", ".join(row["what"] for row in made_with.rows)
    if loads.rows:
        return "The cause: other files were loaded" + (f"; not the same either: {unlike}." if unlike else ".")
    if unlike:
        return f"The cause: the same files were loaded, but not the same: {unlike}."
    return (
        "The cause: the same files, shop.yaml, seed, libraries and project, so a setting is another, or only the night."
    )


def _columns(connection: duckdb.DuckDBPyConnection, side: str) -> Columns:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for schema, table, column, kind in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and column_name <> '_release_id' order by schema_name, table_name, column_index",
        [side],
    ).fetchall():
        found[f"{schema}.{table}"][column] = kind
    return found


def _answer(connection: duckdb.DuckDBPyConnection, question: Question, columns: Mapping[str, Columns]) -> Answer:
    lacking = _lacking(question.needs, *(columns[side] for side in SIDES))
    if lacking:
        return Answer(title=question.title, rows=[], in_all=0, lacking="; ".join(lacking))
    rows = rows_of(connection, question.query)
    in_all = [row.pop("in_all") for row in rows]
    return Answer(title=question.title, rows=rows, in_all=in_all[0] if rows else 0)


def _lacking(needs: Mapping[str, Sequence[str]], before: Columns, after: Columns) -> list[str]:
    lacking = []
    for table, needed in needs.items():
        for side, columns in zip(SIDES, (before, after), strict=True):
            if table not in columns:
                lacking.append(f"{side} has no {table}")
            else:
                lacking += [f"{side} has no {table}.{column}" for column in needed if column not in columns[table]]
        one, two = before.get(table, {}), after.get(table, {})
        lacking += [
            f"{table}.{column} is {one[column]} before and {two[column]} after"
            for column in needed
            if column in one and column in two and one[column] != two[column]
        ]
    return lacking


def _table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    tables: Sequence[PublishedTable | None],
    columns: Sequence[Mapping[str, str]],
    key: Sequence[str],
) -> TableDifference:
    (earlier, later), (one, two) = tables, columns
    shared = [column for column in one if one[column] == two.get(column)]
    rows_before, rows_after = (table.rows if table else None for table in tables)
    moved: Moved = (rows_after or 0, rows_before or 0, 0, {})
    if earlier and later and earlier.digest == later.digest and one == two:
        moved = (0, 0, 0, {})
    elif earlier and later and shared:
        moved = _moved(connection, name, shared, key)
    added, removed, changed, most_changed = moved
    return TableDifference(
        table=name,
        rows_before=rows_before,
        rows_after=rows_after,
        added=added,
        removed=removed,
        changed=changed,
        columns=most_changed,
        new_columns=[column for column in two if column not in shared] if earlier else [],
        lost_columns=[column for column in one if column not in shared] if later else [],
    )


def _moved(connection: duckdb.DuckDBPyConnection, table: str, shared: Sequence[str], key: Sequence[str]) -> Moved:
    """Join the rows of both by key and count; without a key a row is itself, and may be there more than once."""
    schema, name = table.split(".", 1)
    known = bool(key) and set(key) <= set(shared)
    match = [quoted(column) for column in (key if known else shared)]
    values = [column for column in shared if known and column not in key]
    occurrence = "1" if known else f"row_number() over (partition by {', '.join(match)})"
    pairs = [f"earlier.{column} is not distinct from later.{column}" for column in (*match, "occurrence_")]
    unlike = {column: f"earlier.{quoted(column)} is distinct from later.{quoted(column)}" for column in values}
    both = "earlier.occurrence_ is not null and later.occurrence_ is not null"
    counted = [
        "earlier.occurrence_ is null",
        "later.occurrence_ is null",
        f"{both} and ({' or '.join(unlike.values()) or 'false'})",
        *(f"{both} and {condition}" for condition in unlike.values()),
    ]
    rows = ", ".join(map(quoted, shared)) + f", {occurrence} as occurrence_"
    added, removed, changed, *counts = connection.execute(
        f"""
        with earlier as (select {rows} from "before".{schema}.{quoted(name)}),
            later as (select {rows} from "after".{schema}.{quoted(name)})
        select {", ".join(f"count(*) filter ({condition})" for condition in counted)}
        from earlier full join later on {" and ".join(pairs)}
        """
    ).fetchall()[0]
    most = sorted(zip(values, counts, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return added, removed, changed, {column: n for column, n in most if n}
