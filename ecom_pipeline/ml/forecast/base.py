"""The interface of every forecasting model: ``fit`` on one daily series, ``predict`` the days that follow it.

A model knows nothing of shops, backtests or other series. Constructors take keywords and only store them; what
``fit`` learns ends in ``_``. What does not belong here: any particular model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import numpy as np
import pandas as pd

INTERVAL = 0.8
"""Share of days the band between ``lower`` and ``upper`` is meant to hold."""


class ForecastError(RuntimeError):
    """A model could not be fitted to a series, or its forecast is unusable: says which and why."""


class Forecaster(ABC):
    """One model for one daily series.

    Attributes
    ----------
    name
        What the model is called in every table.
    is_baseline
        Whether the model is a yardstick rather than a contender.
    minimum_days
        Days of history below which the model must not be fitted.
    """

    name: ClassVar[str]
    is_baseline: ClassVar[bool]
    minimum_days: ClassVar[int]

    @abstractmethod
    def fit(self, series: pd.Series, calendar: pd.DataFrame) -> Self:
        """Learn from a series without gaps.

        Parameters
        ----------
        series
            One finite number per day, indexed by consecutive days.
        calendar
            The shop's calendar (``calendar_date, name, kind, country``); it may reach into the future.

        Raises
        ------
        ForecastError
            The model cannot be fitted to this series.
        """

    @abstractmethod
    def predict(self, horizon: int) -> pd.DataFrame:
        """Forecast the ``horizon`` days after the series.

        Returns
        -------
        pandas.DataFrame
            ``forecast_date, forecast, lower, upper``; never below zero; ``lower`` and ``upper`` are missing where the
            model has no band of its own.
        """

    def _start(self, series: pd.Series) -> None:
        """Refuse a history that is too short; remember where it ends."""
        if len(series) < self.minimum_days:
            raise ForecastError(f"{self.name}: {len(series)} days of history, at least {self.minimum_days} needed")
        self.last_day_ = series.index[-1]

    def _frame(
        self, forecast: np.ndarray, lower: np.ndarray | None = None, upper: np.ndarray | None = None
    ) -> pd.DataFrame:
        """Lay a forecast out by day, floored at zero, its band ordered around it."""
        forecast = np.asarray(forecast, dtype=float)
        if not np.isfinite(forecast).all():
            raise ForecastError(f"{self.name}: the forecast is not a finite number on every day")
        days = pd.date_range(self.last_day_, periods=len(forecast) + 1, freq="D")[1:]
        missing = np.full(len(forecast), np.nan)
        frame = pd.DataFrame(
            {
                "forecast_date": days,
                "forecast": forecast,
                "lower": missing if lower is None else lower,
                "upper": missing if upper is None else upper,
            }
        )
        return bounded(frame)


def bounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Floor forecast and band at zero and keep ``lower <= forecast <= upper``; missing bounds stay missing."""
    forecast = frame["forecast"].clip(lower=0.0)
    return frame.assign(
        forecast=forecast,
        lower=np.minimum(frame["lower"].clip(lower=0.0), forecast),
        upper=np.maximum(frame["upper"], forecast),
    )
