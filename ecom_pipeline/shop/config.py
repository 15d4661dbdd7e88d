"""``shop.yaml``: what a shop's sources are and how their columns become the columns of the input contracts.

The model of the file, alone. ``reading`` makes one from a file and says what is wrong with it, ``mapping`` says what it
means in SQL, ``expressions`` which SQL a shop may write; ``kinds`` has the kinds of values, ``business`` what is said of
the business beside the data.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, SecretStr, field_serializer, model_validator

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.business import SEGMENTS, Budget, Recommendations, Support
from ecom_pipeline.shop.document import Document, Place
from ecom_pipeline.shop.expressions import parse_expression
from ecom_pipeline.shop.kinds import Country, Currency, Format, Glob, Model, Name, Rate, Text, Timezone
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.values import Unit

DEFAULTS = {("orders", "status"): "completed", ("messages", "author"): "customer"}
"""What a row stands for that does not say it."""
EITHER = {"order_items": ("unit_price", "line_amount")}
"""Columns of which a source maps at least one."""
CONDITIONS = {"segments": "features.customer_months", "audiences": "marts.customer_profiles"}
"""Sections of conditions, and the table that each is about."""
EXCHANGE_RATES = "exchange_rates"
"""The one input that comes from ``shop.yaml`` itself."""


class ColumnMapping(Model):
    """Where one column of an input comes from: a column of the source, an expression over them, or a constant.

    Attributes
    ----------
    format
        Of dates, as ``strptime`` takes it; ISO 8601 otherwise.
    unit
        Of Unix times.
    timezone
        Of times without an offset, where it is not the source's.
    values
        The shop's word to ours, whatever their case; our own words need no entry.
    otherwise
        What every other word means.
    """

    column: Text | None = None
    sql: Text | None = None
    value: Text | None = None
    format: Text | None = None
    timezone: Timezone | None = None
    unit: Unit | None = None
    values: dict[str, Text] = Field(default_factory=dict)
    otherwise: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _a_name_is_a_column(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        if sum(origin is not None for origin in (self.column, self.sql, self.value)) != 1:
            raise ValueError("expected exactly one of column, sql and value")
        if self.format and self.unit:
            raise ValueError("expected either format or unit")
        if self.otherwise is not None and not self.values:
            raise ValueError("expected values beside otherwise")
        return self


class InputMapping(Model):
    """How rows of one source become rows of one input."""

    where: Text | None = None
    columns: dict[str, ColumnMapping] = Field(min_length=1)


class Database(Model):
    """A table of a database."""

    url: SecretStr
    table: Text

    @model_validator(mode="after")
    def _known_kind(self) -> Database:
        if not re.match(r"^(sqlite|duckdb|postgresql)://.", self.url.get_secret_value()):
            raise ValueError("expected a url starting with sqlite:///, duckdb:/// or postgresql://")
        return self

    @property
    def location(self) -> str:
        """The url and the table, fit to be shown: without the password."""
        shown = re.sub(r"(://[^:/@]*):[^@]*@", r"\1@", self.url.get_secret_value())
        return re.sub(r"(?i)(password|passwd|pwd)=[^&]*", r"\1=", shown) + "#" + self.table

    @field_serializer("url")
    def _without_password(self, _url: SecretStr) -> str:
        return self.location


class Table(Model):
    """Files that a query finds as one table."""

    files: Glob
    format: Format | None = None
    options: ReadOptions = ReadOptions()

    @model_validator(mode="before")
    @classmethod
    def _a_name_is_a_pattern(cls, given: Any) -> Any:
        return {"files": given} if isinstance(given, str) else given


class Source(Model):
    """One kind of export, and the inputs its rows go to.

    Attributes
    ----------
    query, tables
        One SELECT over files, for what one row of one file does not tell, and the names that these have in it.
    fill_down
        Columns that only the first of several lines has. The first one names what the lines belong to: where it is empty
        the line belongs to the one above. The others are taken from above within the same.
    """

    files: Glob | None = None
    database: Database | None = None
    query: Text | None = None
    tables: dict[Name, Table] = Field(default_factory=dict)
    format: Format | None = None
    options: ReadOptions = ReadOptions()
    timezone: Timezone | None = None
    date_format: Text | None = None
    decimal_comma: bool = False
    currency: Currency | None = None
    duplicates: Literal["drop", "keep"] = "drop"
    keep_days: int | None = Field(default=None, ge=1)
    fill_down: tuple[Text, ...] | None = Field(default=None, min_length=1)
    inputs: dict[str, InputMapping] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        if sum(place is not None for place in (self.files, self.database, self.query)) != 1:
            raise ValueError("expected one of files, database and query")
        if (self.query is None) != (not self.tables):
            raise ValueError("expected query and tables, of which one without the other says nothing")
        return self

    @property
    def patterns(self) -> tuple[str, ...]:
        """What finds its files; none for a database."""
        return (self.files,) if self.files else tuple(table.files for table in self.tables.values())


class Shop(Model):
    """A shop, as its ``shop.yaml`` describes it. Made by ``reading.load_shop``."""

    name: Name
    timezone: Timezone
    currency: Currency
    country: Country | None = None
    exchange_rates: dict[Currency, Rate] = Field(default_factory=dict)
    tolerances: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    segments: dict[Name, Text] = Field(default=SEGMENTS, min_length=1)
    audiences: dict[Name, Text] = Field(default_factory=dict)
    recommendations: Recommendations = Recommendations()
    budget: Budget = Budget()
    support: Support = Support()
    sources: dict[Name, Source] = Field(min_length=1)

    _document: Document = PrivateAttr(default=Document("shop.yaml", None, {}, {}))
    _contracts: Mapping[str, Contract] = PrivateAttr(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """The same for files that say the same, whatever their comments, order or passwords; defaults are the project's."""
        content = json.dumps(self.model_dump(mode="json", exclude_defaults=True), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def rates(self) -> dict[str, Decimal]:
        """What one unit of every known currency is worth in the reporting currency."""
        return {self.currency: Decimal(1)} | self.exchange_rates

    def missing_inputs(self) -> tuple[str, ...]:
        """Names of the inputs that no source is mapped to."""
        brought = {name for source in self.sources.values() for name in source.inputs}
        return tuple(name for name in input_contracts(self._contracts) if name not in brought)

    def used_columns(self, source: str) -> dict[str, Place]:
        """The columns of a source that its mapping names, each with the first place that does."""
        return {name: places[0] for name, places in self.places(source).items()}

    def lineage(self, source: str) -> list[tuple[str, str, str]]:
        """The input, its column, and a column of the source that it is read from: one for each that it is read from."""
        return [
            (str(place[3]), str(place[5]), name)
            for place, names in _uses(source, self.sources[source])
            if feeds(place)
            for name in names
        ]

    def places(self, source: str) -> dict[str, list[Place]]:
        """The columns that a source's mapping names, whatever their case, each with every place that does."""
        spelled: dict[str, str] = {}
        places: dict[str, list[Place]] = {}
        for place, names in _uses(source, self.sources[source]):
            for name in names:
                places.setdefault(spelled.setdefault(name.lower(), name), []).append(place)
        return places

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The promises that its mappings were checked against."""
        return self._contracts

    def problem(self, place: Place, message: str) -> str:
        """A complaint about this shop's file, with the line."""
        return self._document.problem(place, message)

    def line(self, place: Place) -> str:
        """``shop.yaml:12``, for messages about data that does not fit what stands there."""
        return f"{Path(self._document.origin).name}:{self._document.line(place)}"


def input_contracts(contracts: Mapping[str, Contract]) -> dict[str, Contract]:
    """The inputs that sources can be mapped to, by their names."""
    inputs = [contract for contract in contracts.values() if contract.schema_name == "input"]
    return {contract.table: contract for contract in inputs if contract.table != EXCHANGE_RATES}


def feeds(place: Place) -> bool:
    """Whether what stands there gives a column of an input, and does not decide about rows."""
    return place[4:5] == ("columns",)


def _uses(name: str, source: Source) -> Iterator[tuple[Place, Sequence[str]]]:
    if source.fill_down:
        yield ("sources", name, "fill_down"), source.fill_down
    for table, mapping in source.inputs.items():
        above: Place = ("sources", name, "inputs", table)
        if mapping.where:
            yield (
                (*above, "where"),
                parse_expression(mapping.where, condition=True, decimal_comma=source.decimal_comma).columns,
            )
        for column, origin in mapping.columns.items():
            if origin.column:
                yield (*above, "columns", column), (origin.column,)
            if origin.sql:
                used = parse_expression(origin.sql, decimal_comma=source.decimal_comma).columns
                yield (*above, "columns", column, "sql"), used
