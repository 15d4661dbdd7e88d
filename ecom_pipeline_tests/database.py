"""Empty databases in memory, all of one DuckDB a process: to start another takes thirty times as long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import duckdb

_numbers = count(1)


@cache
def _started() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 2, "autoinstall_known_extensions": "false"})


@contextmanager
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection, with settings of its own, to a database that is gone at the end."""
    name = f"test_{next(_numbers)}"
    _started().execute(f"attach ':memory:' as {name}")
    try:
        with _started().cursor() as connection:
            connection.execute(f"use {name}")
            yield connection
    finally:
        _started().execute(f"detach {name}")
