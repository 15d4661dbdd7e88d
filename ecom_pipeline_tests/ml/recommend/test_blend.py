from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import blend, history
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.blend import Blend, Candidates, candidates, offered, standardised
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import Target, Window, sampled, score, windows
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.interactions import Floats, Positions, checked
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline.ml.recommend.weighing import learn_weights
from ecom_pipeline_tests.ml.recommend.builders import bought, checkerboard, frame
from ecom_pipeline_tests.ml.recommend.mixin import RecommenderPromises

WEIGHTS = {"ease": 1.0, "popularity": 0.2, "lightfm": 0.1}


def parts() -> list[Recommender]:
    return [EASE(), Popularity(), LightFMRecommender(components=4, epochs=5, seed=1)]


class TestBlend(RecommenderPromises):
    recommender = Blend

    def make(self, **parameters: Any) -> Recommender:
        return Blend(parts=parts(), weights=WEIGHTS)

    def test_what_was_fitted_already_gives_the_same_lists(self) -> None:
        world = checked(checkerboard())
        fitted = [part.fit_checked(world) for part in parts()]
        customers = sorted(world["customer_id"].unique())
        pd.testing.assert_frame_equal(
            Blend.of(fitted, WEIGHTS, world).recommend(customers, 10), self.make().fit(world).recommend(customers, 10)
        )

    def test_a_part_without_weight_is_not_fitted(self) -> None:
        blend = Blend(parts=parts(), weights={"popularity": 1.0}).fit(checkerboard())
        assert [part.name for part in blend.parts_] == ["popularity"]

    def test_only_the_most_touched_are_offered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "MOST_PRODUCTS", 1)
        world = bought(("a", "x", 0), ("b", "x", 0), ("a", "rare", 0))
        blend = Blend(parts=[Popularity()], weights={"popularity": 1.0}).fit(world)
        assert blend.recommend(["a"], 5)["product_id"].tolist() == ["x"]


def test_scores_are_standardised_over_what_is_offered() -> None:
    world = checkerboard()
    model = EASE().fit(world)
    products = model.products_.append(pd.Index(["unheard"]))
    found = standardised(model, pd.Index(["c000", "nobody"]), products)
    assert found[0].mean() == pytest.approx(0, abs=1e-5)
    assert found[0].std() == pytest.approx(1, abs=1e-4)
    assert found[0, -1] == found[0].min()
    assert not found[1].any()


def validation(world: pd.DataFrame, target: Target = "new") -> Window:
    found = windows(checked(world), target)
    assert found is not None
    return found[0]


def test_the_candidates_of_a_part_give_its_own_ndcg() -> None:
    window = validation(checkerboard())
    fitted = [part.fit_checked(window.train) for part in parts()]
    found = candidates({"new": fitted}, {"new": window})["new"]
    owned = window.owned["customer_id"].value_counts()[found.customers]
    assert (found.listed.sum(axis=1) <= window.train["product_id"].nunique() - owned).all()
    for part in fitted:
        assert found.ndcg(found.scores[part.name]).mean() == pytest.approx(score(part, window), abs=1e-6)


def test_customers_of_two_targets_are_scored_once_and_each_target_keeps_its_own() -> None:
    asked = []

    class Counted(Frequency):
        def _score(self, customers: Positions, products: Positions) -> Floats:
            asked.append(len(customers))
            return super()._score(customers, products)

    few = sampled(validation(checkerboard()), 3, seed=1)
    everyone = validation(checkerboard(), "all")
    shared = [part.fit_checked(everyone.train) for part in parts()]
    parts_of: dict[Target, list[Recommender]] = {"new": shared, "all": [*shared, Counted().fit_checked(everyone.train)]}
    windows_of: dict[Target, Window] = {"new": few, "all": everyone}
    together = candidates(parts_of, windows_of)
    assert sum(asked) == len(everyone.customers.union(few.customers))
    for target, found in together.items():
        alone = candidates({target: parts_of[target]}, {target: windows_of[target]})[target]
        for name in ("customers", "listed", "hit", "chosen"):
            assert np.array_equal(getattr(found, name), getattr(alone, name)), name
        assert list(found.scores) == [part.name for part in parts_of[target]]
        for name, scores in alone.scores.items():
            assert found.scores[name] == pytest.approx(scores), name


def test_the_blend_is_never_worse_than_its_best_part_and_scores_as_it_was_told() -> None:
    window = validation(checkerboard(products=30))
    fitted = [part.fit_checked(window.train) for part in [*parts(), Frequency()]]
    weights, reached, alone = learn_weights(
        candidates({"all": fitted}, {"all": window})["all"], always="lightfm", seed=1
    )
    assert reached >= max(alone.values())
    assert weights["lightfm"] > 0
    assert score(Blend.of(fitted, weights, window.train), window) == pytest.approx(reached, abs=1e-6)


def test_where_nobody_buys_twice_what_a_customer_bought_speaks_against_itself() -> None:
    window = validation(checkerboard(products=30), "all")
    fitted = [part.fit_checked(window.train) for part in [*parts(), Frequency()]]
    weights, reached, alone = learn_weights(
        candidates({"all": fitted}, {"all": window})["all"], always="lightfm", seed=1
    )
    assert weights["frequency"] < 0
    assert reached > 1.5 * max(alone.values())
    lists = Blend.of(fitted, weights, window.train).recommend(list(window.customers), 3)
    assert not set(lists[["customer_id", "product_id"]].itertuples(index=False, name=None)) & set(
        window.train[["customer_id", "product_id"]].itertuples(index=False, name=None)
    )


def world_of(left: list[float], right: list[float], hit: list[bool]) -> Candidates:
    shape = (1, len(hit))
    return Candidates(
        customers=pd.Index(["a"]),
        scores={
            "left": np.array(left, dtype=np.float32).reshape(shape),
            "right": np.array(right, dtype=np.float32).reshape(shape),
        },
        listed=np.ones(shape, dtype=bool),
        hit=np.array(hit).reshape(shape),
        chosen=np.array([sum(hit)]),
    )


def test_of_equal_scores_the_first_is_ahead_and_what_is_not_listed_is_not() -> None:
    hit = [place in (3, 11) for place in range(12)]
    world = world_of([1.0] * 12, [2.0] * 2 + [1.0] * 9 + [3.0], hit)
    ideal = 1 + 1 / np.log2(3)
    assert world.ndcg(world.scores["left"]) == pytest.approx([1 / np.log2(5) / ideal])
    assert world.ndcg(world.scores["right"]) == pytest.approx([(1 + 1 / np.log2(6)) / ideal])
    shorter = replace(world, listed=np.arange(12)[None] >= 2)
    assert shorter.ndcg(world.scores["left"]) == pytest.approx([(1 / np.log2(3) + 1 / np.log2(11)) / ideal])


@pytest.mark.filterwarnings("error")
def test_where_nobody_chose_a_candidate_the_first_part_is_taken_without_a_warning() -> None:
    world = world_of([3.0, 2.0], [0.0, 2.0], [False, False])
    weights, reached, _ = learn_weights(world, always="left", seed=1)
    assert weights["left"] > weights["right"] == reached == 0


def test_two_parts_together_find_what_neither_finds_alone() -> None:
    world = world_of([3.0, 2.0, 0.0, 0.0], [0.0, 2.0, 3.0, 0.0], [False, True, False, False])
    weights, reached, alone = learn_weights(world, always="left", seed=1)
    assert reached == 1.0
    assert max(alone.values()) < 0.7
    assert min(weights.values()) > 0


@pytest.mark.parametrize(("helped", "harmed", "taken"), [(20, 5, True), (3, 8, False)])
def test_a_gain_that_may_be_luck_changes_no_weight(helped: int, harmed: int, taken: bool) -> None:
    """The left part has the hit second; with the right one it is first for some, third for others, second for the rest."""
    customers = helped + harmed + 60
    said = np.array([[0.0, 9.0, 0.0], [9.0, -90.0, 0.0], [0.1, 0.0, 0.2]], dtype=np.float32)
    right = np.repeat(said, [helped, harmed, 60], axis=0)
    world = Candidates(
        customers=pd.Index([f"c{number}" for number in range(customers)]),
        scores={"left": np.tile(np.array([[2.0, 1.5, 0.0]], dtype=np.float32), (customers, 1)), "right": right},
        listed=np.ones((customers, 3), dtype=bool),
        hit=np.tile([False, True, False], (customers, 1)),
        chosen=np.ones(customers, dtype=int),
    )
    weights, reached, alone = learn_weights(world, always="left", seed=1)
    assert max(alone, key=lambda name: alone[name]) == "left"
    assert (weights["right"] > 0) is taken
    assert reached >= max(alone.values())


def test_the_part_that_must_be_there_weighs_a_trace() -> None:
    weights, reached, _ = learn_weights(
        world_of([0.0, 1.0, 0.0], [1.0, 0.9, 0.0], [True, False, False]), always="left", seed=1
    )
    assert (weights["left"], reached) == (0.001, 1.0)
    assert weights["right"] > 0.1


def test_what_few_halves_of_the_customers_see_weighs_little_and_the_best_part_alone_is_not_beaten_by_luck() -> None:
    random = np.random.default_rng(1)
    hit = random.random((200, 30)) < 0.05
    hit[:, 0] |= ~hit.any(axis=1)
    noise = {f"noise{each}": random.random(hit.shape).astype(np.float32) for each in range(4)}
    world = Candidates(
        customers=pd.Index([f"c{number}" for number in range(200)]),
        scores={"told": (hit + 2 * random.random(hit.shape)).astype(np.float32), **noise},
        listed=np.ones(hit.shape, dtype=bool),
        hit=hit,
        chosen=hit.sum(axis=1),
    )
    weights, reached, alone = learn_weights(world, always="told", seed=1)
    assert weights["told"] > 5 * max(weights[name] for name in noise)
    assert reached >= alone["told"]


def test_what_one_customer_keeps_coming_back_to_is_offered_however_few_others_touch_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "MOST_PRODUCTS", 2)
    rows = [("a", "own", day) for day in (1, 1, 5, 9)] + [("a", "twice", 2), ("a", "twice", 3)]
    crowd = [(f"c{number}", product, 0) for number in range(4) for product in ("x", "y")]
    train = checked(
        frame(
            [
                *((*row, "purchase", 1) for row in (*rows, *crowd)),
                ("b", "seen", 7, "view", 1),
                ("b", "seen", 7, "cart", 1),
            ]
        )
    )
    assert offered(train).tolist() == ["own", "x", "y"]
    monkeypatch.setattr(blend, "STAPLE_DAYS", 2)
    assert offered(train).tolist() == ["own", "twice", "x", "y"]
