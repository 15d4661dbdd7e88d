"""Where the rows of a table to be lie until they are judged, and how frames become such rows.

What does not belong here: the judgement and the swap (``write``).
"""

from __future__ import annotations

import duckdb
import pandas as pd

from ecom_pipeline.contracts import Contract
from ecom_pipeline.sql import quoted


def next_of(contract: Contract) -> str:
    """Where the rows lie that would go live."""
    return f"{contract.schema_name}.{quoted(contract.table + '__next')}"


def stage_frame(
    connection: duckdb.DuckDBPyConnection, contract: Contract, frame: pd.DataFrame, *, more: bool = False
) -> None:
    """Have the rows of a frame lie there, those that do so already gone unless these are ``more`` of them."""
    kinds = contract.types
    promised = [f"cast({quoted(name)} as {kinds[name]}) as {quoted(name)}" for name in kinds if name in frame]
    beyond = [quoted(name) for name in frame if name not in kinds]
    select = f"select {', '.join(promised + beyond)} from candidate_frame"
    staged = next_of(contract)
    connection.register("candidate_frame", frame)
    try:
        connection.execute(
            f"insert into {staged} by name {select}" if more else f"create or replace table {staged} as {select}"
        )
    finally:
        connection.unregister("candidate_frame")
