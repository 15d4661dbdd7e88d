"""The parts of the blend, each a recommender that keeps every promise, and what each of them alone can see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from ecom_pipeline.ml.recommend import als, ease, graph
from ecom_pipeline.ml.recommend.als import ALS
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.graph import GraphFilter
from ecom_pipeline.ml.recommend.history import HistoryModel, thinned
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.neighbours import ItemNeighbours, nearest
from ecom_pipeline.ml.recommend.transitions import Transitions
from ecom_pipeline_tests.ml.recommend.builders import bought, checkerboard, field_of, frame
from ecom_pipeline_tests.ml.recommend.mixin import RecommenderPromises

ALS_QUICK: dict[str, Any] = {"components": 8, "iterations": 5, "seed": 1}
GRAPH_QUICK: dict[str, Any] = {"components": 4, "seed": 1}


class TestEASE(RecommenderPromises):
    recommender = EASE

    def test_the_weights_are_the_closed_form(self) -> None:
        world = bought(("a", "x", 0), ("a", "y", 0), ("b", "x", 0), ("b", "y", 0), ("b", "z", 0), ("c", "z", 0))
        model = EASE(penalty=1.0).fit(world)
        history = model.history_.toarray().astype(np.float64)
        gram = history.T @ history
        inverse = np.linalg.inv(gram + np.eye(3) * (np.diag(gram).mean() + 1e-3))
        expected = -inverse / np.diag(inverse)
        np.fill_diagonal(expected, 0.0)
        assert model.weights_ == pytest.approx(expected, abs=1e-5)

    def test_where_customers_are_few_the_same_scores_follow_from_their_inverse(self) -> None:
        world = checkerboard(customers=20, products=30)
        whole = EASE(penalty=5.0, recency=20.0).fit(world)
        few = EASE(penalty=5.0, recency=20.0, largest_inverse=25).fit(world)
        everyone, some = np.arange(20), np.arange(3, 9)
        assert whole.learned_ is None
        assert few.learned_ is not None
        assert few._score(everyone, np.arange(30)) == pytest.approx(whole._score(everyone, np.arange(30)), abs=1e-4)
        assert few._score(some, some) == pytest.approx(whole._score(some, some), abs=1e-4)

    def test_where_both_are_many_and_every_other_product_is_a_neighbour_the_weights_are_the_same(self) -> None:
        world = checkerboard(customers=40, products=30)
        whole = EASE(penalty=5.0).fit(world)
        near = EASE(penalty=5.0, largest_inverse=25, neighbours=29).fit(world)
        assert sparse.issparse(near.weights_)
        assert near.weights_.toarray() == pytest.approx(whole.weights_, abs=1e-5)

    def test_where_both_are_many_only_the_nearest_speak_for_a_product_and_no_product_is_left_out(self) -> None:
        world = bought(("a", "x", 0), ("b", "x", 0), ("c", "x", 0), ("a", "y", 0), ("b", "y", 0), ("c", "rare", 0))
        model = EASE(penalty=1.0, largest_inverse=2, neighbours=1).fit(world)
        assert model.products_.tolist() == ["rare", "x", "y"]
        rare, x, y = model.weights_.toarray()
        # each weight is the one product of columns over the speaker's square and the penalty
        history = model.history_.toarray().astype(np.float64)
        squares = (history**2).sum(axis=0)
        alone = squares + squares.mean() + 1e-3
        assert x == pytest.approx(
            [history[:, 1] @ history[:, 0] / alone[1], 0, history[:, 1] @ history[:, 2] / alone[1]]
        )
        assert y == pytest.approx([0, history[:, 1] @ history[:, 2] / alone[2], 0])
        assert rare.tolist() == [0, 0, 0]

    def test_a_product_that_nobody_touched_beside_another_is_said_nothing_for(self) -> None:
        world = bought(("a", "alone", 0), ("b", "x", 0), ("b", "y", 0), ("c", "z", 0))
        model = EASE(largest_inverse=2).fit(world)
        alone, x, y, z = model.weights_.toarray()
        assert x[2] == y[1] > 0
        assert not alone.any()
        assert not z.any()

    def test_products_of_all_columns_written_out_once_give_the_weights_to_the_bit(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = checkerboard(customers=40, products=30)
        once = EASE(largest_inverse=10, neighbours=9).fit(world).weights_
        monkeypatch.setattr(ease, "LINKS", 0)
        each = EASE(largest_inverse=10, neighbours=9).fit(world).weights_
        assert (once != each).nnz == 0 < once.nnz

    def test_of_very_many_pairs_neighbours_are_learned_from_every_nth_customer(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = checkerboard(customers=60, products=30)
        third = world[world["customer_id"].isin(sorted(world["customer_id"].unique())[::3])]
        assert third["product_id"].nunique() == 30
        alone = EASE(largest_inverse=10).fit(third)
        monkeypatch.setattr(ease, "MOST_PAIRS", alone.history_.nnz + 20)
        of_all = EASE(largest_inverse=10).fit(world)
        assert of_all.weights_.toarray() == pytest.approx(alone.weights_.toarray(), abs=1e-4)
        assert len(of_all.customers_) == 60


class TestALS(RecommenderPromises):
    recommender = ALS
    parameters = ALS_QUICK


class TestGraphFilter(RecommenderPromises):
    recommender = GraphFilter
    parameters = GRAPH_QUICK

    @pytest.mark.parametrize("exponents", [(0.5, 0.5), (0.35, 0.4)], ids=["as published", "smaller"])
    def test_the_filter_is_the_published_one(self, exponents: tuple[float, float]) -> None:
        world = checkerboard(customers=12, products=10)
        of_customer, of_product = exponents
        asked = {"customer_exponent": of_customer, "product_exponent": of_product}
        model = GraphFilter(components=3, ideal=0.3, seed=1, **(asked if of_customer != 0.5 else {})).fit(world)
        raw = model.history_.toarray().astype(np.float64)
        powers = raw.sum(axis=0) ** of_product
        normalised = raw / raw.sum(axis=1, keepdims=True) ** of_customer / powers
        _, lengths, vectors = np.linalg.svd(normalised)
        low_pass = np.diag(1 / powers) @ vectors[:3].T @ vectors[:3] @ np.diag(powers)
        expected = raw @ (normalised.T @ normalised / lengths[0] ** 2 + 0.3 * low_pass)
        assert model._score(np.arange(12), np.arange(10)) == pytest.approx(expected, rel=1e-4, abs=1e-6)

    def test_a_list_goes_from_products_to_products_unless_that_would_be_too_large(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world, some = checkerboard(customers=12, products=10), (np.arange(12), np.arange(3, 9))
        written_out = GraphFilter(components=3, seed=1).fit(world)
        monkeypatch.setattr(graph, "LINKS", 1)
        through_customers = GraphFilter(components=3, seed=1).fit(world)
        assert written_out.step_ is not None
        assert written_out.step_.dtype == written_out.normalised_.dtype == np.float32
        assert through_customers.step_ is None
        assert written_out._score(*some) == pytest.approx(through_customers._score(*some), rel=1e-4)


class TestItemNeighbours(RecommenderPromises):
    recommender = ItemNeighbours

    def test_the_nearest_by_the_angle(self) -> None:
        touched = sparse.csr_matrix(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))
        found = nearest(touched, 1, 0.0).toarray()
        together = 2 / np.sqrt(6)
        # both others are as near to the second: the first of equals is kept
        assert found == pytest.approx(np.array([[0, together, 0], [together, 0, 0], [0, together, 0]]))

    def test_the_first_of_equals_and_none_with_itself(self) -> None:
        touched = sparse.csr_matrix(np.ones((2, 5)))
        found = nearest(touched, 2, 0.0)
        assert [row.nonzero()[0].tolist() for row in found.toarray()] == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]


class TestTransitions(RecommenderPromises):
    recommender = Transitions

    def test_what_follows_is_offered_not_what_came_before(self) -> None:
        world = bought(*((f"c{n}", product, day) for n in range(9) for product, day in (("tent", n), ("pegs", n + 3))))
        world = pd.concat([world, bought(("first", "tent", 20), ("last", "pegs", 20), ("last", "lamp", 20))])
        lists = Transitions().fit(world).recommend(["first", "last"], 1)
        assert lists["product_id"].tolist()[0] == "pegs"
        assert Transitions().fit(world).weights_[2, 1] > 0
        assert Transitions().fit(world).weights_[1, 2] == 0


class TestFrequency(RecommenderPromises):
    recommender = Frequency

    def test_what_is_bought_often_and_lately_comes_first(self) -> None:
        world = bought(("a", "milk", 0), ("a", "milk", 10), ("a", "soap", 12), ("b", "book", 20), ("b", "book", 5))
        often = Frequency(half_life=None).fit(world).recommend(["a"], 3)
        assert often["product_id"].tolist() == ["milk", "soap", "book"]
        assert often["score"].tolist() == pytest.approx([2, 1, 0], abs=1e-5)
        lately = Frequency(half_life=1).fit(world).recommend(["a"], 1)
        assert lately["product_id"].tolist() == ["soap"]

    def test_only_purchases_count_where_there_are_any(self) -> None:
        world = frame([("a", "seen", 0, "view", 9), ("a", "had", 0, "purchase", 1)])
        assert Frequency().fit(world).recommend(["a"], 1)["product_id"].tolist() == ["had"]
        views = frame([("a", "seen", 0, "view", 9), ("a", "seen", 1, "view", 1), ("a", "had", 0, "view", 1)])
        assert Frequency().fit(views).recommend(["a"], 1)["product_id"].tolist() == ["seen"]


@pytest.mark.parametrize("model", [ALS(**ALS_QUICK), GraphFilter(**GRAPH_QUICK)], ids=lambda model: str(model.name))
def test_of_very_many_pairs_every_nth_customer_is_learned_from_and_everyone_served(
    model: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = checkerboard(customers=120)
    for module in (als, graph):
        monkeypatch.setattr(module, "ENOUGH_PAIRS", len(world) // 3)
    learned = []
    for module in (als, graph):
        monkeypatch.setattr(
            module, "thinned", lambda weights, most: learned.append(part := thinned(weights, most)) or part
        )
    everyone = sorted(world["customer_id"].unique())
    lists = model.fit(world).recommend(everyone, 10)
    assert [part.shape[0] for part in learned] == [40]
    assert sorted(lists["customer_id"].unique()) == everyone
    assert (lists["customer_id"].map(field_of) == lists["product_id"].map(field_of)).mean() > 0.95


@pytest.mark.parametrize("model", [ALS(**ALS_QUICK), GraphFilter(**GRAPH_QUICK)], ids=lambda model: str(model.name))
def test_of_many_customers_those_who_link_nothing_are_not_learned_from_and_get_lists(
    model: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = checkerboard(customers=40)
    many = pd.concat([few, bought(*((f"x{each:03d}", f"p{each:03d}", 99) for each in range(30)))])
    learned = []
    for module in (als, graph):
        monkeypatch.setattr(
            module, "thinned", lambda weights, most: learned.append(part := thinned(weights, most)) or part
        )
    newcomers = [f"x{each:03d}" for each in range(30)]
    for most in (70, 69):
        monkeypatch.setattr("ecom_pipeline.ml.recommend.history.MANY_CUSTOMERS", most)
        lists = model.fit(many).recommend(newcomers, 10)
        assert (
            lists["customer_id"].map(lambda name: int(name[1:]) % 2) == lists["product_id"].map(field_of)
        ).mean() > 0.9
    assert [part.shape[0] for part in learned] == [70, 40]


@pytest.mark.parametrize("kind", [EASE, ItemNeighbours, GraphFilter, Transitions], ids=lambda kind: str(kind.name))
def test_what_was_touched_fades_by_its_age_on_the_customers_own_last_day(kind: type[HistoryModel]) -> None:
    world = bought(("a", "x", 0), ("a", "y", 2), ("b", "x", 700), ("b", "y", 702), ("c", "x", 702), ("c", "z", 702))
    seed = {"seed": 1} if kind is GraphFilter else {}
    lasting = kind(recency=None, **seed).fit(world)
    fading = lasting.with_recency(2.0, checked(world))
    history = fading.history_.toarray()
    assert history[0] == pytest.approx(history[1])
    assert history[0, 0] / history[0, 1] == pytest.approx(np.log1p(0.5) / np.log1p(1.0))
    assert lasting.recency is None
    assert lasting.history_.toarray()[0, :2].tolist() == [1, 1]
    # nothing was learned again, and learning at once gives the same
    assert kind(recency=2.0, **seed).fit(world).history_.toarray() == pytest.approx(history)


@pytest.mark.parametrize(
    "model",
    [EASE(), ALS(**ALS_QUICK), GraphFilter(**GRAPH_QUICK), ItemNeighbours(), Transitions()],
    ids=lambda model: str(model.name),
)
def test_it_sees_the_checkerboard_where_popularity_cannot(model: Recommender) -> None:
    world = checkerboard()
    lists = model.fit(world).recommend(sorted(world["customer_id"].unique()), 10)
    assert (lists["customer_id"].map(field_of) == lists["product_id"].map(field_of)).mean() > 0.95
