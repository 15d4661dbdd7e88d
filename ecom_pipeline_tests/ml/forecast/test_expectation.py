from __future__ import annotations

import numpy as np
import pytest

from ecom_pipeline.ml.forecast.expectation import steadied, steadied_past


def history(month: float, before: float = 2.0, days: int = 400) -> np.ndarray:
    return np.concatenate([np.full(days - 28, before), np.full(28, month)])[np.newaxis]


def test_half_is_the_level_of_the_year_and_a_quarter_that_of_the_month() -> None:
    found = steadied(np.array([[8.0, 12.0]]), history(month=4.0), 364)
    year = (336 * 2 + 28 * 4) / 364
    assert found[0] == pytest.approx([0.25 * 8 + 0.25 * 4 + 0.5 * year, 0.25 * 12 + 0.25 * 4 + 0.5 * year])


def test_a_month_of_weeks_is_four() -> None:
    weeks = np.concatenate([np.full(100, 2.0), np.full(4, 4.0)])[np.newaxis]
    assert steadied(np.array([[0.0]]), weeks, 52)[0, 0] == pytest.approx(0.25 * 4 + 0.5 * (48 * 2 + 4 * 4) / 52)


def test_a_month_of_months_or_quarters_is_the_last() -> None:
    history = np.array([[9.0, 2, 2, 2, 4]])
    assert steadied(np.array([[0.0]]), history, 4)[0, 0] == pytest.approx(0.25 * 4 + 0.5 * 2.5)


def test_unknown_days_do_not_count_and_without_any_known_one_the_forecast_stands() -> None:
    empty = history(month=np.nan)
    assert steadied(np.array([[8.0]]), empty, 364)[0, 0] == pytest.approx(0.25 * 8 + 0.75 * 2)
    assert steadied(np.array([[8.0]]), np.full((1, 40), np.nan), 364)[0, 0] == 8


def test_a_silent_year_is_given_up_and_returns_do_not_make_demand_negative() -> None:
    assert steadied(np.array([[0.0]]), history(month=0.0, before=0.0), 364)[0, 0] == 0
    assert steadied(np.array([[1.0]]), history(month=-9.0, before=0.0), 364)[0, 0] == pytest.approx(0.25)


def test_what_came_after_an_origin_does_not_steady_it() -> None:
    jump = np.concatenate([np.full(100, 1.0), np.full(28, 50.0)])[np.newaxis]
    found = steadied_past(np.ones((2, 1, 3)), jump, (100, 128), 364)
    assert found[0] == pytest.approx(1.0)
    assert (found[1] > 10).all()
