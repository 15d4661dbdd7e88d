from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.ml.forecast.base import Forecaster, ForecastError
from ecom_pipeline.ml.forecast.baselines import ExponentialSmoothing, MovingAverage, SeasonalNaive
from ecom_pipeline_tests.ml.forecast.builders import NO_CALENDAR, WEEKLY, daily, weekly

BASELINES: tuple[Forecaster, ...] = (SeasonalNaive(), MovingAverage(), ExponentialSmoothing())


def forecast(model: Forecaster, values: list[float] | np.ndarray, horizon: int) -> list[float]:
    found: list[float] = model.fit(daily(values), NO_CALENDAR).predict(horizon)["forecast"].tolist()
    return found


def test_seasonal_naive_repeats_the_last_week() -> None:
    assert forecast(SeasonalNaive(), list(range(1, 11)), 9) == [4, 5, 6, 7, 8, 9, 10, 4, 5]


def test_seasonal_naive_needs_a_week() -> None:
    with pytest.raises(ForecastError, match="6 days of history, at least 7 needed"):
        forecast(SeasonalNaive(), [1.0] * 6, 1)


def test_moving_average_looks_back_28_days_and_no_further() -> None:
    assert forecast(MovingAverage(), [1000.0] + [1.0, 3.0] * 14, 2) == [2.0, 2.0]


def test_moving_average_of_what_there_is() -> None:
    assert forecast(MovingAverage(), [1.0, 2.0, 6.0], 2) == [3.0, 3.0]


def test_simple_smoothing_by_hand() -> None:
    # level: 10, then 10 + 0.5 * (12 - 10) = 11, then 11 + 0.5 * (14 - 11) = 12.5
    assert forecast(ExponentialSmoothing(alpha=0.5), [10.0, 12.0, 14.0], 2) == [12.5, 12.5]


def test_weekly_smoothing_agrees_with_statsmodels() -> None:
    # ETSModel(error="add", seasonal="add", seasonal_periods=7) of statsmodels 0.15.0 with the same initial state
    values = [10, 14, 8, 25, 16, 20, 15, 14, 18, 8, 21, 20, 22, 17, 12, 17, 14, 24, 19, 25, 20, 11, 16]
    expected = [10.1692927, 23.78993357, 19.02856056, 22.60214399, 17.44476734, 12.3541578, 16.93140055, 10.1692927]
    assert forecast(ExponentialSmoothing(alpha=0.3, gamma=0.2), values, 8) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("days", [14, 15, 20, 28, 100])
def test_weekly_smoothing_continues_a_weekly_pattern(days: int) -> None:
    expected = np.resize(WEEKLY, days + 10)[days:]
    assert forecast(ExponentialSmoothing(), weekly(days), 10) == pytest.approx(expected.tolist())


def test_smoothing_finds_parameters_that_suit_the_series() -> None:
    random = np.random.default_rng(7)
    noise = daily(50 + random.normal(0, 5, 200))
    walk = daily(500 + random.normal(0, 5, 200).cumsum())
    settled = ExponentialSmoothing(gamma=0.0).fit(noise, NO_CALENDAR).alpha_
    wandering = ExponentialSmoothing(gamma=0.0).fit(walk, NO_CALENDAR).alpha_
    assert settled <= 0.1
    assert wandering >= 0.7


@pytest.mark.parametrize("model", BASELINES, ids=lambda model: model.name)
def test_forecast_days_follow_the_history(model: Forecaster) -> None:
    series = daily(weekly(30))
    days = model.fit(series, NO_CALENDAR).predict(5)["forecast_date"]
    assert days.tolist() == pd.date_range(series.index[-1] + pd.Timedelta(days=1), periods=5).tolist()


@pytest.mark.parametrize("model", BASELINES, ids=lambda model: model.name)
def test_fitting_again_forgets_the_first_series(model: Forecaster) -> None:
    model.fit(daily(weekly(60) * 100), NO_CALENDAR)
    again = forecast(model, weekly(40, noise=2), 14)
    assert again == forecast(type(model)(), weekly(40, noise=2), 14)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-1e6, 1e6), min_size=7, max_size=60), st.integers(1, 40))
def test_no_baseline_forecasts_below_zero(values: list[float], horizon: int) -> None:
    for model in BASELINES:
        found = forecast(model, values, horizon)
        assert len(found) == horizon
        assert min(found) >= 0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1e5), min_size=14, max_size=60), st.floats(0.01, 100))
def test_baselines_scale_with_the_series(values: list[float], factor: float) -> None:
    for model in BASELINES[:2]:
        scaled = forecast(model, np.array(values) * factor, 10)
        assert scaled == pytest.approx((np.array(forecast(model, values, 10)) * factor).tolist(), abs=1e-6)
