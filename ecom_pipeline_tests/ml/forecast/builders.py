"""Series, calendars and models the forecast tests are built from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.base import Forecaster, ForecastError

FIRST_DAY = dt.date(2023, 1, 2)
NO_CALENDAR = pd.DataFrame(columns=["calendar_date", "name", "kind", "country"])
WEEKLY = np.array([10.0, 12.0, 14.0, 16.0, 30.0, 40.0, 5.0])


def daily(values: Sequence[float] | np.ndarray, first: dt.date = FIRST_DAY) -> pd.Series:
    return pd.Series(np.asarray(values, dtype=float), index=pd.date_range(first, periods=len(values), freq="D"))


def weekly(days: int, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    pattern: np.ndarray = np.resize(WEEKLY, days) + np.random.default_rng(seed).normal(0, noise, days)
    return pattern


def sales(series: dict[str, Sequence[float] | np.ndarray], last: dt.date) -> pd.DataFrame:
    """``features.daily_sales`` with every series ending on ``last``; ``total`` is the total, the rest categories."""
    parts = [
        pd.DataFrame(
            {
                "series_kind": "total" if name == "total" else "category",
                "series": name,
                "sales_date": pd.date_range(end=last, periods=len(values), freq="D"),
                "revenue": np.asarray(values, dtype=float),
            }
        )
        for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


class StandIn(Forecaster):
    """Takes Prophet's place where a test is about what is done with it, and what Prophet would say is given."""

    name: ClassVar[str] = "prophet"
    is_baseline: ClassVar[bool] = False
    minimum_days: ClassVar[int] = 28
    answer: ClassVar[float] = 0.0

    def __init__(self, *, seed: int, country: str | None = None, allow_yearly: bool = True) -> None:
        self.seed = seed
        self.country = country
        self.allow_yearly = allow_yearly

    def fit(self, series: pd.Series, calendar: pd.DataFrame) -> Self:
        self._start(series)
        return self

    def predict(self, horizon: int) -> pd.DataFrame:
        forecast = np.full(horizon, self.answer)
        return self._frame(forecast, forecast - 1, forecast + 1)


class Failing(StandIn):
    """Cannot be fitted to anything."""

    def fit(self, series: pd.Series, calendar: pd.DataFrame) -> Self:
        raise ForecastError("prophet: did not converge")
