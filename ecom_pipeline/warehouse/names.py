"""What a relation of the warehouse looks like, and rows by the names of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from ecom_pipeline.sql import split_name


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column names and types of ``schema.table``; empty where there is no such table.

    To ``describe`` it would be faster, but one that is not there would abort the transaction in progress.
    """
    return dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where database_name = current_database()"
            " and schema_name = ? and table_name = ? order by column_index",
            list(split_name(relation)),
        ).fetchall()
    )


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Rows of a relation."""
    return int(connection.execute(f"select count(*) from {relation}").fetchall()[0][0])


def content_of(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[int, str]:
    """Rows of a relation, and a digest of them that does not depend on their order."""
    rows, digest = connection.execute(
        f"select count(*), coalesce(sum(hash(one)::hugeint), 0)::varchar from (from {relation}) as one"
    ).fetchall()[0]
    return rows, digest


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[object] | Mapping[str, object] = ()
) -> list[dict[str, Any]]:
    """What a query gives, a mapping of column names to values per row."""
    cursor = connection.execute(query, values)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
