"""A warehouse in memory: every promised table exists and is empty, until a test says what is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from ecom_pipeline.contracts import Contract, load_contracts
from ecom_pipeline.warehouse.journal import create_journal

CONTRACTS = load_contracts()
Row = dict[str, Any]


class World:
    """Tables given as literal rows, and what the SELECTs make of them."""

    def __init__(self) -> None:
        self.con = duckdb.connect(config={"threads": 1})
        self.con.execute("set timezone = 'UTC'")
        for schema in sorted({contract.schema_name for contract in CONTRACTS.values()}):
            self.con.execute(f"create schema if not exists {schema}")
        create_journal(self.con)
        for name, contract in CONTRACTS.items():
            columns = ", ".join(f'"{column}" {kind}' for column, kind in contract.types.items())
            self.con.execute(f"create table if not exists {name} ({columns})")

    def given(self, table: str, *rows: Row) -> World:
        """Insert rows; what a row does not say is null, provenance is its place in the list."""
        types = CONTRACTS[table].types if table in CONTRACTS else {}
        for number, row in enumerate(rows, 1):
            standing = {"_source": "test", "_load_id": 1, "_file": "test.csv", "_row": number}
            full = {key: value for key, value in standing.items() if key in types} | row
            for date, at in ((key.removesuffix("_at") + "_date", key) for key in row if key.endswith("_at")):
                if date in types and date not in row:
                    full[date] = str(row[at])[:10] if row[at] is not None else None
            names = ", ".join(f'"{key}"' for key in full)
            marks = ", ".join("?" for _ in full)
            self.con.execute(f"insert into {table} ({names}) values ({marks})", list(full.values()))
        return self

    def select(self, table: str) -> list[Row]:
        """Run the SELECT of a table and return its rows, in the order of all columns."""
        statement = CONTRACTS[table].select
        assert statement is not None, f"{table} has no SQL"
        return self.query(f"select * from ({statement}\n) order by all")

    def query(self, statement: str) -> list[Row]:
        cursor = self.con.execute(statement)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    def keep(self, *tables: str) -> World:
        """Replace tables by what their SELECTs make of the present inputs; clean tables lose what their rules refuse."""
        for table in tables:
            contract = CONTRACTS[table]
            conditions = ["true"]
            if contract.input:
                conditions = ["_duplicate = 1", "_reasons is null", *refusals(contract)]
            columns = ", ".join(f'"{name}"' for name in contract.types)
            self.con.execute(f"delete from {table}")
            self.con.execute(
                f"insert into {table} by name select {columns} from ({contract.select}\n) where {' and '.join(conditions)}"
            )
        return self


def refusals(contract: Contract) -> list[str]:
    return [f"coalesce({rule.where}, true)" for rule in contract.row_rules if rule.action == "quarantine"]


def only(rows: Iterable[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """The named columns of rows, as tuples."""
    return [tuple(row[name] for name in names) for row in rows]
