from __future__ import annotations

import numpy as np
import pytest

from ecom_pipeline.ml.forecast.expectation import shared_pattern, steadied, steadied_past


def history(month: float, before: float = 2.0, days: int = 400) -> np.ndarray:
    return np.concatenate([np.full(days - 28, before), np.full(28, month)])[np.newaxis]


def test_half_is_the_level_of_the_year_and_a_quarter_that_of_the_month() -> None:
    found = steadied(np.array([[8.0, 12.0]]), history(month=4.0), 7, 364)
    year = (336 * 2 + 28 * 4) / 364
    assert found[0] == pytest.approx([0.25 * 8 + 0.25 * 4 + 0.5 * year, 0.25 * 12 + 0.25 * 4 + 0.5 * year])


def test_a_month_of_weeks_is_four() -> None:
    weeks = np.concatenate([np.full(100, 2.0), np.full(4, 4.0)])[np.newaxis]
    assert steadied(np.array([[0.0]]), weeks, 52, 52)[0, 0] == pytest.approx(0.25 * 4 + 0.5 * (48 * 2 + 4 * 4) / 52)


def test_a_month_of_months_or_quarters_is_the_last() -> None:
    history = np.array([[9.0, 2, 2, 2, 4]])
    assert steadied(np.array([[0.0]]), history, 4, 4)[0, 0] == pytest.approx(0.25 * 4 + 0.5 * 2.5)


def test_unknown_days_do_not_count_and_without_any_known_one_the_forecast_stands() -> None:
    empty = history(month=np.nan)
    assert steadied(np.array([[8.0]]), empty, 7, 364)[0, 0] == pytest.approx(0.25 * 8 + 0.75 * 2)
    assert steadied(np.array([[8.0]]), np.full((1, 40), np.nan), 7, 364)[0, 0] == 8


def test_a_silent_year_is_given_up_and_returns_do_not_make_demand_negative() -> None:
    assert steadied(np.array([[0.0]]), history(month=0.0, before=0.0), 7, 364)[0, 0] == 0
    assert steadied(np.array([[1.0]]), history(month=-9.0, before=0.0), 7, 364)[0, 0] == pytest.approx(0.25)


def test_what_came_after_an_origin_does_not_steady_it() -> None:
    jump = np.concatenate([np.full(100, 1.0), np.full(28, 50.0)])[np.newaxis]
    found = steadied_past(np.ones((2, 1, 3)), jump, (100, 128), 7, 364)
    assert found[0] == pytest.approx(1.0)
    assert (found[1] > 10).all()


def test_a_level_sells_on_the_days_on_which_the_shop_does_and_as_much_in_a_week() -> None:
    week = np.array([2.0, 2.0, 2.0, 2.0, 4.0, 2.0, 0.0])
    shop = np.stack([np.resize(week, 399) * 50, np.zeros(399)])
    shop[1, ::13] = 7.0
    shop[:, 6::7] = 0.0
    found = steadied(np.zeros((2, 14)), shop, 7, 364)
    assert found[0, :7] == pytest.approx(0.75 * week * 50, rel=0.01)
    level = 0.5 * shop[1, -364:].mean() + 0.25 * shop[1, -28:].mean()
    assert found[1, :7] == pytest.approx(level * week / 2, rel=0.01)
    assert found[1, 6] == found[1, 13] == 0
    assert found[1].mean() == pytest.approx(level)


def test_a_few_weeks_or_years_show_no_pattern() -> None:
    assert shared_pattern(np.resize([0.0, 8.0], (3, 27)), 7).tolist() == [1.0] * 7
    assert shared_pattern(np.full((3, 60), np.nan), 7).tolist() == [1.0] * 7
