from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from ecom_pipeline.ml.recommend.metrics import (
    PER_CUSTOMER,
    coverage,
    hits_of,
    intervals,
    mrr,
    ndcg,
    paired_interval,
    precision,
    recall,
)

# a: offered p q r s, chose q s t       b: offered p q r s, chose p       c: offered nothing, chose x y
LISTS = pd.DataFrame(
    [(customer, rank, product) for customer in "ab" for rank, product in enumerate("pqrs", start=1)],
    columns=["customer_id", "rank", "product_id"],
)
TRUTH = pd.DataFrame(
    [("a", "q"), ("a", "s"), ("a", "t"), ("b", "p"), ("c", "x"), ("c", "y")], columns=["customer_id", "product_id"]
)


def test_hits_are_by_customer_and_rank() -> None:
    customers, hits, chosen = hits_of(LISTS.sample(frac=1, random_state=1), TRUTH, 4)
    assert customers.tolist() == ["a", "b", "c"]
    assert hits.tolist() == [[False, True, False, True], [True, False, False, False], [False] * 4]
    assert chosen.tolist() == [3, 1, 2]


def test_lists_of_customers_who_are_not_judged_do_not_count() -> None:
    customers, hits, _ = hits_of(LISTS, TRUTH[TRUTH["customer_id"] == "b"], 4)
    assert customers.tolist() == ["b"]
    assert hits.tolist() == [[True, False, False, False]]


@pytest.mark.parametrize(
    ("metric", "k", "expected"),
    [
        ("recall", 2, [1 / 3, 1, 0]),
        ("recall", 4, [2 / 3, 1, 0]),
        ("precision", 2, [1 / 2, 1 / 2, 0]),
        ("precision", 4, [2 / 4, 1 / 4, 0]),
        ("mrr", 1, [0, 1, 0]),
        ("mrr", 4, [1 / 2, 1, 0]),
        # a at 2: hit at rank 2 (1/log2 3 = 0.63093) of at best ranks 1 and 2 (1.63093)
        ("ndcg", 2, [0.63093 / 1.63093, 1, 0]),
        # a at 4: hits at ranks 2 and 4 (0.63093 + 0.43068) of at best ranks 1 to 3 (1 + 0.63093 + 0.5)
        ("ndcg", 4, [1.06161 / 2.13093, 1, 0]),
    ],
)
def test_metrics_by_hand(metric: str, k: int, expected: list[float]) -> None:
    _, hits, chosen = hits_of(LISTS, TRUTH, 4)
    assert PER_CUSTOMER[metric](hits, chosen, k) == pytest.approx(expected, abs=1e-5)


def test_ndcg_agrees_with_scikit_learn() -> None:
    """On whole rankings of a catalogue, so that everything chosen is somewhere in the list."""
    random = np.random.default_rng(0)
    ranking = np.argsort(random.random((50, 30)), axis=1)
    relevant = random.random((50, 30)) < 0.2
    relevant[:, 0] |= ~relevant.any(axis=1)
    names = np.array([f"c{number:02d}" for number in range(50)])
    lists = pd.DataFrame(
        {"customer_id": np.repeat(names, 30), "rank": np.tile(np.arange(1, 31), 50), "product_id": ranking.ravel()}
    )
    truth = pd.DataFrame({"customer_id": names[relevant.nonzero()[0]], "product_id": relevant.nonzero()[1]})
    for k in (1, 5, 10, 20):
        _, hits, chosen = hits_of(lists, truth, k)
        theirs = [
            ndcg_score(wanted[None], -np.argsort(order)[None], k=k)
            for wanted, order in zip(relevant, ranking, strict=True)
        ]
        np.testing.assert_allclose(ndcg(hits, chosen, k), theirs, rtol=0, atol=1e-9)


def test_the_intervals_of_a_mean_are_those_of_the_normal_law() -> None:
    values = np.random.default_rng(0).normal([[0.2, 0.5]], [[0.1, 0.2]], size=(2000, 2))
    for (value, low, high), spread in zip(intervals(values, seed=1), (0.1, 0.2), strict=True):
        assert (high - low) / 2 == pytest.approx(1.96 * spread / np.sqrt(2000), rel=0.15)
        assert low < value < high


def test_coverage_is_the_share_of_products_that_anybody_is_offered() -> None:
    assert coverage(LISTS, 8, 4) == 0.5
    assert coverage(LISTS, 8, 1) == 0.125


@given(st.lists(st.lists(st.booleans(), min_size=10, max_size=10), min_size=1, max_size=8), st.data())
def test_metrics_stay_within_0_and_1_and_grow_with_a_hit(rows: list[list[bool]], data: st.DataObject) -> None:
    hits = np.array(rows)
    chosen = hits.sum(axis=1) + np.array(
        data.draw(st.lists(st.integers(1, 30), min_size=len(rows), max_size=len(rows)))
    )
    k = data.draw(st.integers(1, 10))
    more = hits.copy()
    more[0, data.draw(st.integers(0, k - 1))] = True
    for metric in (recall, precision, ndcg, mrr):
        values = metric(hits, chosen, k)
        assert ((values >= 0) & (values <= 1)).all()
        assert metric(more, chosen, k)[0] >= values[0]
        assert ((values == 0) == ~hits[:, :k].any(axis=1)).all()


@given(st.integers(1, 20), st.integers(1, 20))
def test_the_best_list_has_an_ndcg_of_1(k: int, chosen: int) -> None:
    hits = (np.arange(k) < chosen)[None, :]
    assert ndcg(hits, np.array([chosen]), k) == pytest.approx([1.0])


def test_interval_of_a_constant_difference_is_that_difference() -> None:
    assert paired_interval(np.full(40, 0.25), seed=1) == (0.25, 0.25)


def test_interval_agrees_with_the_normal_one() -> None:
    difference = np.random.default_rng(3).normal(0.1, 1.0, 400)
    low, high = paired_interval(difference, seed=1)
    error = 1.96 * difference.std() / 20
    assert (low, high) == pytest.approx((difference.mean() - error, difference.mean() + error), abs=0.015)
    assert (low, high) == paired_interval(difference, seed=1)
    wide = paired_interval(difference, seed=1, level=0.99)
    assert (wide[1] - wide[0]) / (high - low) == pytest.approx(2.576 / 1.96, rel=0.08)
