from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.ml.forecast.backtest import Entry, answers, backtest, origins_of
from ecom_pipeline.ml.forecast.demand import idle_days
from ecom_pipeline.ml.forecast.smoothing import ExponentialSmoothing, MovingAverage, SeasonalNaive
from ecom_pipeline_tests.ml.forecast.builders import Failing, effect, panel_of, weekly


@given(st.integers(1, 900), st.integers(1, 60))
def test_cuts_leave_two_weeks_to_learn_and_forecast_no_day_twice(days: int, horizon: int) -> None:
    cuts = origins_of(panel_of(np.ones(days)), horizon)
    assert all(length >= 14 and length + ahead <= days for length, ahead in cuts)
    whole = [length for length, ahead in cuts if ahead == horizon]
    assert set(np.diff(whole)) <= {horizon}
    assert len(whole) <= 3
    if not cuts:
        assert days < 14 + max(7, horizon) or days < 21


def test_a_short_series_is_tested_on_its_last_week_alone() -> None:
    tested = backtest(panel_of(weekly(120), weekly(30)), [Entry(model=MovingAverage())], 28)
    assert tested.origins == (36, 64, 92, 113)
    long, short = np.isfinite(tested.actual).sum(axis=2).T
    assert long.tolist() == [28, 28, 28, 0]
    assert short.tolist() == [0, 0, 0, 7]


def test_models_know_only_the_past() -> None:
    values = weekly(120, noise=3)
    changed = values.copy()
    changed[92:] = 1e6
    entries = [Entry(model=model) for model in (MovingAverage(), SeasonalNaive(), ExponentialSmoothing())]
    before, after = (backtest(panel_of(each), entries, 28) for each in (values, changed))
    np.testing.assert_array_equal(before.forecast, after.forecast)
    np.testing.assert_array_equal(before.scale, after.scale)
    assert (after.actual[2] == 1e6).all()


def test_a_weekday_is_one_of_rest_from_the_origin_on_that_can_know_it() -> None:
    values = np.ones(200)
    values[60::7] = 0
    tested = backtest(panel_of(values), [Entry(model=MovingAverage())], 28)
    assert tested.origins == (116, 144, 172)
    assert (tested.forecast[0, :, 0] == 0).sum(axis=1).tolist() == [0, 0, 4]


def test_forecast_and_actual_are_of_the_same_day() -> None:
    tested = backtest(panel_of(weekly(100)), [Entry(model=SeasonalNaive())], 17)
    assert np.nan_to_num(tested.errors()).max() == 0
    assert tested.actual[0, 0].tolist() == weekly(100)[49:66].tolist()


def test_a_model_is_tried_on_its_rows_alone_and_failures_are_named() -> None:
    panel = panel_of(weekly(100), weekly(100), weekly(100))
    entries = [Entry(model=SeasonalNaive(), rows=np.array([0, 2])), Entry(model=Failing(), rows=np.array([1]))]
    tested = backtest(panel, entries, 28)
    assert np.isfinite(tested.of("seasonal_naive")).any(axis=(0, 2)).tolist() == [True, False, True]
    assert not np.isfinite(tested.of("prophet")).any()
    failures = answers(Failing(), panel, np.array([1]), 28, idle_days(panel, 28)).failures
    assert failures == {("category", "s1"): "prophet: did not converge"}


def test_many_series_are_forecast_in_pieces_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    class Counting(MovingAverage):
        def fit(self, panel):  # type: ignore[no-untyped-def]
            sizes.append(len(panel.keys))
            return super().fit(panel)

    monkeypatch.setattr("ecom_pipeline.ml.forecast.backtest.CHUNK", 2)
    tested = backtest(panel_of(*[np.full(50, value) for value in range(1, 6)]), [Entry(model=Counting())], 28)
    assert set(sizes) == {2, 1}
    assert tested.of("moving_average")[0, :, 0].tolist() == [1, 2, 3, 4, 5]


def test_the_market_of_the_tested_days_is_not_known() -> None:
    panel = panel_of(weekly(60), effects=effect("market", range(30, 60), 60))
    assert not panel.until(20).effects.values[:, :, 20:].any()
