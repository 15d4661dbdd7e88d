from __future__ import annotations

import datetime as dt
import logging
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.calendar import effects_of
from ecom_pipeline.ml.forecast.prophet import ProphetForecaster
from ecom_pipeline_tests.ml.forecast.builders import NO_CALENDAR, effect, panel_of, weekly

KEY = ("category", "s0")


def test_a_known_event_lifts_its_day_in_the_future() -> None:
    values = weekly(280)
    days = [100, 163, 219, 282]
    values[days[:3]] *= 3
    model = ProphetForecaster(seed=1).fit(panel_of(values, effects=effect("event", days, 294)))
    without = model.predict(14, model.panel_.effects.without(("event",), 280))[0]
    lift = model.predict(14)[0] / without
    assert lift[2] > 2
    assert np.delete(lift, 2) == pytest.approx(np.ones(13), abs=0.05)


def test_a_statutory_holiday_is_learned_from_the_years_before() -> None:
    first = dt.date(2021, 3, 31)
    known = pd.date_range(first, periods=1013)
    values = 20 + np.random.default_rng(0).normal(0, 1, 999)
    for year in (2021, 2022):
        values[known.get_loc(pd.Timestamp(f"{year}-12-25"))] = 0.0
    panel = panel_of(values, first=first, effects=effects_of(known, NO_CALENDAR, "GB"))
    found = ProphetForecaster(seed=1).fit(panel).predict(14)[0]
    assert known[999] == pd.Timestamp("2023-12-25")
    assert found[0] < 5
    assert found[4:7].min() > 15


def test_a_price_that_stays_up_keeps_sales_down() -> None:
    price = np.resize(np.repeat([10.0, 15.0, 12.0], 25), 150)
    price[-3:] = 15.0
    values = 100 - 5 * price + np.random.default_rng(0).normal(0, 1, 150)
    panel = replace(panel_of(values, kind="product"), prices=price[np.newaxis])
    assert ProphetForecaster(seed=1).fit(panel).predict(7)[0] == pytest.approx(np.full(7, 25.0), abs=6)


def test_yearly_seasonality_takes_two_years() -> None:
    model = ProphetForecaster(seed=1).fit(panel_of(weekly(727, noise=1), weekly(729, noise=1)))
    assert ["yearly" in each.seasonalities for each in model.models_] == [False, True]


@pytest.mark.parametrize(("lowest", "mode"), [(0.0, "multiplicative"), (-1.0, "additive")])
def test_effects_are_multiplicative_only_without_negative_days(lowest: float, mode: str) -> None:
    values = weekly(60, noise=1)
    values[10] = lowest
    assert ProphetForecaster(seed=1).fit(panel_of(values)).models_[0].seasonality_mode == mode


def test_a_falling_series_stops_at_zero_and_unknown_days_are_left_out() -> None:
    values = np.linspace(100, 1, 100) + np.random.default_rng(0).normal(0, 2, 100)
    values[40:50] = np.nan
    found = ProphetForecaster(seed=1).fit(panel_of(values)).predict(60)[0]
    assert found[-1] == 0
    assert np.isfinite(found).all()


def test_short_and_constant_series_are_left_to_others() -> None:
    model = ProphetForecaster(seed=1).fit(panel_of(weekly(60, noise=1), np.full(60, 7.0), weekly(20)))
    assert [each is not None for each in model.models_] == [True, False, False]
    assert np.isfinite(model.predict(3)).all(axis=1).tolist() == [True, False, False]
    assert model.failures_ == {}


def test_series_whose_turn_comes_too_late_are_left_to_others() -> None:
    model = ProphetForecaster(seed=1, until=time.monotonic() - 1).fit(panel_of(weekly(60, noise=1)))
    assert np.isnan(model.predict(3)).all()
    assert model.failures_ == {KEY: "prophet: the time for all series is spent"}


def test_fitting_is_silent(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG):
        ProphetForecaster(seed=1).fit(panel_of(weekly(60, noise=3))).predict(3)
    assert [record.name for record in caplog.records if record.name.startswith(("cmdstanpy", "prophet"))] == []
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("cmdstanpy").disabled


@pytest.mark.parametrize("error", [RuntimeError("Stan\nstack"), ValueError("Stan"), TimeoutError("Stan")])
def test_a_failing_series_is_named_and_the_others_go_on(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    from prophet import Prophet

    fit = Prophet.fit

    def fail(self: Any, frame: pd.DataFrame, **more: Any) -> Any:
        if len(frame) == 60:
            raise error
        return fit(self, frame, **more)

    monkeypatch.setattr("prophet.Prophet.fit", fail)
    model = ProphetForecaster(seed=1).fit(panel_of(weekly(60, noise=1), weekly(70, noise=1)))
    assert model.failures_ == {KEY: "prophet: Stan"}
    assert np.isfinite(model.predict(3)).all(axis=1).tolist() == [False, True]


def test_a_series_that_takes_too_long_fails() -> None:
    model = ProphetForecaster(seed=1, time_limit_seconds=1e-6).fit(panel_of(weekly(400, noise=3)))
    assert model.failures_[KEY].startswith("prophet: ")


def test_heavy_libraries_are_not_imported_before_they_are_needed() -> None:
    code = (
        "import sys, ecom_pipeline.ml.forecast.pipeline;"
        " print(sorted({'prophet', 'holidays', 'lightgbm', 'scipy'} & set(sys.modules)))"
    )
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
