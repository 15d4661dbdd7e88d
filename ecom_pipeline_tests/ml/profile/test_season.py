"""What a time of the year adds is what it added a year before, where that told the last months better."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable

import numpy as np
import pytest

from ecom_pipeline.ml.profile.season import seasonal_correction, shift_to

FIRST = dt.date(2022, 1, 1)
DAY = dt.date(2023, 12, 1)


def shifts(of: Callable[[dt.date], float]) -> Callable[[dt.date], float | None]:
    """Shifts from a month after the first day on; what the day cannot know is no number."""

    def shift(cutoff: dt.date) -> float | None:
        if cutoff > DAY - dt.timedelta(days=30):
            return math.nan
        return of(cutoff) if cutoff >= FIRST + dt.timedelta(days=30) else None

    return shift


def season(cutoff: dt.date) -> float:
    return math.cos(2 * math.pi * (cutoff - FIRST).days / 364)


def test_a_season_comes_back() -> None:
    def beyond(cutoff: dt.date) -> float:
        return season(cutoff) - float(np.mean([season(cutoff - dt.timedelta(days=back)) for back in (30, 60, 90)]))

    expected = beyond(DAY) - beyond(DAY - dt.timedelta(days=30))
    assert seasonal_correction(shifts(season), DAY) == pytest.approx(expected)
    assert abs(expected) > 0.1


def test_a_trend_is_told_by_the_month_before() -> None:
    level = {True: 0.0, False: 1.0}
    broken = shifts(lambda cutoff: level[cutoff.year == 2022] * (cutoff - FIRST).days ** 2 / 1e4)
    assert seasonal_correction(broken, DAY) == 0.0


def test_less_than_nineteen_months_say_nothing() -> None:
    late = FIRST + dt.timedelta(days=160)
    assert seasonal_correction(lambda cutoff: season(cutoff) if cutoff >= late else None, DAY) == 0.0


def test_the_shift_expects_as_many_as_there_were() -> None:
    odds = np.random.default_rng(1).normal(-2, 1, 500)
    moved = shift_to(0.4, odds)
    assert np.mean(1 / (1 + np.exp(-(odds + moved)))) == pytest.approx(0.4)
