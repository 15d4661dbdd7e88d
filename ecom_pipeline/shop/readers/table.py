"""The table every reader fills: its names, its result, and the way rows from Python get into it.

Nothing here knows a file format.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.sql import columns_of_table, quoted

OWN_COLUMNS = {"_row": "bigint", "_problem": "varchar", "_line": "varchar"}
RESERVED = (*OWN_COLUMNS, "_load_id", "_file", "_source")
BATCH = 50_000
SMALL = 1 << 18
"""Bytes of a file of which it does not matter how its values are kept."""
FIRST_ROWS = 50_000
"""Of a larger file are looked at to know which of its columns repeat their values."""

Row = tuple[Any, ...]
"""The values of one row, then its ``_row``, ``_problem`` and ``_line``."""


@dataclass(frozen=True, kw_only=True)
class FileRead:
    """What a reader found.

    Attributes
    ----------
    columns
        Names of the source's columns, as the table has them.
    rows
        Rows that could be read.
    unreadable
        Rows that could not; they are in the table, with ``_problem`` and ``_line``.
    encoding, dialect
        How the source was understood.
    notices
        What the reader decided and a person may want to overrule.
    """

    columns: tuple[str, ...]
    rows: int
    unreadable: int
    encoding: str
    dialect: str
    notices: tuple[str, ...] = ()


def table_name(name: str) -> str:
    """The name as SQL: parts quoted already stay as they are, others are quoted.

    Raises
    ------
    ValueError
        Not one to three parts.
    """
    parts = re.findall(r'"(?:[^"]|"")+"|[^."]+', name)
    if not 1 <= len(parts) <= 3 or ".".join(parts) != name:
        raise ValueError(f"'{name}' is not the name of a table")
    return ".".join(part if part.startswith('"') else quoted(part) for part in parts)


def scratch_name(stem: str) -> str:
    """A name that no other read uses, for what lives as long as one read."""
    return f"_{stem}_{secrets.token_hex(6)}"


def column_names(header: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names a table can have, and a notice for each that differs from the header.

    Names are trimmed; empty ones become ``column_N``; one that repeats (DuckDB ignores case) gets ``_2``, ``_3`` ...

    Examples
    --------
    >>> column_names([" id", "", "ID"])
    (('id', 'column_2', 'ID_2'), ("column 2 has no name: 'column_2'", "column 3 repeats 'ID': 'ID_2'"))
    """
    taken = {name.lower() for name in RESERVED}
    names: list[str] = []
    notices: list[str] = []
    if not any(raw.strip() for raw in header):
        return tuple(f"column_{position}" for position in range(1, len(header) + 1)), (
            "no header: columns are named column_N",
        )
    for position, raw in enumerate(header, start=1):
        wanted = raw.strip() or f"column_{position}"
        name, number = wanted, 2
        while name.lower() in taken:
            name, number = f"{wanted}_{number}", number + 1
        if not raw.strip():
            notices.append(f"column {position} has no name: '{name}'")
        elif name != wanted:
            notices.append(f"column {position} repeats '{wanted}': '{name}'")
        taken.add(name.lower())
        names.append(name)
    return tuple(names), tuple(notices)


def create(con: duckdb.DuckDBPyConnection, target: str, columns: Sequence[str]) -> None:
    """Make the empty table."""
    create_texts(con, target, columns)
    add_own_columns(con, target)


def create_texts(
    con: duckdb.DuckDBPyConnection, target: str, columns: Sequence[str], varied: Collection[str] = frozenset()
) -> None:
    """Make the empty table of the source's own columns; ``varied`` are those that :func:`varied_columns` finds."""
    con.execute(f"create or replace table {target} ({columns_of_table(dict.fromkeys(columns, 'varchar'), varied)})")


def add_own_columns(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Add those of ``_row``, ``_problem`` and ``_line`` that are lacking, as nulls: cheaper than to insert these."""
    for name, kind in OWN_COLUMNS.items():
        con.execute(f"alter table {target} add column if not exists {name} {kind}")


def varied_columns(con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]) -> set[str]:
    """Columns of text of whose first values more than half differ."""
    asked = ", ".join(f"approx_count_distinct({name}) > 0.5 * count({name})" for name in map(quoted, columns))
    (found,) = con.execute(f"select {asked} from (from {relation} limit {FIRST_ROWS})").fetchall()
    return {column for column, is_varied in zip(columns, found, strict=True) if is_varied}


def append(con: duckdb.DuckDBPyConnection, target: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Append rows (values, then ``_row``, ``_problem``, ``_line``) in batches; the number of rows."""
    types = [pa.string()] * len(columns) + [pa.int64(), pa.string(), pa.string()]
    names = [f"c{position}" for position in range(len(types))]
    view = scratch_name("batch")
    remaining, total = iter(rows), 0
    while batch := list(islice(remaining, BATCH)):
        arrays = [pa.array(values, type=kind) for values, kind in zip(zip(*batch, strict=True), types, strict=True)]
        con.register(view, pa.table(arrays, names=names))
        con.execute(f"insert into {target} select * from {view}").fetchall()
        con.unregister(view)
        total += len(batch)
    return total


def without_empty_rows(con: duckdb.DuckDBPyConnection, target: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Take out lines of nothing but delimiters, which spreadsheets leave below a table; how many there were."""
    nothing = f"_problem is null and coalesce({', '.join(map(quoted, columns))}) is null"
    (empty,) = con.execute(f"select count(*) from {target} where {nothing}").fetchall()[0]
    if not empty:
        return ()
    con.execute(f"delete from {target} where {nothing}").fetchall()
    return (f"{empty:,} lines of nothing but delimiters do not count",)


def file_read(
    con: duckdb.DuckDBPyConnection,
    target: str,
    columns: Sequence[str],
    *,
    encoding: str = "utf-8",
    dialect: str,
    notices: tuple[str, ...],
) -> FileRead:
    """What was found, once the table holds it: its rows are counted."""
    counted = f"select count(*) filter (_problem is null), count(_problem) from {target}"
    rows, unreadable = con.execute(counted).fetchall()[0]
    return FileRead(
        columns=tuple(columns),
        rows=rows,
        unreadable=unreadable,
        encoding=encoding,
        dialect=dialect,
        notices=notices,
    )


def as_text(expression: str, duckdb_type: str) -> str:
    """A typed value as exact text: instants in UTC, nested values as JSON, the rest as DuckDB prints it."""
    kind = duckdb_type.upper()
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        text = f"to_json({expression})::varchar"
    elif kind == "TIMESTAMP WITH TIME ZONE":
        text = f"timezone('UTC', {expression})::varchar || '+00:00'"
    else:
        text = f"{expression}::varchar"
    return f"nullif({text}, '')"


@contextmanager
def insertion_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Rows keep the order of the file while this is open: ``rowid`` is their place."""
    before = con.execute("select current_setting('preserve_insertion_order')").fetchall()[0][0]
    con.execute("set preserve_insertion_order = true").fetchall()
    try:
        yield
    finally:
        con.execute(f"set preserve_insertion_order = {before}").fetchall()


@contextmanager
def scratch_folder(con: duckdb.DuckDBPyConnection) -> Iterator[Path]:
    """A folder for unpacked text, on the disk of the database, where room for the data must be anyway."""
    path = con.execute("select path from duckdb_databases() where database_name = current_database()").fetchall()[0][0]
    with tempfile.TemporaryDirectory(prefix=".ecom-read-", dir=Path(path).parent if path else None) as folder:
        yield Path(folder)


@contextmanager
def discarded_on_error(con: duckdb.DuckDBPyConnection, target: str, source: Path | str, kind: str) -> Iterator[None]:
    """No half-filled table is left behind, and DuckDB's own refusals name the source.

    What cannot be committed, or does not fit in memory, is no fault of the source: such an error leaves as it is.
    """
    try:
        yield
    except (InputError, duckdb.Error, PermissionError, IsADirectoryError) as error:
        with suppress(duckdb.Error):
            con.execute(f"drop table if exists {target}").fetchall()
        if isinstance(error, InputError | duckdb.TransactionException | duckdb.OutOfMemoryException):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(file=source, value=reason, expected=f"a readable {kind} source") from error
