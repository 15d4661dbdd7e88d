"""A warehouse in memory: every promised table exists and is empty, until a test says what is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, count, groupby

import duckdb

from ecom_pipeline.contracts import PROVENANCE, Contract, load_contracts
from ecom_pipeline.warehouse.journal import TABLES as JOURNAL
from ecom_pipeline.warehouse.journal import create_journal

CONTRACTS = load_contracts()
TYPES = {name: contract.types for name, contract in CONTRACTS.items()} | {
    f"journal.{table}": dict(column.split(" ", 1) for column in columns.split(", "))
    for table, columns in JOURNAL.items()
}
"""``schema.table`` to the columns and types of everything a SELECT may read."""
BREAKS = "_breaks"
"""A column that every SELECT has here: the names of the contract's rules that the row breaks, split by ", "."""

Row = Mapping[str, object]
Text = tuple[str | None, ...]


def promised(contract: Contract) -> dict[str, str]:
    """The columns that the SELECT of a table gives; one of ``clean`` also steers the gate."""
    return contract.types | contract.steering


def candidate_of(contract: Contract) -> str:
    """What the SELECT of a table gives; of one of ``clean`` with the number of every copy, put in order all at once."""
    if not contract.first_by:
        return f"({contract.select}\n)"
    key, lacks = ", ".join(contract.key), " or ".join(f"{name} is null" for name in contract.key)
    number = f"row_number() over (partition by {key} order by {contract.first_by})"
    return f"(select *, case when {lacks} then 1 else {number} end as _duplicate from ({contract.select}\n))"


class World:
    """Tables given as literal rows, and what the SELECTs make of them."""

    def __init__(self) -> None:
        self.con = duckdb.connect(config={"threads": 1})
        self.con.execute("set timezone = 'UTC'")
        for schema in sorted({contract.schema_name for contract in CONTRACTS.values()}):
            self.con.execute(f"create schema if not exists {schema}")
        create_journal(self.con)
        for name, types in TYPES.items():
            columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
            self.con.execute(f"create table if not exists {name} ({columns})")

    @contextmanager
    def scratch(self) -> Iterator[World]:
        """The world as it is; what is given to it within is forgotten afterwards."""
        self.con.execute("begin")
        try:
            yield self
        finally:
            self.con.execute("rollback")

    def given(self, table: str, rows: Iterable[Row]) -> None:
        """Insert rows; what a row does not say is null, its provenance is its place in the list."""
        placed = (dict(zip(PROVENANCE, ("test", 1, "test.csv", number), strict=True)) for number in count(1))
        full = [
            {key: value for key, value in place.items() if key in TYPES[table]} | dict(row)
            for row, place in zip(rows, placed, strict=False)
        ]
        for names, alike in groupby(full, tuple):
            values = [list(row.values()) for row in alike]
            marks = ", ".join([f"({', '.join('?' for _ in names)})"] * len(values))
            listed = ", ".join(f'"{name}"' for name in names)
            self.con.execute(f"insert into {table} ({listed}) values {marks}", list(chain(*values)))

    def texts(self, table: str, columns: Sequence[str]) -> list[Text]:
        """What the SELECT of a table gives, every value as DuckDB writes it, in an order of its own."""
        contract = CONTRACTS[table]
        told = ", ".join(f"case when {rule.breaks} then '{rule.name}' end" for rule in contract.row_rules) or "null"
        listed = ", ".join(f'cast("{column}" as varchar)' for column in columns)
        rows: list[Text] = self.con.execute(
            f"select {listed} from (select *, nullif(concat_ws(', ', {told}), '') as {BREAKS} from {candidate_of(contract)})"
        ).fetchall()
        return in_order(rows)

    def keep(self, *tables: str) -> None:
        """Replace tables by what their SELECTs make of the present inputs, as the gate would let it through."""
        for table in tables:
            contract = CONTRACTS[table]
            gate = ["true"]
            if contract.input:
                refusing = [rule for rule in contract.row_rules if rule.action == "quarantine"]
                gate = ["_duplicate = 1", "_reasons is null", *(f"not {rule.breaks}" for rule in refusing)]
            columns = ", ".join(f'"{name}"' for name in contract.types)
            self.con.execute(f"delete from {table}")
            self.con.execute(
                f"insert into {table} by name select {columns} from {candidate_of(contract)} where {' and '.join(gate)}"
            )

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """The result of a query."""
        return self.con.execute(query).fetchall()

    def one(self, query: str) -> object:
        """The only value of the only row."""
        ((value,),) = self.rows(query)
        return value


def in_order(rows: Iterable[Text]) -> list[Text]:
    """Rows in an order that is the same for the same rows."""
    return sorted(rows, key=lambda row: [(value is None, value or "") for value in row])
