"""Which tables and columns a SELECT reads, derived by SQLGlot; for Python tables the contract says it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from ecom_pipeline.contracts import Contract


@cache
def tables_read(select: str) -> tuple[str, ...]:
    """``schema.table`` of every table a SELECT reads, its own CTEs excepted, in alphabetical order."""
    tree = sqlglot.parse_one(select, read="duckdb")
    return tuple(sorted({f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}))


def column_lineage(contract: Contract, contracts: Mapping[str, Contract]) -> dict[str, list[tuple[str, str]]]:
    """For each column the ``(schema.table, column)`` pairs it is computed from."""
    if contract.select is None:
        return {
            column.name: [tuple(source.rsplit(".", 1)) for source in column.sources]  # type: ignore[misc]
            for column in contract.columns
            if column.sources
        }
    if any(table.startswith("journal.") for table in tables_read(contract.select)):
        return {}
    read = tuple(
        (table, tuple(contracts[table].types.items())) for table in tables_read(contract.select) if table in contracts
    )
    return _derived(contract.select, tuple(contract.types), read)


@cache
def _derived(
    select: str, columns: tuple[str, ...], read: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
) -> dict[str, list[tuple[str, str]]]:
    layers: dict[str, dict[str, object]] = {}
    for table, types in read:
        layer, name = table.split(".")
        layers.setdefault(layer, {})[name] = dict(types)
    schema: dict[str, object] = dict(layers)
    tree = qualify(sqlglot.parse_one(select, read="duckdb"), schema=schema, dialect="duckdb")
    scope = build_scope(tree)
    promised = {table for table, _ in read}
    found: dict[str, list[tuple[str, str]]] = {}
    for column in columns:
        root = lineage(column, tree, schema=schema, dialect="duckdb", scope=scope, copy=False)
        leaves = {
            (f"{node.expression.db}.{node.expression.name}", node.name.rsplit(".", 1)[-1].strip('"'))
            for node in root.walk()
            if isinstance(node.expression, exp.Table) and node.expression.db
        }
        found[column] = sorted(leaf for leaf in leaves if leaf[0] in promised)
    return found
