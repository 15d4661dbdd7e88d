from __future__ import annotations

import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.choice import absolute_errors, prove, ranking

BASELINES = ("moving_average", "seasonal_naive")


def history_of(**errors: list[float]) -> pd.DataFrame:
    """A backtest with one day of 10 sold per origin, and the given error of each model there."""
    rows = [(model, origin, 10.0, 10.0 + error) for model, by in errors.items() for origin, error in enumerate(by)]
    return pd.DataFrame(rows, columns=["model", "origin", "actual", "forecast"])


def test_ranking_is_by_error_over_all_origins() -> None:
    found = absolute_errors(history_of(moving_average=[5, 5], seasonal_naive=[-1, 8], prophet=[4, 4]))
    assert ranking(found) == ["prophet", "seasonal_naive", "moving_average"]


def test_equal_error_goes_to_the_simpler_model() -> None:
    found = absolute_errors(history_of(prophet=[1], exponential_smoothing=[1], seasonal_naive=[1], moving_average=[1]))
    assert ranking(found) == ["moving_average", "seasonal_naive", "exponential_smoothing", "prophet"]


def test_the_choice_is_scored_on_days_it_did_not_see() -> None:
    # prophet looks best at origin 0 and is worst at origin 1: the proof must show the 9, not the 0
    proof = prove([history_of(moving_average=[2, 2], seasonal_naive=[3, 3], prophet=[0, 9])], BASELINES)
    assert proof.value == pytest.approx(0.9)
    assert proof.baseline == "moving_average"
    assert proof.baseline_value == pytest.approx(0.2)
    assert proof.unseen
    assert proof.series == 1


def test_later_choices_use_all_earlier_origins() -> None:
    proof = prove([history_of(moving_average=[2, 2, 2], seasonal_naive=[9, 9, 9], prophet=[1, 9, 5])], BASELINES)
    # prophet at origin 1 (9), then moving_average at origin 2, since 2 + 2 < 1 + 9
    assert proof.value == pytest.approx((9 + 2) / 20)


def test_figures_are_pooled_over_series_and_the_same_days() -> None:
    short = history_of(moving_average=[0], seasonal_naive=[7])
    first = history_of(moving_average=[4, 4], seasonal_naive=[5, 1])
    second = history_of(moving_average=[6, 6], seasonal_naive=[1, 1])
    proof = prove([short, first, second], BASELINES)
    assert proof.series == 2
    assert proof.value == pytest.approx((4 + 1) / 20)
    assert (proof.baseline, proof.baseline_value) == ("seasonal_naive", pytest.approx(0.1))


def test_one_origin_has_to_do_where_there_is_no_second() -> None:
    proof = prove([history_of(moving_average=[4], seasonal_naive=[5], prophet=[1])], BASELINES)
    assert not proof.unseen
    assert proof.value == pytest.approx(0.1)
    assert proof.baseline_value == pytest.approx(0.4)


def test_without_backtests_or_sales_nothing_is_proved() -> None:
    nothing = prove([], BASELINES)
    assert (nothing.value, nothing.baseline_value, nothing.series) == (None, None, 0)
    assert prove([history_of(moving_average=[0], seasonal_naive=[0]).assign(actual=0.0)], BASELINES).value is None
