from __future__ import annotations

import pandas as pd
import pytest

from ecom_pipeline.ml.recommend.content import Content
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline.ml.recommend.similar import SIMILAR_COLUMNS, similar_products
from ecom_pipeline_tests.ml.recommend.builders import NO_PRODUCTS, bought, checkerboard, field_of

BOARD = checkerboard()
WORLD = bought(
    ("a", "tea1", 0), ("b", "tea1", 0), ("c", "tea2", 0), ("a", "cup1", 0), ("b", "cup1", 0), ("c", "cup1", 0)
)  # fmt: skip
PRODUCTS = pd.DataFrame(
    {"product_id": ["cup1", "new_tea", "odd", "tea1", "tea2"], "category": ["cups", "teas", None, "teas", "teas"]}
)


def list_of(lists: pd.DataFrame, product: str) -> list[tuple[str, str]]:
    one = lists[lists["product_id"] == product]
    assert one["rank"].tolist() == list(range(1, len(one) + 1))
    return list(zip(one["similar_product_id"], one["source"], strict=True))


def popular(k: int = 10) -> pd.DataFrame:
    popularity = Popularity().fit(WORLD)
    return similar_products(None, popularity, Content(PRODUCTS), available=popularity.products_, k=k)


def test_products_of_one_field_are_alike() -> None:
    popularity = Popularity().fit(BOARD)
    lists = similar_products(checked(BOARD), popularity, Content(NO_PRODUCTS), available=popularity.products_, k=10)
    assert tuple(lists.columns) == SIMILAR_COLUMNS
    assert len(lists) == 40 * 10
    assert (lists["product_id"].map(field_of) == lists["similar_product_id"].map(field_of)).all()
    assert (lists["product_id"] != lists["similar_product_id"]).all()
    assert not lists.duplicated(["product_id", "similar_product_id"]).any()
    assert set(lists["source"]) == {"item_knn"}
    assert lists.groupby("product_id")["score"].apply(lambda each: each.is_monotonic_decreasing).all()


def test_what_customers_touch_beyond_chance_and_what_descriptions_say_add_up() -> None:
    baskets = {"lamp bulb bag": 10, "lamp soap bag": 10, "mug bag": 40}
    rows = [(f"{words} {n}", one, 0) for words, size in baskets.items() for n in range(size) for one in words.split()]
    world = bought(*rows)
    described = pd.DataFrame(
        {"product_id": ["bulb", "lamp", "soap"], "name": ["glass bulb of a lamp", "oak lamp", "soap"]}
    )
    popularity = Popularity().fit(world)
    lists = similar_products(checked(world), popularity, Content(described), available=popularity.products_, k=3)
    assert list_of(lists, "lamp") == [("bulb", "item_knn"), ("soap", "item_knn"), ("bag", "popularity")]
    both, by_touch, _ = lists.loc[lists["product_id"] == "lamp", "score"]
    damping = 0.3 * (10 + 10 + 20 + 40 + 60) / 5
    assert by_touch == pytest.approx((10 - 20 * 10 / 60) / ((20 + damping) * (10 + damping)) ** 0.5, rel=1e-5)
    assert both - by_touch == pytest.approx(0.25)


@pytest.mark.parametrize(("category", "listed"), [("light", ["bulb"]), ("unknown", ["bag", "bulb"])])
def test_of_what_customers_touch_only_the_products_of_its_category_are_like_a_product(
    category: str, listed: list[str]
) -> None:
    rows = [(f"{other} {n}", one, 0) for other in ("bag", "bulb") for n in range(10) for one in ("lamp", other)]
    world = bought(*rows, *((f"x {n}", "x", 0) for n in range(20)))
    described = pd.DataFrame({"product_id": ["bag", "bulb", "lamp"], "category": ["bags", category, category]})
    popularity = Popularity().fit(world)
    lists = similar_products(checked(world), popularity, Content(described), available=popularity.products_, k=2)
    touched = lists[(lists["product_id"] == "lamp") & (lists["source"] == "item_knn")]
    assert touched["similar_product_id"].to_list() == listed


def test_a_cold_product_gets_what_is_described_like_it_then_what_is_popular_at_all_and_says_so() -> None:
    assert list_of(popular(), "new_tea") == [
        ("tea1", "content"), ("tea2", "content"), ("cup1", "popularity")
    ]  # fmt: skip


def test_a_product_of_no_category_gets_what_is_popular_at_all() -> None:
    assert list_of(popular(2), "odd") == [("cup1", "popularity"), ("tea1", "popularity")]


def test_a_product_is_not_like_itself() -> None:
    assert list_of(popular(1), "tea1") == [("tea2", "content")]
    assert list_of(popular(), "cup1") == [("tea1", "popularity"), ("tea2", "popularity")]


def test_what_nobody_touches_has_what_is_described_like_it() -> None:
    popularity = Popularity().fit(WORLD)
    lists = similar_products(checked(WORLD), popularity, Content(PRODUCTS), available=popularity.products_, k=2)
    assert list_of(lists, "new_tea") == [("tea1", "content"), ("tea2", "content")]


def test_only_what_is_available_is_listed_but_every_product_gets_a_list() -> None:
    popularity = Popularity().fit(BOARD)
    for data in (checked(BOARD), None):
        lists = similar_products(
            data, popularity, Content(NO_PRODUCTS), available=pd.Index(["p001", "p003", "p005"]), k=2
        )
        assert set(lists["similar_product_id"]) == {"p001", "p003", "p005"}
        assert lists.groupby("product_id").size().tolist() == [2] * 40


def test_a_shop_of_one_product_or_with_nothing_available_has_no_similar_ones() -> None:
    one = bought(("a", "x", 0))
    for data in (checked(one), None):
        popularity = Popularity().fit(one)
        assert similar_products(data, popularity, Content(NO_PRODUCTS), available=popularity.products_).empty
        assert similar_products(data, popularity, Content(NO_PRODUCTS), available=pd.Index([])).empty


def test_what_is_described_alike_comes_before_what_is_merely_popular_in_the_category() -> None:
    popularity = Popularity().fit(bought(("a", "green", 0), ("b", "green", 0), ("c", "chest", 0), ("d", "green", 0)))
    described = pd.DataFrame(
        {
            "product_id": ["chest", "green", "new"],
            "name": ["tea chest of oak", "green leaf", "oak chest"],
            "category": ["teas", "teas", "teas"],
        }
    )
    lists = similar_products(None, popularity, Content(described), available=popularity.products_, k=2)
    assert list_of(lists, "new") == [("chest", "content"), ("green", "content")]
