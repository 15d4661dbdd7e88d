"""The entry for spend: what each channel brings, how a budget is best split, and what is not known well enough to say.

A channel whose return may be nothing (its 90 % interval holds zero), or whose spend went up and down with demand, keeps its
share: there is not enough evidence to move it, and the experiment that would settle it is planned instead. Spend that is
written down by week or month is learned by week or month; all figures are per day. What does not belong here: finding the
split, its words, and reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.marketing.advice import FOLLOWING, advice
from ecom_pipeline.ml.marketing.periods import Periods, periods_of
from ecom_pipeline.ml.marketing.response import Curve, SpendResponse, over_a_week
from ecom_pipeline.ml.marketing.split import best_split, days_of_a_test, floors_and_caps, in_proportion

Array = NDArray[np.float64]
RECENT_DAYS = 28
"""The present spend is the mean of the last days."""
FEWEST_PAID = 28
"""Days, or periods, with spend below which a channel is not modelled."""
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
        ``spend_date, channel, spend``: days without spend need no row. Where a week or more lies between the days with
        spend, each stands for all days until the next.
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
    periods = periods_of(pd.to_datetime(spend.loc[spend["spend"] > 0, "spend_date"]), days)
    spent = _spent(spend, periods)
    if not spent.names:
        return _nothing("no channel has spend on enough days, and lately, to learn from", seed)
    visits = _visits(demand, periods)
    try:
        model = SpendResponse(seed=seed, length=periods.length).fit(
            spent.paid, periods.mean_of(revenue["revenue"].to_numpy(float)), visits, spent.paused
        )
    except ValueError as error:
        return _nothing(str(error), seed)
    floor, cap = floors_and_caps(spent.names, spent.present, least, most)
    total = float(spent.present.sum()) if total is None else total
    kept = in_proportion(spent.present, floor, cap, total)
    table = _known(spent, model, visits).assign(as_of_date=as_of_date)
    split = _moved(kept, table["has_evidence"].to_numpy(), floor, cap, model)
    gains = np.array([_earned(curves, split) - _earned(curves, kept) for curves in model.curves_])
    better = bool((gains > 0).mean() >= SURE_ENOUGH and not np.allclose(split, kept))
    table["recommended_per_day"] = split if better else kept
    told = [advice(row, share) for row, share in zip(table.to_dict("records"), kept, strict=True)]
    table["sentence_en"], table["sentence_zh"] = zip(*told, strict=True)
    table["test_days"] = table["test_days"].astype("Int64")
    unknown = sorted({*least, *most} - {*spent.names, *spent.left_out})
    card = ModelCard(
        model="spend_response",
        metric="revenue_per_day_of_the_split",
        value=float(np.mean([_earned(curves, split) for curves in model.curves_])),
        baseline="present_split",
        baseline_value=float(np.mean([_earned(curves, kept) for curves in model.curves_])),
        decision="published" if better else "refused",
        reason=(
            f"{total:.2f} a day over {len(spent.names)} channels, {_gained(gains, int(table['has_evidence'].sum()))}"
            f"{_beside(total - float(kept.sum()), spent.left_out, unknown)}"
        ),
        trained_from=days[0].date(),
        trained_to=as_of_date,
        parameters={
            "budget_per_day": total,
            "days_of_a_period": periods.length,
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
    """The C channels to advise on: spend a day of T periods and, on average, lately; and the names of the others.

    ``paused`` is the spend of those others that have spend enough to be learned, but none lately: what they brought is not to
    be credited to the C.
    """

    names: list[str]
    paid: Array
    present: Array
    paused: Array
    left_out: list[str]


def _spent(spend: pd.DataFrame, periods: Periods) -> _Spent:
    table = (
        spend.assign(spend_date=pd.to_datetime(spend["spend_date"]))
        .pivot_table(index="spend_date", columns="channel", values="spend", aggfunc="sum")
        .reindex(periods.days)
        .fillna(0.0)
        .sort_index(axis=1)
    )
    paid = periods.mean_of(table.to_numpy(float))
    varied = np.array([(column > 0).sum() >= FEWEST_PAID and column.std() > 0 for column in paid.T], dtype=bool)
    lately = math.ceil(RECENT_DAYS / periods.length)
    present = paid[-lately:].mean(axis=0) if len(paid) else np.zeros(paid.shape[1])
    usable = varied & (present > 0)
    return _Spent(
        names=[str(name) for name in table.columns[usable]],
        paid=paid[:, usable],
        present=present[usable],
        paused=paid[:, varied & ~usable],
        left_out=sorted(str(name) for name in table.columns[~usable]),
    )


def _moved(kept: Array, evidence: NDArray[np.bool_], floor: Array, cap: Array, model: SpendResponse) -> Array:
    """The split that earns most when only money of channels with evidence moves, and only among them."""
    split = kept.copy()
    if evidence.sum() > 1:
        known = [[curve for curve, sure in zip(curves, evidence, strict=True) if sure] for curves in model.curves_]
        split[evidence] = best_split(known, floor[evidence], cap[evidence], float(kept[evidence].sum()))
    return split


def _known(spent: _Spent, model: SpendResponse, visits: Array | None) -> pd.DataFrame:
    """What is known of every channel: its returns with their 90 % intervals, and whether they are evidence."""
    lower, middle, upper = np.quantile(model.returns_, [0.05, 0.5, 0.95], axis=0)
    following = _following(spent.paid, visits, over_a_week if model.length == 1 else np.asarray)
    draws = [
        [curve.marginal(money) for curve, money in zip(curves, spent.present, strict=True)] for curves in model.curves_
    ]
    marginal_lower, marginal, marginal_upper = np.quantile(draws, [0.05, 0.5, 0.95], axis=0)
    return pd.DataFrame(
        {
            "channel": spent.names,
            "spend_per_day": spent.present,
            "return_on_spend": middle,
            "return_lower": lower,
            "return_upper": upper,
            "marginal_return": marginal,
            "marginal_lower": marginal_lower,
            "marginal_upper": marginal_upper,
            "carry_over": np.median([[curve.carry_over for curve in curves] for curves in model.curves_], axis=0),
            "follows_demand": None if visits is None else following,
            "has_evidence": (lower > 0) & (following < FOLLOWING),
            "test_days": [
                days_of_a_test(money, model.noise_, model.persistence_, model.length) or np.nan
                for money in spent.present.tolist()
            ],
        }
    )


def _visits(demand: pd.DataFrame | None, periods: Periods) -> Array | None:
    if demand is None or demand.empty:
        return None
    by_day = demand["visits"].astype(float).groupby(pd.to_datetime(demand["sales_date"])).sum()
    return periods.mean_of(by_day.reindex(periods.days, fill_value=0.0).to_numpy())


def _following(paid: Array, visits: Array | None, smooth: Callable[[Array], Array]) -> Array:
    """Correlation of every channel's spend with demand, both over a week or a period; 0 where demand is not known."""
    if visits is None or np.ptp(visits) == 0:
        return np.zeros(paid.shape[1])
    wanted = smooth(visits)
    return np.array([float(np.corrcoef(smooth(column), wanted)[0, 1]) for column in paid.T])


def _gained(gains: Array, known: int) -> str:
    """What the best split earns more than the present shares do, where there are two channels between which money can move."""
    if known < 2:
        return f"{known} of them with evidence: all keep their shares, since money moves between two with evidence at least"
    low, middle, high = np.quantile(gains, [0.05, 0.5, 0.95])
    return (
        f"{known} of them with evidence: the best split earns {middle:+.2f} a day ({low:+.2f} to {high:+.2f}, 90 %), more in"
        f" {(gains > 0).mean():.0%} of the draws, {SURE_ENOUGH:.0%} needed"
    )


def _beside(left: float, left_out: Sequence[str], unknown: Sequence[str]) -> str:
    """What of the budget floors and caps do not let be split, and which channels are not in it."""
    words = ""
    if left > 0.005:
        words += f"; {left:.2f} a day are left over, since no channel goes beyond its most"
    elif left < -0.005:
        words += f"; that is {-left:.2f} a day too little, since no channel goes below its least"
    if left_out:
        words += f"; left out, with spend on fewer than {FEWEST_PAID} days or none lately: {', '.join(left_out)}"
    return f"{words}; no spend at all: {', '.join(unknown)}" if unknown else words


def _earned(curves: Sequence[Curve], spend: Array) -> float:
    return float(sum(float(curve.revenue(money)) for curve, money in zip(curves, spend, strict=True)))


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
