"""The yardsticks: seasonal naive, moving average, exponential smoothing.

Textbook methods in a few lines of NumPy each, so that a shop's every series has one at no cost and no dependency.
Reference: Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., sections 5.2, 8.1 and 8.3. They
have no band of their own: ``intervals`` takes it from their backtest. What does not belong here: anything that needs
Stan.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.base import Forecaster
from ecom_pipeline.ml.forecast.metrics import WEEK

ALPHAS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
GAMMAS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


class SeasonalNaive(Forecaster):
    """Every day sells what the same weekday sold last."""

    name: ClassVar[str] = "seasonal_naive"
    is_baseline: ClassVar[bool] = True
    minimum_days: ClassVar[int] = WEEK

    def fit(self, series: pd.Series, calendar: pd.DataFrame) -> Self:
        """Remember the last week."""
        self._start(series)
        self.last_week_ = series.to_numpy(dtype=float)[-WEEK:]
        return self

    def predict(self, horizon: int) -> pd.DataFrame:
        """Repeat the last week."""
        return self._frame(np.resize(self.last_week_, horizon))


class MovingAverage(Forecaster):
    """Every day sells the mean of the last ``window`` days, or of what there is."""

    name: ClassVar[str] = "moving_average"
    is_baseline: ClassVar[bool] = True
    minimum_days: ClassVar[int] = 1

    def __init__(self, *, window: int = 28) -> None:
        self.window = window

    def fit(self, series: pd.Series, calendar: pd.DataFrame) -> Self:
        """Average the end of the series."""
        self._start(series)
        self.level_ = float(series.to_numpy(dtype=float)[-self.window :].mean())
        return self

    def predict(self, horizon: int) -> pd.DataFrame:
        """Repeat the mean."""
        return self._frame(np.full(horizon, self.level_))


class ExponentialSmoothing(Forecaster):
    """A level and, from two weeks on, an additive weekly pattern, both smoothed exponentially: ETS(A,N,N), ETS(A,N,A).

    There is no trend: over four weeks an extrapolated one costs more than it brings. The first two weeks give the
    starting level and pattern; the smoothing parameters are those of a fixed grid with the least squared one-day error.

    Parameters
    ----------
    alpha, gamma
        Smoothing of level and weekly pattern; searched where not given.
    """

    name: ClassVar[str] = "exponential_smoothing"
    is_baseline: ClassVar[bool] = True
    minimum_days: ClassVar[int] = 1

    def __init__(self, *, alpha: float | None = None, gamma: float | None = None) -> None:
        self.alpha = alpha
        self.gamma = gamma

    def fit(self, series: pd.Series, calendar: pd.DataFrame) -> Self:
        """Smooth the series with every pair of parameters at once and keep the best pair."""
        self._start(series)
        values = series.to_numpy(dtype=float)
        weekly = len(values) >= 2 * WEEK
        alphas = ALPHAS if self.alpha is None else (self.alpha,)
        gammas = (0.0,) if not weekly else GAMMAS if self.gamma is None else (self.gamma,)
        alpha, gamma = (grid.ravel() for grid in np.meshgrid(alphas, gammas, indexing="ij"))
        level = np.full(len(alpha), values[: 2 * WEEK].mean() if weekly else values[0])
        pattern = values[: 2 * WEEK].reshape(2, WEEK).mean(axis=0) - level[0] if weekly else np.zeros(WEEK)
        season = np.tile(pattern[:, np.newaxis], len(alpha))
        squared = np.zeros(len(alpha))
        for day, value in enumerate(values):
            error = value - level - season[day % WEEK]
            squared += error**2
            level = level + alpha * error
            season[day % WEEK] += gamma * error
        best = int(np.argmin(squared))
        self.alpha_, self.gamma_ = float(alpha[best]), float(gamma[best])
        self.level_ = float(level[best])
        self.season_ = np.roll(season[:, best], -(len(values) % WEEK))
        return self

    def predict(self, horizon: int) -> pd.DataFrame:
        """Repeat the last level with the last weekly pattern."""
        return self._frame(self.level_ + np.resize(self.season_, horizon))
