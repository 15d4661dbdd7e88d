from __future__ import annotations

import datetime as dt
import logging
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.base import ForecastError
from ecom_pipeline.ml.forecast.prophet import ProphetForecaster, shop_events, supported_country
from ecom_pipeline_tests.ml.forecast.builders import NO_CALENDAR, daily, weekly


def calendar(*days: tuple[str, str, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(days, columns=["calendar_date", "name", "kind", "country"])
    return frame.assign(calendar_date=pd.to_datetime(frame["calendar_date"]))


def test_events_of_the_shop_and_its_country_count() -> None:
    found = shop_events(
        calendar(
            ("2024-06-18", "618", "event", None),
            ("2024-10-01", "国庆节", "holiday", "CN"),
            ("2024-02-04", "make-up day", "working_day", "CN"),
            ("2024-07-04", "Independence Day", "holiday", "US"),
            ("2024-05-01", "stocktaking", "closed", "cn"),
            ("2024-08-08", "anniversary", None, None),
            ("2024-06-18", "618", "event", None),
        ),
        "CN",
    )
    assert found is not None
    assert found["holiday"].tolist() == ["shop: stocktaking", "shop: 618", "shop: anniversary", "shop: 国庆节"]


def test_no_events_are_none() -> None:
    assert shop_events(NO_CALENDAR, "CN") is None
    assert shop_events(calendar(("2024-02-04", "make-up day", "working_day", "CN")), "CN") is None


def test_an_unknown_country_has_no_holidays() -> None:
    assert [supported_country(code) for code in ("CN", "gb", "XX", "", None)] == ["CN", "GB", None, None, None]


def test_a_known_event_lifts_its_day_in_the_future() -> None:
    values = weekly(280)
    days = [100, 163, 219, 282]
    values[days[:3]] *= 3
    series = daily(values)
    first = series.index[0]
    events = calendar(*[(str((first + pd.Timedelta(days=day)).date()), "trend", "event", None) for day in days])
    with_events = ProphetForecaster(seed=1).fit(series, events).predict(14)["forecast"]
    without = ProphetForecaster(seed=1).fit(series, NO_CALENDAR).predict(14)["forecast"]
    lift = (with_events / without).to_numpy()
    assert lift[2] > 2
    assert np.delete(lift, 2) == pytest.approx(np.ones(13), abs=0.25)


def test_a_statutory_holiday_is_learned_from_the_years_before() -> None:
    values = 20 + np.random.default_rng(0).normal(0, 1, 999)
    series = daily(values, first=dt.date(2021, 3, 31))
    for year in (2021, 2022):
        series[f"{year}-12-25"] = 0.0
    found = ProphetForecaster(seed=1, country="GB", allow_yearly=False).fit(series, NO_CALENDAR).predict(14)
    christmas = found.loc[found["forecast_date"] == "2023-12-25", "forecast"].iloc[0]
    assert series.index[-1] == pd.Timestamp("2023-12-25") - pd.Timedelta(days=1)
    assert christmas < 5


def test_yearly_seasonality_takes_two_years() -> None:
    one = ProphetForecaster(seed=1).fit(daily(weekly(729, noise=1)), NO_CALENDAR)
    two = ProphetForecaster(seed=1).fit(daily(weekly(731, noise=1)), NO_CALENDAR)
    forbidden = ProphetForecaster(seed=1, allow_yearly=False).fit(daily(weekly(731, noise=1)), NO_CALENDAR)
    learned = ["yearly" in model.model_.seasonalities for model in (one, two, forbidden)]
    assert learned == [False, True, False]


@pytest.mark.parametrize(("lowest", "mode"), [(0.0, "multiplicative"), (-1.0, "additive")])
def test_effects_are_multiplicative_only_without_negative_days(lowest: float, mode: str) -> None:
    values = weekly(60, noise=1)
    values[10] = lowest
    model = ProphetForecaster(seed=1).fit(daily(values), NO_CALENDAR).model_
    assert (model.seasonality_mode, model.holidays_mode) == (mode, mode)


def test_a_falling_series_stops_at_zero() -> None:
    found = ProphetForecaster(seed=1).fit(daily(np.linspace(100, 1, 100)), NO_CALENDAR).predict(60)
    assert found["forecast"].iloc[-1] == 0
    assert (found["lower"] >= 0).all()
    assert (found["lower"] <= found["forecast"]).all()
    assert (found["forecast"] <= found["upper"]).all()


def test_the_seed_fixes_the_band_and_leaves_the_world_alone() -> None:
    model = ProphetForecaster(seed=5).fit(daily(weekly(90, noise=3)), NO_CALENDAR)
    np.random.seed(1)
    expected = np.random.random()
    np.random.seed(1)
    first, second = model.predict(10), model.predict(10)
    assert np.random.random() == expected
    pd.testing.assert_frame_equal(first, second)
    assert (first["upper"] > first["forecast"]).all()


def test_fitting_is_silent(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG):
        ProphetForecaster(seed=1).fit(daily(weekly(60, noise=3)), NO_CALENDAR).predict(3)
    assert [record.name for record in caplog.records if record.name.startswith(("cmdstanpy", "prophet"))] == []
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("cmdstanpy").disabled


@pytest.mark.parametrize("error", [RuntimeError("Stan\nstack"), ValueError("Stan"), TimeoutError("Stan")])
def test_a_failing_optimisation_is_a_forecast_error(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("prophet.Prophet.fit", fail)
    with pytest.raises(ForecastError, match=r"^prophet: Stan$"):
        ProphetForecaster(seed=1).fit(daily(weekly(60)), NO_CALENDAR)


def test_an_optimisation_that_takes_too_long_fails() -> None:
    model = ProphetForecaster(seed=1, time_limit_seconds=1e-6)
    with pytest.raises(ForecastError, match=r"^prophet: "):
        model.fit(daily(weekly(400, noise=3)), NO_CALENDAR)


def test_prophet_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, ecom_pipeline.ml.forecast.pipeline; print(sorted({'prophet', 'holidays'} & set(sys.modules)))"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
