"""The beginning of a file as tables of text: one per sheet of a workbook, one per table of a database, else one.

Text goes through the readers of the nightly load, so that the doctor understands a file as they will. What belongs
together is not asked here.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers import read_file
from ecom_pipeline.shop.readers.database import NAME, connect_duckdb
from ecom_pipeline.shop.readers.encoding import by_mark
from ecom_pipeline.shop.readers.files import SUFFIXES, chunks, format_of, suffix_of
from ecom_pipeline.shop.readers.jsonl import goes_over_lines
from ecom_pipeline.shop.readers.table import append, column_names, create, scratch_folder, scratch_name
from ecom_pipeline.sql import literal, quoted

MAX_ROWS = 100_000
"""Rows that are read of a Parquet file or a table."""
PACKED = 5
"""How much larger text is than when it is packed, about."""
DATABASES = (".db", ".sqlite", ".sqlite3", ".duckdb")
KINDS = (*SUFFIXES, *DATABASES)
TABLES = {
    "sqlite": "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite~_%' escape '~'",
    "duckdb": "select table_name from information_schema.tables where table_schema = 'main'",
}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Some rows of one file.

    Attributes
    ----------
    part
        The sheet or table, where the file has several or is a database.
    table
        Where the rows are.
    database
        ``sqlite`` or ``duckdb``.
    coverage
        About the share of the file that was read.
    """

    path: Path
    part: str | None
    table: str
    columns: tuple[str, ...]
    dialect: str
    notices: tuple[str, ...] = ()
    database: str | None = None
    coverage: float = 1.0


def samples_of(con: duckdb.DuckDBPyConnection, path: Path, budget: int) -> Iterator[Sample]:
    """Everything that a file holds.

    Parameters
    ----------
    con
        Where the tables are made.
    budget
        Bytes of text to read.

    Raises
    ------
    InputError
        The file is damaged, or not what its name says.
    """
    if path.suffix.lower() in DATABASES:
        yield from _tables(con, path)
    elif format_of(path) == "excel":
        yield from _sheets(con, path)
    else:
        with scratch_folder(con) as scratch:
            yield _read(con, path, _beginning(con, path, scratch, budget), None, budget)


def _read(con: duckdb.DuckDBPyConnection, path: Path, beginning: Path, sheet: str | None, budget: int = 0) -> Sample:
    table = scratch_name("export")
    try:
        found = read_file(con, beginning, table, format=format_of(path), options=ReadOptions(sheet=sheet))
    except csv.Error as error:
        raise InputError(file=path, expected=f"lines of a table: {error}") from error
    con.execute(f"delete from {table} where _problem is not null").fetchall()
    is_whole = found.rows < MAX_ROWS if format_of(path) == "parquet" else beginning == path
    packed = PACKED if path.suffix in (".gz", ".zst") else 1
    notices = tuple(notice for notice in found.notices if "read as" in notice or "above the header" in notice)
    return Sample(
        path=path,
        part=sheet,
        table=table,
        columns=found.columns,
        dialect=found.dialect,
        notices=notices,
        coverage=1.0 if is_whole else min(budget / (path.stat().st_size * packed), 1.0),
    )


def _beginning(con: duckdb.DuckDBPyConnection, path: Path, scratch: Path, budget: int) -> Path:
    """The file, or a shorter one that begins like it."""
    copy = scratch / f"beginning{suffix_of(path)}"
    if format_of(path) == "parquet":
        query = f"copy (from {literal(str(path))} limit {MAX_ROWS}) to {literal(str(copy))} (format parquet)"
        try:
            con.execute(query).fetchall()
        except duckdb.Error as error:
            raise InputError(file=path, expected="a complete Parquet file") from error
        return copy
    start = bytearray()
    for block in chunks(path):
        start += block
        if len(start) >= budget:
            break
    if len(start) < budget or start.lstrip().startswith(b"["):
        return path
    copy.write_bytes(start)
    if format_of(path) == "jsonl" and goes_over_lines(copy):
        return path
    if (by_mark(bytes(start[:4])) or "").startswith("utf-16"):
        copy.write_bytes(start[: len(start) // 2 * 2])
    else:
        copy.write_bytes(start[: max(start.rfind(b"\n"), start.rfind(b"\r")) + 1] or start)
    return copy


def _sheets(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[Sample]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            filled = [name for name in book.sheet_names if book.get_sheet_by_name(name).height]
    except CalamineError as error:
        raise InputError(file=path, expected="a complete workbook") from error
    for name in filled:
        yield _read(con, path, path, name if len(filled) > 1 else None)


def _tables(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[Sample]:
    with path.open("rb") as file:
        start = file.read(16)
    kind = "sqlite" if start.startswith(b"SQLite format 3") else "duckdb"
    try:
        with closing(_connect(kind, path)) as source:
            for (name,) in source.execute(TABLES[kind]).fetchall():
                if NAME.fullmatch(name):
                    yield _table(con, source, path, kind, name)
    except (sqlite3.Error, duckdb.Error) as error:
        raise InputError(file=path, expected="a complete SQLite or DuckDB file") from error


def _connect(kind: str, path: Path) -> Any:
    """A connection that writes nothing, not even beside the file."""
    if kind == "sqlite":
        return sqlite3.connect(f"file:{quote(str(path.resolve()))}?immutable=1", uri=True)
    return connect_duckdb(path)


def _table(con: duckdb.DuckDBPyConnection, source: Any, path: Path, kind: str, name: str) -> Sample:
    found = source.execute(f"select * from {quoted(name)} limit {MAX_ROWS}")
    columns, _ = column_names([described[0] for described in found.description])
    table = scratch_name("export")
    create(con, table, columns)
    rows = ((*(_text(value) for value in row), place, None, None) for place, row in enumerate(found.fetchall(), 1))
    append(con, table, columns, rows)
    return Sample(path=path, part=name, table=table, columns=columns, dialect=kind, database=kind)


def _text(value: object) -> str | None:
    return None if value is None else str(value) or None
