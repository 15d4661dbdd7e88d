"""Why a probability is what it is, in English and Chinese: the groups of features that moved it, each in a sentence.

What does not belong here: how far each group moved it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

SMALLEST_EFFECT = 0.1
"""Change of the log-odds that is worth a reason."""
MOST_REASONS = 3


@dataclass(frozen=True, kw_only=True)
class Group:
    """Features that one sentence speaks of: their prefixes, and the sentence in English and Chinese."""

    prefixes: tuple[str, ...]
    english: str
    chinese: str


GROUPS: Mapping[str, Group] = {
    "recency": Group(
        prefixes=("recency_",),
        english="last order {recency_days:.0f} days ago",
        chinese="最近一次下单在 {recency_days:.0f} 天前",
    ),
    "frequency": Group(
        prefixes=("orders", "order_days", "fading_orders", "active_months", "expected_orders", "alive_"),
        english="{orders:.0f} orders, {orders_90:.0f} of them in the last 90 days",
        chinese="共 {orders:.0f} 单，其中近 90 天 {orders_90:.0f} 单",
    ),
    "rhythm": Group(
        prefixes=("mean_gap_", "gap_", "last_gap_", "weekend_"),
        english="{mean_gap_days:.0f} days between orders on average",
        chinese="平均 {mean_gap_days:.0f} 天下一单",
    ),
    "value": Group(
        prefixes=("revenue", "average_order_value", "last_order_revenue", "fading_revenue"),
        english="{average_order_value:.2f} per order on average",
        chinese="平均每单 {average_order_value:.2f}",
    ),
    "tenure": Group(
        prefixes=("first_order_",),
        english="first order {first_order_days:.0f} days ago",
        chinese="首单在 {first_order_days:.0f} 天前",
    ),
    "browsing": Group(
        prefixes=("views_", "carts_", "favourites_", "searches_", "last_seen_"),
        english="last seen {last_seen_days:.0f} days ago",
        chinese="最近一次到访在 {last_seen_days:.0f} 天前",
    ),
    "service": Group(
        prefixes=("messages_", "refunds_"),
        english="refunds and messages to support",
        chinese="退款与客服咨询",
    ),
}
NO_RHYTHM = ("no second order yet", "尚无第二单")


def groups_of(features: Sequence[str]) -> dict[str, list[str]]:
    """Names of the groups, and the features of each."""
    found: dict[str, list[str]] = {}
    for column in features:
        for name, group in GROUPS.items():
            if column.startswith(group.prefixes):
                found.setdefault(name, []).append(column)
                break
    return found


def in_words(features: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """The strongest effects of each customer in words.

    Parameters
    ----------
    features
        Rows of `history.buyers_at`.
    effects
        Of the same customers: change of the log-odds by each group.

    Returns
    -------
    pandas.DataFrame
        ``reasons_en``, ``reasons_zh``; missing where nothing stands out.
    """
    names = list(effects.columns)
    moved = effects.to_numpy()
    english, chinese = [], []
    rows = features.to_dict("records")
    for row, effect in zip(rows, moved, strict=True):
        strongest = np.argsort(-np.abs(effect), kind="stable")[:MOST_REASONS]
        said = [_said(names[one], effect[one], row) for one in strongest if abs(effect[one]) >= SMALLEST_EFFECT]
        english.append("; ".join(words for words, _ in said) or None)
        chinese.append("；".join(words for _, words in said) or None)
    return pd.DataFrame({"reasons_en": english, "reasons_zh": chinese}, index=features.index)


def singular(words: str) -> str:
    """The words with one day and one order told as such.

    >>> singular("last order 1 days ago, 21 orders, 1 of them in the last 90 days")
    'last order 1 day ago, 21 orders, 1 of them in the last 90 days'
    """
    return re.sub(r"\b1 (day|order)s\b", r"1 \1", words)


def _said(name: str, effect: float, row: Mapping[Any, Any]) -> tuple[str, str]:
    group = GROUPS[name]
    raised = effect > 0
    if name == "rhythm" and np.isnan(row["mean_gap_days"]):
        english, chinese = NO_RHYTHM
    elif name == "browsing" and np.isnan(row.get("last_seen_days", np.nan)):
        english, chinese = "no visit on record", "没有到访记录"
    else:
        english, chinese = (text.format_map(row) for text in (group.english, group.chinese))
    return (
        f"{singular(english)} ({'raises' if raised else 'lowers'} it)",
        f"{chinese}（{'提高' if raised else '降低'}）",
    )
