"""What a product will sell over several weeks, which is what a purchase needs: steadier than a forecast of its days.

Models follow the last weeks, and the last weeks of a product are mostly chance: a promotion, a bulk order, a silence. Over
a lead time the mean of a year is as good a guess as any model's, and it errs otherwise. So half of what is expected is the
level of the last year, a quarter that of the last month, and a quarter what the models say. These plain weights were chosen
on six windows of three real sets of products that end before the days that benchmarks hold back; weights learned from three
months of backtest were worse. Reference: Claeskens, Magnus, Vasnev & Wang (2016), *The forecast combination puzzle: A simple
theoretical explanation*. What does not belong here: how far demand may be from what is expected.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ecom_pipeline.ml.forecast.panel import known_mean

OF_YEAR, OF_MONTH = 0.5, 0.25
MONTHS = 13
"""Of four weeks each in a year."""


def steadied(forecast: np.ndarray, history: np.ndarray, year: int) -> np.ndarray:
    """Draw a forecast (S, H) towards the levels of the last month and ``year`` of the history (S, T) before it.

    What was silent for two months is not given up, since most of it sells again; what was silent for a year is. A series
    without known periods keeps its forecast.
    """
    year_level = known_mean(history[:, -year:])
    month_level = known_mean(history[:, -max(1, year // MONTHS) :])
    month_level = np.where(np.isfinite(month_level), month_level, year_level)
    level = np.maximum(OF_YEAR * year_level + OF_MONTH * month_level, 0.0)[:, np.newaxis]
    return np.where(np.isfinite(level), (1 - OF_YEAR - OF_MONTH) * forecast + level, forecast)


def steadied_past(past: np.ndarray, history: np.ndarray, origins: Sequence[int], year: int) -> np.ndarray:
    """The same of what was forecast (O, S, H) at each of the origins, from the history before it."""
    found = np.empty_like(past)
    for place, end in enumerate(origins):
        found[place] = steadied(past[place], history[:, :end], year)
    return found
