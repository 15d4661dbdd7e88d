"""Which tables and columns a SELECT reads, derived by SQLGlot; for Python tables the contract says it.

A SELECT is never rendered anew: where it is to read another relation, only the name of the table changes in its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope, traverse_scope

from ecom_pipeline.contracts import Contract

Types = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Tables, each with its columns, and each of these with its type: what a mapping would be if it could be hashed."""


@cache
def tables_read(select: str) -> tuple[str, ...]:
    """``schema.table`` of every table a SELECT reads, its own CTEs excepted, in alphabetical order."""
    tree = sqlglot.parse_one(select, read="duckdb")
    return tuple(sorted({f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}))


def redirected(select: str, relations: Mapping[str, str]) -> str:
    """The SELECT with some of the tables it reads, named ``schema.table``, replaced by other relations."""
    pieces, done = [], 0
    tables = [table for table in sqlglot.parse_one(select, read="duckdb").find_all(exp.Table) if table.db]
    for table in sorted(tables, key=lambda table: int(table.args["db"].meta["start"])):
        relation = relations.get(f"{table.db}.{table.name}")
        if relation is None:
            continue
        named = relation if table.alias else f'{relation} as "{table.name}"'
        pieces += [select[done : int(table.args["db"].meta["start"])], named]
        done = int(table.this.meta["end"]) + 1
    return "".join((*pieces, select[done:]))


def columns_read(select: str, contracts: Mapping[str, Contract]) -> Mapping[str, frozenset[str]]:
    """For each table that a SELECT reads, the columns it takes from it."""
    return _columns_read(select, _types_of(tables_read(select), contracts))


def _types_of(tables: Iterable[str], contracts: Mapping[str, Contract]) -> Types:
    return tuple((table, tuple(contracts[table].types.items())) for table in tables)


@cache
def _columns_read(select: str, read: Types) -> dict[str, frozenset[str]]:
    tree = qualify(sqlglot.parse_one(select, read="duckdb"), schema=_schema(read), dialect="duckdb")
    found: dict[str, set[str]] = {table: set() for table, _ in read}
    for scope in traverse_scope(tree):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and source.db:
                found[f"{source.db}.{source.name}"].add(column.name)
    return {table: frozenset(columns) for table, columns in found.items()}


def _schema(read: Types) -> dict[str, object]:
    layers: dict[str, dict[str, object]] = {}
    for table, types in read:
        layer, name = table.split(".")
        layers.setdefault(layer, {})[name] = dict(types)
    return dict(layers)


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
    promised = [table for table in tables_read(contract.select) if table in contracts]
    return _derived(contract.select, tuple(contract.types), _types_of(promised, contracts))


@cache
def _derived(select: str, columns: tuple[str, ...], read: Types) -> dict[str, list[tuple[str, str]]]:
    schema = _schema(read)
    tree = qualify(sqlglot.parse_one(select, read="duckdb"), schema=schema, dialect="duckdb")
    scope = build_scope(tree)
    promised = {table for table, _ in read}
    found: dict[str, list[tuple[str, str]]] = {}
    for column in columns:
        root = lineage(column, tree, schema=schema, dialect="duckdb", scope=scope, trim_selects=False, copy=False)
        leaves = {
            (f"{node.expression.db}.{node.expression.name}", node.name.rsplit(".", 1)[-1].strip('"'))
            for node in root.walk()
            if isinstance(node.expression, exp.Table) and node.expression.db
        }
        found[column] = sorted(leaf for leaf in leaves if leaf[0] in promised)
    return found
