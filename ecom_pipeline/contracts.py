"""The promises: what every table is, before anyone computes it.

A contract is one YAML file, ``tables/<schema>/<table>.yml``. It names the grain, the columns, the rules and what happens
to a row that breaks one. Checks, documentation, column comments, Dagster metadata and quarantine all derive from it, so
that nothing about a table is said twice. A bare ``SELECT`` beside it (``<table>.sql``) is the way to keep the promise;
tables without one are computed by a Python function in ``defs``.

Nothing here opens a database or imports an orchestrator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ecom_pipeline.sql import literal, quoted

TABLES = Path(str(files("ecom_pipeline"))) / "tables"
PROVENANCE = {"_source": "VARCHAR", "_load_id": "BIGINT", "_file": "VARCHAR", "_row": "BIGINT"}
"""Columns that lead a row of ``input`` and ``clean`` back to the line of the file it came from."""
UNDECLARED = {
    "_source": "The source of shop.yaml that brought the row.",
    "_load_id": "The load that brought the row.",
    "_file": "The file below the landing folder.",
    "_row": "The row of the file, from 1.",
    "_reasons": "Why values of the row could not be read; null where all could.",
}
"""What columns say that no contract declares."""

Action = Literal["quarantine", "warn", "fail"]
Kind = Literal["not_null", "in_set", "between", "matches", "condition"]


class ContractError(ValueError):
    """A promise that cannot be read: names the file and what is wrong in it."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Model):
    """One column of a table.

    ``required``, ``values``, ``minimum``, ``maximum`` and ``matches`` become row rules. ``sources`` is the column lineage
    of tables that Python computes (``schema.table.column``); for SQL tables it is derived. ``synonyms`` are headers under
    which exports of real shops carry the column (input contracts only; ``ecom doctor`` reads them).
    """

    name: str
    type: str
    description: str
    required: bool = False
    values: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    matches: str | None = None
    pii: bool = False
    sources: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


class Rule(_Model):
    """A condition every row keeps (``where`` true or null), and what happens to a row that does not.

    ``quarantine`` moves the row out, within the table's tolerance; ``warn`` counts it and keeps it; ``fail`` refuses the
    whole candidate.
    """

    name: str
    where: str
    description: str
    action: Action = "quarantine"
    column: str | None = None
    kind: Kind = "condition"

    @property
    def breaks(self) -> str:
        """The SQL condition that is true exactly for the rows that break the rule, and never null."""
        return f"coalesce(not ({self.where}), false)"


class Since(_Model):
    """From when on the rows of a touched value are built anew, in a table whose rows have a beginning and an end.

    Whatever a changed row bears on ends at the time that ``changes`` gives for it, or later. A row that begins at some time
    or later depends only on rows of its slice with that time or a later one: ``reads`` says what the time of a row is, and
    is left out for tables that are small. No row is cut: a value is built from the beginning of every row that reaches
    beyond the time of its changes.

    Parameters
    ----------
    span
        The columns of the table in which a row begins and ends; one twice where a touched value is always built whole.
    changes
        For every table that has slices a SQL expression over one of its rows.
    reads
        For tables with one slice a SQL expression over one of its rows.
    """

    span: tuple[str, str]
    changes: Mapping[str, str]
    reads: Mapping[str, str] = Field(default_factory=dict)


class Contract(_Model):
    """The promise of one table.

    A table in mode ``merge`` is written by slices: its rows of one value of ``merge_on`` depend on a slice of each table
    that it reads, and on nothing else. ``slices`` says which: table to SQL expressions over one of its rows, each of which
    gives a value of ``merge_on`` that the row bears on. A table with no expression bears on every row, but only by being
    empty or not. A clean table is sliced by its input; its other tables are sliced by the column of the input that has
    the name of the expression. Whatever changes in a table that has no slices, or is not named, rebuilds the whole table.
    ``since`` bounds the slices in time as well.

    Of rows of a clean table that share a key the first in the order ``first_by`` stays: SQL over a row of the SELECT. Where
    it is not given the SELECT numbers the copies itself, as ``_duplicate``. ``copies_share`` names columns in which such
    rows of one file agree if the key names a row at all: where they do not, a number that repeats was taken for an id.
    """

    schema_name: str
    table: str
    description: str = Field(pattern=r"^One row per ")
    domain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    first_by: str | None = None
    copies_share: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    on_violation: Action = "fail"
    tolerance: float = Field(default=0.0, ge=0, le=1)
    minimum_rows: int = 0
    mode: Literal["replace", "merge"] = "replace"
    merge_on: str | None = None
    slices: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    since: Since | None = None
    requires: tuple[str, ...] = ()
    requires_any: tuple[str, ...] = ()
    customer_column: str | None = None
    input: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Contract:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("a column is declared twice")
        spanned = self.since.span if self.since else ()
        for name in (*self.key, *spanned, *filter(None, [self.merge_on, self.customer_column])):
            if name not in names and name not in PROVENANCE:
                raise ValueError(f"'{name}' is not one of the columns")
        if self.first_by and not (self.key and self.input):
            raise ValueError("first_by is for a table with a key and an input")
        if self.copies_share and not (self.first_by and set(self.copies_share) <= set(names)):
            raise ValueError("copies_share names columns, beside first_by")
        if (self.mode == "merge") != bool(self.merge_on):
            raise ValueError("mode merge and merge_on go together")
        if self.slices and not self.merge_on:
            raise ValueError("slices are those of a table in mode merge")
        if self.since:
            slices = {table: len(expressions) for table, expressions in self.slices.items() if expressions}
            if self.input or slices.keys() != self.since.changes.keys():
                raise ValueError("since says for every table with slices, and no other, when a change begins to bear")
            if any(slices.get(table) != 1 for table in self.since.reads):
                raise ValueError("since bounds what is read of tables with one slice")
            if self.types[str(self.merge_on)] == "DATE":
                raise ValueError("the slices of a date are bounded already")
        return self

    @property
    def name(self) -> str:
        """``schema.table``."""
        return f"{self.schema_name}.{self.table}"

    @property
    def types(self) -> dict[str, str]:
        """Column name to DuckDB type, in order.

        Tables of ``input`` and ``clean`` also have the provenance of each row; views of ``input`` the business date and
        hour of every timestamp and the reasons why a value could not be read.
        """
        own = {column.name: column.type for column in self.columns}
        if self.schema_name == "input" and self.table != "exchange_rates":
            moments = [name.removesuffix("_at") for name in own if name.endswith("_at")]
            dates = {f"{moment}_date": "DATE" for moment in moments}
            hours = {f"{moment}_hour": "BIGINT" for moment in moments}
            return own | dates | hours | PROVENANCE | {"_reasons": "VARCHAR"}
        return own | PROVENANCE if self.schema_name == "clean" else own

    @property
    def descriptions(self) -> dict[str, str]:
        """Column name to what it says, in the order of ``types``."""
        words = {column.name: column.description.strip() for column in self.columns} | UNDECLARED
        for moment in [name for name in words if name.endswith("_at")]:
            for part, told in (("date", "business date"), ("hour", "hour of the day")):
                words.setdefault(
                    f"{moment.removesuffix('at')}{part}", f"The {told} of {moment}, in the shop's timezone."
                )
        return {name: words[name] for name in self.types}

    @property
    def steering(self) -> dict[str, str]:
        """What the SELECT of a clean table says about a row beside the promised columns, each with its type.

        Why it is rejected and, where no ``first_by`` decides, which copy it is.
        """
        if self.input is None:
            return {}
        return {"_reasons": "VARCHAR"} if self.first_by else {"_reasons": "VARCHAR", "_duplicate": "BIGINT"}

    @property
    def row_rules(self) -> tuple[Rule, ...]:
        """Every condition on single rows: those of the columns, then those stated by name.

        Views of ``input`` have none: their rows are judged as candidates of ``clean``.
        """
        if self.schema_name == "input":
            return ()
        derived = tuple(
            Rule(
                name=f"{column.name}__{kind}",
                where=where,
                description=f"{column.name}: expected {words}",
                action=self.on_violation,
                column=column.name,
                kind=kind,
            )
            for column in self.columns
            for kind, where, words in _promises(column)
        )
        return derived + self.rules

    @property
    def path(self) -> Path:
        """Where the promise lies."""
        return TABLES / self.schema_name / f"{self.table}.yml"

    @property
    def select(self) -> str | None:
        """The bare SELECT that keeps the promise, or None where Python or the pipeline itself does."""
        return _text(self.path.with_suffix(".sql"))


def _promises(column: Column) -> Iterator[tuple[Kind, str, str]]:
    """What a column promises by itself: each kind of rule, its condition, and what it expects in words."""
    name = quoted(column.name)
    if column.required:
        yield "not_null", f"{name} is not null", "a value"
    if column.values:
        allowed = ", ".join(map(literal, column.values))
        yield "in_set", f"{name} in ({allowed})", f"one of {', '.join(column.values)}"
    bounds = ((">=", "at least", column.minimum), ("<=", "at most", column.maximum))
    known = [(sign, words, f"{bound:f}") for sign, words, bound in bounds if bound is not None]
    if known:
        where = " and ".join(f"{name} {sign} {bound}" for sign, _, bound in known)
        yield "between", where, " and ".join(f"{words} {bound}" for _, words, bound in known)
    if column.matches:
        yield "matches", f"regexp_full_match({name}, {literal(column.matches)})", f"the form {column.matches}"


@cache
def _text(path: Path) -> str | None:
    """Read once per process: what a table was planned by is what it is built by."""
    return path.read_text("utf-8") if path.exists() else None


def parse_contract(text: str, schema: str, table: str, origin: str) -> Contract:
    """Read one promise.

    Raises
    ------
    ContractError
        Names the file and every field that is missing, unknown or malformed.
    """
    try:
        content: Any = yaml.load(text, Loader=yaml.CSafeLoader)
        return Contract(schema_name=schema, table=table, **content)
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise ContractError(f"{origin}: {error}") from error


@cache
def load_contracts(root: Path = TABLES) -> Mapping[str, Contract]:
    """All promises below ``root``, keyed ``schema.table``, in the order of their names; read once per process."""
    return MappingProxyType(
        {
            f"{path.parent.name}.{path.stem}": parse_contract(
                path.read_text("utf-8"), path.parent.name, path.stem, str(path)
            )
            for path in sorted(root.glob("*/*.yml"))
        }
    )
