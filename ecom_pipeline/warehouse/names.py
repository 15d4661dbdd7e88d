"""Names and texts as SQL has them, and what a relation looks like."""

from __future__ import annotations

import duckdb


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column names and types of ``schema.table``; empty where there is no such table."""
    schema, table = relation.split(".", 1)
    return dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where database_name = current_database()"
            " and schema_name = ? and table_name = ? order by column_index",
            [schema, table.strip('"').replace('""', '"')],
        ).fetchall()
    )


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Rows of a relation."""
    return int(connection.execute(f"select count(*) from {relation}").fetchall()[0][0])
