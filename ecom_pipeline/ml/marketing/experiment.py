"""Reading an experiment: intervals of the difference, whether the groups are as large as planned, and uplift by segment.

References: Newcombe (1998), Interval estimation for the difference between independent proportions, *Statistics in
Medicine* 17; Radcliffe (2007), Using control groups to target on predicted lift, for the Qini curve; Kuenzel, Sekhon,
Bickel and Yu (2019) for the two models of uplift. What does not belong here: assigning customers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Z = 1.959964
MISMATCH = 0.001
"""Probability below which groups are not as large as planned by chance."""
TREATMENT_COLUMNS = (
    "treatment",
    "customers",
    "control_customers",
    "rate",
    "control_rate",
    "lift",
    "lower",
    "upper",
    "sample_ratio_p_value",
    "is_readable",
    "sentence_en",
    "sentence_zh",
)


def wilson(successes: float, of: float) -> tuple[float, float]:
    """95 % interval of a rate.

    >>> tuple(round(end, 4) for end in wilson(10, 100))
    (0.0552, 0.1744)
    """
    if not of:
        return 0.0, 1.0
    rate = successes / of
    middle = rate + Z**2 / (2 * of)
    half = Z * math.sqrt(rate * (1 - rate) / of + Z**2 / (4 * of**2))
    return max((middle - half) / (1 + Z**2 / of), 0.0), min((middle + half) / (1 + Z**2 / of), 1.0)


def difference(successes: float, of: float, control_successes: float, control_of: float) -> tuple[float, float, float]:
    """Difference of two rates and its 95 % interval (Newcombe's method 10).

    >>> tuple(round(each, 4) for each in difference(56, 70, 48, 80))
    (0.2, 0.0524, 0.3339)
    """
    rate, control = successes / of, control_successes / control_of
    (low, high), (control_low, control_high) = wilson(successes, of), wilson(control_successes, control_of)
    lower = rate - control - math.sqrt((rate - low) ** 2 + (control_high - control) ** 2)
    upper = rate - control + math.sqrt((high - rate) ** 2 + (control - control_low) ** 2)
    return rate - control, lower, upper


def mean_difference(values: ArrayLike, control: ArrayLike) -> tuple[float, float, float]:
    """Difference of two means and its 95 % interval (Welch; missing with fewer than two values in a group).

    >>> tuple(round(each, 2) for each in mean_difference([1.0, 3.0, 5.0], [1.0, 2.0, 3.0]))
    (1.0, -1.53, 3.53)
    """
    given, left = np.asarray(values, dtype=float), np.asarray(control, dtype=float)
    lift = float(given.mean() - left.mean())
    if min(len(given), len(left)) < 2:
        return lift, math.nan, math.nan
    half = Z * math.sqrt(given.var(ddof=1) / len(given) + left.var(ddof=1) / len(left))
    return lift, lift - half, lift + half


def read_out(
    group: Sequence[str] | pd.Series,
    outcome: ArrayLike,
    *,
    control: str,
    planned: dict[str, float] | None = None,
) -> pd.DataFrame:
    """What every treatment did, beside the control group.

    Parameters
    ----------
    group
        The group each customer was drawn into.
    outcome
        1 where the customer did what was hoped for, else 0.
    control
        The group that was left alone.
    planned
        Share of the customers each group was to have; equal shares by default.

    Returns
    -------
    pandas.DataFrame
        `TREATMENT_COLUMNS`, one row per treatment. ``is_readable`` is false where the groups are not as large as planned
        (chi-square test): who went missing is not known, and the difference is then no effect.

    Raises
    ------
    ValueError
        No customer is in the control group, or there is no other group.
    """
    from scipy.stats import chisquare

    table = pd.DataFrame({"group": np.asarray(group), "outcome": np.asarray(outcome, dtype=float)})
    counts = table.groupby("group")["outcome"].agg(["size", "sum"])
    if control not in counts.index or len(counts) < 2:
        raise ValueError(f"expected customers in the control group {control!r} and in another one")
    shares = pd.Series(planned or dict.fromkeys(counts.index, 1.0)).reindex(counts.index).astype(float)
    expected = shares / shares.sum() * counts["size"].sum()
    mismatch = float(chisquare(counts["size"], expected).pvalue)
    base = counts.loc[control]
    rows = []
    for name, row in counts.drop(index=control).iterrows():
        lift, lower, upper = difference(row["sum"], row["size"], base["sum"], base["size"])
        told = _told(str(name), row["sum"] / row["size"], base["sum"] / base["size"], (lift, lower, upper), mismatch)
        rows.append(
            {
                "treatment": name,
                "customers": int(row["size"]),
                "control_customers": int(base["size"]),
                "rate": row["sum"] / row["size"],
                "control_rate": base["sum"] / base["size"],
                "lift": lift,
                "lower": lower,
                "upper": upper,
                "sample_ratio_p_value": mismatch,
                "is_readable": mismatch >= MISMATCH,
                "sentence_en": told[0],
                "sentence_zh": told[1],
            }
        )
    return pd.DataFrame(rows)[list(TREATMENT_COLUMNS)]


class UpliftModel:
    """Uplift of a treatment by customer: a model of the outcome with it, and one without, and their difference.

    Parameters
    ----------
    seed
        Fixes the trees.
    """

    def __init__(self, *, seed: int) -> None:
        self.seed = seed

    def fit(self, features: pd.DataFrame, treated: ArrayLike, outcome: ArrayLike) -> Self:
        """Learn from numbers or categories, one row per customer of a randomised experiment."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        given, did = np.asarray(treated, dtype=bool), np.asarray(outcome)
        values = features.to_numpy(float)
        settings: dict[str, Any] = {
            "max_iter": 60,
            "learning_rate": 0.05,
            "max_leaf_nodes": 6,
            "min_samples_leaf": max(50, len(values) // 200),
            "random_state": self.seed,
            "early_stopping": False,
        }
        self._with = HistGradientBoostingClassifier(**settings).fit(values[given], did[given])
        self._without = HistGradientBoostingClassifier(**settings).fit(values[~given], did[~given])
        return self

    def predict(self, features: pd.DataFrame) -> Array:
        """Expected difference of the outcome."""
        values = features.to_numpy(float)
        uplift: Array = self._with.predict_proba(values)[:, 1] - self._without.predict_proba(values)[:, 1]
        return uplift


@dataclass(frozen=True, kw_only=True)
class Qini:
    """How much better than by chance a score picks whom to treat.

    Attributes
    ----------
    value
        Area between the curve and the straight line, as a share of the customers: extra successes per customer, averaged
        over how many are treated.
    lower, upper
        Of its 95 % interval by bootstrap.
    """

    value: float
    lower: float
    upper: float

    @property
    def is_better_than_chance(self) -> bool:
        """Whether the interval lies above nothing."""
        return self.lower > 0


def qini(score: ArrayLike, treated: ArrayLike, outcome: ArrayLike, *, seed: int, draws: int = 200) -> Qini:
    """Qini coefficient of a score on a randomised experiment, with its interval."""
    scores, given, did = (np.asarray(each, dtype=float) for each in (score, treated, outcome))
    order = np.argsort(-scores, kind="stable")
    given, did, count = given[order], did[order], len(scores)
    random = np.random.default_rng(seed)
    drawn = (np.bincount(random.integers(0, count, count), minlength=count) for _ in range(draws))
    lower, upper = np.quantile([_qini(given, did, times) for times in drawn], [0.025, 0.975])
    return Qini(value=_qini(given, did, np.ones(count)), lower=float(lower), upper=float(upper))


def _qini(given: Array, did: Array, times: NDArray[np.number[Any]]) -> float:
    """Of customers in the order of their score, the highest first, each counted so many times."""
    treated, count = given * times, times.sum()
    left = times - treated
    with_count, without_count = np.cumsum(treated), np.cumsum(left)
    gained = np.cumsum(treated * did) - np.cumsum(left * did) * np.divide(
        with_count, without_count, out=np.zeros(len(given)), where=without_count > 0
    )
    # Treated customers among the first n are a share of all: scaled to the gain per customer of everybody.
    line = gained[-1] * np.cumsum(times) / count
    return float(((gained - line) * times).sum() / (count * with_count[-1])) if with_count[-1] else 0.0


def uplift_by_segment(segment: Sequence[str] | pd.Series, treated: ArrayLike, outcome: ArrayLike) -> pd.DataFrame:
    """Lift of a treatment in every segment with its 95 % interval: ``segment, customers, lift, lower, upper``.

    Segments without customers in both groups are left out.
    """
    table = pd.DataFrame(
        {"segment": np.asarray(segment), "treated": np.asarray(treated, bool), "outcome": np.asarray(outcome, float)}
    )
    rows = []
    for name, part in table.groupby("segment"):
        given, left = part[part["treated"]]["outcome"], part[~part["treated"]]["outcome"]
        if len(given) and len(left):
            lift, lower, upper = difference(given.sum(), len(given), left.sum(), len(left))
            rows.append((name, len(part), lift, lower, upper))
    return pd.DataFrame(rows, columns=["segment", "customers", "lift", "lower", "upper"])


def _told(name: str, rate: float, control: float, lift: tuple[float, float, float], mismatch: float) -> tuple[str, str]:
    if mismatch < MISMATCH:
        return (
            f"{name}: not readable, the groups are not as large as planned (p = {mismatch:.2g}).",
            f"{name}：无法解读，各组人数与计划不符（p = {mismatch:.2g}）。",
        )
    value, lower, upper = lift
    figures_en = f"{rate:.2%} against {control:.2%}, {value:+.2%} ({lower:+.2%} to {upper:+.2%}, 95 %)"
    figures_zh = f"{rate:.2%} 对 {control:.2%}，差 {value:+.2%}（95% 区间 {lower:+.2%} 至 {upper:+.2%}）"
    if lower > 0:
        return f"{name} works: {figures_en}.", f"{name} 有效：{figures_zh}。"
    if upper < 0:
        return f"{name} does harm: {figures_en}.", f"{name} 有害：{figures_zh}。"
    return f"{name}: no effect shown, {figures_en}.", f"{name}：未见效果，{figures_zh}。"
