"""When people buy: the shop's 18 months, its weekly and yearly rhythm, its festivals, and the market around it.

Expected orders of a day are proportional to ``trend * week * year * festival``; every factor is known and told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.shop.samples.draws import Floats, Ints

FIRST = date(2023, 1, 1)
DAYS = 547
LAST = FIRST + timedelta(days=DAYS - 1)

WEEK = (0.92, 0.88, 0.90, 0.94, 1.05, 1.20, 1.11)
"""Monday to Sunday."""
GROWTH_PER_YEAR = 0.10
"""Of the orders a customer places; that more customers come adds to it."""
SEARCH_LEAD = 2
"""Days the market's search index runs ahead of demand."""
YEAR_AMPLITUDE, YEAR_PEAK = 0.10, date(2023, 11, 5)


@dataclass(frozen=True)
class Festival:
    """A named span of days (month, day) that multiplies the expected orders by ``lift``; 0 closes the shop."""

    name: str
    kind: str
    lift: float
    spans: tuple[tuple[date, date], ...]
    country: str = ""


def _spans(
    first_year: tuple[int, int, int], second_year: tuple[int, int, int] | None = None
) -> tuple[tuple[date, date], ...]:
    """Month, first and last day of the first year; of the second one too where it has others."""
    years = {2023: first_year, 2024: second_year or first_year}
    return tuple((date(year, month, first), date(year, month, last)) for year, (month, first, last) in years.items())


FESTIVALS = (
    Festival("元旦 New Year", "holiday", 1.2, _spans((1, 1, 1)), "CN"),
    Festival("年货节 Lunar New Year sale", "event", 1.5, _spans((1, 5, 12), (1, 22, 30))),
    Festival("春节停业 Closed for Spring Festival", "closed", 0.0, _spans((1, 21, 23), (2, 9, 11))),
    Festival("春节 Spring Festival", "holiday", 0.5, _spans((1, 24, 27), (2, 12, 17)), "CN"),
    Festival("妇女节 Women's Day sale", "event", 1.8, _spans((3, 8, 8))),
    Festival("劳动节 Labour Day", "holiday", 0.8, _spans((5, 1, 3)), "CN"),
    Festival("520", "event", 1.6, _spans((5, 20, 20))),
    Festival("618 opening", "event", 1.7, _spans((6, 1, 2))),
    Festival("618 eve", "event", 1.5, _spans((6, 16, 17))),
    Festival("618", "event", 3.2, _spans((6, 18, 18))),
    Festival("七夕 Qixi", "event", 1.5, _spans((8, 22, 22), (8, 10, 10))),
    Festival("国庆节 National Day", "holiday", 0.85, _spans((10, 1, 7)), "CN"),
    Festival("双十一 presale", "event", 1.6, _spans((11, 1, 3))),
    Festival("双十一 Singles' Day", "event", 4.0, _spans((11, 11, 11))),
    Festival("Black Friday", "event", 2.2, _spans((11, 24, 24), (11, 29, 29))),
    Festival("双十二 Double Twelve", "event", 2.0, _spans((12, 12, 12))),
    Festival("Christmas", "holiday", 1.2, _spans((12, 25, 25)), "US"),
)
WORKING_DAYS = (
    date(2023, 1, 28), date(2023, 5, 6), date(2023, 10, 7), date(2024, 2, 4), date(2024, 2, 18), date(2024, 5, 11),
)  # fmt: skip
"""Weekend days that China worked in exchange for a holiday; they do not move the orders."""


def days() -> pd.DatetimeIndex:
    """The days the shop's exports cover."""
    return pd.date_range(FIRST, periods=DAYS, freq="D")


def day_number(day: date) -> int:
    """Days since the first."""
    return (day - FIRST).days


def demand() -> Floats:
    """Relative expected orders of every day; 0 where the shop is closed."""
    index = days()
    number = np.arange(DAYS)
    trend = np.exp(np.log1p(GROWTH_PER_YEAR) * number / 365)
    week = np.array(WEEK)[index.dayofweek]
    year = 1 + YEAR_AMPLITUDE * np.cos(2 * np.pi * (number - day_number(YEAR_PEAK)) / 365.25)
    lift = np.ones(DAYS)
    for festival in FESTIVALS:
        for first, last in festival.spans:
            lift[max(day_number(first), 0) : max(day_number(last) + 1, 0)] = festival.lift
    return np.asarray(trend * week * year * lift, dtype=np.float64)


def month_of(day: Ints) -> Ints:
    """Months since the first, per day number."""
    index = days()
    months = (index.year - FIRST.year) * 12 + index.month - 1
    return np.asarray(months, dtype=np.int64)[day]


def peak_weight(month: int, height: float) -> Floats:
    """Relative weight of a category in each of the shop's months, highest in calendar month ``month``."""
    calendar = np.arange(len(pd.period_range(FIRST, LAST, freq="M"))) % 12 + 1
    return np.asarray(1 + height * np.cos(2 * np.pi * (calendar - month) / 12), dtype=np.float64)


def calendar_table() -> pd.DataFrame:
    """The shop's calendar, half a year further than its exports: what is planned is known ahead."""
    rows = [
        (first + timedelta(days=offset), festival.name, festival.kind, festival.country)
        for festival in FESTIVALS
        for first, last in festival.spans
        for offset in range((last - first).days + 1)
    ]
    rows += [(day, "调休 Working weekend", "working_day", "CN") for day in WORKING_DAYS]
    return pd.DataFrame(sorted(rows), columns=["date", "name", "kind", "country"])


def market_table(rng: np.random.Generator, weight: Floats) -> pd.DataFrame:
    """Two daily indicators: a search index that runs ahead of demand by ``SEARCH_LEAD`` days, and the temperature."""
    number = np.arange(DAYS)
    ahead = np.concatenate([weight[SEARCH_LEAD:], np.repeat(weight[-1], SEARCH_LEAD)])
    search = 60 * ahead + 20 + rng.normal(0, 4, DAYS)
    temperature = (
        17
        - 12 * np.cos(2 * np.pi * (number - 20) / 365.25)
        + np.cumsum(rng.normal(0, 0.5, DAYS)) * 0.3
        + rng.normal(0, 1.5, DAYS)
    )
    stacked = {"search_index": np.round(np.maximum(search, 1), 1), "temperature_shanghai": np.round(temperature, 1)}
    parts = [
        pd.DataFrame({"date": days().date, "indicator": name, "value": values}) for name, values in stacked.items()
    ]
    return pd.concat(parts).sort_values(["date", "indicator"], kind="stable", ignore_index=True)


def season_truth() -> dict[str, Any]:
    """The factors behind the expected orders of a day."""
    return {
        "first_day": FIRST.isoformat(),
        "last_day": LAST.isoformat(),
        "week": dict(zip(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), WEEK, strict=True)),
        "growth_per_year": GROWTH_PER_YEAR,
        "year": {"amplitude": YEAR_AMPLITUDE, "peak": YEAR_PEAK.isoformat()},
        "festivals": [
            {
                "name": festival.name,
                "kind": festival.kind,
                "lift": festival.lift,
                "spans": [[first.isoformat(), last.isoformat()] for first, last in festival.spans],
            }
            for festival in FESTIVALS
        ],
        "market": {
            "search_index": f"60 * relative demand {SEARCH_LEAD} days later + 20 + noise",
            "temperature_shanghai": "no influence",
        },
    }
