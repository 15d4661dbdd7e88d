from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from ecom_pipeline.ml.recommend import contest, evaluate
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.blend import Blend
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import Window, earlier, score, scores, windows
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline.ml.recommend.ranker import NEVER, Firsts, Past, Ranker, firsts, learn_trees
from ecom_pipeline.ml.recommend.tuning import Part
from ecom_pipeline_tests.ml.recommend.builders import bought, checkerboard, fads
from ecom_pipeline_tests.ml.recommend.mixin import RecommenderPromises

WEIGHTS = {"ease": 1.0, "popularity": 0.1}


def blend() -> Blend:
    return Blend(parts=[EASE(), Popularity()], weights=WEIGHTS)


def two_windows(world: pd.DataFrame) -> tuple[Window, Window]:
    before, found = earlier(checked(world)), windows(checked(world))
    assert before is not None
    assert found is not None
    return before, found[0]


@cache
def trees() -> HistGradientBoostingClassifier:
    before, _ = two_windows(checkerboard(days=200))
    return learn_trees([firsts(blend().fit_checked(before.train), before)], seed=1)


class TestRanker(RecommenderPromises):
    recommender = Ranker

    def make(self, **parameters: Any) -> Recommender:
        return Ranker(blend=blend(), trees=trees())


def test_it_learns_what_no_sum_of_scores_can_say() -> None:
    before, validation = two_windows(fads())
    lasting = Blend(parts=[Popularity(half_life=None)], weights={"popularity": 1.0})
    learned = learn_trees([firsts(lasting.fit_checked(before.train), before)], seed=1)
    ranker = Ranker(blend=lasting, trees=learned).fit_checked(validation.train)
    assert score(ranker, validation) > 1.5 * score(lasting.fit_checked(validation.train), validation)


def test_what_is_known_of_the_past_by_hand() -> None:
    train = checked(bought(("a", "x", 0), ("a", "x", 90), ("b", "x", 99), ("b", "y", 60), ("c", "z", 100)))
    past = Past(train, pd.Index(["x", "y", "z"]))
    x, y, z = past.of_product
    # sold in the last 7 days: x once, z once; mean 2/3
    assert x[0] == z[0] == pytest.approx(np.log(2 / (5 / 3)), abs=1e-6)
    assert y[0] == pytest.approx(np.log(1 / (5 / 3)), abs=1e-6)
    assert [x[5], y[5], z[5]] == [100, 40, 0]
    found = past.features(np.array([0, 0, 1]), np.array([0, 1, 0]))
    # since the customer bought it (1 is today), and on how many days
    assert found[0, -2:].tolist() == [11, 2]
    assert found[1, -2:].tolist() == [NEVER, 0]
    assert found[2, -2:].tolist() == [2, 1]
    assert past.of_customer[:, 0] == pytest.approx(np.log1p([1, 2, 1]))
    assert past.of_customer[:, 1].tolist() == [10, 1, 0]


def test_products_beyond_the_first_follow_in_the_order_of_the_blend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecom_pipeline.ml.recommend.ranker.DEPTH", 5)
    world = checkerboard()
    order = blend().fit(world).recommend(["c000"], 40)["product_id"].tolist()
    ranked = Ranker(blend=blend(), trees=trees()).fit(world).recommend(["c000"], 40)["product_id"].tolist()
    assert set(ranked[:5]) == set(order[:5])
    assert ranked[5:] == order[5:]


def test_where_the_trees_see_no_difference_the_blend_decides() -> None:
    class Indifferent:
        def decision_function(self, features: np.ndarray) -> np.ndarray:
            return np.zeros(len(features))

    world = checkerboard()
    everyone = sorted(world["customer_id"].unique())
    columns = ["customer_id", "rank", "product_id"]
    order = blend().fit(world).recommend(everyone, 10)[columns]
    ranker: Any = Ranker(blend=blend(), trees=Indifferent())  # type: ignore[arg-type]
    assert ranker.fit(world).recommend(everyone, 10)[columns].equals(order)


def test_trees_are_asked_of_no_product_that_cannot_be_listed() -> None:
    asked = []

    class Counting:
        def decision_function(self, features: np.ndarray) -> np.ndarray:
            asked.append(len(features))
            return np.arange(len(features), dtype=float)

    world = checkerboard()
    own = world[world["customer_id"].isin(["c000", "c001"])][["customer_id", "product_id"]].drop_duplicates()
    ranker: Any = Ranker(blend=blend(), trees=Counting())  # type: ignore[arg-type]
    lists = ranker.fit(world).recommend(["c000", "c001"], 100, among=own)
    assert asked == [len(own)]
    assert set(zip(lists["customer_id"], lists["product_id"], strict=True)) == set(
        own.itertuples(index=False, name=None)
    )


@pytest.mark.parametrize(("weight", "more"), [(0.04, 0), (0.05, 1)])
def test_what_weighs_no_more_than_a_fifth_of_the_heaviest_part_is_no_feature(weight: float, more: int) -> None:
    world = checkerboard(days=200)
    before, _ = two_windows(world)
    weights = {"ease": 0.2, "popularity": 0.1}
    without = Blend(parts=[EASE(), Popularity()], weights=weights)
    with_light = Blend(parts=[EASE(), Popularity(), Frequency()], weights={**weights, "frequency": weight})
    features = [firsts(each.fit_checked(before.train), before).features for each in (without, with_light)]
    assert features[1].shape[2] - features[0].shape[2] == more


def test_what_is_looked_up_once_is_judged_as_the_lists_are() -> None:
    _, validation = two_windows(checkerboard(days=200))
    fitted = blend().fit_checked(validation.train)
    seen = firsts(fitted, validation)
    assert seen.ndcg(None) == pytest.approx(scores(fitted, validation))
    assert seen.ndcg(trees()) == pytest.approx(scores(Ranker.of(fitted, trees(), validation.train), validation))
    features, hits = seen.examples(seed=1)
    assert hits.sum() == seen.hit.sum()
    assert len(features) == len(hits) < np.isfinite(seen.blended).sum()
    assert seen.hit.any(axis=1).all()


def test_where_nobody_chose_one_of_the_first_products_there_is_nothing_to_order() -> None:
    _, validation = two_windows(checkerboard(days=200))
    fitted = blend().fit_checked(validation.train)
    seen = firsts(fitted, replace(validation, truth=validation.truth.assign(product_id="unheard of")))
    assert seen.ndcg(trees()).tolist() == [0.0] * len(validation.customers)
    assert not len(seen.examples(seed=1)[1])


def test_a_list_shorter_than_ten_is_judged_by_what_it_holds() -> None:
    seen = Firsts(
        places=np.array([0, 2]),
        everyone=3,
        features=np.zeros((2, 3, 1), np.float32),
        blended=np.array([[2.0, 1.0, -np.inf], [3.0, 2.0, 1.0]], np.float32),
        hit=np.array([[False, True, False], [True, False, False]]),
        chosen=np.array([1, 2]),
    )
    assert seen.ndcg(None) == pytest.approx([1 / np.log2(3), 0, 1 / (1 + 1 / np.log2(3))])


@pytest.mark.parametrize(("better", "used"), [(6, False), (7, True)])
def test_the_ranker_is_used_where_it_leads_by_more_than_a_standard_error(
    better: int, used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten customers it serves six or seven better and the others as much worse: .2 and .4, the error being .31 and .29."""
    world = checked(fads())
    found, past = windows(world), earlier(world)
    assert past is not None
    assert found is not None

    class Stated(Firsts):
        def ndcg(self, trees: Any) -> np.ndarray:
            return np.zeros(10) if trees is None else np.repeat([1.0, -1.0], [better, 10 - better])

    fitted = [Popularity().fit_checked(found[0].train)]
    monkeypatch.setattr(contest, "firsts", lambda blend, window: Stated(**vars(firsts(blend, window))))
    monkeypatch.setattr(contest, "FEWEST_LESSONS", 1)
    trees, lead, _ = contest._rankers(fitted, {"new": {"popularity": 1.0}}, {"new": found[0]}, {"new": past}, seed=1)[
        "new"
    ]
    assert (trees is not None) is used
    assert lead[0] < 0 < lead[1]


def test_the_trees_learn_from_as_many_customers_as_they_need_and_from_validation_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = checked(fads())
    found, past = windows(world), earlier(world)
    assert past is not None
    assert found is not None
    validation = found[0]
    looked_up, taught, judged, epochs = [], [], [], set()

    class Stated(Firsts):
        def ndcg(self, trees: Any) -> np.ndarray:
            judged.append(("blend" if trees is None else "ranker", self.everyone))
            return np.full(self.everyone, float(trees is not None))

    def recorded(blend: Blend, window: Window) -> Firsts:
        looked_up.append((window.last_day, len(window.customers)))
        epochs.update((window.last_day, vars(part)["epochs"]) for part in blend.parts_ if part.name == "lightfm")
        return Stated(**vars(firsts(blend, window)))

    def learned(seen: Any, *, seed: int) -> Any:
        taught.append(len(seen))
        return learn_trees(seen, seed=seed)

    model = LightFMRecommender(seed=1).fit_checked(validation.train)
    monkeypatch.setattr(contest, "tune_parts", lambda *given, **named: [Part(fitted=model, trials=[])])
    monkeypatch.setattr(contest, "firsts", recorded)
    monkeypatch.setattr(contest, "learn_trees", learned)
    monkeypatch.setattr(evaluate, "CHOSEN_ON", 10)
    monkeypatch.setattr(contest, "LESSONS", 1)
    monkeypatch.setattr(contest, "FEWEST_LESSONS", 1)
    nothing = pd.DataFrame({"product_id": []})
    held = contest.compete({"new": found, "all": found}, nothing, before={"new": past, "all": past}, seed=1, judged=20)
    assert held.rounds["new"].trees is not None
    assert judged == [("ranker", 10), ("blend", 10)] * 2
    assert looked_up == [(each.last_day, 10) for each in (past, validation)] * 2
    assert taught == [1, 2] * 2
    assert epochs == {(past.last_day, 5), (validation.last_day, 10)}


def test_a_short_history_leaves_no_days_to_learn_from() -> None:
    assert earlier(checked(checkerboard(days=139))) is None
    before, validation = two_windows(checkerboard(days=140))
    assert before.last_day < validation.last_day
    assert (validation.last_day - before.last_day).days == 28
