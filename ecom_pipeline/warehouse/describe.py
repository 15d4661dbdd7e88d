"""Comments of a contract as comments of the table, where every SQL client shows them.

``CREATE OR REPLACE`` and a rename lose them, so they are set again at each write.
"""

from __future__ import annotations

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.sql import literal, quoted


def describe(
    connection: duckdb.DuckDBPyConnection, contract: Contract, *, catalog: str | None = None, kind: str = "table"
) -> None:
    """Put the promise's words onto its table and columns."""
    names = (*([catalog] if catalog else []), contract.schema_name, contract.table)
    table = ".".join(map(quoted, names))
    connection.execute(f"comment on {kind} {table} is {literal(contract.description.strip())}")
    for column, words in contract.descriptions.items():
        connection.execute(f"comment on column {table}.{quoted(column)} is {literal(words)}")
