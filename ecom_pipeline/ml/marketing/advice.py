"""What to do with the spend of a channel, and why, in English and Chinese.

What does not belong here: the figures.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

FOLLOWING = 0.3
"""Correlation with demand over a week from which on spend cannot be told from what would have come anyway."""
MOVED = 0.01
"""Share of its spend by which a channel has to be raised or lowered for it to be told."""


def advice(row: Mapping[Hashable, Any], share: float) -> tuple[str, str]:
    """The sentence of a row of `budget.COLUMNS`, in English and Chinese; what is below its share is lowered for others' sake."""
    return _by_evidence(row, share) if row["has_evidence"] else _without_evidence(row)


def _by_evidence(row: Mapping[Hashable, Any], share: float) -> tuple[str, str]:
    spend, recommended, (interval_en, interval_zh) = row["spend_per_day"], row["recommended_per_day"], _interval(row)
    english = f"one unit of money brought {interval_en}, the next brings {row['marginal_return']:.2f}"
    chinese = f"每 1 元投放带来 {interval_zh}，下一元带来 {row['marginal_return']:.2f} 元"
    if _is_kept(row):
        return f"Keep {spend:.2f} a day: {english}.", f"保持每天 {spend:.2f}：{chinese}。"
    if recommended > spend:
        verb_en, verb_zh, whom_en, whom_zh = "Raise", "增至", "", ""
    else:
        verb_en, verb_zh = "Lower", "减至"
        for_others = recommended < (1 - MOVED) * share
        whom_en, whom_zh = (" in favour of other channels", "，让给其他渠道") if for_others else ("", "")
    return (
        f"{verb_en} from {spend:.2f} to {recommended:.2f} a day{whom_en}: {english}.",
        f"由每天 {spend:.2f} {verb_zh} {recommended:.2f}{whom_zh}：{chinese}。",
    )


def _without_evidence(row: Mapping[Hashable, Any]) -> tuple[str, str]:
    why_en, why_zh = _doubt(row)
    days, spend, recommended = row["test_days"], row["spend_per_day"], row["recommended_per_day"]
    if np.isfinite(days):
        test_en = f"or pause it for {days:.0f} days and compare with {days:.0f} days of spend"
        test_zh = f"建议停投 {days:.0f} 天，与投放的 {days:.0f} 天对比"
    else:
        test_en, test_zh = "a test of it would take over half a year", "试验需半年以上"
    if _is_kept(row):
        then_en, then_zh = f"keep {spend:.2f} a day", f"保持每天 {spend:.2f}"
    else:
        then_en = f"its share of the given budget is {recommended:.2f} a day, after {spend:.2f}"
        then_zh = f"在给定预算中每天为 {recommended:.2f}（目前 {spend:.2f}）"
    return f"Not enough evidence: {why_en}; {then_en}, {test_en}.", f"证据不足：{why_zh}；{then_zh}，{test_zh}。"


def _doubt(row: Mapping[Hashable, Any]) -> tuple[str, str]:
    """Why what a channel brings is not known well enough."""
    follows, interval_en, interval_zh = row["follows_demand"], *_interval(row)
    if row["return_on_spend"] <= 0:
        return (
            f"revenue was no higher with its spend ({interval_en} per unit of money)",
            f"投放时销售额并未更高（每 1 元 {interval_zh}）",
        )
    if follows is not None and follows >= FOLLOWING:
        return (
            f"it was spent when demand was high (correlation {follows:.2f}), so that the {row['return_on_spend']:.2f} a unit"
            " of money may have come anyway",
            f"投放随需求起落（相关系数 {follows:.2f}），每 1 元对应的 {row['return_on_spend']:.2f} 元可能本来就会产生",
        )
    return f"one unit of money brought {interval_en}, which may be nothing", f"每 1 元投放带来 {interval_zh}，可能为零"


def _interval(row: Mapping[Hashable, Any]) -> tuple[str, str]:
    value, ends = row["return_on_spend"], (row["return_lower"], row["return_upper"])
    low, high = (f"{end:.2f}" for end in ends)
    return f"{value:.2f} ({low} to {high}, 90 %)", f"{value:.2f} 元（90% 区间 {low} 至 {high}）"


def _is_kept(row: Mapping[Hashable, Any]) -> bool:
    return bool(abs(row["recommended_per_day"] - row["spend_per_day"]) <= MOVED * row["spend_per_day"])
