"""Comments of a contract as comments of the table, where every SQL client shows them.

``CREATE OR REPLACE`` and a rename lose them, so they are set again at each write.
"""

from __future__ import annotations

import duckdb

from ecom_pipeline.contracts import Contract


def describe(
    connection: duckdb.DuckDBPyConnection, contract: Contract, *, catalog: str | None = None, kind: str = "table"
) -> None:
    """Put the promise's words onto its table and columns."""
    prefix = f'"{catalog}".' if catalog else ""
    table = f'{prefix}{contract.schema_name}."{contract.table}"'
    connection.execute(f"comment on {kind} {table} is {_text(contract.description)}")
    for column in contract.columns:
        name = column.name.replace('"', '""')
        connection.execute(f'comment on column {table}."{name}" is {_text(column.description)}')


def _text(value: str) -> str:
    return "'" + value.strip().replace("'", "''") + "'"
