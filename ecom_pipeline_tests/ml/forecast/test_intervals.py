from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.ml.forecast.base import bounded
from ecom_pipeline.ml.forecast.intervals import with_band


def frame(forecast: list[float], lower: float = np.nan, upper: float = np.nan) -> pd.DataFrame:
    return pd.DataFrame({"forecast": forecast, "lower": lower, "upper": upper})


def test_band_is_the_middle_of_the_residuals() -> None:
    found = with_band(frame([100.0]), np.arange(-50, 51))
    assert found[["lower", "upper"]].iloc[0].tolist() == [60.0, 140.0]


def test_band_of_a_forecast_that_was_always_too_low_still_holds_the_forecast() -> None:
    found = with_band(frame([100.0]), [20.0, 30.0, 40.0])
    assert found["lower"].iloc[0] == 100.0
    assert found["upper"].iloc[0] == pytest.approx(138.0)


def test_without_residuals_there_is_no_band() -> None:
    assert with_band(frame([100.0]), [])["lower"].isna().all()


@given(
    st.floats(-1e9, 1e9),
    st.floats(-1e9, 1e9),
    st.floats(-1e9, 1e9),
)
def test_forecasts_are_ordered_and_not_negative(forecast: float, lower: float, upper: float) -> None:
    found = bounded(frame([forecast], lower, upper)).iloc[0]
    assert 0 <= found["lower"] <= found["forecast"] <= found["upper"]
    assert found["forecast"] == max(0.0, forecast)
