"""What a column of text looks like: times and their format, numbers, money, a few words, names of things.

Shares are of the values that are there. Nothing here knows an input or reads a header.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.shop.readers.table import identifier, literal
from ecom_pipeline.shop.values import BOOLEANS, instant, local_time, number

ENOUGH = 0.9
"""Share of values that a reading must explain."""
PROFILED_ROWS = 4_000
FEW = 40
"""Distinct values up to which a column is a list of words."""

_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%d %b %Y",
    "%b %d, %Y",
)
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
FORMATS = (
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S UTC",
    *(day + clock for day in _DAYS for clock in _CLOCKS),
)
"""Tried in this order where a time is not ISO 8601; of two that fit, the first one is taken."""
TWINS = {form: form.replace("%d/%m", "%m/%d") for form in FORMATS if form.startswith("%d/%m")}
_YEARS = "between timestamp '1990-01-01' and timestamp '2040-01-01'"
_SYMBOLS = {"CNY": "[¥￥元]", "GBP": "£", "EUR": "€", "USD": r"\$"}


@dataclass(frozen=True, kw_only=True)
class Time:
    """How a column tells the time; a ``format`` and a ``unit`` of None mean ISO 8601."""

    format: str | None = None
    unit: Literal["s", "ms"] | None = None
    is_ambiguous: bool = False
    """Whether day and month could as well be the other way round."""
    tells_offset: bool = False


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A column, looked at.

    Attributes
    ----------
    filled
        Share of rows with a value.
    distinct
        Different values among those looked at.
    unique
        ``distinct`` as a share of the values.
    numeric, numeric_comma
        Shares that are numbers, with a decimal point and with a decimal comma.
    negative, fractional
        Shares of the numbers.
    words
        The values, commonest first, where they are few.
    letters, long, spaced
        Shares with a letter, with more than 20 characters, with a blank inside.
    point_zero
        Share of whole numbers written with ``.0``.
    symbol
        The currency whose sign most values carry.
    """

    name: str
    filled: float
    distinct: int
    unique: float
    numeric: float
    numeric_comma: float
    negative: float
    fractional: float
    boolean: float
    letters: float
    long: float
    spaced: float
    email: float
    code3: float
    point_zero: float
    time: Time | None
    symbol: str | None
    words: tuple[tuple[str, int], ...]
    examples: tuple[str, ...]

    @property
    def is_number(self) -> bool:
        """Whether it can be computed with."""
        return max(self.numeric, self.numeric_comma) >= ENOUGH

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be said."""
        return self.distinct == 0


def profile(con: duckdb.DuckDBPyConnection, export: Export) -> tuple[Profile, ...]:
    """Every column of an export."""
    step = max(export.rows // PROFILED_ROWS, 1)
    return tuple(_profile(con, export, column, step) for column in export.columns)


def _profile(con: duckdb.DuckDBPyConnection, export: Export, column: str, step: int) -> Profile:
    whole = f"(select trim({identifier(column)}) as v from {export.table})"
    sample = f"(select trim({identifier(column)}) as v from {export.table} where _row % {step} = 0)"
    point, comma = (number("v", "DECIMAL(38,6)", decimal_comma=decimal_comma) for decimal_comma in (False, True))
    shares = {
        "numeric": f"{point} is not null",
        "numeric_comma": f"{comma} is not null",
        "negative": f"coalesce({point}, {comma}) < 0",
        "fractional": f"coalesce({point}, {comma}) % 1 <> 0 or regexp_matches(v, '[.,][0-9]{{2}}$')",
        "boolean": f"lower(v) in ({', '.join(map(literal, (*BOOLEANS, 't', 'f', 'y', 'n')))})",
        "letters": r"regexp_matches(v, '\p{L}')",
        "long": "length(v) > 20",
        "spaced": r"regexp_matches(v, '\S\s+\S')",
        "email": r"regexp_full_match(v, '[^@\s]+@[^@\s]+\.[^@\s]+')",
        "code3": "regexp_full_match(v, '[A-Z]{3}')",
        "point_zero": r"regexp_full_match(v, '\d+\.0')",
        "dated": r"length(v) >= 8 and regexp_matches(v, '\d.*\d.*\d.*\d')",
        "iso": f"coalesce({local_time('v', None)}, timezone('UTC', {instant('v', None, None)})) {_YEARS}",
        "offset": f"{instant('v', None, None)} is not null",
        "seconds": r"regexp_full_match(v, '1\d{9}(\.\d+)?')",
        "milliseconds": r"regexp_full_match(v, '1\d{12}')",
        **{
            f"symbol_{code}": f"regexp_matches(v, '[0-9]') and regexp_matches(v, '{sign}')"
            for code, sign in _SYMBOLS.items()
        },
    }
    averages = ", ".join(f"avg(case when {condition} then 1.0 else 0.0 end)" for condition in shares.values())
    found = con.execute(f"select {averages} from {sample} where v is not null").fetchall()[0]
    share = {name: float(value or 0) for name, value in zip(shares, found, strict=True)}
    rows, filled, distinct = con.execute(f"select count(*), count(v), count(distinct v) from {whole}").fetchall()[0]
    words: tuple[tuple[str, int], ...] = ()
    if 0 < distinct <= FEW:
        counted = con.execute(
            f"select v, count(*) from {whole} where v is not null group by v order by 2 desc, 1"
        ).fetchall()
        words = tuple((str(word), int(times)) for word, times in counted)
    examples = con.execute(
        f"select distinct v from (select v from {sample} where v is not null limit 50) order by v limit 3"
    ).fetchall()
    symbol = max(_SYMBOLS, key=lambda code: share[f"symbol_{code}"])
    own = {name: share[name] for name in Profile.__dataclass_fields__ if name in share}
    return Profile(
        name=column,
        filled=filled / rows if rows else 0.0,
        distinct=distinct,
        unique=distinct / filled if filled else 0.0,
        time=_time(con, sample, share) if filled else None,
        symbol=symbol if share[f"symbol_{symbol}"] > 0.5 else None,
        words=words,
        examples=tuple(str(value) for (value,) in examples),
        **own,
    )


def _time(con: duckdb.DuckDBPyConnection, sample: str, share: dict[str, float]) -> Time | None:
    if share["iso"] >= ENOUGH:
        return Time(tells_offset=share["offset"] >= ENOUGH)
    if share["seconds"] >= ENOUGH:
        return Time(unit="s")
    if share["milliseconds"] >= ENOUGH:
        return Time(unit="ms")
    if share["dated"] < ENOUGH or (share["numeric"] >= ENOUGH and share["fractional"] > 0):
        return None
    fits = _fits(con, sample, FORMATS, 40)
    likely = [form for form, fit in zip(FORMATS, fits, strict=True) if fit >= ENOUGH]
    if not likely:
        return None
    fits = _fits(con, sample, likely, 2000)
    best = max(fits)
    if best < ENOUGH:
        return None
    form = likely[fits.index(best)]
    twin = TWINS.get(form)
    return Time(
        format=form,
        is_ambiguous=twin in likely and fits[likely.index(twin)] >= best,
        tells_offset="%z" in form,
    )


def _fits(con: duckdb.DuckDBPyConnection, sample: str, forms: Sequence[str], rows: int) -> list[float]:
    """Share of the first values that each format can read."""
    read = ", ".join(
        f"avg(case when try_strptime(v, {literal(form)}) {_YEARS} then 1.0 else 0.0 end)" for form in forms
    )
    found: Any = con.execute(f"select {read} from (from {sample} where v is not null limit {rows})").fetchall()[0]
    return [float(value) for value in found]
