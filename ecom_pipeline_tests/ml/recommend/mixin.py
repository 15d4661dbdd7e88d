"""What every recommender promises, tested on each by inheritance: ``class TestPopularity(RecommenderPromises)``."""

from __future__ import annotations

import inspect
import pickle
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecom_pipeline.ml.recommend.base import LIST_COLUMNS, Recommender
from ecom_pipeline.ml.recommend.interactions import WEIGHTS
from ecom_pipeline_tests.ml.recommend.builders import bought, catalogue, checkerboard, frame

EVENTS = st.lists(
    st.tuples(
        st.sampled_from([f"c{number}" for number in range(6)]),
        st.sampled_from([f"p{number}" for number in range(8)]),
        st.integers(0, 400),
        st.sampled_from(list(WEIGHTS)),
        st.integers(1, 10_000),
    ),
    min_size=1,
    max_size=25,
)
EVERY_CUSTOMER = ["c5", "nobody", *(f"c{number}" for number in range(5))]


def assert_lists_are_sound(lists: pd.DataFrame, customers: list[str], k: int, exclude: pd.DataFrame) -> None:
    assert tuple(lists.columns) == LIST_COLUMNS
    assert lists["customer_id"].drop_duplicates().tolist() == [
        each for each in customers if (lists["customer_id"] == each).any()
    ]
    assert not lists.duplicated(["customer_id", "product_id"]).any()
    assert np.isfinite(lists["score"]).all()
    for _, one in lists.groupby("customer_id"):
        assert one["rank"].tolist() == list(range(1, len(one) + 1))
        assert len(one) <= k
        assert one["score"].is_monotonic_decreasing
    assert lists.merge(exclude, on=["customer_id", "product_id"]).empty


class RecommenderPromises:
    """Subclasses name the class and parameters that keep it quick."""

    recommender: ClassVar[type[Recommender]]
    parameters: ClassVar[dict[str, Any]] = {}

    def make(self, **parameters: Any) -> Recommender:
        return self.recommender(**{**self.parameters, **parameters})

    def fitted(self) -> Recommender:
        """One that knows the checkerboard; nothing that it is asked changes it."""
        return _fitted(type(self))

    def test_the_constructor_takes_keywords_and_only_stores_them(self) -> None:
        parameters = inspect.signature(self.recommender).parameters
        assert all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in parameters.values())
        values: dict[str, Any] = {name: object() for name in parameters}
        stored = vars(self.recommender(**values))
        assert stored.keys() == values.keys()
        assert all(stored[name] is values[name] for name in values)

    def test_fit_returns_itself_keeps_its_parameters_and_what_it_learns_ends_in_an_underscore(self) -> None:
        model = self.make()
        before = dict(vars(model))
        assert model.fit(checkerboard()) is model
        assert {name: value for name, value in vars(model).items() if name in before} == before
        learned = vars(model).keys() - before.keys()
        assert {"customers_", "products_"} <= learned
        assert all(name.endswith("_") for name in learned)

    def test_nothing_given_is_changed(self) -> None:
        world = checkerboard()
        products = catalogue(world)
        exclude = world[["customer_id", "product_id"]].drop_duplicates()
        copies = world.copy(), products.copy(), exclude.copy()
        self.make().fit(world, products).recommend(["c000"], 5, exclude=exclude)
        for given_, copy in zip((world, products, exclude), copies, strict=True):
            pd.testing.assert_frame_equal(given_, copy)

    def test_two_runs_agree_to_the_last_bit_whatever_the_order_of_the_rows(self) -> None:
        world = checkerboard()
        products, customers = catalogue(world), sorted(world["customer_id"].unique())
        first = self.make().fit(world, products).recommend(customers, 10)
        shuffled = world.sample(frac=1, random_state=5)
        second = self.make().fit(shuffled, products.iloc[::-1]).recommend(customers, 10)
        pd.testing.assert_frame_equal(first, second, check_exact=True)

    def test_fitting_again_forgets_the_first_shop(self) -> None:
        world = checkerboard()
        model = self.make().fit(bought(("old", "thing", 0), ("older", "thing", 0), ("old", "other", 0)))
        again = model.fit(world).recommend(["c001", "c000"], 10)
        pd.testing.assert_frame_equal(again, self.make().fit(world).recommend(["c001", "c000"], 10), check_exact=True)

    def test_lists_keep_the_order_asked_for_and_name_their_source(self) -> None:
        lists = self.fitted().recommend(["c007", "c001", "c004"], 3)
        assert lists["customer_id"].tolist() == ["c007"] * 3 + ["c001"] * 3 + ["c004"] * 3
        assert lists["rank"].tolist() == [1, 2, 3] * 3
        assert set(lists["source"]) == {self.recommender.name}

    def test_a_customer_is_scored_alike_in_whatever_company(self) -> None:
        model = self.fitted()
        alone, together = model.recommend(["c007"], 10), model.recommend(["c001", "c007"], 10)
        together = together[together["customer_id"] == "c007"].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, together, rtol=1e-5)

    def test_only_what_it_may_be_among_is_offered(self) -> None:
        model = self.fitted()
        order = model.recommend(["c000", "c001"], 40)
        among = order[order["rank"] % 3 == 0]
        found = model.recommend(["c001", "c000"], 4, among=among[["customer_id", "product_id"]])
        expected = among.groupby("customer_id")["product_id"].apply(lambda each: each.head(4).tolist())
        assert found.groupby("customer_id")["product_id"].apply(list).to_dict() == expected.to_dict()
        assert model.recommend(["c002"], 4, among=among[["customer_id", "product_id"]]).empty

    def test_what_was_learned_can_be_saved_and_loaded(self) -> None:
        model = self.fitted()
        loaded = pickle.loads(pickle.dumps(model))
        pd.testing.assert_frame_equal(loaded.recommend(["c001"], 9), model.recommend(["c001"], 9), check_exact=True)

    def test_only_candidates_are_offered_and_a_list_may_be_short(self) -> None:
        model = self.fitted()
        lists = model.recommend(["c000", "c001"], 5, candidates=["p003", "p000", "unheard"])
        assert lists.groupby("customer_id")["product_id"].apply(set).tolist() == [{"p000", "p003"}] * 2
        assert model.recommend(["c000"], 5, candidates=[]).empty

    def test_the_list_goes_on_behind_what_is_excluded(self) -> None:
        model = self.fitted()
        everything = model.recommend(["c000"], 40)
        first, rest = everything.iloc[:15], everything.iloc[15:30]
        left = model.recommend(["c000"], 15, exclude=first[["customer_id", "product_id"]])
        assert left["product_id"].tolist() == rest["product_id"].tolist()

    def test_customers_without_history_are_treated_as_declared(self) -> None:
        lists = self.fitted().recommend(["nobody", "c000"], 4)
        assert len(lists[lists["customer_id"] == "nobody"]) == (4 if self.recommender.handles_cold_customers else 0)
        assert len(lists[lists["customer_id"] == "c000"]) == 4
        assert self.fitted().recommend([], 4).empty

    def test_products_without_history_are_treated_as_declared(self) -> None:
        world = checkerboard()
        fresh = pd.DataFrame({"product_id": ["fresh"], "category": ["k1"]})
        lists = self.make().fit(world, pd.concat([catalogue(world), fresh])).recommend(["c000"], 100)
        assert len(lists) == 40 + self.recommender.handles_cold_products
        assert ("fresh" in set(lists["product_id"])) == self.recommender.handles_cold_products

    def test_one_customer_one_product_one_day(self) -> None:
        lists = self.make().fit(bought(("a", "x", 0))).recommend(["a"], 20)
        assert lists[["customer_id", "rank", "product_id"]].to_numpy().tolist() == [["a", 1, "x"]]
        assert np.isfinite(lists["score"]).all()
        owned = pd.DataFrame({"customer_id": ["a"], "product_id": ["x"]})
        assert self.make().fit(bought(("a", "x", 0))).recommend(["a"], 20, exclude=owned).empty

    def test_bad_requests_are_named(self) -> None:
        with pytest.raises(ValueError, match="interactions: no rows"):
            self.make().fit(frame([]))
        model = self.fitted()
        with pytest.raises(ValueError, match="k: 0; expected at least 1"):
            model.recommend(["c000"], 0)
        with pytest.raises(ValueError, match="customer_ids: 'c000' is asked for twice"):
            model.recommend(["c000", "c001", "c000"], 1)

    @settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.differing_executors])
    @given(EVENTS, st.integers(1, 10), st.sets(st.tuples(st.sampled_from(EVERY_CUSTOMER), st.integers(0, 9))))
    def test_lists_are_sound_for_any_events(
        self, events: list[tuple[str, str, int, str, int]], k: int, unwanted: set[tuple[str, int]]
    ) -> None:
        exclude = pd.DataFrame(
            [(customer, f"p{product}") for customer, product in sorted(unwanted)], columns=["customer_id", "product_id"]
        )
        world = frame(events)
        model = self.make().fit(world, catalogue(world))
        lists = model.recommend(EVERY_CUSTOMER, k, exclude=exclude)
        assert_lists_are_sound(lists, EVERY_CUSTOMER, k, exclude)
        left = {
            customer: model.products_.difference(exclude.loc[exclude["customer_id"] == customer, "product_id"])
            for customer in set(world["customer_id"])
        }
        lengths = lists["customer_id"].value_counts()
        assert {customer: min(k, len(products)) for customer, products in left.items()} == {
            customer: lengths.get(customer, 0) for customer in left
        }


@cache
def _fitted(promises: type[RecommenderPromises]) -> Recommender:
    return promises().make().fit(checkerboard())
