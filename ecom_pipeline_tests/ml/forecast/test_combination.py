from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecom_pipeline.ml.forecast.backtest import Backtested
from ecom_pipeline.ml.forecast.combination import (
    COMBINATION,
    Proof,
    combine_past,
    combined,
    prove,
    settled,
    weights,
)

MODELS = ("moving_average", "exponential_smoothing", "boosting")
ALL = np.ones((3, 1), dtype=bool)


def backtest_of(answers: dict[str, list[list[float]]], actual: float = 10.0) -> Backtested:
    """One day per origin: answers per model, origin and series; the truth is always ``actual``."""
    forecast = np.array(list(answers.values()), dtype=float)[..., np.newaxis]
    truth = np.full(forecast.shape[1:], actual)
    return Backtested(
        models=tuple(answers),
        origins=tuple(range(len(truth))),
        forecast=forecast,
        actual=truth,
        scale=np.ones(truth.shape[:2]),
    )


def test_without_a_past_the_orientation_decides() -> None:
    found = weights(np.full((3, 0, 1), np.nan), MODELS, ALL)[:, 0]
    assert found.sum() == pytest.approx(1)
    assert found[2] > found[1] > found[0] > 0


def test_weights_of_a_series_that_was_seen_once_worked_out_by_hand() -> None:
    # own errors 1.2, 1, 0.8 of their mean; of the kind 1.1232, 0.9909, 0.8860 with three parts of orientation
    # believed 1.1424, 0.9931, 0.8645; to the power -16 beside the best 0.0116, 0.1086, 1; the baselines share 0.1086
    found = weights(np.array([[[12.0]], [[10.0]], [[8.0]]]), MODELS, ALL)[:, 0]
    assert found == pytest.approx([0.0094, 0.0886, 0.9020], abs=1e-4)


def test_a_series_of_its_own_mind_is_followed_if_it_was_seen_often() -> None:
    errors = np.ones((3, 12, 1))
    errors[0] = 0.5
    assert weights(errors, MODELS, ALL)[0, 0] > 0.9


def test_a_series_seen_once_mostly_follows_its_kind() -> None:
    errors = np.full((3, 1, 30), np.nan)
    errors[:, 0, :29] = np.array([1.0, 1.0, 0.6])[:, np.newaxis]
    errors[:, 0, 29] = [0.9, 1.0, 1.0]
    found = weights(errors, MODELS, np.ones((3, 30), dtype=bool))
    assert found[2, 29] > 0.5


def test_a_model_without_an_answer_does_not_count_and_the_others_still_sum_to_one() -> None:
    found = weights(np.ones((3, 2, 1)), MODELS, np.array([[True], [True], [False]]))[:, 0]
    assert found[2] == 0
    assert found.sum() == pytest.approx(1)
    assert np.isnan(combined(np.full((3, 1, 4), np.nan), np.zeros((3, 1)))).all()


def test_models_that_err_alike_count_together_as_much_as_the_best_of_them() -> None:
    alike = ("moving_average", "tsb", "exponential_smoothing", "theta", "boosting")
    errors = np.full((5, 40, 30), 1.0)
    found = weights(errors, alike, np.ones((5, 30), dtype=bool))[:, 0]
    assert found[4] == pytest.approx(0.5, abs=0.05)
    alone = weights(errors[:4], alike[:4], np.ones((4, 30), dtype=bool))[:, 0]
    assert alone == pytest.approx(np.full(4, 0.25), abs=0.05)


def test_weights_do_not_depend_on_the_currency() -> None:
    errors = np.random.default_rng(0).uniform(1, 2, (3, 3, 5))
    scaled = errors * np.array([1, 10, 100, 1e4, 1e6])
    answered = np.ones((3, 5), dtype=bool)
    assert weights(scaled, MODELS, answered) == pytest.approx(weights(errors, MODELS, answered))


def test_what_an_origin_brought_does_not_change_its_own_combination() -> None:
    answers = {"moving_average": [[11.0], [11.0], [11.0]], "boosting": [[9.1], [9.1], [9.1]]}
    before = backtest_of(answers)
    after = replace(before, actual=before.actual * np.array([1, 1, 99])[:, np.newaxis, np.newaxis])
    earlier = replace(before, actual=before.actual * np.array([1, 1.2, 1])[:, np.newaxis, np.newaxis])
    kinds = np.full((3, 1), "category")
    past, shocked, told = (combine_past(each, kinds) for each in (before, after, earlier))
    assert shocked.tolist() == past.tolist()
    assert told[2] != past[2]


def test_the_proof_leaves_out_the_first_origin_and_pools_series_and_days() -> None:
    found = backtest_of(
        {"moving_average": [[99.0, 99], [12, 13], [12, 13]], "seasonal_naive": [[10, 10], [14, 14], [14, 14]]}
    )
    answer = np.array([[99.0, 99], [11, 11], [9, 11]])[..., np.newaxis]
    proof = prove(found, answer, np.array([0, 1]))
    assert proof.series == 2
    assert proof.value == pytest.approx(4 / 40)
    assert (proof.baseline, proof.baseline_value) == ("moving_average", pytest.approx(10 / 40))


def test_what_is_meant_by_its_sums_is_proved_by_these() -> None:
    found = replace(
        backtest_of({"moving_average": [[1.0]], "tsb": [[4.0]]}),
        actual=np.array([[[0.0, 0.0, 12.0]]]),
        forecast=np.array([[[[0.0, 0.0, 1.0]]], [[[4.0, 4.0, 5.0]]]]),
    )
    answer = np.array([[[4.0, 4.0, 4.0]]])
    by_days, by_sums = (prove(found, answer, np.array([0]), np.array([summed])) for summed in (False, True))
    assert (by_days.value, by_days.baseline, by_days.summed) == (pytest.approx(16 / 12), "moving_average", 0)
    assert (by_sums.value, by_sums.baseline, by_sums.summed) == (0.0, "tsb", 1)
    assert by_sums.baseline_value == pytest.approx(1 / 12)


def test_a_single_origin_has_to_do() -> None:
    found = backtest_of({"moving_average": [[12.0]], "boosting": [[10.0]]})
    proof = prove(found, np.array([[[11.0]]]), np.array([0]))
    assert (proof.value, proof.baseline_value) == (pytest.approx(0.1), pytest.approx(0.2))


def test_without_a_test_or_sales_nothing_is_proved() -> None:
    untested = backtest_of({"moving_average": [[np.nan]]})
    assert prove(untested, np.full((1, 1, 1), np.nan), np.array([0])).value is None
    silent = backtest_of({"moving_average": [[1.0]]}, actual=0.0)
    assert prove(silent, np.ones((1, 1, 1)), np.array([0])).value is None


@pytest.mark.parametrize(("value", "baseline", "holds"), [(0.5, 0.4, True), (0.51, 0.4, False), (None, None, False)])
def test_an_answer_holds_unless_a_baseline_is_a_fifth_better(
    value: float | None, baseline: float | None, holds: bool
) -> None:
    assert Proof(value=value, baseline="theta", baseline_value=baseline, series=1).holds is holds


def test_a_baseline_counts_alone_where_it_is_published_and_has_an_answer() -> None:
    weight = np.full((3, 3), 1 / 3)
    answered = np.array([[True, True, False], [True, True, True], [True, True, True]])
    found, names = settled(weight, answered, (COMBINATION, "moving_average", "moving_average"), MODELS)
    assert names == (COMBINATION, "moving_average", COMBINATION)
    assert found[:, 1].tolist() == [1, 0, 0]
    assert (found[:, [0, 2]] == weight[:, [0, 2]]).all()
