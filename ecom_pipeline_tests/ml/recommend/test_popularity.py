from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
import pytest

from ecom_pipeline.ml.recommend.popularity import CategoryPopularity, FirstChoices, Popularity, SegmentPopularity
from ecom_pipeline_tests.ml.recommend.builders import bought, frame
from ecom_pipeline_tests.ml.recommend.mixin import RecommenderPromises


class TestPopularity(RecommenderPromises):
    recommender = Popularity

    def test_the_most_bought_comes_first_with_a_score_of_1(self) -> None:
        world = bought(("a", "x", 0), ("b", "y", 0), ("c", "y", 0), ("d", "z", 0), ("e", "z", 0), ("f", "z", 0))
        lists = Popularity().fit(world).recommend(["a"], 3)
        assert lists["product_id"].tolist() == ["z", "y", "x"]
        assert lists["score"].tolist() == pytest.approx([1, 2 / 3, 1 / 3])

    def test_a_half_life_lets_yesterday_win(self) -> None:
        world = bought(("a", "old", 0), ("b", "old", 0), ("c", "old", 0), ("d", "new", 20))
        assert Popularity(half_life=None).fit(world).recommend(["a"], 1)["product_id"].tolist() == ["old"]
        lists = Popularity(half_life=10).fit(world).recommend(["a"], 2)
        assert lists["product_id"].tolist() == ["new", "old"]
        assert lists["score"].tolist() == pytest.approx([1, 3 / 4])

    def test_a_purchase_tells_more_than_a_view(self) -> None:
        world = frame([("a", "seen", 0, "view", 1), ("b", "seen", 0, "view", 1), ("c", "sold", 0, "purchase", 1)])
        assert Popularity().fit(world).recommend(["a"], 1)["product_id"].tolist() == ["sold"]

    def test_equally_popular_products_come_by_name(self) -> None:
        world = bought(*(("a", product, 0) for product in "dbca"))
        assert Popularity().fit(world).recommend(["new"], 3)["product_id"].tolist() == ["a", "b", "c"]


class TestFirstChoices(RecommenderPromises):
    recommender = FirstChoices

    def test_what_is_bought_again_and_again_counts_once_on_its_first_day(self) -> None:
        world = bought(*(("a", "staple", day) for day in range(0, 41, 10)), ("b", "staple", 40), ("c", "novel", 30))
        lists = FirstChoices(half_life=10).fit(world).recommend(["new"], 2)
        # of the staple one first purchase today and one 40 days ago, of the other product one 10 days ago
        assert lists["product_id"].tolist() == ["staple", "novel"]
        assert lists["score"].tolist() == pytest.approx([1, (1 / 2) / (1 + 1 / 16)])
        often = bought(*(("a", "staple", day) for day in range(0, 41, 10)), ("c", "novel", 30))
        assert FirstChoices(half_life=10).fit(often).recommend(["new"], 1)["product_id"].tolist() == ["novel"]

    def test_to_look_at_it_is_not_to_choose_it_unless_nobody_buys(self) -> None:
        looks = [("a", "sold", 0, "view", 1), ("b", "seen", 9, "view", 1), ("c", "seen", 9, "view", 1)]
        world = frame([*looks, ("a", "sold", 1, "purchase", 1)])
        assert FirstChoices().fit(world).recommend(["new"], 1)["product_id"].tolist() == ["sold"]
        assert FirstChoices().fit(frame(looks)).recommend(["new"], 1)["product_id"].tolist() == ["seen"]


class TestCategoryPopularity(RecommenderPromises):
    recommender = CategoryPopularity

    WORLD = bought(
        ("a", "tea1", 0), ("b", "tea1", 0), ("b", "tea2", 0),
        ("c", "cup2", 0), ("d", "cup2", 0), ("e", "cup2", 0), ("e", "cup1", 0), ("e", "tea1", 0), ("f", "cup2", 0),
    )  # fmt: skip
    PRODUCTS = pd.DataFrame(
        {"product_id": ["cup1", "cup2", "tea1", "tea2"], "category": ["cups", "cups", "teas", "teas"]}
    )

    def test_a_customer_gets_what_is_popular_in_their_category(self) -> None:
        lists = CategoryPopularity().fit(self.WORLD, self.PRODUCTS).recommend(["a", "c"], 4)
        # a turned to teas only: tea1 is 3 of 4 there, tea2 1 of 4; the cups follow by what is popular at all
        assert lists["product_id"].tolist() == ["tea1", "tea2", "cup2", "cup1", "cup2", "cup1", "tea1", "tea2"]
        assert lists["score"].tolist()[:2] == pytest.approx([3 / 4, 1 / 4], abs=1e-5)

    def test_categories_count_in_the_proportion_they_were_turned_to(self) -> None:
        lists = CategoryPopularity().fit(self.WORLD, self.PRODUCTS).recommend(["e"], 4)
        # two thirds cups, one third teas: 2/3 * 4/5, 1/3 * 3/4, 2/3 * 1/5, 1/3 * 1/4
        assert lists["product_id"].tolist() == ["cup2", "tea1", "cup1", "tea2"]
        assert lists["score"].tolist() == pytest.approx([8 / 15, 1 / 4, 2 / 15, 1 / 12], abs=1e-5)

    def test_how_much_a_customer_did_sets_the_proportion(self) -> None:
        world = pd.concat(
            [self.WORLD, frame([("often", "tea1", 0, "purchase", 7), ("often", "cup2", 0, "purchase", 1)])]
        )
        lists = CategoryPopularity(half_life=None).fit(world, self.PRODUCTS).recommend(["often"], 4)
        # log 8 to log 2 for the teas: 3/4 and 1/4; tea1 has 3 + 3 of 7 there, cup2 5 of 6
        assert lists["product_id"].tolist() == ["tea1", "cup2", "tea2", "cup1"]
        assert lists["score"].tolist() == pytest.approx([18 / 28, 5 / 24, 3 / 28, 1 / 24], abs=1e-5)

    def test_no_room_is_taken_for_categories_that_a_customer_did_not_turn_to(self) -> None:
        assert CategoryPopularity().fit(self.WORLD, self.PRODUCTS).shares_.nnz == 7

    def test_without_categories_it_is_popularity(self) -> None:
        lists = CategoryPopularity().fit(self.WORLD).recommend(["c"], 4)
        assert lists["product_id"].tolist() == ["cup2", "tea1", "cup1", "tea2"]


class TestSegmentPopularity(RecommenderPromises):
    recommender = SegmentPopularity
    SEGMENTS = pd.Series({f"c{number}": "fm"[number % 2] for number in range(5)})
    parameters: ClassVar[dict[str, Any]] = {"segments": SEGMENTS}

    def test_a_customer_gets_what_their_segment_buys_of_late_and_one_without_what_everyone_does(self) -> None:
        rows = [("c0", "rope", 0), ("c2", "rope", 0), ("c2", "tent", 9), ("c1", "doll", 9), ("c3", "doll", 9)]
        world = bought(*rows, ("c5", "doll", 9))
        model = SegmentPopularity(segments=self.SEGMENTS, half_life=None, weight=0.1).fit(world)
        first = {name: model.recommend([name], 3)["product_id"].tolist() for name in ("c0", "c1", "c5")}
        assert first == {"c0": ["rope", "tent", "doll"], "c1": ["doll", "rope", "tent"], "c5": ["doll", "rope", "tent"]}
        lately = SegmentPopularity(segments=self.SEGMENTS, half_life=1, weight=0.1).fit(world)
        assert lately.recommend(["c0"], 1)["product_id"].tolist() == ["tent"]

    def test_the_smaller_a_segment_the_more_it_follows_everyone(self) -> None:
        world = bought(("c0", "rope", 0), *((f"c{number}", "doll", 0) for number in (1, 3, 5)))
        for weight, expected in ((0.1, "rope"), (20.0, "doll")):
            model = SegmentPopularity(segments=self.SEGMENTS, weight=weight).fit(world)
            assert model.recommend(["c0"], 1)["product_id"].tolist() == [expected]
