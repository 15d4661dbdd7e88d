"""Shops whose channels' true returns are known."""

from __future__ import annotations

from collections.abc import Callable
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
    effect: Array
    shape: Callable[[Array], Array]
    """Of a steady spend a day of each channel, or of days by channels: what the effects are multiplied by."""

    def earned(self, spend: Array) -> float:
        """Revenue a day of a steady spend a day, by the planted truth."""
        return float((self.effect * self.shape(spend)).sum())

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


def lasting(shocks: Array) -> Array:
    """Noise of which 0.4 is left a day later."""
    noise = np.zeros(len(shocks))
    for one, shock in enumerate(shocks):
        noise[one] = 0.4 * noise[one - 1] + shock if one else shock
    return noise


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
    noise = lasting(np.append(0.0, random.normal(0, 900, days - 1)))
    base = 20_000 + 3 * day + 1_500 * np.sin(2 * np.pi * day / 365.25) + 1_000 * (day % 7 == 5)
    return Planted(spend, base + columns @ effect + noise, returns, effect, lambda given: saturated(given, half))


KINDS = (
    "line",
    "saturated",
    "mixed",
    "little variation",
    "with the season",
    "bursts",
    "power",
    "most revenue",
    "short",
    "threshold",
)


def plant_kind(kind: str, seed: int) -> Planted:
    """A shop of one of `KINDS`: what is hard about it, everything else as it comes.

    Channels bring 5 to 40 % of the revenue (of "most revenue" 50 to 80 %), half of their effect at 0.3 to 15 times their mean
    spend (of "line" 8 to 40, of "saturated" 0.15 to 0.8; of "power" the effect is a power of the spend, of "threshold" an S).
    """
    random = np.random.default_rng([seed, KINDS.index(kind)])
    channels = int(random.integers(1, 4) if kind == "short" else random.integers(2, 6))
    days = int(random.integers(60, 121) if kind == "short" else random.choice([200, 365, 540, 700]))
    day, mean = np.arange(days), random.uniform(200, 1500, channels)
    levels = np.repeat(random.lognormal(0, 0.5, (days // 14 + 1, channels)), 14, axis=0)[:days]
    spend = mean * levels * random.lognormal(0, 0.25, (days, channels))
    if kind == "little variation":
        spend = mean * random.lognormal(0, 0.12, (days, channels))
    season = (1 + 0.25 * np.sin(2 * np.pi * day / 365.25 + random.uniform(0, 6))) * (1 + 0.2 * (day % 7 >= 5))
    if kind == "with the season":
        spend *= season[:, np.newaxis] ** 1.5
    if kind == "bursts":
        spend *= np.repeat(random.random((days // 21 + 1, channels)) < 0.6, 21, axis=0)[:days]
    low, high = {"line": (8, 40), "saturated": (0.15, 0.8)}.get(kind, (0.3, 15))
    half = spend.mean(axis=0) * np.exp(random.uniform(np.log(low), np.log(high), channels))
    power, share = random.uniform(0.4, 1, channels), random.uniform(0, 0.8, channels)
    steepness = random.uniform(1, 2, channels) if kind == "threshold" else 1.0

    def shape(given: Array) -> Array:
        return given**power if kind == "power" else saturated(given, half, steepness)

    carried = np.column_stack([carried_over(spend[:, one], share[one]) for one in range(channels)])
    base = 20_000 * season + 3 * day
    least, most = (0.5, 0.8) if kind == "most revenue" else (0.05, 0.4)
    brought = random.dirichlet(np.ones(channels)) * random.uniform(least, most) * base.sum()
    effect = brought / shape(carried).sum(axis=0)
    noise = lasting(random.normal(0, 20_000 * random.uniform(0.03, 0.12), days))
    return Planted(spend, base + shape(carried) @ effect + noise, brought / spend.sum(axis=0), effect, shape)
