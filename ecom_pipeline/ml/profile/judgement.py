"""How good a ranking and its probabilities are: AUC and its error, Brier, calibration, lift, value capture.

The same functions judge ours and every peer. What does not belong here: deciding what to publish.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def auc(outcome: ArrayLike, score: ArrayLike) -> float:
    """Chance that one who did scores above one who did not; ties count half. Not a number where all are alike.

    >>> auc([0, 1, 0, 1], [0.1, 0.9, 0.5, 0.5])
    0.875
    """
    happened, scores = np.asarray(outcome, dtype=bool), np.asarray(score, dtype=float)
    ones = int(happened.sum())
    zeros = len(happened) - ones
    if not ones or not zeros:
        return math.nan
    ranks = _midranks(scores)
    return float((ranks[happened].sum() - ones * (ones + 1) / 2) / (ones * zeros))


@dataclass(frozen=True, kw_only=True)
class Lead:
    """Difference of two AUCs on the same customers, and the bounds of its 95 % interval."""

    value: float
    lower: float
    upper: float


def auc_lead(outcome: ArrayLike, score: ArrayLike, other: ArrayLike) -> Lead:
    """How much more of the order one score gets right than another; two who did and two who did not are needed.

    Reference: DeLong, DeLong and Clarke-Pearson (1988), *Biometrics* 44(3); the fast form of Sun and Xu (2014).
    """
    happened = np.asarray(outcome, dtype=bool)
    ones, zeros = int(happened.sum()), int((~happened).sum())
    above, below, areas = [], [], []
    for scores in (np.asarray(score, dtype=float), np.asarray(other, dtype=float)):
        whole = _midranks(scores)
        above.append((whole[happened] - _midranks(scores[happened])) / zeros)
        below.append(1.0 - (whole[~happened] - _midranks(scores[~happened])) / ones)
        areas.append(float(above[-1].mean()))
    variance = np.var(above[0] - above[1], ddof=1) / ones + np.var(below[0] - below[1], ddof=1) / zeros
    value, half = areas[0] - areas[1], 1.959964 * math.sqrt(float(variance))
    return Lead(value=value, lower=value - half, upper=value + half)


def brier(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared difference of probability and outcome.

    >>> brier([0, 1], [0.5, 0.5])
    0.25
    """
    return float(np.mean((np.asarray(probability, dtype=float) - np.asarray(outcome, dtype=float)) ** 2))


def calibration(outcome: ArrayLike, probability: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Tenths of the customers by probability, the lowest first.

    Returns
    -------
    pandas.DataFrame
        ``bin`` (1 to ``bins``), ``customers``, ``predicted``, ``observed`` (means) and ``lift``, what was observed over
        the mean of all. Equal probabilities are split by their place, so that every bin is as large.
    """
    happened, given = np.asarray(outcome, dtype=float), np.asarray(probability, dtype=float)
    order = np.argsort(given, kind="stable")
    rows = []
    for number, part in enumerate(np.array_split(order, min(bins, len(order)) or 1), 1):
        observed = float(happened[part].mean()) if len(part) else math.nan
        rows.append(
            {
                "bin": number,
                "customers": len(part),
                "predicted": float(given[part].mean()) if len(part) else math.nan,
                "observed": observed,
                "lift": observed / float(happened.mean()) if happened.any() else math.nan,
            }
        )
    return pd.DataFrame(rows)


def capture(value: ArrayLike, score: ArrayLike, share: float = 0.1) -> float:
    """Share of the value that the customers with the highest scores bring.

    >>> capture([0, 1, 9, 0, 0, 0, 0, 0, 0, 0], [0, 1, 2, 0, 0, 0, 0, 0, 0, 0])
    0.9
    """
    worth, scores = np.asarray(value, dtype=float), np.asarray(score, dtype=float)
    if not len(worth) or worth.sum() <= 0:
        return math.nan
    first = np.argsort(-scores, kind="stable")[: math.ceil(share * len(scores))]
    return float(worth[first].sum() / worth.sum())


def _midranks(values: Array) -> Array:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    upper = np.cumsum(counts)
    ranks: Array = (upper - (counts - 1) / 2)[inverse]
    return ranks
