"""What the doctor says: guesses, each with how sure it is and why.

Plain data, so that it can be shown as YAML, as JSON or in a test. How a guess comes about is said elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class SourceGuess:
    """One kind of export, and what it gives.

    Attributes
    ----------
    place, options
        As ``shop.yaml`` says them.
    files
        How many there are.
    rows
        How many were looked at.
    unused
        Columns that nothing was made of.
    fill_down
        As ``shop.yaml`` says it.
    keeps_equal_rows
        Why ``duplicates`` should be ``keep``; empty if it should not.
    """

    name: str
    place: dict[str, Any]
    options: dict[str, Any]
    files: int
    rows: int
    inputs: tuple[InputGuess, ...]
    decimal_comma: bool = False
    unused: tuple[str, ...] = ()
    fill_down: tuple[str, ...] = ()
    keeps_equal_rows: str = ""
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
    country: Guess | None
    sources: tuple[SourceGuess, ...]
    missing: tuple[Missing, ...]
    notices: tuple[str, ...]
    is_enough: bool
    currencies: tuple[str, ...] = ()

    @property
    def assumed(self) -> dict[str, Guess]:
        """What nothing in the files speaks for, by its name in ``shop.yaml``."""
        guesses = {"timezone": self.timezone, "currency": self.currency}
        return {name: guess for name, guess in guesses.items() if guess.confidence == 0}
