from __future__ import annotations

import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import history
from ecom_pipeline.ml.recommend.completed import completed_lists
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline_tests.ml.recommend.builders import bought, checkerboard

# x: 3 customers, y: 2, z and w: 1 each, of whom hermit touched nothing that anybody else did
WORLD = bought(
    ("a", "x", 0), ("b", "x", 0), ("c", "x", 0), ("a", "y", 0), ("b", "y", 0), ("c", "z", 0), ("hermit", "w", 0)
)
POPULARITY = Popularity().fit(WORLD)
NOTHING = pd.DataFrame({"customer_id": ["nobody"], "product_id": ["w"]})


def lists_of(customers: list[str], k: int, exclude: pd.DataFrame = NOTHING) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(history, "MOST_PRODUCTS", 2)
        model = LightFMRecommender(epochs=5, seed=1).fit(WORLD)
    return completed_lists(model, POPULARITY, customers, k, exclude=exclude)


def test_short_lists_are_filled_up_with_what_is_popular_and_each_row_says_so() -> None:
    found = lists_of(["a"], 4)
    assert found["rank"].tolist() == [1, 2, 3, 4]
    assert set(found["product_id"][:2]) == {"x", "y"}
    assert found["product_id"][2:].tolist() == ["w", "z"]
    assert found["source"].tolist() == ["lightfm", "lightfm", "popularity", "popularity"]


def test_cold_customers_get_what_is_popular() -> None:
    found = lists_of(["nobody", "hermit"], 3)
    assert found["customer_id"].tolist() == ["hermit"] * 3 + ["nobody"] * 3
    assert found["product_id"].tolist() == ["x", "y", "w", "x", "y", "z"]
    assert set(found["source"]) == {"popularity"}


def test_what_is_excluded_is_not_filled_up_with() -> None:
    owned = pd.DataFrame({"customer_id": ["a", "a", "a"], "product_id": ["x", "y", "z"]})
    assert lists_of(["a"], 4, exclude=owned)[["product_id", "source"]].to_numpy().tolist() == [["w", "popularity"]]


def test_full_lists_stay_as_they_are() -> None:
    world = checkerboard()
    model = LightFMRecommender(epochs=2, seed=1).fit(world)
    everyone = sorted(world["customer_id"].unique())
    found = completed_lists(model, Popularity().fit(world), everyone, 5, exclude=NOTHING)
    pd.testing.assert_frame_equal(found, model.recommend(everyone, 5))


def test_nobody_to_list_for() -> None:
    assert lists_of([], 3).empty
