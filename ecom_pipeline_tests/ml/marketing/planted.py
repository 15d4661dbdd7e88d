"""Shops whose channels' true returns are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.marketing.response import carried_over, saturated

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Planted:
    spend: Array
    revenue: Array
    returns: Array
    half: Array
    effect: Array

    def earned(self, spend: Array) -> float:
        """Revenue a day of a steady spend a day, by the planted truth."""
        return float((self.effect * spend / (spend + self.half)).sum())

    @property
    def spend_rows(self) -> pd.DataFrame:
        table = pd.DataFrame(self.spend, columns=list("abcdefgh")[: self.spend.shape[1]])
        table["spend_date"] = self.dates
        return table.melt("spend_date", var_name="channel", value_name="spend")

    @property
    def revenue_rows(self) -> pd.DataFrame:
        return pd.DataFrame({"sales_date": self.dates, "revenue": self.revenue})

    @property
    def dates(self) -> pd.DatetimeIndex:
        return pd.date_range("2023-01-01", periods=len(self.revenue))


def plant(seed: int, days: int = 540, channels: int = 4, idle: int = 0) -> Planted:
    """Spend in fortnights of changing size, revenue with trend, season, weekdays, carry-over, saturation and lasting noise.

    The first ``idle`` channels bring nothing.
    """
    random = np.random.default_rng(seed)
    mean = random.uniform(200, 1500, channels)
    levels = np.repeat(random.lognormal(0, 0.6, (days // 14 + 1, channels)), 14, axis=0)[:days]
    spend = mean * levels * random.lognormal(0, 0.3, (days, channels))
    share, half = random.uniform(0, 0.8, channels), mean * random.uniform(0.5, 4, channels)
    returns = random.uniform(0.5, 4, channels)
    returns[:idle] = 0.0
    columns = np.column_stack(
        [saturated(carried_over(spend[:, one], share[one]), half[one]) for one in range(channels)]
    )
    effect = returns * spend.sum(axis=0) / columns.sum(axis=0)
    day = np.arange(days)
    noise = np.zeros(days)
    for one in range(1, days):
        noise[one] = 0.4 * noise[one - 1] + random.normal(0, 900)
    base = 20_000 + 3 * day + 1_500 * np.sin(2 * np.pi * day / 365.25) + 1_000 * (day % 7 == 5)
    return Planted(spend, base + columns @ effect + noise, returns, half, effect)
