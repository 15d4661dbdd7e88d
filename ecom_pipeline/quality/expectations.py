"""Expectations that Great Expectations lacks, as metrics that it computes and caches itself.

A rule's metric is an aggregate, so Great Expectations asks for all rules of a table in one statement and one pass; it
asks for each alone where that statement fails. Importing this module loads Great Expectations. What to expect of which
table is said elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

ROWS = "table.row_count"
BROKEN = "ecom.broken_rows"
REPEATED = "ecom.rows_with_repeated_key"
TYPES = "ecom.column_types"


class _BrokenRows(TableMetricProvider):
    """How many rows a SQL condition is true for."""

    metric_name = BROKEN
    value_keys = ("breaks",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,  # noqa: N805
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: object,
    ) -> tuple[sa.ColumnElement[int], dict[str, Any], dict[str, Any]]:
        condition: sa.ColumnElement[bool] = sa.literal_column(metric_value_kwargs["breaks"])
        return sa.func.count().filter(condition), metric_domain_kwargs, {}


class _RowsWithRepeatedKey(TableMetricProvider):
    """How many rows share their key with another row; nulls are equal to each other."""

    metric_name = REPEATED
    value_keys = ("columns",)

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: object,
    ) -> int:
        rows = execution_engine.get_domain_records(metric_domain_kwargs)
        key: list[sa.ColumnElement[Any]] = [sa.literal_column(column) for column in metric_value_kwargs["columns"]]
        repeated = (
            sa.select(sa.func.count().label("n"))
            .select_from(rows)
            .group_by(*key)
            .having(sa.func.count() > 1)
            .subquery()
        )
        return int(execution_engine.execute_query(sa.select(sa.func.sum(repeated.c.n))).scalar() or 0)


class _ColumnTypes(TableMetricProvider):
    """Column names and types as DuckDB prints them."""

    metric_name = TYPES

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, execution_engine: SqlAlchemyExecutionEngine, **_: object) -> dict[str, str]:  # noqa: N805
        batch = execution_engine.batch_manager.active_batch_data
        columns = execution_engine.get_inspector().get_columns(batch.source_table_name, batch.source_schema_name)  # type: ignore[union-attr]
        return {column["name"]: str(column["type"]) for column in columns}


class _Expectation(BatchExpectation, ABC):
    _made: ExpectationConfiguration | None = PrivateAttr(None)

    @property
    def configuration(self) -> ExpectationConfiguration:
        """Made once, since Great Expectations asks for it thirty times; nobody changes an expectation."""
        if self._made is None:
            self._made = super().configuration
        return self._made

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        return self._outcome(metrics)

    @abstractmethod
    def _outcome(self, metrics: dict[str, Any]) -> dict[str, Any]:
        """Success and result, as Great Expectations wants them."""


class _NoSuchRow(_Expectation):
    """Of the rows that the first metric counts, out of the second, there is none."""

    metric_dependencies: ClassVar[tuple[str, str]]

    def _outcome(self, metrics: dict[str, Any]) -> dict[str, Any]:
        found, rows = (metrics[name] for name in self.metric_dependencies)
        return {"success": found == 0, "result": {"unexpected_count": found, "element_count": rows}}


class ExpectRowsToKeepRule(_NoSuchRow):
    """No row breaks a rule.

    Parameters
    ----------
    breaks
        SQL condition that is true exactly for the rows that do.
    """

    breaks: str
    metric_dependencies: ClassVar[tuple[str, str]] = (BROKEN, ROWS)
    success_keys: ClassVar[tuple[str, ...]] = ("breaks",)


class ExpectFewRowsToBreakRules(ExpectRowsToKeepRule):
    """At most a share of the rows breaks a rule, and not all of them do.

    Parameters
    ----------
    tolerance
        The share, from 0 to 1.
    beside
        Further rows of which the share is counted, and those of them that break a rule.
    """

    tolerance: float
    beside: tuple[int, int] = (0, 0)
    success_keys: ClassVar[tuple[str, ...]] = ("breaks", "tolerance", "beside")

    def _outcome(self, metrics: dict[str, Any]) -> dict[str, Any]:
        rows, broken = metrics[ROWS] + self.beside[0], metrics[BROKEN] + self.beside[1]
        within = broken == 0 or (broken / rows <= self.tolerance and broken < rows)
        return {"success": within, "result": {"unexpected_count": broken, "element_count": rows}}


class ExpectKeyToNameOneRow(_NoSuchRow):
    """No two rows have the same key.

    Parameters
    ----------
    columns
        The key's columns as SQL identifiers.
    """

    columns: tuple[str, ...]
    metric_dependencies: ClassVar[tuple[str, str]] = (REPEATED, ROWS)
    success_keys: ClassVar[tuple[str, ...]] = ("columns",)


class ExpectColumnsAndTypes(_Expectation):
    """The columns are those promised, with their types, in any order.

    Parameters
    ----------
    types
        Column name to DuckDB type.
    """

    types: dict[str, str]
    metric_dependencies: ClassVar[tuple[str, ...]] = (TYPES,)
    success_keys: ClassVar[tuple[str, ...]] = ("types",)

    def _outcome(self, metrics: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, str] = metrics[TYPES]
        problems = [
            *(f"{name} is missing" for name in self.types if name not in found),
            *(f"{name} is not promised" for name in found if name not in self.types),
            *(
                f"{name} is {found[name]}, expected {printed}"
                for name, printed in self.types.items()
                if name in found and found[name] != printed
            ),
        ]
        return {"success": not problems, "result": {"observed_value": "; ".join(problems)}}
