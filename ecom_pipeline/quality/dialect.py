"""What duckdb-engine needs to serve Great Expectations on DuckDB 2.

Great Expectations reads a result after its connection went back to the pool, so rows are fetched at once. Columns come
from ``describe``, since duckdb-engine's own query names a catalog table that DuckDB lacks, and carry their type as DuckDB
prints it. Nothing here knows contracts or expectations.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import duckdb
import duckdb_engine
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGExecutionContext_psycopg2
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.types import UserDefinedType

from ecom_pipeline.sql import quoted

# The module outlives the interpreter's clean-up once Great Expectations is loaded, and DuckDB would then report its own
# classes as leaked on standard error.
atexit.register(vars(duckdb_engine).clear)


class PrintedType(UserDefinedType[Any]):
    """A column type that is only known by its name."""

    cache_ok = True

    def __init__(self, printed: str) -> None:
        self.printed = printed

    def get_col_spec(self, **_: object) -> str:
        """The name, as DDL would have it."""
        return self.printed


class _BufferedContext(PGExecutionContext_psycopg2):
    def post_exec(self) -> None:
        super().post_exec()  # type: ignore[no-untyped-call]
        description = self.cursor.description
        if description:
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, description)


class Dialect(duckdb_engine.Dialect):
    """The dialect of ``duckdb+judge://``."""

    execution_ctx_cls = _BufferedContext
    supports_statement_cache = False

    def get_columns(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: object
    ) -> list[ReflectedColumn]:
        """Columns of a table or view of the current database, in order."""
        name = ".".join(quoted(part) for part in (schema, table_name) if part)
        try:
            rows = connection.exec_driver_sql(f"describe {name}").fetchall()
        except sa.exc.ProgrammingError as error:
            raise sa.exc.NoSuchTableError(name) from error
        return [
            {"name": column, "type": PrintedType(printed), "nullable": nullable == "YES", "default": None}
            for column, printed, nullable, *_ in rows
        ]


registry.register("duckdb.judge", __name__, "Dialect")


class _Borrowed(duckdb_engine.ConnectionWrapper):
    def close(self) -> None:
        """Left open for the next statement: who lends the cursor closes it."""


_lent: ContextVar[duckdb.DuckDBPyConnection] = ContextVar("_lent")


@lru_cache(maxsize=1)
def _engine() -> sa.Engine:
    return sa.create_engine("duckdb+judge://", creator=lambda: _Borrowed(_lent.get()), poolclass=sa.pool.NullPool)


@contextmanager
def engine_on(cursor: duckdb.DuckDBPyConnection) -> Iterator[sa.Engine]:
    """The one engine of this process, working on ``cursor``, which is closed at the end."""
    token = _lent.set(cursor)
    try:
        yield _engine()
    finally:
        _lent.reset(token)
        cursor.close()
