"""How wrong a forecast was: five figures, each with its definition, each ``None`` where it is not defined.

References: Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., section 5.8 (MASE); Kolassa &
Schütz, *Advantages of the MAD/mean ratio over the MAPE*, Foresight 6 (WAPE is that ratio);
Koenker & Bassett (1978), *Regression quantiles* (pinball loss). What does not belong here:
choosing a model.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ecom_pipeline.ml.forecast.period import WEEK_DAYS


def wape(actual: ArrayLike, forecast: ArrayLike) -> float | None:
    """Sum of absolute errors over the sum of absolute actual values; ``None`` where nothing was sold.

    >>> wape([10, 0, 30], [8, 1, 33])
    0.15
    """
    truth, guess = _pair(actual, forecast)
    total = np.abs(truth).sum()
    return float(np.abs(truth - guess).sum() / total) if total > 0 else None


def bias(actual: ArrayLike, forecast: ArrayLike) -> float | None:
    """Sum of forecast minus actual over the sum of absolute actual values: above zero, too much was forecast.

    >>> bias([10, 0, 30], [8, 1, 33])
    0.05
    """
    truth, guess = _pair(actual, forecast)
    total = np.abs(truth).sum()
    return float((guess - truth).sum() / total) if total > 0 else None


def seasonal_scale(history: ArrayLike, season: int = WEEK_DAYS) -> np.ndarray:
    """Mean absolute error of "the same as one season ago" within each history: the unit of MASE.

    Parameters
    ----------
    history
        (S, T), or one series (T,); missing values are left out.

    Returns
    -------
    numpy.ndarray
        (S,), or one number; NaN where it is not defined.

    >>> float(seasonal_scale([1, 1, 2, 5], season=2))
    2.5
    """
    values = np.asarray(history, dtype=float)
    steps = np.abs(values[..., season:] - values[..., :-season])
    known = np.isfinite(steps)
    scale = np.where(known, steps, 0.0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
    return np.where(scale > 0, scale, np.nan)


def mase(actual: ArrayLike, forecast: ArrayLike, scale: ArrayLike) -> float | None:
    """Mean of the absolute errors, each in units of its history's seasonal-naive error.

    ``scale`` is one number, or one per day; days whose scale is missing are left out, and without any the figure is
    ``None``.

    >>> mase([10, 20], [12, 16], scale=2.0)
    1.5
    """
    truth, guess = _pair(actual, forecast)
    units = np.broadcast_to(np.asarray(scale, dtype=float), truth.shape)
    known = np.isfinite(units) & (units > 0)
    return float((np.abs(truth - guess)[known] / units[known]).mean()) if known.any() else None


def coverage(actual: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float | None:
    """Share of actual values within their band, over the days that have one; ``None`` where none has.

    >>> coverage([1, 5, 9], [0, 0, 0], [2, 4, 9])
    0.6666666666666666
    """
    truth, low = _pair(actual, lower)
    high = np.asarray(upper, dtype=float)
    known = np.isfinite(low) & np.isfinite(high)
    return float(((truth >= low) & (truth <= high))[known].mean()) if known.any() else None


def pinball(actual: ArrayLike, quantile: ArrayLike, share: float) -> float | None:
    """Mean pinball loss of a forecast of the ``share`` quantile: what is missed above costs ``share``, below the rest.

    >>> pinball([10, 10], [8, 12], 0.9)
    1.0
    """
    truth, guess = _pair(actual, quantile)
    known = np.isfinite(guess)
    gap = (truth - guess)[known]
    return float(np.maximum(share * gap, (share - 1) * gap).mean()) if known.any() else None


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    left, right = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if left.shape != right.shape:
        raise ValueError(f"actual and forecast differ in length: {left.shape} and {right.shape}")
    return left, right
