"""What a column of text looks like: times and their format, numbers, money, a few words, names of things.

Shares are of the values that are there. Nothing here knows an input or reads a header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.shop.readers.table import scratch_name
from ecom_pipeline.shop.values import BLANKS, BOOLEANS, NULL_WORDS, Unit, instant, is_missing, local_time, number
from ecom_pipeline.sql import literal, quoted

ENOUGH = 0.9
"""Share of values that a reading must explain."""
PROFILED_ROWS = 1_000
FEW = 40
"""Distinct values up to which a column is a list of words."""

_DAYS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y",
    "%m-%d-%y", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%d %b %Y", "%b %d, %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y",
    "%B %d, %Y", "%b-%d-%y", "%b-%d-%Y",
)  # fmt: skip
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
FORMATS = (
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%d %H",
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %I:%M:%S %p",
    "%b %d, %Y, %I:%M:%S %p",
    *(day + clock for day in _DAYS for clock in _CLOCKS),
)
"""Tried in this order where a time is not ISO 8601; of two that fit, the first one is taken."""
TWINS = {
    form: form.replace(f"%d{mark}%m", f"%m{mark}%d")
    for form in FORMATS
    for mark in "/-"
    if form.startswith(f"%d{mark}%m")
}
_YEARS = "between timestamp '1990-01-01' and timestamp '2040-01-01'"
_SYMBOLS = {
    "CNY": "[¥￥元]", "GBP": "£", "EUR": "€", "INR": "₹", "RUB": "₽|руб", "TRY": "₺", "KRW": "[₩원]", "VND": "[₫đ]", "THB": "฿",
    "NGN": "₦", "ILS": "₪", "UAH": "₴", "BRL": r"R\$", "PLN": "zł", "CZK": "Kč", "USD": r"(^|[^A-Za-z])\$",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Time:
    """How a column tells the time; a ``format`` and a ``unit`` of None mean ISO 8601."""

    format: str | None = None
    unit: Unit | None = None
    is_ambiguous: bool = False
    """Whether day and month could as well be the other way round."""

    @property
    def has_clock(self) -> bool:
        """Whether it is known to tell more than the day."""
        return self.unit is not None or "%H" in (self.format or "") or "%I" in (self.format or "")


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
        Shares that begin with a minus, and that have cents.
    words
        The values, commonest first, where they are few.
    letters, long, spaced
        Shares with a letter, with more than 20 characters, with a blank inside.
    grouped
        Share of whole numbers in groups of three, parted by points.
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
    grouped: float
    point_zero: float
    time: Time | None
    symbol: str | None
    words: tuple[tuple[str, int], ...]
    examples: tuple[str, ...]
    is_cased: bool = False
    """Whether codes in capitals are at times written small: the same code has two spellings then."""
    is_of_line: bool = False
    """Whether it is told inside a list, of a line of what the other columns tell."""

    @property
    def is_number(self) -> bool:
        """Whether it can be computed with."""
        return max(self.numeric, self.numeric_comma) >= ENOUGH

    @property
    def is_money(self) -> bool:
        """Whether it is numbers with cents."""
        return self.is_number and self.fractional > 0.2 and self.point_zero < ENOUGH

    @property
    def is_count(self) -> bool:
        """Whether it is whole numbers, one or two among the commonest."""
        return self.is_number and self.fractional == 0 and any(word in ("1", "2") for word, _ in self.words[:3])

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be said."""
        return self.distinct == 0


def profile(con: duckdb.DuckDBPyConnection, export: Export) -> tuple[Profile, ...]:
    """Every column of an export: one query about all of them takes no longer than one about one."""
    listed, sample = ", ".join(map(quoted, export.columns)), scratch_name("sample")
    whole = f"(select c, trim(v, {literal(BLANKS)}) as v, _row from (unpivot {export.table} on {listed} into name c value v))"
    step = max(export.rows // PROFILED_ROWS, 1)
    con.execute(f"create table {sample} as from {whole} where _row % {step} = 0 and not {is_missing('v')}").fetchall()
    counted = _by_column(
        con,
        f"""select c, count(*), count(distinct v), avg(starts_with(v, '-')::int),
            count(distinct v) > count(distinct upper(v)) and avg((v = upper(v))::int) >= {ENOUGH}
        from {whole} group by c""",
    )
    few = ", ".join(literal(column) for column, (_, distinct, *_) in counted.items() if distinct <= FEW)
    words: dict[str, list[tuple[str, int]]] = {}
    for column, word, times in con.execute(
        f"select c, v, count(*) from {whole} where c in ({few or 'null'}) group by c, v order by c, 3 desc, v"
    ).fetchall():
        if word.lower() not in NULL_WORDS:
            words.setdefault(column, []).append((word, times))
    first = f"(from {sample} qualify row_number() over (partition by c order by _row) <= 50)"
    examples = _by_column(con, f"select c, list_sort(list(distinct v))[1:3] from {first} group by c")
    shares = _shares(con, sample)
    found = []
    for column in export.columns:
        filled, distinct, negative, is_cased = counted.get(column, (0, 0, 0.0, False))
        share = shares.get(column, dict.fromkeys(_looks(), 0.0))
        symbol = max(_SYMBOLS, key=lambda code: share[f"symbol_{code}"])
        found.append(
            Profile(
                name=column,
                filled=filled / export.rows if filled else 0.0,
                distinct=distinct,
                unique=distinct / filled if filled else 0.0,
                negative=negative,
                is_cased=is_cased,
                time=_time(con, f"(select v from {sample} where c = {literal(column)})", share),
                symbol=symbol if share[f"symbol_{symbol}"] > 0.5 else None,
                words=tuple(words.get(column, ())),
                examples=tuple(examples.get(column, ([],))[0]),
                is_of_line=bool(export.lines) and column.startswith(f"{export.lines}."),
                **{name: share[name] for name in Profile.__dataclass_fields__ if name in share},
            )
        )
    con.execute(f"drop table {sample}").fetchall()
    return tuple(found)


def writes_decimal_comma(columns: Sequence[Profile]) -> bool:
    """Whether most numbers can be read only so, or points part nothing but thousands (``129.000``, as Indonesia writes)."""
    numbers = [column for column in columns if column.is_number]
    if sum(c.numeric_comma for c in numbers) > sum(c.numeric for c in numbers) + 0.05:
        return True
    return any(c.grouped >= ENOUGH and c.distinct > 1 for c in numbers) and not any(
        c.fractional > 0 and c.grouped < ENOUGH for c in numbers
    )


def _by_column(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, tuple[Any, ...]]:
    return {column: tuple(values) for column, *values in con.execute(query).fetchall()}


def _looks() -> dict[str, str]:
    """What a value may look like: conditions on ``v`` and what it was read as, by name."""
    return {
        "numeric": "point is not null",
        "numeric_comma": "comma is not null",
        "fractional": "coalesce(point, comma) % 1 <> 0 or regexp_matches(v, '[.,][0-9]{2}$')",
        "boolean": f"lower(v) in ({', '.join(map(literal, (*BOOLEANS, 't', 'f', 'y', 'n')))})",
        "letters": r"regexp_replace(v, '\p{L}', '') <> v",
        "long": "length(v) > 20",
        "spaced": r"regexp_matches(v, '\S\s+\S')",
        "email": r"regexp_full_match(v, '[^@\s]+@[^@\s]+\.[^@\s]+')",
        "code3": "regexp_full_match(v, '[A-Za-z]{3}')",
        "grouped": r"regexp_full_match(v, '\D*[1-9]\d{0,2}(\.\d{3})+\D*')",
        "point_zero": r"regexp_full_match(v, '\d+\.0')",
        "dated": r"length(v) >= 8 and regexp_matches(v, '\d.*\d.*\d.*\d')",
        "iso": f"coalesce(local, timezone('UTC', instant)) {_YEARS}",
        "seconds": r"regexp_full_match(v, '(1\d|[89])\d{8}(\.\d+)?')",
        "milliseconds": r"regexp_full_match(v, '1\d{12}')",
        "microseconds": r"regexp_full_match(v, '1\d{15}')",
        **{f"symbol_{code}": f"is_signed and regexp_matches(v, '{sign}')" for code, sign in _SYMBOLS.items()},
    }


def _shares(con: duckdb.DuckDBPyConnection, sample: str) -> dict[str, dict[str, float]]:
    """By column, the shares of values that look like this or that."""
    point, comma = (number("v", "DECIMAL(38,6)", decimal_comma=decimal_comma) for decimal_comma in (False, True))
    local, offset = local_time("v", None), instant("v", None, None)
    signed = "regexp_matches(v, '[0-9]') and regexp_matches(v, '[^0-9A-Za-z .,:/_-]') as is_signed"
    read = f"c, v, {signed}, {point} as point, {comma} as comma, {local} as local, {offset} as instant"
    averages = ", ".join(f"avg(case when {condition} then 1.0 else 0.0 end)" for condition in _looks().values())
    query = f"with read as materialized (select {read} from {sample}) select c, {averages} from read group by c"
    return {
        column: dict(zip(_looks(), map(float, values), strict=True))
        for column, values in _by_column(con, query).items()
    }


def _time(con: duckdb.DuckDBPyConnection, sample: str, share: dict[str, float]) -> Time | None:
    if share["iso"] >= ENOUGH:
        return Time()
    if share["seconds"] >= ENOUGH:
        return Time(unit="s")
    if share["milliseconds"] >= ENOUGH:
        return Time(unit="ms")
    if share["microseconds"] >= ENOUGH:
        return Time(unit="us")
    if share["dated"] < ENOUGH or (share["numeric"] >= ENOUGH and share["fractional"] > 0):
        return None
    shapes = {shape for (shape,) in con.execute(f"select distinct {_shape_of('v')} from {sample}").fetchall()}
    alike = [form for form in FORMATS if _shape(form) in shapes]
    if not alike:
        return None
    likely = [form for form, fit in zip(alike, _fits(con, sample, alike, 40), strict=True) if fit >= ENOUGH]
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
    )


def _shape(form: str) -> str:
    """What every value looks like that a format reads: a digit for digits, a letter for letters."""
    runs = re.sub("%.", "9", re.sub("%[bBp]", "a", form))
    return re.sub("[A-Za-z]+", "a", re.sub("9+", "9", runs))


def _shape_of(value: str) -> str:
    """The same of a value, as SQL."""
    shape = f"trim(regexp_replace({value}, '[\\s\\v]+', ' ', 'g'))"
    for pattern, sign in (("[0-9]+", "9"), ("[A-Za-z]+", "a")):
        shape = f"regexp_replace({shape}, '{pattern}', '{sign}', 'g')"
    return shape


def _fits(con: duckdb.DuckDBPyConnection, sample: str, forms: Sequence[str], rows: int) -> list[float]:
    """Share of the first values that each format can read."""
    read = ", ".join(
        f"avg(case when try_strptime(v, {literal(form)}) {_YEARS} then 1.0 else 0.0 end)" for form in forms
    )
    found: Any = con.execute(f"select {read} from (from {sample} limit {rows})").fetchall()[0]
    return [float(value) for value in found]
