"""How one column of an input is said in ``shop.yaml``: a rename, or a format, words and expressions beside it.

Which column it is has been decided before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ecom_pipeline.contracts import Column
from ecom_pipeline.shop.config import DEFAULTS
from ecom_pipeline.shop.doctor.matching import Match
from ecom_pipeline.shop.doctor.meaning import coded, guessed, read_words
from ecom_pipeline.shop.doctor.model import ColumnGuess
from ecom_pipeline.shop.doctor.names import as_sql, words
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.expressions import parse_expression

MOSTLY = 0.5
"""Share of addresses among the numbers of customers from which none of them is published as it is."""


def mapped(table: str, column: Column, found: Match, trust: float = 1.0) -> ColumnGuess:
    """A column of an input that a column of the source is taken for.

    Parameters
    ----------
    trust
        What a sure guess is worth: less than 1 where the headers had to be guessed.
    """
    profile, confidence = found.profile, found.score
    why = found.why if trust == 1 else "no header: guessed from the values"
    origin: dict[str, Any] = {"column": profile.name}
    if column.type in ("TIMESTAMP", "DATE") and profile.time:
        if profile.time.unit:
            origin["unit"] = profile.time.unit
        elif profile.time.format:
            origin["format"] = profile.time.format
        if column.type == "TIMESTAMP" and not profile.time.unit and words(profile.name) & {"utc", "gmt"}:
            origin["timezone"] = "UTC"
        if profile.time.is_ambiguous:
            confidence, why = min(confidence, 0.5), "day and month cannot be told apart: check the format"
    elif column.values:
        confidence, why = _words(table, column, profile, origin, confidence, why)
    elif column.name == "customer_id" and profile.email >= MOSTLY:
        origin, why = {"sql": digest(profile.name)}, "e-mail addresses, as digests"
    elif column.name.endswith("_id") and profile.point_zero >= ENOUGH:
        origin = {"sql": f"regexp_replace({as_sql(profile.name)}, '\\.0$', '')"}
        why = "numbers written like 17850.0"
    elif column.name == "product_id" and profile.is_cased:
        origin = {"sql": f"upper({as_sql(profile.name)})"}
        why = "codes in capitals that are at times written small: one product each"
    elif column.name == "category_path" and (mark := _separator(profile.examples)):
        origin = {"sql": f"replace({as_sql(profile.name)}, '{mark}', ' > ')"}
        why = f"levels parted by '{mark}'"
    return ColumnGuess(
        target=column.name,
        origin=origin,
        confidence=round(confidence * trust, 2),
        why=why,
        source_column=profile.name,
        examples=() if column.pii or profile.email >= MOSTLY else profile.examples,
    )


def used_columns(columns: Iterable[ColumnGuess], where: str | None = None) -> set[str]:
    """The columns of the source that guesses are read from."""
    told = [(column.origin.get("column"), column.origin.get("sql")) for column in columns]
    named = {name for name, _ in told if name}
    return named.union(*(parse_expression(sql).columns for sql in [where, *(sql for _, sql in told)] if sql))


def digest(column: str) -> str:
    """What stands for a person of whom an address, a telephone number or a name is all that is known."""
    return f"md5(lower(trim({as_sql(column)})))"


def made(target: str, sql: str, confidence: float, why: str) -> ColumnGuess:
    """A column of an input that is an expression."""
    return ColumnGuess(target=target, origin={"sql": sql}, confidence=round(confidence, 2), why=why)


def constant(target: str, value: str, why: str) -> ColumnGuess:
    """A column of an input that is the same in every row."""
    return ColumnGuess(target=target, origin={"value": value}, confidence=0.3, why=why)


def _separator(examples: Sequence[str]) -> str | None:
    """What parts the levels of categories, unless it is ``>`` already."""
    if not examples or any(">" in example for example in examples):
        return None
    if all(re.fullmatch(r"[^\W\d]+(\.[^\W\d]+)+", example) for example in examples):
        return "."
    return next((mark for mark in ("/", "|", "::") if all(mark in example for example in examples)), None)


def _words(
    table: str, column: Column, profile: Profile, origin: dict[str, Any], confidence: float, why: str
) -> tuple[float, str]:
    """Say what the words of a closed column mean; those that are not known are named."""
    known = read_words(profile, column)
    once = {word.lower(): word for word, _ in reversed(profile.words)}
    values = {word: known[word] for word in once.values() if word in known}
    unknown = [word for word, _ in profile.words if word not in known]
    default = DEFAULTS.get((table, column.name))
    if any(word != meaning for word, meaning in values.items()) or (unknown and values and default):
        origin["values"] = values
    if codes := coded(profile, column):
        return min(confidence, 0.5), f"numbers for words, taken for those of {codes[0]}: check what each stands for"
    if not unknown and (half_known := guessed(profile, column)):
        return min(confidence, 0.7), f"by a part of the word: {', '.join(half_known[:6])}"
    if not unknown:
        return confidence, why
    fate = "rows with them are set aside"
    if "values" in origin and default:
        origin["otherwise"], fate = default, f"taken for {default}"
    return min(confidence, 0.5), f"unknown words ({fate}): {', '.join(unknown[:6])}"
