"""All that the working file holds of one customer, and the rows of the exports that it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.sql import quoted
from ecom_pipeline.warehouse.names import columns_of, rows_of

FOUND_BY = {"customer_id": "customer_id = $customer", "order_id": "order_id in (select order_id from their_orders)"}
"""The columns by which a row of an export is somebody's, and when it is."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What is held of a customer.

    ``same_person`` has their other accounts, of which nothing is told here; ``tables`` the rows of each table that names its
    customer; ``origins`` the rows of each file, those left out as duplicates or rejected too.
    """

    customer_id: str
    same_person: list[str]
    tables: dict[str, list[dict[str, Any]]]
    origins: list[dict[str, Any]]


def held_of(connection: duckdb.DuckDBPyConnection, contracts: Mapping[str, Contract], customer: str) -> Holding:
    """Look a customer up in every table that names its customer.

    Parameters
    ----------
    connection
        To the working file.
    contracts
        By name of table.
    customer
        The id, as the exports write it.
    """
    tables, origins = {}, []
    for name, contract in contracts.items():
        columns = columns_of(connection, name)
        if contract.schema_name == "input":
            origins += _origins(connection, name.removeprefix("input."), columns, customer)
        elif contract.customer_column in columns:
            query = f"select * from {name} where {quoted(contract.customer_column)} = ?"
            tables[name] = rows_of(connection, query, [customer])
    accounts = (
        "select other.customer_id from features.people as one join features.people as other using (person_id)"
        " where one.customer_id = ? and other.customer_id <> one.customer_id order by all"
    )
    return Holding(
        customer_id=customer,
        same_person=[row["customer_id"] for row in rows_of(connection, accounts, [customer])]
        if columns_of(connection, "features.people")
        else [],
        tables={name: rows for name, rows in tables.items() if rows},
        origins=origins,
    )


def _origins(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str], customer: str
) -> list[dict[str, Any]]:
    """Their rows of one input by file: what names them or an order of theirs, and what cleaning found to be theirs."""
    found = [condition for column, condition in FOUND_BY.items() if column in columns]
    if not found or "_file" not in columns:
        return []
    place = "_source, _file, _load_id, _row"
    cleaned = (
        f" union select {place} from clean.{name} where customer_id = $customer"
        if "customer_id" in columns_of(connection, f"clean.{name}")
        else ""
    )
    return rows_of(
        connection,
        "with their_orders as (select order_id from input.orders where customer_id = $customer),"
        f" theirs as (select {place} from input.{name} where {' or '.join(found)}{cleaned})"
        f" select '{name}' as input, _source as source, _file as file, count(*) as rows,"
        " list(_row order by _row) as row_numbers from theirs group by all order by all",
        {"customer": customer},
    )
