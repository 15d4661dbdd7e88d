"""What the tests of mapping and loading share: the promises, a shop written as text, a warehouse with ``raw``."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecom_pipeline.contracts import load_contracts
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.mapping import input_selects, routing_select
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.warehouse.names import rows_of
from ecom_pipeline_tests.database import in_memory

CONTRACTS = load_contracts()

EVENTS = """
      events:
        columns: {event_type: kind, event_at: at, customer_id: who, product_id: what}
"""


def shop_text(inputs: str, *, head: str = "", source: str = "") -> str:
    """A shop in London with one source, ``rows``; ``inputs`` is indented by six."""
    return (
        f"name: test\ntimezone: Europe/London\ncurrency: GBP\n{head}sources:\n  rows:\n    files: '*.csv'\n"
        f"{textwrap.indent(source.rstrip() + chr(10), '    ') if source else ''}    inputs:\n{inputs.strip(chr(10))}\n"
    )


def make_shop(
    folder: Path, inputs: str, *, head: str = "", source: str = "", environment: Mapping[str, str] | None = None
) -> Shop:
    path = folder / "shop.yaml"
    path.write_text(shop_text(inputs, head=head, source=source), "utf-8")
    return load_shop(path, environment, CONTRACTS)


class Raw:
    """A warehouse that has loaded the source ``rows``."""

    def __init__(self, columns: Sequence[str], *rows: Sequence[str | None], problem: str | None = None) -> None:
        self._database = in_memory()  # gone with this object
        self.con = self._database.__enter__()
        self.con.execute("set timezone = 'UTC'")
        self.con.execute("create schema raw")
        body = ", ".join(f'"{column}" varchar' for column in columns)
        own = "_load_id bigint, _file varchar, _row bigint, _problem varchar, _line varchar"
        self.con.execute(f"create table raw.rows ({body}, {own})")
        self.columns = list(columns)
        marks = ", ".join("?" for _ in columns)
        if rows:
            numbered = [[*row, number] for number, row in enumerate(rows, 1)]
            self.con.executemany(f"insert into raw.rows values ({marks}, 1, 'a.csv', ?, null, null)", numbered)
        if problem is not None:
            blanks = ", ".join("null" for _ in columns)
            self.con.execute(f"insert into raw.rows values ({blanks}, 1, 'a.csv', {len(rows) + 1}, ?, 'x')", [problem])

    def query(self, statement: str) -> list[dict[str, Any]]:
        return rows_of(self.con, statement)

    def view(self, shop: Shop, table: str) -> list[dict[str, Any]]:
        selects = input_selects(shop, CONTRACTS, {"rows": self.columns})
        return self.query(f"select * from ({selects[table]}) order by _row")

    def routing(self, shop: Shop) -> list[dict[str, Any]]:
        return self.query(f"select * from ({routing_select(shop, 'rows')}) order by _row")
