from __future__ import annotations

import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import content
from ecom_pipeline.ml.recommend.content import Content

TEAS = pd.DataFrame(
    {
        "product_id": ["a", "b", "c", "d", "e"],
        "name": ["Green tea, 100 g", "green TEA 250 g", "绿茶礼盒", "龙井绿茶", None],
        "category_path": ["tea > leaf", "tea > leaf", "tea > leaf", "tea > leaf", "tea > bags"],
        "brand": ["X", "X", None, "Y", "X"],
    }
)
ALL = pd.Index(TEAS["product_id"])


def pairs(found: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(found["product_id"], found["neighbour_id"], strict=True))


def test_words_signs_and_tags_make_likeness() -> None:
    found = Content(TEAS).neighbours(ALL, ALL, k=1)
    assert pairs(found) == [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")]
    assert found["similarity"].between(0, 1 + 1e-6).all()


def test_products_of_another_leaf_are_no_neighbours_and_nothing_is_like_itself() -> None:
    found = Content(TEAS).neighbours(ALL, ALL, k=5)
    assert "e" not in set(found["neighbour_id"]) | set(found["product_id"])
    assert (found["product_id"] != found["neighbour_id"]).all()


def test_of_a_crowded_leaf_only_the_most_popular_are_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MOST", 1)
    found = Content(TEAS).neighbours(ALL, pd.Index(["d", "b", "a", "c"]), k=5)
    assert set(found["neighbour_id"]) == {"d"}


def test_without_words_or_without_neighbours_there_are_none() -> None:
    bare = TEAS[["product_id"]]
    assert Content(bare).neighbours(ALL, ALL, k=2).empty
    assert Content(TEAS).neighbours(ALL, pd.Index([]), k=2).empty
    assert Content(TEAS).neighbours(pd.Index(["nobody"]), ALL, k=2).empty


def test_products_of_no_known_category_are_not_alike_for_that() -> None:
    nameless = TEAS[["product_id"]].assign(category="unknown")
    assert Content(nameless).neighbours(ALL, ALL, k=2).empty
    assert not Content(nameless.assign(category="tea")).neighbours(ALL, ALL, k=2).empty
