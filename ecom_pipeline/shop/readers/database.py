"""Tables of other databases, read and never written to.

PostgreSQL and SQLite come through their ADBC drivers, which are installed with the project, where DuckDB's extensions
would be downloaded at run time; a DuckDB file is opened read-only by a connection of its own, in which its views
work, those over files beside it too. The source prints its own values as text, so that what arrives is exact, and it arrives in batches. Rows are
ordered by the primary key where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import duckdb

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.readers.table import (
    BATCH,
    FileRead,
    as_text,
    column_names,
    create,
    discarded_on_error,
    file_read,
    scratch_name,
    table_name,
)
from ecom_pipeline.sql import literal, quoted

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor
    from pyarrow import RecordBatch

NAME = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)?")
NO_KEY = "no primary key: rows are numbered in the order the database gave them, which may change"


def read_database(con: duckdb.DuckDBPyConnection, url: str, table_name_there: str, into: str) -> FileRead:
    """Read a table of a database into a new table.

    Parameters
    ----------
    con
        Where the table is made.
    url
        ``duckdb:///file``, ``sqlite:///file`` or ``postgresql://...``; a path after three slashes is relative, after
        four absolute.
    table_name_there
        ``table`` or ``schema.table``.
    into
        Name of the new table, which may carry its schema; an existing one is replaced.

    Raises
    ------
    InputError
        The database or the table cannot be reached, or the URL is of another kind; passwords are left out.
    """
    kind = urlsplit(url).scheme
    place = f"{_without_password(url)} {table_name_there}"
    if not NAME.fullmatch(table_name_there):
        raise InputError(file=place, value=table_name_there, expected="the name of a table, or schema.table")
    target = table_name(into)
    with discarded_on_error(con, target, place, kind):
        if kind == "duckdb":
            return _from_duckdb(con, _file(url, place), table_name_there, target, place)
        if kind == "sqlite":
            return _from_sqlite(con, _file(url, place), table_name_there, target, place)
        if kind in ("postgresql", "postgres"):
            return _from_postgresql(con, url, table_name_there, target, place)
        raise InputError(file=place, value=kind, expected="a URL that starts with duckdb:, sqlite: or postgresql:")


def _without_password(url: str) -> str:
    return re.sub(r"(//[^:/@]*):[^@]*@", r"\1:***@", re.sub(r"(?i)(password=)[^&]*", r"\1***", url))


def _file(url: str, place: str) -> Path:
    path = Path(unquote(url.split("///", 1)[-1]))
    if not path.is_file():
        raise InputError(file=place, value=str(path), expected="an existing database file")
    return path


def _from_duckdb(con: duckdb.DuckDBPyConnection, path: Path, name: str, target: str, place: str) -> FileRead:
    with connect_duckdb(path) as source:
        schema, _, table = name.rpartition(".")
        described = source.execute(
            """select column_name, data_type from duckdb_columns()
            where database_name = current_database() and schema_name = ? and table_name = ? order by column_index""",
            [schema or "main", table],
        ).fetchall()
        originals = _found(described, name, place)
        values = ", ".join(
            f"{as_text(quoted(column), kind)} as c{position}" for position, (column, kind) in enumerate(originals)
        )
        query = source.sql(f"select {values} from {quoted(schema or 'main')}.{quoted(table)}")
        return fill(con, query.to_arrow_reader(BATCH), originals, target, "duckdb", ())


def connect_duckdb(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection that writes nothing; a view finds files by their names relative to the folder of the database."""
    folder = str(path.resolve().parent)
    return duckdb.connect(
        str(path), read_only=True, config={"autoinstall_known_extensions": "false", "file_search_path": folder}
    )


def _found(described: Sequence[Any], name: str, place: str) -> list[tuple[str, str]]:
    if not described:
        raise InputError(file=place, value=name, expected="a table or view that exists in the database")
    return [(str(column), str(kind)) for column, kind, *_ in described]


def _from_sqlite(con: duckdb.DuckDBPyConnection, path: Path, name: str, target: str, place: str) -> FileRead:
    from adbc_driver_manager import Error
    from adbc_driver_sqlite import dbapi

    try:
        with (
            closing(dbapi.connect(f"file:{path.resolve()}?mode=ro")) as connection,
            closing(connection.cursor()) as cursor,
        ):
            schema, _, table = name.rpartition(".")
            described = _rows(
                cursor, f"select name, type, pk from pragma_table_info({literal(table)}, {literal(schema or 'main')})"
            )
            originals = _found(described, name, place)
            keys = [str(column) for column, _, position in sorted(described, key=lambda row: row[2]) if position]
            relation = f"{quoted(schema or 'main')}.{quoted(table)}"
            values = ", ".join(_sqlite_text(quoted(column)) for column, _ in originals)
            order = f" order by {', '.join(map(quoted, keys))}" if keys else ""
            cursor.execute(f"select {values} from {relation}{order}")
            return fill(con, cursor.fetch_record_batch(), originals, target, "sqlite", () if keys else (NO_KEY,))
    except Error as error:
        raise InputError(file=place, value=str(error), expected="a readable SQLite database") from error


def _sqlite_text(column: str) -> str:
    """SQLite prints floating point with 15 digits; where that is not the value, with the 17 that are.

    Null becomes the empty text: a column that begins with nulls, the driver would take for one of integers.
    """
    return f"""case typeof({column})
        when 'real' then case when cast(cast({column} as text) as real) = {column}
            then cast({column} as text) else printf('%!.17g', {column}) end
        when 'blob' then hex({column}) when 'null' then '' else cast({column} as text) end"""


def _from_postgresql(con: duckdb.DuckDBPyConnection, url: str, name: str, target: str, place: str) -> FileRead:
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import dbapi

    try:
        with closing(dbapi.connect(url)) as connection, closing(connection.cursor()) as cursor:
            for setting in (
                "transaction read only",
                "timezone = 'UTC'",
                "datestyle = 'ISO, YMD'",
                "intervalstyle = 'iso_8601'",
            ):
                cursor.execute(f"set {setting}")
            schema, _, table = name.rpartition(".")
            relation = f"{quoted(schema) + '.' if schema else ''}{quoted(table)}"
            described = _rows(
                cursor,
                f"""select attname::text, format_type(atttypid, atttypmod),
                    coalesce(array_position(indkey::int2[], attnum), -1)
                from pg_attribute left join pg_index on indrelid = attrelid and indisprimary
                where attrelid = to_regclass({literal(relation)}) and attnum > 0 and not attisdropped
                order by attnum""",
            )
            originals = _found(described, name, place)
            keys = [str(column) for column, _, position in sorted(described, key=lambda row: row[2]) if position >= 0]
            values = ", ".join(f"{quoted(column)}::text" for column, _ in originals)
            order = f" order by {', '.join(map(quoted, keys))}" if keys else ""
            cursor.execute(f"select {values} from {relation}{order}")
            return fill(con, cursor.fetch_record_batch(), originals, target, "postgresql", () if keys else (NO_KEY,))
    except Error as error:
        reason = re.sub(r"\s+", " ", _without_password(str(error)))
        raise InputError(file=place, value=reason, expected="a PostgreSQL server that lets us read") from error


def _rows(cursor: Cursor, query: str) -> list[tuple[Any, ...]]:
    cursor.execute(query)
    return list(cursor.fetchall())


def fill(
    con: duckdb.DuckDBPyConnection,
    batches: Iterable[RecordBatch],
    originals: Sequence[tuple[str, str]],
    target: str,
    dialect: str,
    notices: tuple[str, ...],
) -> FileRead:
    """Fill the table batch by batch."""
    columns, renamed = column_names([column for column, _ in originals])
    create(con, target, columns)
    view, done = scratch_name("batch"), 0
    names = [f"c{position}" for position in range(len(columns))]
    values = ", ".join(f"nullif({name}, '')" for name in names)
    for batch in batches:
        con.register(view, batch.rename_columns(names))
        con.execute(
            f"insert into {target} select {values}, {done} + row_number() over (), null, null from {view}"
        ).fetchall()
        con.unregister(view)
        done += batch.num_rows
    return file_read(con, target, columns, dialect=dialect, notices=renamed + notices)
