from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.ml.forecast.intervals import Bands, learn_bands, measured

LEVELS = (0.8, 0.95)


def past(
    series: int, origins: int = 3, days: int = 28, spread: float = 10.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    forecast = np.full((origins, series, days), 100.0)
    return forecast, forecast + random.normal(0, spread, forecast.shape)


def test_bands_hold_what_they_promise_on_days_they_have_not_seen() -> None:
    forecast, actual = past(200, spread=10)
    bands = learn_bands(forecast, actual, np.ones(200), LEVELS)
    fresh = 100 + np.random.default_rng(1).normal(0, 10, (200, 28))
    lower, upper = bands.around(np.full((200, 28), 100.0))
    held = ((fresh >= lower) & (fresh <= upper)).mean(axis=(1, 2))
    assert held == pytest.approx(LEVELS, abs=0.02)


def test_errors_that_move_from_month_to_month_stretch_the_bands() -> None:
    forecast, actual = past(60, origins=4, spread=5)
    drifting = actual + np.random.default_rng(2).normal(0, 15, (4, 60, 1))
    still = learn_bands(forecast[:3], actual[:3], np.ones(60), (0.8,))
    learned = learn_bands(forecast[:3], drifting[:3], np.ones(60), (0.8,))
    lower, upper = learned.around(forecast[3])
    held = ((drifting[3] >= lower[0]) & (drifting[3] <= upper[0])).mean()
    assert 0.72 < held < 0.9
    assert (learned.above - learned.below).mean() > 2 * (still.above - still.below).mean()


def test_each_series_has_its_own_width() -> None:
    forecast, actual = past(2)
    actual[:, 1] = 100 + (actual[:, 1] - 100) * 10
    bands = learn_bands(forecast, actual, np.ones(2), (0.8,))
    assert (bands.above / bands.above[0, 0])[0, 1] > 5


def test_a_series_without_a_backtest_has_the_band_of_its_kind_and_size() -> None:
    forecast, actual = past(20)
    actual[:, 3] = np.nan
    usual = np.full(20, 8.0)
    usual[3] = 16.0
    bands = learn_bands(forecast, actual, usual, (0.8,))
    others = np.delete(bands.above[0], 3).mean()
    assert bands.above[0, 3] == pytest.approx(2 * others, rel=0.15)


def test_nothing_tested_still_gives_a_band() -> None:
    bands = learn_bands(np.full((0, 2, 5), np.nan), np.full((0, 2, 5), np.nan), np.array([3.0, 0.0]), LEVELS)
    lower, upper = bands.around(np.full((2, 5), 10.0))
    assert upper[0, 0, 0] > 10 > lower[0, 0, 0]
    assert (upper[:, 1] == 10).all()


def test_coverage_is_measured_on_the_last_whole_origin_from_those_before() -> None:
    forecast, actual = past(50)
    held = measured(forecast, actual, np.ones(50), LEVELS)
    assert held is not None
    assert held.mean(axis=1) == pytest.approx(LEVELS, abs=0.04)
    wild = actual.copy()
    wild[2] = 1e6
    assert measured(forecast, wild, np.ones(50), LEVELS).max() == 0  # type: ignore[union-attr]
    short = np.full((1, 50, 28), np.nan)
    short[0, 7, :7] = 1e6
    more = measured(np.concatenate([forecast, short]), np.concatenate([actual, short]), np.ones(50), LEVELS)
    np.testing.assert_array_equal(more, held)
    assert measured(forecast[:1], actual[:1], np.ones(50), LEVELS) is None


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=5), st.floats(-1e9, 0), st.floats(-1e9, 0), st.floats(0, 1e9))
def test_bands_are_nested_around_the_forecast_and_not_negative(
    forecast: list[float], inner: float, outer: float, above: float
) -> None:
    bands = Bands(levels=LEVELS, below=np.array([[inner], [outer]]), above=np.array([[above], [above / 2]]))
    guess = np.array([forecast])
    lower, upper = bands.around(guess)
    assert (lower >= 0).all()
    assert (lower[1] <= lower[0]).all()
    assert (lower[0] <= guess).all()
    assert (guess <= upper[0]).all()
    assert (upper[0] <= upper[1]).all()
