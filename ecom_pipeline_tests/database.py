"""Empty databases in memory, all of one DuckDB a process: to start another takes thirty times as long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import duckdb

from ecom_pipeline.sql import quoted

_numbers, _open = count(1), set[str]()


@cache
def _started() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 2, "autoinstall_known_extensions": "false"})


@contextmanager
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database that is gone at the end, and so is whatever was attached beside it.

    The settings of a session are its own. Those that DuckDB has for all sessions at once, such as
    ``preserve_insertion_order``, are for a test with a DuckDB of its own.
    """
    name = f"test_{next(_numbers)}"
    _started().execute(f"attach ':memory:' as {name}")
    _open.add(name)
    try:
        with _started().cursor() as connection:
            connection.execute(f"use {name}")
            yield connection
    finally:
        _open.remove(name)
        attached = _started().execute("select database_name from duckdb_databases() where not internal").fetchall()
        for left in {database for (database,) in attached} - _open - {"memory"}:
            _started().execute(f"detach {quoted(left)}")
