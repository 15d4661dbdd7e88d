"""The entry for spend: what each channel brings, how a budget is best split, and what is not known well enough to say.

A channel whose return may be nothing (its 90 % interval holds zero), or whose spend went up and down with demand, keeps its
share: there is not enough evidence to move it, and the experiment that would settle it is planned instead. What does not
belong here: finding the split, and reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.marketing.response import Curve, SpendResponse, over_a_week
from ecom_pipeline.ml.marketing.split import best_split, days_of_a_test, floors_and_caps, in_proportion

Array = NDArray[np.float64]
RECENT_DAYS = 28
"""The present spend is the mean of the last days."""
FEWEST_DAYS_PAID = 28
"""Days with spend below which a channel is not modelled."""
FOLLOWING = 0.3
"""Correlation with demand over a week from which on spend cannot be told from what would have come anyway."""
SURE_ENOUGH = 0.9
"""Share of the draws in which the split has to earn more."""
COLUMNS = (
    "channel",
    "spend_per_day",
    "return_on_spend",
    "return_lower",
    "return_upper",
    "marginal_return",
    "marginal_lower",
    "marginal_upper",
    "carry_over",
    "follows_demand",
    "has_evidence",
    "recommended_per_day",
    "test_days",
    "sentence_en",
    "sentence_zh",
    "as_of_date",
)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What is known of spend.

    Attributes
    ----------
    channels
        `COLUMNS`, one row per channel with enough spend; money a day in the currency of the data, returns are revenue per
        unit of money.
    card
        The row of the registry: ``published`` where a better split is recommended.
    """

    channels: pd.DataFrame
    card: ModelCard


def budget_shop(
    spend: pd.DataFrame,
    revenue: pd.DataFrame,
    *,
    as_of_date: dt.date,
    seed: int,
    demand: pd.DataFrame | None = None,
    total: float | None = None,
    least: Mapping[str, float] = MappingProxyType({}),
    most: Mapping[str, float] = MappingProxyType({}),
) -> Budget:
    """Learn what spend brings and split the budget anew.

    Parameters
    ----------
    spend
        ``spend_date, channel, spend``: days without spend need no row.
    revenue
        ``sales_date, revenue``: one row per day from the first to the last, none missing.
    as_of_date
        The last day of the data.
    seed
        Fixes all randomness.
    demand
        ``sales_date, visits``: visits that no spend brought, where the shop knows them; days without any need no row.
    total
        The budget a day; the present spend by default. Where no split is surely better, every channel keeps its share.
    least, most
        Spend a day that channels do not go below and beyond; half and twice their present spend where not stated.
    """
    days = pd.DatetimeIndex(pd.to_datetime(revenue["sales_date"]))
    spent = _spent(spend, days)
    if not spent.names:
        return _nothing("no channel has spend on enough days, and lately, to learn from", seed)
    visits = _visits(demand, days)
    try:
        model = SpendResponse(seed=seed).fit(spent.paid, revenue["revenue"].to_numpy(float), visits)
    except ValueError as error:
        return _nothing(str(error), seed)
    lower, upper = np.quantile(model.returns_, [0.05, 0.95], axis=0)
    following = _following(spent.paid, visits)
    evidence = (lower > 0) & (following < FOLLOWING)
    floor, cap = floors_and_caps(spent.names, spent.present, least, most)
    total = float(spent.present.sum()) if total is None else total
    kept = in_proportion(spent.present, floor, cap, total)
    split = _moved(kept, evidence, floor, cap, model)
    gains = np.array([_earned(curves, split) - _earned(curves, kept) for curves in model.curves_])
    better = bool((gains > 0).mean() >= SURE_ENOUGH and not np.allclose(split, kept))
    table = pd.DataFrame(
        {
            "channel": spent.names,
            "spend_per_day": spent.present,
            "return_on_spend": np.median(model.returns_, axis=0),
            "return_lower": lower,
            "return_upper": upper,
            **_marginal(model, spent.present),
            "carry_over": np.median([[curve.carry_over for curve in curves] for curves in model.curves_], axis=0),
            "follows_demand": None if visits is None else following,
            "has_evidence": evidence,
            "recommended_per_day": split if better else kept,
            "as_of_date": as_of_date,
        }
    )
    test_days = [days_of_a_test(present, model.noise_, model.persistence_) for present in spent.present.tolist()]
    told = [_sentences(row, days) for row, days in zip(table.to_dict("records"), test_days, strict=True)]
    table["sentence_en"], table["sentence_zh"] = zip(*told, strict=True)
    table["test_days"] = pd.array(test_days, "Int64")
    low, middle, high = np.quantile(gains, [0.05, 0.5, 0.95])
    decision: Decision = "published" if better else "refused"
    card = ModelCard(
        model="spend_response",
        metric="revenue_per_day_of_the_split",
        value=float(np.mean([_earned(curves, split) for curves in model.curves_])),
        baseline="present_split",
        baseline_value=float(np.mean([_earned(curves, kept) for curves in model.curves_])),
        decision=decision,
        reason=(
            f"{total:.2f} a day over {len(spent.names)} channels, {int(evidence.sum())} of them with evidence: the best"
            f" split earns {middle:+.2f} a day ({low:+.2f} to {high:+.2f}, 90 %), more in {(gains > 0).mean():.0%} of the"
            f" draws, {SURE_ENOUGH:.0%} needed"
            f"{_beside(total - float(kept.sum()), spent.left_out, sorted({*least, *most} - {*spent.names, *spent.left_out}))}"
        ),
        trained_from=days[0].date(),
        trained_to=as_of_date,
        parameters={
            "budget_per_day": total,
            "floors": dict(zip(spent.names, floor.tolist(), strict=True)),
            "caps": dict(zip(spent.names, cap.tolist(), strict=True)),
            "draws": model.draws,
        },
        seed=seed,
        metrics={
            "explained": model.explained_,
            "noise_per_day": model.noise_,
            "persistence": model.persistence_,
            "left_out": spent.left_out,
        },
        libraries=("scipy", "numpy", "pandas"),
    )
    return Budget(channels=table[list(COLUMNS)], card=card)


@dataclass(frozen=True, kw_only=True)
class _Spent:
    """The C channels that can be learned: their spend on T days and, on average, lately; and the names of the others."""

    names: list[str]
    paid: Array
    present: Array
    left_out: list[str]


def _spent(spend: pd.DataFrame, days: pd.DatetimeIndex) -> _Spent:
    table = (
        spend.assign(spend_date=pd.to_datetime(spend["spend_date"]))
        .pivot_table(index="spend_date", columns="channel", values="spend", aggfunc="sum")
        .reindex(days)
        .fillna(0.0)
        .sort_index(axis=1)
    )
    paid = table.to_numpy(float)
    varied = np.array([(column > 0).sum() >= FEWEST_DAYS_PAID and column.std() > 0 for column in paid.T], dtype=bool)
    present = paid[-RECENT_DAYS:].mean(axis=0) if len(paid) else np.zeros(paid.shape[1])
    usable = varied & (present > 0)
    return _Spent(
        names=[str(name) for name in table.columns[usable]],
        paid=paid[:, usable],
        present=present[usable],
        left_out=sorted(str(name) for name in table.columns[~usable]),
    )


def _moved(kept: Array, evidence: NDArray[np.bool_], floor: Array, cap: Array, model: SpendResponse) -> Array:
    """The split that earns most when only money of channels with evidence moves, and only among them."""
    split = kept.copy()
    if evidence.sum() > 1:
        known = [[curve for curve, sure in zip(curves, evidence, strict=True) if sure] for curves in model.curves_]
        split[evidence] = best_split(known, floor[evidence], cap[evidence], float(kept[evidence].sum()))
    return split


def _marginal(model: SpendResponse, present: Array) -> dict[str, Array]:
    """Revenue of the next unit of money in each channel, and its 90 % interval."""
    draws = [[curve.marginal(money) for curve, money in zip(curves, present, strict=True)] for curves in model.curves_]
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95], axis=0)
    return {"marginal_return": middle, "marginal_lower": low, "marginal_upper": high}


def _visits(demand: pd.DataFrame | None, days: pd.DatetimeIndex) -> Array | None:
    if demand is None or demand.empty:
        return None
    by_day = demand["visits"].astype(float).groupby(pd.to_datetime(demand["sales_date"])).sum()
    visits: Array = by_day.reindex(days, fill_value=0.0).to_numpy()
    return visits


def _following(paid: Array, visits: Array | None) -> Array:
    """Correlation of every channel's spend with demand, both over a week; 0 where demand is not known."""
    if visits is None or np.ptp(visits) == 0:
        return np.zeros(paid.shape[1])
    wanted = over_a_week(visits)
    return np.array([float(np.corrcoef(over_a_week(column), wanted)[0, 1]) for column in paid.T])


def _beside(left: float, left_out: Sequence[str], unknown: Sequence[str]) -> str:
    """What of the budget floors and caps do not let be split, and which channels are not in it."""
    words = ""
    if left > 0.005:
        words += f"; {left:.2f} a day are left over, since no channel goes beyond its most"
    elif left < -0.005:
        words += f"; that is {-left:.2f} a day too little, since no channel goes below its least"
    if left_out:
        words += f"; left out, with spend on fewer than {FEWEST_DAYS_PAID} days or none lately: {', '.join(left_out)}"
    return f"{words}; no spend at all: {', '.join(unknown)}" if unknown else words


def _earned(curves: Sequence[Curve], spend: Array) -> float:
    return float(sum(float(curve.revenue(money)) for curve, money in zip(curves, spend, strict=True)))


def _sentences(row: Mapping[Hashable, Any], days: int | None) -> tuple[str, str]:
    """What to do with a channel, and why; ``days`` of a test that would tell more, where it takes no longer than it may."""
    interval = f"{row['return_lower']:.2f} – {row['return_upper']:.2f}"
    spend, recommended = row["spend_per_day"], row["recommended_per_day"]
    if not row["has_evidence"]:
        follows = row["follows_demand"]
        if follows is not None and follows >= FOLLOWING:
            why_en = (
                f"it was spent when demand was high (correlation {follows:.2f}), so that the {row['return_on_spend']:.2f} a unit"
                " of money may have come anyway"
            )
            why_zh = f"投放随需求起落（相关系数 {follows:.2f}），每 1 元对应的 {row['return_on_spend']:.2f} 元可能本来就会产生"
        else:
            why_en = f"one unit of money brought {row['return_on_spend']:.2f} ({interval}, 90 %), which may be nothing"
            why_zh = f"每 1 元投放带来 {row['return_on_spend']:.2f} 元（90% 区间 {interval}），可能为零"
        test_en = (
            f"or pause it for {days} days and compare with {days} days of spend"
            if days
            else "a test of it would take over half a year"
        )
        test_zh = f"建议停投 {days} 天，与投放的 {days} 天对比" if days else "试验需半年以上"
        if abs(recommended - spend) <= 0.01 * spend:
            then_en, then_zh = f"keep {spend:.2f} a day", f"保持每天 {spend:.2f}"
        else:
            then_en = f"its share of the given budget is {recommended:.2f} a day, after {spend:.2f}"
            then_zh = f"在给定预算中每天为 {recommended:.2f}（目前 {spend:.2f}）"
        return (
            f"Not enough evidence: {why_en}; {then_en}, {test_en}.",
            f"证据不足：{why_zh}；{then_zh}，{test_zh}。",
        )
    evidence_en = f"one unit of money brought {row['return_on_spend']:.2f} ({interval}, 90 %), the next brings {row['marginal_return']:.2f}"
    evidence_zh = f"每 1 元投放带来 {row['return_on_spend']:.2f} 元（90% 区间 {interval}），下一元带来 {row['marginal_return']:.2f} 元"
    if abs(recommended - spend) <= 0.01 * spend:
        return f"Keep {spend:.2f} a day: {evidence_en}.", f"保持每天 {spend:.2f}：{evidence_zh}。"
    more = recommended > spend
    return (
        f"{'Raise' if more else 'Lower'} from {spend:.2f} to {recommended:.2f} a day: {evidence_en}.",
        f"由每天 {spend:.2f} {'增至' if more else '减至'} {recommended:.2f}：{evidence_zh}。",
    )


def _nothing(words: str, seed: int) -> Budget:
    card = ModelCard(
        model="spend_response",
        metric="revenue_per_day_of_the_split",
        baseline="present_split",
        decision="refused",
        reason=words,
        seed=seed,
    )
    return Budget(channels=pd.DataFrame(columns=list(COLUMNS)), card=card)
