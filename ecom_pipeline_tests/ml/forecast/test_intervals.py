from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.ml.forecast.base import LEVELS
from ecom_pipeline.ml.forecast.intervals import Bands, banded, error_units, learn_bands, measured, sums_over


def past(
    series: int, origins: int = 3, days: int = 28, spread: float = 10.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    forecast = np.full((origins, series, days), 100.0)
    return forecast, forecast + random.normal(0, spread, forecast.shape)


def even(forecast: np.ndarray) -> np.ndarray:
    """Errors of any origin and series in the same unit."""
    return np.ones((len(forecast) + 1, forecast.shape[1]))


def test_bands_hold_what_they_promise_on_days_they_have_not_seen() -> None:
    forecast, actual = past(200, spread=10)
    bands = learn_bands(forecast, actual, even(forecast), np.ones(200))
    fresh = 100 + np.random.default_rng(1).normal(0, 10, (200, 28))
    lower, upper = bands.around(np.full((200, 28), 100.0))
    held = ((fresh >= lower) & (fresh <= upper)).mean(axis=(1, 2))
    assert held == pytest.approx(LEVELS, abs=0.02)


def test_errors_that_move_from_month_to_month_stretch_the_bands() -> None:
    forecast, actual = past(60, origins=4, spread=5)
    drifting = actual + np.random.default_rng(2).normal(0, 15, (4, 60, 1))
    still = learn_bands(forecast[:3], actual[:3], even(forecast[:3]), np.ones(60))
    learned = learn_bands(forecast[:3], drifting[:3], even(forecast[:3]), np.ones(60))
    lower, upper = learned.around(forecast[3])
    held = ((drifting[3] >= lower[0]) & (drifting[3] <= upper[0])).mean()
    assert 0.72 < held < 0.9
    assert (learned.above - learned.below)[0].mean() > 2 * (still.above - still.below)[0].mean()


def test_bands_follow_what_errors_did_at_the_last_origin() -> None:
    forecast, actual = past(60)
    calm, wild = actual.copy(), actual.copy()
    calm[2] = 100 + (actual[2] - 100) / 3
    wild[2] = 100 + (actual[2] - 100) * 3
    widths = [
        (bands.above - bands.below)[0].mean()
        for bands in (learn_bands(forecast, each, even(forecast), np.ones(60)) for each in (calm, actual, wild))
    ]
    assert widths[0] < 0.6 * widths[1] < 0.3 * widths[2]


def test_bands_follow_a_calm_month_half_as_far_as_a_wild_one() -> None:
    forecast, actual = past(400, origins=2)
    half, twice = actual.copy(), actual.copy()
    half[1], twice[1] = 100 + (actual[1] - 100) / 2, 100 + (actual[1] - 100) * 2
    earlier = learn_bands(forecast[:1], actual[:1], even(forecast[:1]), np.ones(400)).above[0].mean()
    for each, size, factor in ((half, 0.5, 0.5**0.5), (twice, 2.0, 2.0)):
        found = learn_bands(forecast, each, even(forecast), np.ones(400)).above[0].mean()
        assert found / earlier == pytest.approx((1 + size) / 2 * factor, rel=0.06)


def test_a_busy_quarter_does_not_widen_the_bands_of_a_quiet_one() -> None:
    level = np.array([400.0, 25.0, 400.0, 25.0])
    forecast = np.broadcast_to(level[:, np.newaxis, np.newaxis], (4, 200, 28))
    actual = np.random.default_rng(3).normal(forecast, np.sqrt(forecast))
    units = np.broadcast_to(np.sqrt(level)[:, np.newaxis], (4, 200))
    bands = learn_bands(forecast[:3], actual[:3], units, np.ones(200))
    assert bands.above.mean(axis=1) == pytest.approx([1.282 * 5, 1.96 * 5], rel=0.05)


def test_the_unit_of_errors_is_the_root_of_the_recent_level() -> None:
    values = np.full((4, 400), 100.0)
    values[1, -91:] = 25.0
    values[2, -91:] = np.nan
    values[3] = np.nan
    found = error_units(values, 364)
    assert found[:3] == pytest.approx([10.0, np.sqrt(0.9 * 25 + 0.1 * (25 * 91 + 100 * 273) / 364), 10.0])
    assert 0 < found[3] < 1


def test_after_months_that_all_brought_more_the_next_may_bring_less() -> None:
    forecast, actual = past(1)
    more = 100 + np.abs(actual - 100)
    bands = learn_bands(forecast, more, even(forecast), np.ones(1))
    assert (bands.below < -3).all()
    assert (bands.above > -1.5 * bands.below).all()


def test_a_busy_day_has_a_wider_band_and_a_quiet_one_no_narrower_than_usual() -> None:
    week = np.array([0.0, 100, 100, 100, 400, 100, 100])
    forecast = np.broadcast_to(np.resize(week, 28), (4, 50, 28))
    actual = forecast[:3] + np.random.default_rng(0).normal(0, 10 * np.sqrt(np.maximum(forecast[:3] / week.mean(), 1)))
    found, covered = banded(forecast[:3], actual, forecast[3], even(actual), np.ones(50), np.full(50, "product"))
    width = (found.upper[0] - found.forecast).mean(axis=0)
    assert width[4] == pytest.approx(np.sqrt(400 / week.mean()) * width[1], rel=0.01)
    assert width[0] == pytest.approx(width[1])
    assert np.nanmean(covered[0]) == pytest.approx(0.8, abs=0.07)


def test_each_series_has_its_own_width() -> None:
    forecast, actual = past(2)
    actual[:, 1] = 100 + (actual[:, 1] - 100) * 10
    bands = learn_bands(forecast, actual, even(forecast), np.ones(2))
    assert (bands.above / bands.above[0, 0])[0, 1] > 5


def test_a_series_without_a_backtest_has_the_band_of_its_kind_and_size() -> None:
    forecast, actual = past(20)
    actual[:, 3] = np.nan
    usual = np.full(20, 8.0)
    usual[3] = 16.0
    bands = learn_bands(forecast, actual, even(forecast), usual)
    others = np.delete(bands.above[0], 3).mean()
    assert bands.above[0, 3] == pytest.approx(2 * others, rel=0.15)


def test_nothing_tested_still_gives_a_band() -> None:
    nothing = np.full((0, 2, 5), np.nan)
    bands = learn_bands(nothing, nothing, even(nothing), np.array([3.0, 0.0]))
    lower, upper = bands.around(np.full((2, 5), 10.0))
    assert upper[0, 0, 0] > 10 > lower[0, 0, 0]
    assert (upper[:, 1] == 10).all()


def test_coverage_is_measured_on_the_last_whole_origin_from_those_before() -> None:
    forecast, actual = past(50)
    held = measured(forecast, actual, even(forecast), np.ones(50))
    assert held.mean(axis=1) == pytest.approx(LEVELS, abs=0.04)
    wild = actual.copy()
    wild[2] = 1e6
    assert measured(forecast, wild, even(forecast), np.ones(50)).max() == 0
    short = np.full((1, 50, 28), np.nan)
    short[0, 7, :7] = 1e6
    longer = np.concatenate([forecast, short])
    more = measured(longer, np.concatenate([actual, short]), even(longer), np.ones(50))
    np.testing.assert_array_equal(more, held)
    assert np.isnan(measured(forecast[:1], actual[:1], even(forecast[:1]), np.ones(50))).all()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=5), st.floats(-1e9, 0), st.floats(-1e9, 0), st.floats(0, 1e9))
def test_bands_are_nested_around_the_forecast_and_not_negative(
    forecast: list[float], inner: float, outer: float, above: float
) -> None:
    bands = Bands(below=np.array([[inner], [outer]]), above=np.array([[above], [above / 2]]))
    guess = np.array([forecast])
    lower, upper = bands.around(guess)
    assert (lower >= 0).all()
    assert (lower[1] <= lower[0]).all()
    assert (lower[0] <= guess).all()
    assert (guess <= upper[0]).all()
    assert (upper[0] <= upper[1]).all()


def test_sums_over_whole_blocks_are_unknown_where_a_period_is() -> None:
    np.testing.assert_array_equal(sums_over(np.array([[1.0, 2, np.nan, 4, 5]]), 2), [[3.0, np.nan]])
