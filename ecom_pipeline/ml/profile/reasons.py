"""Why a probability is what it is, in English and Chinese: the groups of features that moved it, each in a sentence.

What does not belong here: how far each group moved it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

SMALLEST_EFFECT = 0.1
"""Change of the log-odds that is worth a reason."""
MOST_REASONS = 3
Row = Mapping[Any, Any]
Words = tuple[str, str]
"""English and Chinese."""


def _ago(days: float) -> Words:
    return ("today", "今天") if days == 0 else (f"{days:.0f} days ago", f" {days:.0f} 天前")


def _orders(row: Row) -> Words:
    orders, lately, gap = (row[name] for name in ("orders", "orders_90", "mean_gap_days"))
    ago_en, ago_zh = _ago(row["recency_days"])
    if orders == 1:
        return f"1 order, {ago_en}", f"仅 1 单，在{ago_zh}"
    every_en, every_zh = (
        (f", one every {gap:.0f} days on average", f"，平均 {gap:.0f} 天一单") if gap >= 1 else ("", "")
    )
    return (
        f"{orders:.0f} orders, {lately:.0f} of them in the last 90 days, the last {ago_en}{every_en}",
        f"共 {orders:.0f} 单，其中近 90 天 {lately:.0f} 单，最近一单在{ago_zh}{every_zh}",
    )


def _value(row: Row) -> Words:
    return f"{row['average_order_value']:.2f} per order on average", f"平均每单 {row['average_order_value']:.2f}"


def _browsing(row: Row) -> Words:
    seen = row["last_seen_days"]
    if np.isnan(seen):
        return "no visit on record", "没有到访记录"
    ago_en, ago_zh = _ago(seen)
    return f"last seen {ago_en}", f"最近一次到访在{ago_zh}"


def _service(row: Row) -> Words:
    """Of messages and refunds those that the shop knows."""
    told = []
    if "messages_90" in row:
        told.append((f"{row['messages_90']:.0f} messages to support", f"咨询客服 {row['messages_90']:.0f} 次"))
    if "refunds_90" in row:
        told.append((f"{row['refunds_90']:.2f} given back", f"退款 {row['refunds_90']:.2f}"))
    english, chinese = zip(*told, strict=True)
    return f"{' and '.join(english)} in the last 90 days", f"近 90 天{'、'.join(chinese)}"


VISITS = ("views_", "carts_", "favourites_", "searches_")
GROUPS: Mapping[str, tuple[tuple[str, ...], Callable[[Row], Words]]] = {
    "value": (("average_order_value", "last_order_revenue"), _value),
    "browsing": ((*VISITS, "last_seen_"), _browsing),
    "service": (("messages_", "refunds_"), _service),
    "orders": (("",), _orders),
}
"""Features by what their names begin with, and the sentence that speaks of them; the first that fits. When, how often and
how regularly somebody orders are one group: nobody orders often lately and long ago."""


def groups_of(features: Sequence[str]) -> dict[str, list[str]]:
    """Names of the groups, and the features of each; where no visits are known, orders are when somebody was last seen."""
    seen = any(column.startswith(VISITS) for column in features)
    groups = {name: prefixes for name, (prefixes, _) in GROUPS.items() if seen or name != "browsing"}
    found: dict[str, list[str]] = {}
    for column in features:
        name = next(name for name, prefixes in groups.items() if column.startswith(prefixes))
        found.setdefault(name, []).append(column)
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


def facts_of(features: pd.DataFrame) -> pd.DataFrame:
    """What the RFM score of each customer is about, in the columns of `in_words`: the orders and what they came to."""
    told = [(*_orders(row), row["revenue"]) for row in features.to_dict("records")]
    return pd.DataFrame(
        {
            "reasons_en": [f"{singular(english)}, {revenue:.2f} in all" for english, _, revenue in told],
            "reasons_zh": [f"{chinese}，累计 {revenue:.2f}" for _, chinese, revenue in told],
        },
        index=features.index,
    )


def singular(words: str) -> str:
    """The words with one day, order and message told as such.

    >>> singular("last order 1 days ago, 21 orders, 1 messages")
    'last order 1 day ago, 21 orders, 1 message'
    """
    return re.sub(r"(?<!\.)\b1 (day|order|message)s\b", r"1 \1", words)


def _said(name: str, effect: float, row: Row) -> Words:
    english, chinese = GROUPS[name][1](row)
    raised = effect > 0
    return (
        f"{singular(english)} ({'raises' if raised else 'lowers'} it)",
        f"{chinese}（{'提高' if raised else '降低'}）",
    )
