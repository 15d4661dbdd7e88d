"""What one query makes of several files, for what one row of one file does not tell: a join, a pivot, a running sum.

The files are read like any other into a database of their own beside the warehouse, in which the query finds them and
nothing else. Lines that could not be read stay beside its rows. Those are ordered by their values: a query has no order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers import FileRead, read_file
from ecom_pipeline.shop.readers.database import fill
from ecom_pipeline.shop.readers.table import (
    BATCH,
    as_text,
    discarded_on_error,
    scratch_folder,
    scratch_name,
    table_name,
)
from ecom_pipeline.sql import quoted

Tables = Mapping[str, tuple[Iterable[Path], str | None, ReadOptions]]
"""By name: files that lie below each other, their format and what not to detect."""
PLACE = "query"
"""What stands for a file where rows come from a query."""


def read_query(con: duckdb.DuckDBPyConnection, query: str, tables: Tables, into: str) -> FileRead:
    """Run a query over files and have its rows in a new table.

    Parameters
    ----------
    con
        Where the table is made.
    query
        One SELECT over the tables, whose columns are texts.
    into
        Name of the new table, which may carry its schema; an existing one is replaced.

    Raises
    ------
    InputError
        A file cannot be read, or the query cannot be run.
    """
    target = table_name(into)
    limits = con.execute("select current_setting('memory_limit'), current_setting('threads')").fetchall()[0]
    bounds = {"memory_limit": limits[0], "threads": limits[1], "autoinstall_known_extensions": "false"}
    with (
        discarded_on_error(con, target, PLACE, "query"),
        scratch_folder(con) as folder,
        duckdb.connect(str(folder / "tables.duckdb"), config=bounds) as own,
    ):
        notices = [notice for name, table in tables.items() for notice in _read(own, name, *table)]
        unreadable = _set_aside(own, tables)
        own.execute("set enable_external_access = false")
        described = [(str(name), str(kind)) for name, kind, *_ in own.execute(f"describe {query}").fetchall()]
        values = ", ".join(f"{as_text(quoted(name), kind)} as c{place}" for place, (name, kind) in enumerate(described))
        rows = own.sql(f"select {values} from ({query}\n) order by all").to_arrow_reader(BATCH)
        found = fill(con, rows, described, target, PLACE, tuple(notices))
        for problem, line in unreadable:
            con.execute(
                f"insert into {target} (_row, _problem, _line) select count(*) + 1, ?, ? from {target}", [problem, line]
            ).fetchall()
    return replace(found, unreadable=len(unreadable))


def _read(
    own: duckdb.DuckDBPyConnection, name: str, paths: Iterable[Path], kind: str | None, options: ReadOptions
) -> Iterator[str]:
    """Have the files in a table of this name; what is to be told of them."""
    table, beside = quoted(name), scratch_name("file")
    for place, path in enumerate(paths):
        found = read_file(own, path, beside if place else name, format=kind, options=options)
        yield from (f"{path.name}: {notice}" for notice in found.notices)
        if place:
            for column in found.columns:
                own.execute(f"alter table {table} add column if not exists {quoted(column)} varchar")
            own.execute(f"insert into {table} by name from {beside}")


def _set_aside(own: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> list[tuple[str, str]]:
    """Lines that could not be read, taken out of the tables, which then have the columns of their files alone."""
    found: list[tuple[str, str]] = []
    for name in map(quoted, tables):
        found += own.execute(f"select _problem, _line from {name} where _problem is not null order by _row").fetchall()
        own.execute(f"delete from {name} where _problem is not null")
        for column in ("_row", "_problem", "_line"):
            own.execute(f"alter table {name} drop column {column}")
    return found
