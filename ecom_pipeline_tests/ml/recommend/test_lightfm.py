from __future__ import annotations

from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import history
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline_tests.ml.recommend.builders import bought, catalogue, checkerboard, field_of
from ecom_pipeline_tests.ml.recommend.mixin import RecommenderPromises

QUICK: dict[str, Any] = {"components": 8, "epochs": 15, "seed": 1}


def share_of_own_field(lists: pd.DataFrame) -> float:
    return float((lists["customer_id"].map(field_of) == lists["product_id"].map(field_of)).mean())


class TestLightFM(RecommenderPromises):
    recommender = LightFMRecommender
    parameters: ClassVar[dict[str, Any]] = {**QUICK, "features": True}

    @pytest.mark.parametrize("features", [False, True])
    def test_it_sees_the_checkerboard_where_popularity_cannot(self, features: bool) -> None:
        world = checkerboard()
        customers = sorted(world["customer_id"].unique())
        model = LightFMRecommender(**QUICK, features=features).fit(world, catalogue(world))
        assert share_of_own_field(model.recommend(customers, 10)) > 0.98
        assert share_of_own_field(Popularity().fit(world).recommend(customers, 10)) == pytest.approx(0.5, abs=0.1)

    def test_the_points_of_a_field_lie_together(self) -> None:
        model = LightFMRecommender(**QUICK).fit(checkerboard())
        points = model.item_points_ / np.linalg.norm(model.item_points_, axis=1, keepdims=True)
        place = np.arange(len(points)) % 2
        cosine, same = points @ points.T, np.equal.outer(place, place)
        assert cosine[same].min() > cosine[~same].max()

    def test_another_seed_gives_another_model(self) -> None:
        world = checkerboard()
        first, second = (LightFMRecommender(**{**QUICK, "seed": seed}).fit(world) for seed in (1, 2))
        assert not np.allclose(first.customer_points_, second.customer_points_)

    def test_a_cold_product_is_placed_by_its_category(self) -> None:
        world = checkerboard()
        names = sorted(world["product_id"].unique())
        products = pd.DataFrame({"product_id": names, "category": [f"field{field_of(name)}" for name in names]})
        fresh = pd.DataFrame({"product_id": ["n0", "n1"], "category": ["field0", "field1"]})
        model = LightFMRecommender(**QUICK, features=True).fit(world, pd.concat([products, fresh]))
        lists = model.recommend(["c000", "c001"], 2, candidates=["n0", "n1"])
        assert lists["product_id"].tolist() == ["n0", "n1", "n1", "n0"]

    def test_the_trend_is_added_without_learning_again(self) -> None:
        world = pd.concat([checkerboard(), bought(*((f"c{number:03d}", "p001", 99) for number in range(1, 60, 2)))])
        model = LightFMRecommender(**QUICK).fit(world)
        hot = model.with_trend(1000.0)
        assert hot.recommend(["c000"], 1)["product_id"].tolist() == ["p001"]
        assert field_of(model.recommend(["c000"], 1)["product_id"].iloc[0]) == 0
        assert model.trend == 0.0
        again = LightFMRecommender(**QUICK, trend=1000.0).fit(world)
        pd.testing.assert_frame_equal(hot.recommend(["c000"], 5), again.recommend(["c000"], 5), check_exact=True)

    def test_what_few_touched_in_a_large_catalogue_has_no_point(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "MANY_PRODUCTS", 20)
        world = pd.concat([checkerboard(), bought(("c000", "rare", 5), ("hermit", "rare", 5))])
        model = LightFMRecommender(**QUICK).fit(world)
        assert "rare" not in model.products_
        assert "hermit" not in model.customers_
        assert model.recommend(["hermit", "c000"], 2)["customer_id"].tolist() == ["c000", "c000"]
        everything_is_rare = LightFMRecommender(**QUICK).fit(bought(*((f"a{n}", f"x{n}", 0) for n in range(30))))
        assert len(everything_is_rare.products_) == 30

    def test_parameters_are_told_without_the_seed_or_what_was_learned(self) -> None:
        found = LightFMRecommender(seed=7, epochs=3).fit(bought(("a", "x", 0))).parameters()
        assert found["epochs"] == 3
        assert found["threads"] == 1
        assert found["openmp"] is (find_spec("lightfm._lightfm_fast_openmp") is not None)
        assert "seed" not in found
        assert not any(name.endswith("_") for name in found)

    def test_a_robot_does_not_break_the_learning(self) -> None:
        world = pd.concat([checkerboard(), bought(*(("robot", f"p{n:03d}", d) for n in range(40) for d in range(9)))])
        world.loc[world["customer_id"] == "robot", "interactions"] = 10**9
        model = LightFMRecommender(**QUICK).fit(world)
        customers = sorted(set(world["customer_id"]) - {"robot"})
        assert share_of_own_field(model.recommend(customers, 10)) > 0.9
