"""Reads the cases below ``given/``: one file per table, ``<schema>.<table>.yml``, each a list of

.. code-block:: yaml

    - case: what it shows, in words
      given:
        clean.orders: |
          order_id | ordered_date
          A        | 2024-01-01
      expect: |
          orders | revenue
          1      | 20.0000

A table is text: its columns, then a row per line, split by ``|``. An empty cell is null, ``''`` an empty text. Values
are compared as DuckDB writes them, decimals with all their places. Tables and columns that are not given are empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from ecom_pipeline_tests.tables.world import BREAKS, CONTRACTS, TYPES, Text, World, in_order, promised

GIVEN = Path(__file__).parent / "given"
_EDGE = re.compile(r"(?:(?<=\s)|^)\|(?=\s|$)")


@dataclass(frozen=True)
class Table:
    """Columns and rows of texts."""

    columns: tuple[str, ...]
    rows: tuple[Text, ...]

    def dicts(self) -> list[dict[str, str | None]]:
        """One mapping per row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Case:
    """What the SELECT of a table makes of the given rows."""

    table: str
    name: str
    given: dict[str, Table]
    expect: Table

    def __str__(self) -> str:
        return f"{self.table}: {self.name}"

    def run(self, world: World) -> tuple[list[Text], list[Text]]:
        """The rows that the SELECT gives, and those expected, both in the same order."""
        with world.scratch():
            for table, rows in self.given.items():
                world.given(table, rows.dicts())
            return world.texts(self.table, self.expect.columns), in_order(self.expect.rows)


def read_table(text: str, known: Sequence[str]) -> Table:
    """A table from its text; a column that is not known, or a row with another number of cells, is refused."""
    header, *lines = [[cell.strip() for cell in _EDGE.split(line)] for line in text.splitlines() if line.strip()]
    if unknown := [name for name in header if name not in known]:
        raise ValueError(f"no such column: {', '.join(unknown)}")
    for cells in lines:
        if len(cells) != len(header):
            raise ValueError(f"expected {len(header)} cells: {' | '.join(cells)}")
    return Table(tuple(header), tuple(tuple(_value(cell) for cell in cells) for cells in lines))


def _value(cell: str) -> str | None:
    return None if cell == "" else "" if cell == "''" else cell


def read_cases(root: Path = GIVEN) -> list[Case]:
    """All cases, in the order of files and of their lists."""
    return [
        Case(
            table=path.stem,
            name=case["case"],
            given={table: read_table(rows, list(TYPES[table])) for table, rows in case.get("given", {}).items()},
            expect=read_table(case["expect"], [*promised(CONTRACTS[path.stem]), "_duplicate", BREAKS]),
        )
        for path in sorted(root.glob("*.yml"))
        for case in yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    ]
