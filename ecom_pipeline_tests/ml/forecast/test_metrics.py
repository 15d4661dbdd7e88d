from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.ml.forecast.metrics import bias, coverage, mase, pinball, seasonal_scale, wape


def test_wape_is_total_error_over_total_sales() -> None:
    assert wape([100, 0, 50, 50], [90, 10, 60, 50]) == pytest.approx(30 / 200)


def test_negative_days_count_by_their_size() -> None:
    assert wape([-10, 10], [0, 10]) == pytest.approx(0.5)


def test_bias_has_the_sign_of_forecasting_too_much() -> None:
    assert bias([10, 10], [15, 10]) == pytest.approx(0.25)
    assert bias([10, 10], [5, 10]) == pytest.approx(-0.25)


def test_mase_of_a_forecast_as_wrong_as_seasonal_naive_is_one() -> None:
    history = np.array([1.0, 2, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 8, 9])
    assert seasonal_scale(history) == pytest.approx(2.0)
    assert mase([10, 10], [12, 8], 2.0) == pytest.approx(1.0)


def test_mase_leaves_out_days_without_a_scale() -> None:
    assert mase([10, 10], [12, 40], [2.0, np.nan]) == pytest.approx(1.0)
    assert mase([10, 10], [12, 40], np.nan) is None


def test_coverage_includes_the_bounds_and_leaves_out_days_without_a_band() -> None:
    assert coverage([1, 2, 3, 4], [1, 0, 0, np.nan], [5, 2, 2, np.nan]) == pytest.approx(2 / 3)


def test_a_figure_that_is_not_defined_is_none() -> None:
    assert wape([0, 0], [1, 1]) is None
    assert bias([0, 0], [1, 1]) is None
    assert coverage([1], [np.nan], [np.nan]) is None
    assert pinball([1], [np.nan], 0.9) is None
    assert np.isnan(seasonal_scale([1.0] * 7))
    assert np.isnan(seasonal_scale([1.0] * 20))


def test_unknown_days_are_no_part_of_the_scale_and_each_series_has_its_own() -> None:
    found = seasonal_scale([[0.0, 0, 2, np.nan, 6], [0, 0, 1, 1, 2]], season=2)
    assert found == pytest.approx([3.0, 1.0])


def test_pinball_of_the_median_is_half_the_absolute_error_and_misses_above_cost_more_of_a_high_quantile() -> None:
    assert pinball([10, 10], [8, 16], 0.5) == pytest.approx(2.0)
    assert pinball([10], [8], 0.9) == pytest.approx(1.8)
    assert pinball([10], [12], 0.9) == pytest.approx(0.2)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        wape([1, 2], [1])


@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1e6)), min_size=1, max_size=30), st.floats(0.01, 100))
def test_wape_and_bias_do_not_depend_on_the_currency(pairs: list[tuple[float, float]], rate: float) -> None:
    actual, forecast = np.array(pairs).T
    relative = wape(actual, forecast)
    assert relative is not None
    assert wape(actual * rate, forecast * rate) == pytest.approx(relative)
    over = bias(actual, forecast)
    assert over is not None
    assert abs(over) <= relative + 1e-12
