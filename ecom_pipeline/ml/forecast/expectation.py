"""What a product, or what sells now and then, will sell over several weeks: steadier than a forecast of its days.

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
FEWEST_SEASONS = 4
"""Seasons of the last year that tell a pattern from chance: days have them, weeks and months do not."""


def steadied(forecast: np.ndarray, history: np.ndarray, season: int, year: int) -> np.ndarray:
    """Draw a forecast (S, H) towards the levels of the last month and ``year`` of the history (S, T) before it.

    What a level sells on the days of a week is the `shared_pattern` of all series. What was silent for two months is not given
    up, since most of it sells again; what was silent for a year is. A series without known periods keeps its forecast.
    """
    year_level = known_mean(history[:, -year:])
    month_level = known_mean(history[:, -max(1, year // MONTHS) :])
    month_level = np.where(np.isfinite(month_level), month_level, year_level)
    level = np.maximum(OF_YEAR * year_level + OF_MONTH * month_level, 0.0)[:, np.newaxis]
    pattern = np.resize(shared_pattern(history[:, -year:], season), forecast.shape[1])
    return np.where(np.isfinite(level), (1 - OF_YEAR - OF_MONTH) * forecast + level * pattern, forecast)


def shared_pattern(history: np.ndarray, season: int) -> np.ndarray:
    """(season,) what all series (S, T) together sell at each place in the season after them, over the mean; 1 if not known.

    A product sells too little to show a pattern of its own, but shares that of its shop, such as a day on which it is closed.

    >>> shared_pattern(np.resize([1.0, 5.0], (1, 9)), 2).tolist()
    [1.6666666666666667, 0.3333333333333333]
    """
    seasons = history.shape[1] // season
    if seasons < FEWEST_SEASONS or not len(history):
        return np.ones(season)
    by_season = history[:, history.shape[1] - seasons * season :].reshape(len(history), seasons, season)
    sold = np.maximum(np.nansum(known_mean(by_season.swapaxes(1, 2)), axis=0), 0.0)
    return np.asarray(sold / sold.mean()) if sold.any() else np.ones(season)


def steadied_past(past: np.ndarray, history: np.ndarray, origins: Sequence[int], season: int, year: int) -> np.ndarray:
    """The same of what was forecast (O, S, H) at each of the origins, from the history before it."""
    found = np.empty_like(past)
    for place, end in enumerate(origins):
        found[place] = steadied(past[place], history[:, :end], season, year)
    return found
