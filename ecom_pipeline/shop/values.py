"""Text to type: SQL fragments that read one value, null where it cannot be read.

Every function takes SQL text and gives SQL text. The common spelling is read by a plain cast; only what the cast
refuses takes the slow way through a pattern. A value is read exactly or not at all: no number passes through a float
on its way to a decimal, and a cast that would ignore half of its text (DuckDB reads ``10:00 PM`` and ``10:00+08:00``
as ten o'clock) is never asked. Lists of words are patterns: DuckDB makes a join of ``in`` with five words or more, and
then looks at every row. Which column is read how belongs to ``mapping``.
"""

from __future__ import annotations

from typing import Literal

from ecom_pipeline.sql import literal

BLANKS = " \t\r\n\u00a0\u3000\ufeff"
NULL_WORDS = ("null", "nan", "n/a", "na", "none", "nat", "#n/a", "<na>", "\\n")
"""Spellings of a missing value, in lower case; a name or a text is never one of them."""

MOMENTS = ("DATE", "TIMESTAMP")
Unit = Literal["s", "ms", "us"]
"""Of Unix times: seconds, or thousandths or millionths of one."""
UNITS: dict[Unit, tuple[str, int]] = {
    "s": ("seconds", 1),
    "ms": ("milliseconds", 1_000),
    "us": ("microseconds", 1_000_000),
}
"""In words, and how many make a second."""

BOOLEANS = ("true", "false", "yes", "no", "1", "0", "是", "否")
"""How a truth value may be written, for messages."""

_TRUE = r"true|t|yes|y|1|1\.0|是|on"
_FALSE = r"false|f|no|n|0|0\.0|否|off"
_SPACE = r"[\s\x{a0}\x{202f}]?"
_SIGN = "[-+−]"
_MONEY = r"(?:(?:R|A|C|S|HK|NT|US|MX)?\p{Sc}|元|원|円|đ|Rp\.?|Rs\.?|RM|TL|kr\.?|zł|Kč|Ft|руб\.?|р\.|ر\.س)?"
"""A currency as its sign or what stands for one; a code belongs into a column of its own, and is not passed over."""
_POINTED = r"(Rp|Rs|kr|руб|р|ر)\."
"""Those of them whose point is not that of the number."""
_CURRENCY, _CURRENCY_AFTER = f"{_MONEY}{_SPACE}", f"{_SPACE}{_MONEY}"
_OFFSET = r"^[0-9].*[0-9] ?(Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?|[A-Z][A-Za-z_]+/[A-Za-z_/]+)$"
_MARKED, _UNMARKED = r"""^(?:="(.*)"|'([+-]?[0-9][0-9 .:/-]*))$""", r"\1\2"
"""How exports say that digits are a text: ``="007"`` and ``'007``."""
_NULL = "|".join(word.replace("\\", "\\\\") for word in NULL_WORDS)
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799


def trimmed(text: str) -> str:
    """The text without blanks around it and without the marks that keep a spreadsheet from computing; null if empty."""
    plain = f"{text} between '!' and '~' and {text}[-1] between '!' and '~'"
    bare = f"trim({text}, {literal(BLANKS)})"
    unmarked = f"trim(regexp_replace({bare}, {literal(_MARKED)}, {literal(_UNMARKED)}), {literal(BLANKS)})"
    marked = " or ".join(f"{text} >= {literal(mark)} and {text} < {literal(after)}" for mark, after in ("=>", "'("))
    return f"case when {marked} then nullif({unmarked}, '') when {plain} then {text} else nullif({bare}, '') end"


def is_missing(text: str) -> str:
    """Whether a text that no type could be read from stands for nothing."""
    blanks = r"[ \t\r\n\x{a0}\x{3000}\x{feff}]*"
    return f"regexp_full_match({text}, {literal(f'(?i){blanks}({_NULL})?{blanks}')})"


def is_missing_word(text: str) -> str:
    """The same for an identifier, whose text is short and trimmed then."""
    return f"length({text}) <= 4 and regexp_full_match({text}, {literal(f'(?i){_NULL}')})"


def number(text: str, kind: str, *, decimal_comma: bool = False) -> str:
    """A DECIMAL, BIGINT or DOUBLE; thousands separators, currency signs and accounting negatives are understood."""
    if kind == "BIGINT":
        exact = number(text, "DECIMAL(38,12)", decimal_comma=decimal_comma)
        return f"case when {exact} = floor({exact}) then try_cast({exact} as BIGINT) end"
    if kind == "DOUBLE":
        read = _number(text, kind, decimal_comma)
        return f"case when isfinite({read}) then {read} end"
    return _number(text, kind, decimal_comma)


def _number(text: str, kind: str, decimal_comma: bool) -> str:
    point, comma = (",", ".") if decimal_comma else (".", ",")
    plain = f"try_cast({text} as {kind})"
    if decimal_comma:
        plain = f"case when not contains({text}, '.') then try_cast(replace({text}, ',', '.') as {kind}) end"
    grouped = "|".join(rf"\d{{1,3}}(?:{mark}\d{{3}})+" for mark in (rf"\{comma}", r"[ \x{a0}\x{202f}]", "['’]"))
    body = rf"(?:(?:{grouped}|\d+)(?:\{point}\d*)?|\{point}\d+)"
    forms = (
        f"{_SIGN}?{_SPACE}{_CURRENCY}{body}{_CURRENCY_AFTER}",
        f"{_CURRENCY}{_SIGN}{body}",
        rf"\({_CURRENCY}{body}{_CURRENCY_AFTER}\)",
        f"{_CURRENCY}{body}{_CURRENCY_AFTER}[-−]",
    )
    pattern = literal(f"""(?:="|')?{_SPACE}(?:{"|".join(forms)}){_SPACE}"?""")
    bare = f"regexp_replace({text}, '{_POINTED}', '', 'g')"
    digits = f"replace(regexp_replace({bare}, '[^0-9{point}]', '', 'g'), '{point}', '.')"
    sign = f"case when regexp_matches({text}, '[-−(]') then '-' else '' end"
    slow = f"case when regexp_full_match({text}, {pattern}) then try_cast({sign} || {digits} as {kind}) end"
    return f"coalesce({plain}, {slow})"


def boolean(text: str) -> str:
    """A BOOLEAN from English, Chinese or numeric spellings."""
    true, false = (f"regexp_full_match({text}, {literal(f'(?i){words}')})" for words in (_TRUE, _FALSE))
    return f"case when {true} then true when {false} then false end"


def local_time(text: str, form: str | None) -> str:
    """A TIMESTAMP as the clock on the wall showed it; null for a text that says its offset from UTC."""
    if form is not None:
        return "cast(null as TIMESTAMP)" if tells_offset(form) else f"try_strptime({text}, {literal(form)})"
    return f"case when {_is_local(text)} then try_cast({text} as TIMESTAMP) end"


def instant(text: str, form: str | None, unit: Unit | None) -> str | None:
    """A TIMESTAMP WITH TIME ZONE from a text that says its offset from UTC, or from a Unix time; None if never."""
    if unit is not None:
        _, parts = UNITS[unit]
        read = f"try_cast({text} as DECIMAL(24,6))"
        micros = f"{read} * {1_000_000 // parts}"
        within = f"{read} between {_FIRST_SECOND * parts} and {_LAST_SECOND * parts}"
        return f"case when {within} then make_timestamptz(cast({micros} as BIGINT)) end"
    if form is not None:
        return f"try_strptime({text}, {literal(form)})" if tells_offset(form) else None
    shaped = f"regexp_matches({text}, {literal(_OFFSET)})"
    close = f"replace(replace({text}, ' +', '+'), ' -', '-')"
    return f"case when {_is_local(text)} then null when {shaped} then try_cast({close} as TIMESTAMPTZ) end"


def tells_offset(form: str) -> bool:
    """Whether times of this form carry their offset from UTC."""
    return "%z" in form or "%Z" in form


def utc(moment: str) -> str:
    """A TIMESTAMP in UTC from a TIMESTAMP WITH TIME ZONE."""
    return f"make_timestamp(epoch_us({moment}))"


def at_zone(local: str, timezone: str) -> str:
    """The moment a local time names, as TIMESTAMP WITH TIME ZONE."""
    return f"timezone({literal(timezone)}, {local})"


def _is_local(text: str) -> str:
    ends = f"{text}[-1] between '0' and '9'"
    offset = f"contains({text}, '+') or contains(substring({text}, 11), '-')"
    return f"{text} between '0' and ':' and {ends} and not ({offset})"
