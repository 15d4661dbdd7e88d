"""Panels, calendars and models the forecast tests are built from."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.base import Forecaster, ForecastError
from ecom_pipeline.ml.forecast.calendar import Effects
from ecom_pipeline.ml.forecast.panel import Panel
from ecom_pipeline.ml.forecast.period import DAY, Period
from ecom_pipeline.ml.forecast.series import Sources

FIRST_DAY = dt.date(2023, 1, 2)
NO_CALENDAR = pd.DataFrame(columns=["calendar_date", "name", "kind", "country"])
WEEKLY = np.array([10.0, 12.0, 14.0, 16.0, 30.0, 40.0, 5.0])
Values = Sequence[float] | np.ndarray


def panel_of(
    *series: Values,
    first: dt.date = FIRST_DAY,
    effects: Effects | None = None,
    kind: str = "category",
    period: Period = DAY,
) -> Panel:
    """Series that all end on the last day; shorter ones start later."""
    length = max(len(values) for values in series)
    rows = [
        np.concatenate([np.full(length - len(values), np.nan), np.asarray(values, dtype=float)]) for values in series
    ]
    return Panel(
        keys=tuple((kind, f"s{place}") for place in range(len(series))),
        days=pd.date_range(first, periods=length, freq=period.frequency),
        values=np.stack(rows),
        effects=effects or Effects.none(),
        period=period,
    )


def effect(kind: str, days: Sequence[int], length: int) -> Effects:
    row = np.zeros(length)
    row[list(days)] = 1.0
    return Effects(names=(kind,), kinds=(kind,), values=row[np.newaxis, np.newaxis])  # type: ignore[arg-type]


def weekly(days: int, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    pattern: np.ndarray = np.resize(WEEKLY, days) + np.random.default_rng(seed).normal(0, noise, days)
    return pattern


def turned(noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Days whose weekly pattern turned round two weeks before the last two origins: seasonal naive has followed, the others have not."""
    days = np.concatenate([weekly(130), np.resize(WEEKLY[::-1], 70)])
    return np.asarray(days + np.random.default_rng(seed).normal(0, noise, 200))


def calendar(*days: tuple[str, str, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(days, columns=["calendar_date", "name", "kind", "country"])
    return frame.assign(calendar_date=pd.to_datetime(frame["calendar_date"]))


def sales(series: dict[str, Values], last: dt.date) -> pd.DataFrame:
    """``features.daily_sales`` with every series ending on ``last``; ``total`` is the total, the rest categories."""
    parts = [
        pd.DataFrame(
            {
                "series_kind": "total" if name == "total" else "category",
                "series": name,
                "sales_date": pd.date_range(end=last, periods=len(values), freq="D"),
                "revenue": np.asarray(values, dtype=float),
                "units": np.asarray(values, dtype=float) / 10,
            }
        )
        for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


def shop_of(
    daily_sales: pd.DataFrame,
    last: dt.date,
    *,
    product_sales: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    calendar: pd.DataFrame = NO_CALENDAR,
    country: str | None = None,
) -> Sources:
    """A shop with so much known of it, and nothing else."""
    none = pd.DataFrame(columns=["product_id", "category", "stock", "sales_date", "revenue", "units"])
    return Sources(
        daily_sales=daily_sales,
        product_sales=none if product_sales is None else product_sales,
        products=none if products is None else products,
        calendar=calendar,
        promotions=pd.DataFrame(columns=["name", "starts_on", "ends_on"]),
        market=pd.DataFrame(columns=["market_date", "indicator", "value"]),
        country=country,
        currency="GBP",
        as_of_date=last,
    )


class StandIn(Forecaster):
    """Takes Prophet's place where a test is about what is done with it, and what Prophet would say is given."""

    name: ClassVar[str] = "prophet"
    is_baseline: ClassVar[bool] = False
    minimum_periods: ClassVar[int] = 28
    answer: ClassVar[float] = 0.0

    def __init__(self, *, seed: int = 1, until: float = math.inf, horizon: int = 28) -> None:
        self.seed = seed

    def fit(self, panel: Panel) -> Self:
        self.panel_ = panel
        self.failures_ = {}
        return self

    def predict(self, horizon: int, effects: Effects | None = None) -> np.ndarray:
        return self._answer(self.panel_, np.full((len(self.panel_.keys), horizon), self.answer))


class Failing(StandIn):
    """Cannot be fitted to anything."""

    def fit(self, panel: Panel) -> Self:
        raise ForecastError("prophet: did not converge")


class NoAnswer(StandIn):
    """Says nothing of any series."""

    answer: ClassVar[float] = math.nan
