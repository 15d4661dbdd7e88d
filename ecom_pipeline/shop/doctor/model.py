"""What the doctor says: guesses, each with how sure it is and why.

Plain data, so that it can be shown as YAML, as JSON or in a test. How a guess comes about is said elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Guess:
    """Something the shop has as a whole: its timezone, currency or country."""

    value: str
    confidence: float
    why: str


@dataclass(frozen=True, kw_only=True)
class ColumnGuess:
    """Where one column of an input comes from.

    Attributes
    ----------
    origin
        As ``shop.yaml`` says it: ``column``, ``sql`` or ``value``, and ``format``, ``unit``, ``values``, ``otherwise``.
    source_column
        The column it was read off, if any.
    """

    target: str
    origin: dict[str, Any]
    confidence: float
    why: str
    source_column: str | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class InputGuess:
    """What one source gives one input."""

    table: str
    confidence: float
    why: str
    columns: tuple[ColumnGuess, ...]
    where: str | None = None

    def column(self, target: str) -> ColumnGuess | None:
        """The guess for one column of the input."""
        return next((column for column in self.columns if column.target == target), None)


@dataclass(frozen=True, kw_only=True)
class SourceGuess:
    """One kind of export, and what it gives."""

    name: str
    files: str
    count: int
    rows: int
    columns: tuple[str, ...]
    inputs: tuple[InputGuess, ...]
    options: dict[str, Any] = field(default_factory=dict)
    decimal_comma: bool = False
    unused: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Missing:
    """An input, or a column of one, that no file gives, and what goes without it."""

    what: str
    cost: str
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What the doctor found in a folder.

    Attributes
    ----------
    is_enough
        Whether the proposal can be run: orders with their lines, or events.
    currencies
        Every currency that a column names, the commonest first.
    """

    folder: str
    name: str
    timezone: Guess
    currency: Guess
    country: Guess
    sources: tuple[SourceGuess, ...]
    missing: tuple[Missing, ...]
    notices: tuple[str, ...]
    is_enough: bool
    currencies: tuple[str, ...] = ()

    def source_of(self, table: str) -> SourceGuess | None:
        """The first source that gives an input."""
        return next((source for source in self.sources if any(given.table == table for given in source.inputs)), None)

    def input(self, table: str) -> InputGuess | None:
        """What the first source gives an input."""
        source = self.source_of(table)
        return None if source is None else next(given for given in source.inputs if given.table == table)
