"""Which column of an export may be which column of an input, by its header and by what is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecom_pipeline.contracts import Column, Contract
from ecom_pipeline.shop.doctor.meaning import guessed, spoken, understood
from ecom_pipeline.shop.doctor.names import likeness, words
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.whereabouts import CURRENCIES

WORTH_SAYING = 0.4
LONG_NUMBER = 12
"""Characters from which a number with a point is no amount (``1234567.1700000000`` is a visitor of GA4)."""
NO_AMOUNT = frozenset(
    ["id", "day", "days", "date", "time", "rate", "ratio", "percent", "percentage", "risk", "zip", "code"]
)
"""Words of headers of numbers that are no amounts (``Days for shipping``, ``sales_channel_id``)."""
NUMBERED = 0.85
"""What a category without a word is worth: beside it lies at times one with words, though not for every product."""
KEYED, REPEATING = ("products", "customers", "campaigns"), 0.8
"""Inputs whose rows have a name of their own, and what a column is worth as that name if its values repeat.

The same goes for the product of a line, of which none repeats among ``MANY``.
"""
MANY = 200
OF_BROWSERS = frozenset(["anonymous", "visitor", "cookie", "device"])
"""Words of headers of numbers that a browser has; beside it lies at times one that the person has."""
OF_LINES = {
    "order_items": (
        *("order_item_id", "product_id", "quantity", "unit_price", "line_amount", "discount_amount", "currency"),
    ),
    "products": ("product_id", "name", "category_path", "brand", "price", "cost", "description"),
    "events": ("product_id", "category_path", "quantity", "price"),
    "refunds": ("product_id", "quantity", "amount"),
}
"""What elements of a list say, where they are lines of an order or products of an event."""

OF_A_MOMENT = ("events", "refunds", "messages")
"""Inputs of what happens once, so that the one time that a file tells is that of it."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """One column of an export taken for one column of an input."""

    profile: Profile
    score: float
    why: str


Hint = tuple[float, str]
Matches = dict[str, Match]
"""By the column of the input."""


def fit(profile: Profile, column: Column) -> float:
    """How well what is in the column goes with the type and sense of the input's column, from 0 to 1."""
    if profile.is_empty:
        return 0.6
    if column.type in ("TIMESTAMP", "DATE"):
        return float(profile.time is not None)
    if column.type == "BIGINT":
        return float(profile.is_number and profile.fractional == 0)
    if column.type.startswith("DECIMAL") or column.type == "DOUBLE":
        return float(profile.is_number and not words(profile.name) & NO_AMOUNT)
    if column.type == "BOOLEAN":
        return float(profile.boolean >= ENOUGH)
    if column.values:
        known = understood(profile, column)
        return 1.0 if known >= 0.5 else 0.5 if known else 0.0
    return _fit_of_text(profile, column.name)


def _fit_of_text(profile: Profile, name: str) -> float:
    is_clock = profile.time is not None and not profile.is_number
    prose = profile.spaced > 0.5 and profile.long > 0.5
    if name in ("email", "phone") and is_masked(profile):
        return 0.0
    if name == "email":
        return 1.0 if profile.email >= 0.8 else 0.1
    if name == "phone":
        return float(profile.letters < 0.1)
    if name == "coupon_code":
        return 0.2 if profile.is_number else 1.0
    if name == "currency":
        return float(profile.code3 >= 0.8)
    if name == "country" and any(char.isdigit() for example in profile.examples for char in example):
        return 0.2
    if name in ("country", "city", "gender", "language", "name", "address", "author"):
        return 1.0 if profile.letters >= 0.5 and not is_clock else 0.2
    if name == "category_path":
        return NUMBERED if profile.is_number else 1.0
    if name in ("text", "answer", "questions"):
        return 1.0 if prose or profile.spaced > 0.3 or (profile.letters > 0.9 and profile.unique > 0.5) else 0.5
    if name.endswith("_id"):
        is_amount = profile.fractional > 0.5 and max(map(len, profile.examples), default=0) < LONG_NUMBER
        if is_clock or prose or is_amount:
            return 0.2
        return 0.5 if name == "order_id" and profile.spaced > 0.5 else 1.0
    return 0.3 if is_clock else 1.0


def is_masked(person: Profile) -> bool:
    """Whether what would tell people apart has been taken out, as marketplaces do (``138****0000``)."""
    return any("**" in example for example in person.examples)


def _told_by_values(profile: Profile, column: Column) -> Hint:
    """What values say whatever the header: they are words, codes or addresses of one kind only."""
    if column.name in ("event_type", "status") and len(profile.words) >= 2 and spoken(profile, column) >= 0.8:
        return 0.7 if guessed(profile, column) else 0.75, "its words"
    if column.name == "currency" and profile.words and all(word in CURRENCIES for word, _ in profile.words):
        return 0.6, "codes of currencies"
    if column.name == "email" and profile.email >= ENOUGH:
        return 0.75, "its values are addresses"
    return 0.0, ""


def names_each(profile: Profile) -> bool:
    """Whether no value of many repeats."""
    return profile.unique == 1 and profile.distinct >= MANY


def is_of_browser(profile: Profile) -> bool:
    """Whether a column has the numbers of browsers, which nobody takes along to another one."""
    return bool(words(profile.name) & OF_BROWSERS)


def match(
    contract: Contract, profiles: Sequence[Profile], hints: Mapping[tuple[str, str], Hint] | None = None
) -> Matches:
    """The best assignment of columns, the surest first, each column once.

    Parameters
    ----------
    hints
        How sure it is by other means that a column (first) is a column of an input (second, of any or as
        ``table.column``), and why.
    """
    hints = hints or {}
    scored = []
    noun = re.compile(rf"(?i){contract.table.removesuffix('s').rpartition('_')[2]}[ _]?(?=\w)")
    for position, profile in enumerate(profiles):
        for column in contract.columns:
            name = max(likeness(profile.name, column), likeness(noun.sub("", profile.name, count=1), column))
            known = ((profile.name, name) for name in (f"{contract.table}.{column.name}", column.name))
            hint = next((hints[one] for one in known if one in hints), None) or _told_by_values(profile, column)
            score = max(name, hint[0]) * fit(profile, column) * (0.8 + 0.2 * profile.filled)
            if column is contract.columns[0] and contract.table in KEYED and profile.unique < ENOUGH:
                score *= REPEATING
            if contract.table == "order_items" and column.name == "product_id" and names_each(profile):
                score *= REPEATING
            if column.name == "customer_id" and is_of_browser(profile):
                score *= REPEATING
            if (column.name in OF_LINES.get(contract.table, ())) < profile.is_of_line:
                continue
            if score >= WORTH_SAYING:
                why = "name" if name >= hint[0] else hint[1]
                has_clock = profile.time is not None and profile.time.has_clock
                scored.append((round(score, 3), has_clock, profile.is_of_line, -position, column.name, profile, why))
    found: Matches = {}
    taken: set[str] = set()
    for score, *_, target, profile, why in sorted(scored, key=lambda item: item[:5], reverse=True):
        if target not in found and profile.name not in taken:
            found[target] = Match(profile=profile, score=score, why=why)
            taken.add(profile.name)
    return found | only_time(contract, profiles, found) if contract.table in OF_A_MOMENT else found


def only_time(contract: Contract, profiles: Sequence[Profile], found: Matches) -> Matches:
    """The one time that a file tells, as that which each row of the input needs, whatever its header."""
    needed = next((one.name for one in contract.columns if one.required and one.type in ("TIMESTAMP", "DATE")), None)
    times = [profile for profile in profiles if profile.time and not profile.time.unit]
    if (
        needed is None
        or needed in found
        or len(times) != 1
        or times[0].name in {one.profile.name for one in found.values()}
    ):
        return {}
    return {needed: Match(profile=times[0], score=0.5, why="the only time that the file tells")}
