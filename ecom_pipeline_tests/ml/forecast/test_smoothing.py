from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.ml.forecast.base import Forecaster
from ecom_pipeline.ml.forecast.panel import Panel
from ecom_pipeline.ml.forecast.period import MONTH, QUARTER, WEEK
from ecom_pipeline.ml.forecast.smoothing import (
    ExponentialSmoothing,
    LogSmoothing,
    MovingAverage,
    SeasonalNaive,
    Theta,
    Tsb,
)
from ecom_pipeline_tests.ml.forecast.builders import WEEKLY, Values, panel_of, weekly

MODELS: tuple[Forecaster, ...] = (
    SeasonalNaive(),
    MovingAverage(),
    ExponentialSmoothing(),
    LogSmoothing(),
    Theta(),
    Tsb(),
)


def forecast(model: Forecaster, values: Values, horizon: int) -> list[float]:
    found: list[float] = model.fit(panel_of(values)).predict(horizon)[0].tolist()
    return found


def test_seasonal_naive_repeats_the_last_week() -> None:
    assert forecast(SeasonalNaive(), list(range(1, 11)), 9) == [4, 5, 6, 7, 8, 9, 10, 4, 5]


def test_seasonal_naive_takes_the_week_before_where_a_day_is_unknown() -> None:
    assert forecast(SeasonalNaive(), [*range(1, 13), np.nan, 14], 7) == [8, 9, 10, 11, 12, 6, 14]


def test_a_series_that_is_too_short_has_no_answer_and_the_others_have() -> None:
    found = SeasonalNaive().fit(panel_of([1.0] * 6, [2.0] * 20)).predict(3)
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [2, 2, 2]


def test_moving_average_looks_back_28_days_and_no_further() -> None:
    assert forecast(MovingAverage(), [1000.0] + [1.0, 3.0] * 14, 2) == [2.0, 2.0]
    assert forecast(MovingAverage(), [1.0, np.nan, 6.0], 2) == [3.5, 3.5]


def test_simple_smoothing_by_hand() -> None:
    # level: 10, then 10 + 0.5 * (12 - 10) = 11, then 11 + 0.5 * (14 - 11) = 12.5; an unknown day changes nothing
    assert forecast(ExponentialSmoothing(alphas=(0.5,)), [10.0, 12.0, np.nan, 14.0], 2) == [12.5, 12.5]


def test_weekly_smoothing_agrees_with_statsmodels() -> None:
    # ETSModel(error="add", seasonal="add", seasonal_periods=7) of statsmodels 0.15.0 with the same initial state
    values = [10, 14, 8, 25, 16, 20, 15, 14, 18, 8, 21, 20, 22, 17, 12, 17, 14, 24, 19, 25, 20, 11, 16]
    expected = [10.1692927, 23.78993357, 19.02856056, 22.60214399, 17.44476734, 12.3541578, 16.93140055, 10.1692927]
    found = forecast(ExponentialSmoothing(alphas=(0.3,), gammas=(0.2,)), values, 8)
    assert found == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("days", [14, 15, 20, 28, 100])
def test_weekly_smoothing_continues_a_weekly_pattern(days: int) -> None:
    expected = np.resize(WEEKLY, days + 10)[days:]
    assert forecast(ExponentialSmoothing(), weekly(days), 10) == pytest.approx(expected.tolist())


def test_each_series_gets_the_parameters_that_suit_it() -> None:
    random = np.random.default_rng(7)
    noise, walk = 50 + random.normal(0, 5, 200), 500 + random.normal(0, 5, 200).cumsum()
    settled, wandering = ExponentialSmoothing(gammas=(0.0,)).fit(panel_of(noise, walk)).alpha_
    assert settled <= 0.1
    assert wandering >= 0.7


def test_patterns_of_logarithms_multiply_and_a_spike_hardly_moves_them() -> None:
    pattern = np.array([1.0, 2, 4, 4, 2, 1, 1])
    grown = np.concatenate([np.resize(pattern, 70), np.resize(3 * pattern, 14)])
    wrong, wrong_by_sums = (
        np.abs(forecast(model, grown, 7) - 3 * pattern).sum() for model in (LogSmoothing(), ExponentialSmoothing())
    )
    assert wrong < 0.5 * wrong_by_sums
    calm = np.random.default_rng(0).poisson(20, 200).astype(float)
    spiked = np.where(np.arange(200) == 190, 2000.0, calm)
    moved, moved_by_mean = (
        forecast(type(model)(gammas=(0.0,)), spiked, 1)[0] - forecast(type(model)(gammas=(0.0,)), calm, 1)[0]
        for model in (LogSmoothing(), ExponentialSmoothing())
    )
    assert 0 <= moved < 0.2 * moved_by_mean


def test_logarithms_know_days_of_nothing_returns_and_any_unit() -> None:
    sold = np.random.default_rng(0).binomial(1, 0.4, 200) * np.random.default_rng(1).uniform(1, 9, 200)
    plain = np.array(forecast(LogSmoothing(), sold, 14))
    assert 0 <= plain.min() <= plain.max() < sold.mean()
    assert forecast(LogSmoothing(), sold * 1e6, 14) == pytest.approx((plain * 1e6).tolist())
    assert forecast(LogSmoothing(), np.where(sold > 0, sold, -5.0), 14) == pytest.approx(plain.tolist())
    assert forecast(LogSmoothing(), np.zeros(30), 2) == [0.0, 0.0]


def drift_of(panel: Panel, horizon: int) -> np.ndarray:
    """What theta adds to the logarithms of the smoothed forecast, from one period to the next."""
    smoothed, found = (
        np.log1p(model.fit(panel).predict(horizon)[0] / model.unit_[0]) for model in (LogSmoothing(), Theta())
    )
    return np.diff(found - smoothed)


def test_theta_adds_half_of_the_growth_and_lets_it_fade() -> None:
    growing = 1000 * np.exp(0.01 * np.arange(140))
    drift = drift_of(panel_of(growing), 60)
    assert drift[0] == pytest.approx(0.5 * 0.01 * 0.98**2, rel=0.15)
    assert drift[-1] / drift[0] == pytest.approx(0.98**58)


def test_tsb_by_hand() -> None:
    # chance 0.5 and size 4 to begin with; a sale of 4, a silence, a sale of 4, a silence: chance moves by a tenth each time
    chance = 0.5
    for sold in (1, 0, 1, 0) * 4:
        chance += 0.1 * (sold - chance)
    assert forecast(Tsb(alphas=(0.1,), betas=(0.1,)), [4.0, 0.0, 4.0, 0.0] * 4, 2) == pytest.approx([chance * 4] * 2)


def test_tsb_forgets_a_product_that_stopped_selling() -> None:
    sold = np.resize([0, 0, 3.0], 200)
    ended = np.concatenate([sold, np.zeros(60)])
    assert forecast(Tsb(), ended, 1)[0] < 0.2 * forecast(Tsb(), sold, 1)[0]


def test_a_series_is_forecast_alike_alone_and_among_others() -> None:
    series = [weekly(90, noise=3), weekly(40, noise=2, seed=1), np.resize([0, 0, 5.0], 60)]
    for model in MODELS:
        together = model.fit(panel_of(*series)).predict(10)
        for row, values in enumerate(series):
            assert together[row] == pytest.approx(type(model)().fit(panel_of(values)).predict(10)[0], rel=0.02)


def test_weeks_have_their_season_of_a_year() -> None:
    year = 700 + 350 * np.sin(np.arange(3 * 52) / 52 * 2 * np.pi)
    weeks = panel_of(year, period=WEEK)
    assert ExponentialSmoothing().fit(weeks).predict(4)[0] == pytest.approx(year[:4], rel=0.01)


def test_the_trend_of_months_is_not_their_season() -> None:
    months = 300 * np.exp(0.01 * np.arange(30) + 0.3 * np.cos(np.arange(30) / 6 * np.pi))
    assert drift_of(panel_of(months, period=MONTH), 2)[0] == pytest.approx(0.5 * 0.01 * 0.98**2, rel=0.15)


def test_a_moving_average_is_of_a_year_at_most() -> None:
    assert MovingAverage().fit(panel_of(np.arange(20.0), period=QUARTER)).predict(2)[0].tolist() == [17.5, 17.5]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(-1e6, 1e6), min_size=28, max_size=60), st.integers(1, 40))
def test_no_cheap_model_forecasts_below_zero(values: list[float], horizon: int) -> None:
    for model in MODELS:
        found = forecast(model, values, horizon)
        assert len(found) == horizon
        assert min(found) >= 0


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 1e5), min_size=14, max_size=60), st.floats(0.01, 100))
def test_averages_scale_with_the_series(values: list[float], factor: float) -> None:
    for model in MODELS[:2]:
        scaled = forecast(model, np.array(values) * factor, 10)
        assert scaled == pytest.approx((np.array(forecast(model, values, 10)) * factor).tolist(), abs=1e-6)
