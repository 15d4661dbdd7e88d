from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.ml.forecast.backtest import Plan, backtest, plan, residuals, scores
from ecom_pipeline.ml.forecast.baselines import ExponentialSmoothing, MovingAverage, SeasonalNaive
from ecom_pipeline_tests.ml.forecast.builders import NO_CALENDAR, Failing, StandIn, daily, weekly


@given(st.integers(0, 2000), st.integers(1, 60), st.integers(1, 5))
def test_cuts_leave_two_weeks_to_learn_and_forecast_no_day_twice(days: int, horizon: int, origins: int) -> None:
    cuts = plan(days, horizon=horizon, origins=origins)
    if cuts is None:
        assert days < 14 + 7
        return
    assert min(cuts.training_days) >= 14
    assert cuts.training_days[-1] + cuts.horizon == days
    assert set(np.diff(cuts.training_days)) <= {cuts.horizon}
    assert 1 <= len(cuts.training_days) <= origins
    assert cuts.horizon <= horizon


def test_models_know_only_the_past() -> None:
    values = weekly(120, noise=3)
    cuts = Plan(training_days=(60, 80), horizon=20)
    changed = values.copy()
    changed[80:] = 1e6
    models = [MovingAverage(), SeasonalNaive(), ExponentialSmoothing()]
    before, _ = backtest(daily(values), NO_CALENDAR, models, cuts)
    after, _ = backtest(daily(changed), NO_CALENDAR, models, cuts)
    columns = ["model", "origin", "forecast_date", "forecast", "lower", "upper", "scale"]
    pd.testing.assert_frame_equal(before[columns], after[columns])
    assert (after.loc[after["origin"] == 1, "actual"] == 1e6).all()


def test_forecast_and_actual_are_of_the_same_day() -> None:
    series = daily(weekly(60))
    tested, _ = backtest(series, NO_CALENDAR, [SeasonalNaive()], Plan(training_days=(20, 37), horizon=17))
    assert tested["actual"].tolist() == series[tested["forecast_date"]].tolist()
    assert residuals(tested) == pytest.approx(np.zeros(34))


def test_a_band_is_made_of_the_errors_before_it() -> None:
    values = np.concatenate([np.full(28, 10.0), np.full(28, 14.0), np.full(28, 18.0)])
    tested, _ = backtest(daily(values), NO_CALENDAR, [SeasonalNaive()], Plan(training_days=(28, 56), horizon=28))
    first, second = tested[tested["origin"] == 0], tested[tested["origin"] == 1]
    assert first["upper"].isna().all()
    # wrong by +4 on every day of the first origin, so the band of the second reaches 4 above its forecast of 14
    assert second["upper"].tolist() == [18.0] * 28
    assert scores(tested)["coverage"] == 1.0


def test_a_model_keeps_the_band_it_brings() -> None:
    tested, _ = backtest(daily(weekly(60)), NO_CALENDAR, [StandIn(seed=1)], Plan(training_days=(32,), horizon=28))
    assert tested["upper"].tolist() == [1.0] * 28


def test_a_model_that_fails_is_named_and_has_no_rows() -> None:
    tested, failed = backtest(
        daily(weekly(60)), NO_CALENDAR, [MovingAverage(), Failing(seed=1)], Plan(training_days=(32,), horizon=28)
    )
    assert failed == {"prophet": "prophet: did not converge"}
    assert set(tested["model"]) == {"moving_average"}


def test_scores_of_a_backtest() -> None:
    tested = pd.DataFrame(
        {"actual": [10.0, 30.0], "forecast": [8.0, 36.0], "lower": 0.0, "upper": [20.0, 20.0], "scale": 4.0}
    )
    assert scores(tested) == pytest.approx({"wape": 0.2, "mase": 1.0, "bias": 0.1, "coverage": 0.5})
