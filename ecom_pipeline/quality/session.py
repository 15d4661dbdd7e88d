"""Runs expectations on one relation, in the database of an open connection.

Great Expectations works on a cursor of the connection, which shares its database and nothing else: the cursor is given
the same schema and time zone, and is closed with the session, so that the connection is free and the file can close. An
expectation that could not be evaluated has failed, and says why. Importing this module loads Great Expectations.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb
import great_expectations as gx
import sqlalchemy as sa
from great_expectations.core.batch import Batch
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import Expectation
from great_expectations.validator.validator import Validator

from ecom_pipeline.quality.dialect import engine_on
from ecom_pipeline.sql import literal, quoted, split_name


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of one expectation; ``error`` where it could not be evaluated."""

    passed: bool
    result: dict[str, Any]
    error: str | None


class Session:
    """Expectations and examples of the rows of one relation."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, engine: sa.Engine, relation: str) -> None:
        schema, table = split_name(relation)
        self._cursor = cursor
        self._rows = f"{quoted(schema)}.{quoted(table)}"
        source = sa.table(table, schema=sa.quoted_name(schema, True))
        source.name = sa.quoted_name(table, True)
        execution = SqlAlchemyExecutionEngine(engine=engine)
        data: Any = SqlAlchemyBatchData(
            execution,
            selectable=sa.select(sa.literal_column("*")).select_from(source),
            create_temp_table=False,
            source_schema_name=schema,
            source_table_name=table,
        )
        self._validator = Validator(execution, data_context=_context(), batches=[Batch(data=data)])

    def validate(self, expectations: Sequence[Expectation]) -> list[Verdict]:
        """Verdicts in the order of the expectations, from as few passes over the rows as they need."""
        verdicts = self._validate(expectations)
        failed = [position for position, verdict in enumerate(verdicts) if verdict.error]
        if len(failed) > 1:  # Great Expectations gives all of them the message of the last
            for position in failed:
                verdicts[position] = self._validate([expectations[position]])[0]
        return verdicts

    def _validate(self, expectations: Sequence[Expectation]) -> list[Verdict]:
        configurations = [expectation.configuration for expectation in expectations]
        for position, configuration in enumerate(configurations):
            configuration.meta = {"position": position}
        results = self._validator.graph_validate(configurations, {"result_format": "BASIC", "catch_exceptions": True})
        by_position = {_position(result): _verdict(result) for result in results}
        return [by_position[position] for position in range(len(expectations))]

    def examples(self, columns: Sequence[str], condition: str) -> list[tuple[str | None, ...]]:
        """The first three distinct values, as text, that some columns have where a condition holds; always the same ones."""
        names = ", ".join(quoted(column) for column in columns)
        texts = ", ".join(f"{quoted(column)}::varchar" for column in columns)
        rows = self._cursor.execute(
            f"select {texts} from {self._rows} where {condition} order by {names} limit 20"
        ).fetchall()
        return list(dict.fromkeys(rows))[:3]


@contextmanager
def session_on(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Session]:
    """A session on the committed rows of ``schema.table``, gone without a trace at the end."""
    ((database, schema, zone),) = connection.execute(
        "select current_database(), current_schema(), current_setting('TimeZone')"
    ).fetchall()
    cursor = connection.cursor()
    with engine_on(cursor) as engine:
        cursor.execute(f"use {quoted(database)}.{quoted(schema)}")
        cursor.execute(f"set TimeZone = {literal(zone)}")
        yield Session(cursor, engine, relation)


@lru_cache(maxsize=1)
def _context() -> EphemeralDataContext:
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # what goes wrong is in the verdict
    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )


def _position(result: ExpectationValidationResult) -> int:
    return int(result.expectation_config.meta["position"])  # type: ignore[union-attr]


def _verdict(result: ExpectationValidationResult) -> Verdict:
    told: dict[str, Any] = result.exception_info or {}
    raised = [one for one in ([told] if "raised_exception" in told else told.values()) if one["raised_exception"]]
    error = _first_words(raised[0]["exception_message"]) if raised else None
    return Verdict(passed=bool(result.success) and error is None, result=dict(result.result or {}), error=error)


def _first_words(message: str) -> str:
    """DuckDB's first paragraph, out of what SQLAlchemy and Great Expectations wrap around it."""
    own = re.search(r"\(_?duckdb\.\w+\) (.*?)(?:\n\n|\n\[SQL:|$)", message, re.DOTALL)
    return " ".join((own[1] if own else message).split())
