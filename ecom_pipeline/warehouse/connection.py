"""One writer at a time, and it can be named.

DuckDB lets one process write a file and then shuts out everybody else, so a run takes a lock beside the file first. The
lock is the operating system's: it ends with the process that holds it, however that process ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ecom_pipeline.warehouse.journal import create_journal

SCHEMAS = ("raw", "input", "clean", "quarantine", "features", "models", "marts", "ops", "staging")


class WarehouseBusyError(RuntimeError):
    """Another run holds the warehouse: says which process, and since when."""


class WarehouseError(RuntimeError):
    """The warehouse could not do what was asked, for a reason outside the data: disk, permissions, a damaged file."""


@contextmanager
def exclusive(folder: Path, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the folder's lock.

    Raises
    ------
    WarehouseBusyError
        Somebody else still holds it after ``wait_seconds``.
    """
    with _told(f"{folder}: cannot be written"):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + wait_seconds
        with _told(f"{folder}: cannot be locked"):
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise WarehouseBusyError(_holder(folder)) from None
                    time.sleep(min(0.2, wait_seconds))
        with _told(f"{folder}: cannot be written"):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat()}).encode(), 0)
        yield
    finally:
        os.close(handle)


def _holder(folder: Path) -> str:
    try:
        holder = json.loads((folder / "lock").read_text())
        since = datetime.fromisoformat(holder["since"])
    except (ValueError, KeyError):
        return f"{folder}: another run holds the warehouse"
    minutes = max(0.0, (datetime.now(UTC) - since).total_seconds() / 60)
    return f"{folder}: process {holder['pid']} has held the warehouse since {since:%Y-%m-%d %H:%M:%S} UTC ({minutes:.1f} min)"


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say what the disk or the database refused."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        raise WarehouseError(f"{what}: {getattr(error, 'strerror', None) or error}") from error


def bounded(*, memory_limit: str, threads: int, temp_folder: Path, temp_limit: str | None = None) -> dict[str, Any]:
    """How DuckDB is opened: within bounds, and without an extension that it would fetch by itself.

    Parameters
    ----------
    temp_folder, temp_limit
        Where what does not fit in memory goes, and how much of it there may be.
    """
    return {
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": str(temp_folder),
        **({"max_temp_directory_size": temp_limit} if temp_limit else {}),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


@contextmanager
def open_warehouse(
    folder: Path,
    *,
    memory_limit: str,
    threads: int,
    wait_seconds: float = 0.0,
    temp_folder: Path | None = None,
    temp_limit: str | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working file, for writing, closed whatever happens.

    Parameters
    ----------
    folder
        Holds ``warehouse.duckdb``, the lock and DuckDB's temporary files.
    memory_limit, threads, temp_folder, temp_limit
        Bounds of DuckDB, as :func:`bounded` has them; what does not fit in memory goes to ``folder/tmp`` by default.

    Raises
    ------
    WarehouseBusyError
        Another run holds the file.
    WarehouseError
        The folder or the file cannot be opened, or the database cannot do what it is asked meanwhile.
    """
    database, temp_folder = folder / "warehouse.duckdb", temp_folder or folder / "tmp"
    with exclusive(folder, wait_seconds=wait_seconds):
        with _told(f"{database}: cannot be opened"):
            for spilled in temp_folder.glob("duckdb_temp_*"):
                spilled.unlink()
            for unpacked in folder.glob(".ecom-read-*"):
                shutil.rmtree(unpacked)
            bounds = bounded(memory_limit=memory_limit, threads=threads, temp_folder=temp_folder, temp_limit=temp_limit)
            connection = duckdb.connect(str(database), config=bounds)
        with closing(connection):
            try:
                connection.execute("set timezone = 'UTC'")
                with transaction(connection):
                    _clear(connection)
                    for schema in SCHEMAS:
                        connection.execute(f"create schema if not exists {schema}")
                    create_journal(connection)
                yield connection
                _clear(connection)
            except duckdb.Error as error:
                raise WarehouseError(f"{database}: cannot be read or written: {error}") from error


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of it, or nothing."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _clear(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what belongs to one run only, be it one that was killed. Whoever holds the lock has no other beside it."""
    connection.execute("drop schema if exists staging cascade")
    for (candidate,) in connection.execute(
        "select format('{}.\"{}\"', schema_name, table_name) from duckdb_tables()"
        " where database_name = current_database() and contains(table_name, '__next')"
    ).fetchall():
        connection.execute(f"drop table {candidate}")
