"""What leaves the warehouse: loads that are older than their source keeps them, the history of old runs, unused space.

How long anything is kept is said elsewhere: in ``shop.yaml`` and in the settings. A load that leaves is *retired*: its rows
go, its entry in the ledger stays, so that its file is not loaded again although it still lies in the landing folder.
Tables that are built from ``raw`` lack the rows from the next night on.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from ecom_pipeline.sql import literal, quoted
from ecom_pipeline.warehouse.connection import WarehouseError, bounded, exclusive, transaction
from ecom_pipeline.warehouse.journal import QUARANTINE, now
from ecom_pipeline.warehouse.space import require_space

HISTORY = ("steps", "checks", "notices", "conservation", "writes", "runs")
"""Tables of the journal that grow with every run. The ledger of loads is not history: it says what need not be loaded."""

LEAP_DAYS = 7
"""A clock that is further ahead of the last run before today is not believed at once."""


@dataclass(frozen=True, kw_only=True)
class Retired:
    """A load whose rows were deleted."""

    load_id: int
    source: str
    file: str
    rows: int


def trusted_now(connection: duckdb.DuckDBPyConnection) -> datetime:
    """The time by which things are old: the clock's, unless it is far ahead of the last run before today.

    A clock that was set forward would make everything old at once. It is believed from the next day on, when a run of the
    day before tells the same; until then age is counted to that last run.
    """
    moment = now()
    earlier: datetime | None = connection.execute(
        "select max(started_at) from journal.runs where started_at < ?", [moment - timedelta(days=1)]
    ).fetchall()[0][0]
    return earlier if earlier and moment - earlier > timedelta(days=LEAP_DAYS) else moment


def retire(connection: duckdb.DuckDBPyConnection, keep_days: Mapping[str, int], moment: datetime) -> list[Retired]:
    """Delete the rows of loads whose file was last written more days before a moment than its source keeps.

    The newest load of a source always stays, so that no table loses its last row to age.

    Parameters
    ----------
    keep_days
        By source; the loads of other sources are kept.
    moment
        As :func:`trusted_now` tells it.

    Raises
    ------
    WarehouseError
        The rows could not be deleted; everything is as it was.
    """
    today = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    retired: list[Retired] = []
    try:
        with transaction(connection):
            for source, days in keep_days.items():
                retired += _retire_source(connection, source, today - timedelta(days=days))
    except duckdb.Error as error:
        raise WarehouseError(f"no load was retired: {error}") from error
    return retired


def _retire_source(connection: duckdb.DuckDBPyConnection, source: str, before: datetime) -> list[Retired]:
    found = connection.execute(
        """
        select load_id, file, rows
        from journal.current_loads
        where source = ?
        qualify coalesce(modified_at, loaded_at) < ? and load_id < max(load_id) over ()
        order by load_id
        """,
        [source, before],
    ).fetchall()
    loads = [load_id for load_id, *_ in found]
    if loads:
        these = "load_id in (select unnest(?))"
        connection.execute(f"delete from raw.{quoted(source)} where _{these}", [loads])
        for table in QUARANTINE:
            connection.execute(f"delete from quarantine.{table} where {these}", [loads])
        connection.execute("delete from journal.builds where table_name = ?", [f"raw.{source}"])
        connection.execute(f"update journal.loads set retired_at = ? where {these}", [now(), loads])
    return [Retired(load_id=load_id, source=source, file=file, rows=rows) for load_id, file, rows in found]


def runs_to_keep(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The last run, and the runs that wrote what is live or were the last to try, whatever their age.

    The last is the one that was written down last: the clock may have been set back since.
    """
    rows = connection.execute(
        """
        select arg_max(run_id, rowid) from journal.runs
        union
        select arg_max(run_id, rowid) from journal.writes group by table_name
        union
        select arg_max(run_id, rowid) from journal.writes where outcome <> 'refused' group by table_name
        """
    ).fetchall()
    return {run_id for (run_id,) in rows if run_id}


def forget_runs(connection: duckdb.DuckDBPyConnection, before: datetime, kept: Collection[str]) -> int:
    """Delete the journal of runs that started before a moment, but for those to keep; the number of runs."""
    old = [
        run_id
        for (run_id,) in connection.execute("select run_id from journal.runs where started_at < ?", [before]).fetchall()
        if run_id not in kept
    ]
    if old:
        with transaction(connection):
            for table in HISTORY:
                connection.execute(f"delete from journal.{table} where run_id in (select unnest(?))", [old])
    return len(old)


def compact(folder: Path, *, wait_seconds: float = 0.0, **bounds: Any) -> bool:
    """Rewrite the working file where more than half of it is unused; whether it was.

    DuckDB uses the space of deleted rows again, but never gives it back to the disk. What it is given is that of
    :func:`~ecom_pipeline.warehouse.connection.open_warehouse`.

    Raises
    ------
    WarehouseBusyError
        Another run holds the file.
    WarehouseError
        It could not be rewritten; it is as it was.
    """
    file, fresh = folder / "warehouse.duckdb", folder / "warehouse.duckdb.rewritten"
    with exclusive(folder, wait_seconds=wait_seconds):
        try:
            fresh.unlink(missing_ok=True)
            with duckdb.connect(config=bounded(**({"temp_folder": folder / "tmp"} | bounds))) as connection:
                connection.execute(f"attach {literal(str(file))} as old")
                connection.execute("checkpoint old")
                size, used, free = connection.execute(
                    "select block_size, used_blocks, free_blocks from pragma_database_size() where database_name = 'old'"
                ).fetchall()[0]
                if free <= used:
                    return False
                require_space(folder, used * size)
                connection.execute(f"attach {literal(str(fresh))} as new")
                connection.execute("copy from database old to new")
                connection.execute("checkpoint new")
                if _content(connection, "old") != _content(connection, "new"):
                    raise WarehouseError(f"{file}: the rewritten file does not hold the same tables")
            if file.with_name(f"{file.name}.wal").exists():
                raise WarehouseError(f"{file}: has changes that are not in the file yet")
            os.replace(fresh, file)
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(f"{file}: could not be rewritten: {error}") from error
        finally:
            fresh.unlink(missing_ok=True)
    return True


def _content(connection: duckdb.DuckDBPyConnection, database: str) -> list[tuple[object, ...]]:
    """Every table and view with its comment and columns, and the rows of every table."""
    described = connection.execute(
        """
        select schema_name, table_name, comment, null from duckdb_tables() where database_name = $1
        union all
        select schema_name, view_name, comment, sql from duckdb_views() where database_name = $1 and not internal
        union all
        select schema_name, table_name || '.' || column_name, comment, data_type
        from duckdb_columns() where database_name = $1 and not internal
        order by all
        """,
        [database],
    ).fetchall()
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? order by all", [database]
    ).fetchall()
    return [
        *described,
        *(
            connection.execute(f"select count(*) from {database}.{quoted(schema)}.{quoted(table)}").fetchall()[0]
            for schema, table in tables
        ),
    ]
