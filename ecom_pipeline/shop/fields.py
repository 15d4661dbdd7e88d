"""One mapped column: the SQL that takes it from what arrived to its type, and the reason where it cannot be read.

The stages are those of the nested selects of ``mapping``, which puts the columns of an input together; how one text
is read is said in ``values``, which words mean what in ``words``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ecom_pipeline.contracts import Column
from ecom_pipeline.shop import values
from ecom_pipeline.shop.config import ColumnMapping, Shop, Source
from ecom_pipeline.shop.expressions import parse_expression
from ecom_pipeline.shop.words import SYNONYMS
from ecom_pipeline.sql import literal, quoted

LONGEST_REASON_VALUE = 80


@dataclass(frozen=True)
class Field:
    """One mapped column on its way from what arrived to its type."""

    column: Column
    origin: ColumnMapping
    source: Source
    shop: Shop
    default: str | None

    def arriving(self) -> list[str]:
        """What arrived, as text."""
        if self.origin.value is not None:
            arrived = literal(self.origin.value)
        elif self.origin.sql is not None:
            arrived = parse_expression(self.origin.sql, decimal_comma=self.source.decimal_comma).sql
        else:
            arrived = quoted(self.origin.column or "")
        return [f"cast({arrived} as VARCHAR) as {self._name('a')}"]

    def reading(self) -> list[str]:
        """Without blanks around it; casts to numbers look past them by themselves."""
        arrived = self._name("a")
        return [f"{arrived if self._is_number else values.trimmed(arrived)} as {self.text}"]

    def typing(self) -> list[str]:
        """The text beside what it means."""
        if self._is_moment:
            moment = values.instant(self.text, self._form, self.origin.unit) or "cast(null as TIMESTAMPTZ)"
            local = "cast(null as TIMESTAMP)" if self.origin.unit else values.local_time(self.text, self._form)
            return [self.text, f"{local} as {self._local}", f"{moment} as {self._moment}"]
        return [self.text, f"{self._meaning()} as {self._typed}"]

    @property
    def text(self) -> str:
        """The column of the nested selects that holds the text."""
        return self._name("t")

    @property
    def value(self) -> str:
        """The outermost expression of the column."""
        if self.column.type == "TIMESTAMP":
            return f"coalesce({self._utc}, {values.utc(self._moment)})"
        if self.column.type == "DATE":
            return f"cast(coalesce({self._local}, {self._shown(self._moment)}) as DATE)"
        if self.default is None:
            return self._typed
        return f"case when {self.text} is null then {literal(self.default)} else {self._typed} end"

    @property
    def business_date(self) -> str:
        """The date the business clock showed at this moment."""
        return f"cast({self._business_clock} as DATE)"

    @property
    def business_hour(self) -> str:
        """The hour, 0 to 23, that it showed."""
        return f"hour({self._business_clock})"

    @property
    def _business_clock(self) -> str:
        same = self._zone == self.shop.timezone
        local = self._local if same else self._shown(values.at_zone(self._local, self._zone))
        return f"coalesce({local}, {self._shown(self._moment)})"

    @property
    def unreadable(self) -> str:
        """Whether the row has a text here that does not stand for nothing and yet could not be read."""
        read = f"{self._local} is null and {self._moment} is null" if self._is_moment else f"{self._typed} is null"
        return f"({read} and {self.text} is not null and not {values.is_missing(self.text)})"

    @property
    def reason(self) -> str:
        """Column, value and expectation."""
        shown = f"regexp_replace(left({self.text}, {LONGEST_REASON_VALUE}), '[[:cntrl:]]', ' ', 'g')"
        before, after = literal(f"{self.column.name}: '"), literal(f"' is not {self.expectation}")
        return f"{before} || {shown} || {after}"

    @cached_property
    def expectation(self) -> str:
        """What a text has to be, in words; empty where every text will do."""
        kind = self.column.type
        if self._is_moment:
            noun = "a timestamp" if kind == "TIMESTAMP" else "a date"
            if self.origin.unit:
                return f"a Unix time in {values.UNITS[self.origin.unit][0]}"
            iso = "YYYY-MM-DD (ISO 8601, since shop.yaml names no date_format)"
            return f"{noun} of the form {self._form or iso}"
        if self._is_number:
            whole, comma = (
                "a whole number" if kind == "BIGINT" else "a number",
                " with a decimal comma" if self._comma else "",
            )
            return f"{whole}{comma} that fits {kind}"
        closed = self.column.values or (values.BOOLEANS if kind == "BOOLEAN" else ())
        return f"one of {', '.join(self.origin.values or closed)}" if closed else ""

    def _meaning(self) -> str:
        if self._is_number:
            return values.number(self.text, self.column.type, decimal_comma=self._comma)
        if words := self._words():
            return self._translated(words)
        if self.column.type == "BOOLEAN":
            return values.boolean(self.text)
        if self.column.name.endswith("_id"):
            return f"case when {values.is_missing_word(self.text)} then null else {self.text} end"
        return self.text

    def _words(self) -> dict[str, str]:
        """The shop's words, in lower case where all know it, to ours."""
        own = {word.lower() if word.isascii() else word: meaning for word, meaning in self.origin.values.items()}
        known = {value.lower(): value for value in self.column.values}
        if not own:
            synonyms = SYNONYMS.get(self.column.name, {}) if known else {}
            own = {word: value for value, words in synonyms.items() for word in words if value in self.column.values}
        return known | own

    def _translated(self, words: Mapping[str, str]) -> str:
        meant = (lambda word: word) if self.column.type == "BOOLEAN" else literal
        cases = " ".join(f"when {_lower(word)} then {meant(meaning)}" for word, meaning in words.items())
        rest = ""
        if self.origin.otherwise is not None:
            rest = f" else case when {self.text} is not null then {meant(self.origin.otherwise)} end"
        elif not self.expectation:
            rest = f" else {self.text}"
        return f"case lower({self.text}) {cases}{rest} end"

    def _name(self, stage: str) -> str:
        return quoted(f"{stage}_{self.column.name}")

    def _shown(self, moment: str) -> str:
        return f"timezone({literal(self.shop.timezone)}, {moment})"

    @property
    def _utc(self) -> str:
        return self._local if self._zone == "UTC" else values.utc(values.at_zone(self._local, self._zone))

    @property
    def _local(self) -> str:
        return self._name("l")

    @property
    def _moment(self) -> str:
        return self._name("m")

    @property
    def _typed(self) -> str:
        return self._name("v")

    @property
    def _is_moment(self) -> bool:
        return self.column.type in values.MOMENTS

    @property
    def _is_number(self) -> bool:
        return self.column.type in ("BIGINT", "DOUBLE") or self.column.type.startswith("DECIMAL")

    @property
    def _form(self) -> str | None:
        return self.origin.format or (None if self.origin.value or self.origin.unit else self.source.date_format)

    @property
    def _zone(self) -> str:
        return self.origin.timezone or self.source.timezone or self.shop.timezone

    @property
    def _comma(self) -> bool:
        """Numbers that an expression or ``shop.yaml`` gives have a point, whatever the source writes."""
        if self.origin.sql is not None:
            return self.source.decimal_comma and parse_expression(self.origin.sql, decimal_comma=True).kind == "VARCHAR"
        return self.source.decimal_comma and self.origin.value is None


def _lower(word: str) -> str:
    """A word as SQL has it in lower case, which for letters such as İ is not what Python makes of them."""
    return literal(word) if word.isascii() else f"lower({literal(word)})"
