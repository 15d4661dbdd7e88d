from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.ml.forecast.reconcile import Hierarchy, error_variance, reconcile, reconciled_past

# total; two categories; two brands; two products of the first category, one of the second
PARENT = np.array([-1, 0, 0, 0, 0, 1, 1, 2])
GROUP = np.array(["", "category", "category", "brand", "brand", "product", "product", "product"], dtype=object)
SHOP = Hierarchy(parent=PARENT, group=GROUP)
PARTS_FIRST = Hierarchy(parent=np.where(PARENT < 0, -1, 7 - PARENT)[::-1], group=GROUP[::-1])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1e6), min_size=8, max_size=8), st.lists(st.floats(0.01, 1e6), min_size=8, max_size=8))
def test_everything_adds_up_and_nothing_is_below_zero(forecast: list[float], variance: list[float]) -> None:
    values, spread = np.array(forecast)[:, np.newaxis], np.array(variance)
    for tree in (SHOP, PARTS_FIRST):
        found = reconcile(values, spread, tree, dict.fromkeys(tree.parts(), 5.0))[:, 0]
        assert (found >= 0).all()
        for (row, _), below in tree.parts().items():
            assert found[below].sum() == pytest.approx(found[row], rel=1e-9, abs=1e-6)


def test_it_agrees_with_minimum_trace_where_errors_are_independent() -> None:
    # total = a + b, a = a1 + a2: x = S (S' W^-1 S)^-1 S' W^-1 y
    tree = Hierarchy(parent=np.array([-1, 0, 0, 1, 1]), group=np.array(["", "c", "c", "p", "p"], dtype=object))
    forecast, variance = np.array([20.0, 8.0, 6.0, 5.0, 4.0]), np.array([4.0, 1.0, 3.0, 2.0, 0.5])
    sums = np.array([[1.0, 1, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    inverse = np.diag(1 / variance)
    expected = sums @ np.linalg.solve(sums.T @ inverse @ sums, sums.T @ inverse @ forecast)
    both = 1 / (1 / 1.0 + 1 / 2.5)  # what is left of the variance of a once its parts are known
    found = reconcile(forecast[:, np.newaxis], variance, tree, {(0, "c"): both + 3.0, (1, "p"): 2.5})
    assert found[:, 0] == pytest.approx(expected)


def test_without_evidence_the_whole_stands() -> None:
    forecast = np.array([100.0, 10, 10, 50, 50, 5, 5, 10])[:, np.newaxis]
    assert reconcile(forecast, np.ones(8), SHOP, {})[:3, 0] == pytest.approx([100, 50, 50])


def test_parts_whose_sum_was_always_wrong_do_not_move_the_whole() -> None:
    forecast = np.array([100.0, 10, 10, 50, 50, 5, 5, 10])[:, np.newaxis]
    wrong = dict.fromkeys(SHOP.parts(), 1000000000.0)
    found = reconcile(forecast, np.ones(8), SHOP, wrong)[:, 0]
    assert found[0] == pytest.approx(100, rel=1e-3)
    assert found[1] == pytest.approx(50, rel=1e-3)


def test_the_error_of_a_sum_is_measured_and_left_out_where_it_cannot_be() -> None:
    forecast = np.array([100.0, 10, 10, 50, 50, 5, 5, 10])[np.newaxis, :, np.newaxis]
    actual = np.array([100.0, 60, 40, 50, 50, 30, 30, 40])[np.newaxis, :, np.newaxis]
    found = SHOP.errors_of_sums(forecast, actual)
    assert found[(0, "category")] == pytest.approx(80**2)
    assert found[(0, "brand")] == 0
    assert SHOP.errors_of_sums(forecast[:0], actual[:0]) == {}


def test_the_past_is_made_to_agree_by_what_was_known_then_and_only_where_the_whole_is_known() -> None:
    tree = Hierarchy(parent=np.array([1, -1, 1]), group=np.array(["c", "", "c"], dtype=object))
    past = np.array([[[4.0, 4], [12, np.nan], [6, 6]], [[5.0, 1], [20, 2], [5, 1]]])
    actual = np.array([[[4.0, np.nan], [10, np.nan], [6, np.nan]], [[1.0, 1], [2, 2], [1, 1]]])
    found = reconciled_past(past, actual, tree)
    # at first nothing is known and the whole stands; then its parts had been right
    assert found[0, :, 0].tolist() == pytest.approx([4.8, 12.0, 7.2])
    np.testing.assert_array_equal(found[0, :, 1], past[0, :, 1])
    assert found[1].T.ravel().tolist() == pytest.approx([5, 10, 5, 1, 2, 1])
    np.testing.assert_array_equal(found, reconciled_past(past, np.where(actual > 2, actual, 99.0 * actual), tree))


def test_the_variance_of_errors_is_that_of_the_tested_days_else_as_of_counts_as_wild_as_the_tested() -> None:
    untested = [np.nan] * 3
    forecast = np.array([[4.0] * 3, [10.0] * 3])
    # (4 x 4 + 4 x 4) / 2 = 16 for a mean of 4: four times that of a count
    assert error_variance(np.array([[[4.0, np.nan, -4.0], untested]]), forecast).tolist() == [16.0, 40.0]
    assert error_variance(np.array([[untested, untested]]), forecast).tolist() == [4.0, 10.0]
    assert (error_variance(np.zeros((1, 2, 3)), forecast) > 0).all()
