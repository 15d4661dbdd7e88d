from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import evaluate, history
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import (
    FIGURE_COLUMNS,
    Target,
    Window,
    earlier,
    figures,
    informative,
    judge,
    personal,
    sampled,
    score,
    target_types,
    windows,
)
from ecom_pipeline.ml.recommend.interactions import checked, used
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline_tests.ml.recommend.builders import FIRST_DAY, bought, checkerboard, frame, last_day

DAY = dt.timedelta(days=1)


def both(interactions: pd.DataFrame, target: Target = "new") -> tuple[Window, Window]:
    found = windows(checked(interactions), target)
    assert found is not None
    return found


def pairs(table: pd.DataFrame) -> list[list[str]]:
    found: list[list[str]] = table[["customer_id", "product_id"]].to_numpy().tolist()
    return found


# ten days: training 0 to 5, validation 6 and 7, test 8 and 9
TEN = bought(
    ("a", "x", 0), ("a", "y", 5), ("b", "x", 5),
    ("a", "x", 6), ("a", "z", 6), ("b", "z", 7), ("new", "x", 7),
    ("a", "z", 8), ("b", "y", 8), ("new", "x", 9), ("new", "y", 9), ("newer", "x", 9),
)  # fmt: skip


@pytest.mark.parametrize(("each", "customers"), [(10, 1_000), (3, 1_666), (1, 5_000)])
def test_where_everyone_chose_little_more_customers_are_asked(each: int, customers: int) -> None:
    names = [f"c{number:05d}" for number in range(6_000)]
    start = checked(bought(*((name, "old", 0) for name in names)))
    chosen = pd.DataFrame({"customer_id": np.repeat(names, each), "product_id": [f"p{n}" for n in range(each)] * 6_000})
    nobody = chosen.iloc[:0]
    window = Window(train=start, last_day=dt.date(2024, 1, 1), owned=nobody, truth=chosen, cold_truth=nobody)
    found = informative(window, seed=1)
    assert len(found.customers) == customers
    assert len(found.truth) == customers * each


def test_the_windows_of_ten_days_by_hand() -> None:
    validation, test = both(TEN)
    assert (validation.last_day, test.last_day) == (FIRST_DAY + 5 * DAY, FIRST_DAY + 7 * DAY)
    assert (len(validation.train), len(test.train)) == (3, 7)
    assert pairs(validation.owned) == [["a", "x"], ["a", "y"], ["b", "x"]]
    # a bought x before, which does not count; new had no history
    assert pairs(validation.truth) == [["a", "z"], ["b", "z"]]
    assert pairs(test.truth) == [["b", "y"], ["new", "y"]]
    assert pairs(validation.cold_truth) == [["new", "x"]]
    assert pairs(test.cold_truth) == [["newer", "x"]]
    assert test.customers.tolist() == ["b", "new"]


def test_what_is_bought_again_counts_where_everything_does() -> None:
    validation, test = both(TEN, "all")
    assert validation.owned.empty
    assert test.owned.empty
    assert pairs(validation.truth) == [["a", "x"], ["a", "z"], ["b", "z"]]
    assert pairs(test.truth) == [["a", "z"], ["b", "y"], ["new", "x"], ["new", "y"]]
    pd.testing.assert_frame_equal(test.train, both(TEN)[1].train)


def test_a_long_history_gives_28_days_each() -> None:
    validation, test = both(checkerboard(days=400))
    last = last_day(checkerboard(days=400))
    assert test.last_day == last - 28 * DAY
    assert validation.last_day == last - 56 * DAY


def test_training_ends_on_the_last_day_and_the_truth_begins_after_it() -> None:
    world = checkerboard(days=400)
    first = world.groupby(["customer_id", "product_id"])["interaction_date"].min().dt.date
    for window, length in zip(both(world), (28, 28), strict=True):
        assert window.train["interaction_date"].max().date() <= window.last_day
        days = [first[customer, product] for customer, product in pairs(window.truth)]
        assert min(days) > window.last_day
        assert max(days) <= window.last_day + length * DAY
        assert not window.truth.merge(window.owned, on=["customer_id", "product_id"]).size


def test_what_happens_after_the_last_day_is_not_in_the_training() -> None:
    world = checkerboard()
    changed = world.copy()
    cut_off = pd.Timestamp(both(world)[1].last_day)
    later = changed["interaction_date"] > cut_off
    changed.loc[later, "product_id"] = "poison"
    assert later.sum() > 50
    for before, after in zip(both(world), both(changed), strict=True):
        pd.testing.assert_frame_equal(before.train.reset_index(drop=True), after.train.reset_index(drop=True))
        pd.testing.assert_frame_equal(before.owned, after.owned)
    assert set(both(changed)[1].truth["product_id"]) == {"poison"}


def test_products_nobody_had_touched_are_not_known() -> None:
    products = pd.DataFrame({"product_id": ["w", "x", "y", "z"]})
    validation, test = both(TEN)
    assert validation.known(products)["product_id"].tolist() == ["x", "y"]
    assert test.known(products)["product_id"].tolist() == ["x", "y", "z"]


def test_purchases_count_where_there_are_any() -> None:
    seen = frame([("a", "x", 0, "view", 1), ("a", "y", 9, "view", 1)])
    assert target_types(checked(seen)) == ("view", "favourite", "cart", "purchase")
    assert pairs(both(seen)[1].truth) == [["a", "y"]]
    also_bought = pd.concat([seen, bought(("b", "x", 0))])
    assert both(also_bought)[1].truth.empty
    assert pairs(both(also_bought)[1].owned) == [["b", "x"]]


@pytest.mark.parametrize("days", [1, 2, 4])
def test_too_short_a_history_has_no_windows(days: int) -> None:
    assert windows(checked(bought(("a", "x", 0), ("a", "y", days - 1)))) is None


def test_five_days_are_enough_and_nothing_is_not() -> None:
    assert both(bought(("a", "x", 0), ("a", "y", 4)))[1].last_day == FIRST_DAY + 3 * DAY
    assert windows(checked(frame([]))) is None


def test_the_window_before_the_validation_has_two_windows_of_history_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [("a", f"p{day}", day) for day in range(140)]
    window = earlier(checked(bought(*days)))
    assert window is not None
    assert window.last_day == FIRST_DAY + (139 - 3 * 28) * DAY
    assert pairs(window.truth) == sorted(["a", f"p{day}"] for day in range(56, 84))
    assert earlier(checked(bought(*days[1:]))) is None
    assert earlier(checked(frame([]))) is None
    monkeypatch.setattr(evaluate, "MANY_ROWS", 139)
    assert earlier(checked(bought(*days))) is None


def test_the_figures_of_popularity_by_hand() -> None:
    _, test = both(TEN)
    # known by day 7: x to a, b and new; z to a and b; y to a. b owns x and z, new owns x
    popularity = Popularity(half_life=None).fit(test.train)
    found = judge(popularity, popularity, test)
    # b is offered y and chose it; new is offered z, y and chose y at rank 2
    assert found.per_customer["recall", 10].tolist() == [1, 1]
    assert found.per_customer["precision", 10].tolist() == [0.1, 0.1]
    assert found.per_customer["mrr", 20].tolist() == [1, 0.5]
    assert found.per_customer["ndcg", 10] == pytest.approx([1, 0.63093], abs=1e-5)
    assert found.mean("ndcg", 10) == pytest.approx(0.815465, abs=1e-5)
    # newer, who is cold, is offered x as well
    assert found.coverage[10] == 1.0
    assert found.cold["ndcg", 10].tolist() == [1.0]
    assert score(popularity, test) == pytest.approx(found.mean("ndcg", 10))


def test_a_customer_the_model_does_not_know_is_judged_by_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_PRODUCTS", 2)
    world = pd.concat([TEN, bought(("hermit", "rare", 0), ("hermit", "x", 9))])
    _, test = both(world)
    model = LightFMRecommender(epochs=2, seed=1).fit(test.train)
    assert model.recommend(["hermit"], 1).empty
    found = judge(model, Popularity(half_life=None).fit(test.train), test)
    assert test.customers.tolist() == ["b", "hermit", "new"]
    assert found.per_customer["mrr", 10][1] == 1


def test_sampled_customers_are_a_part_of_them_drawn_by_the_seed() -> None:
    _, test = both(checkerboard())
    few = sampled(test, 10, seed=1)
    assert len(few.customers) == 10
    assert few.customers.isin(test.customers).all()
    pd.testing.assert_frame_equal(
        few.truth.reset_index(drop=True),
        test.truth[test.truth["customer_id"].isin(few.customers)].reset_index(drop=True),
    )
    assert sampled(test, 10, seed=1).customers.equals(few.customers)
    assert not sampled(test, 10, seed=2).customers.equals(few.customers)
    assert sampled(test, 1000, seed=1) is test


def test_figures_by_segment_hold_their_means_and_lie_in_their_intervals() -> None:
    world = checkerboard(days=400)
    _, test = both(pd.concat([world, bought(("cold", "p000", 399), ("cold", "p003", 399))]))
    popularity = Popularity().fit(test.train)
    found = figures([judge(popularity, popularity, test)], test, "new", seed=1)
    assert tuple(found.columns) == FIGURE_COLUMNS
    customers = found.groupby("segment")["customers"].first()
    assert customers["cold"] == 1
    assert customers["all"] == customers["warm"] + 1
    assert customers.filter(like="active").sum() == customers["warm"]
    measured = found[found["metric"] != "coverage"]
    assert (measured["lower"] <= measured["value"]).all()
    assert (measured["value"] <= measured["upper"]).all()
    assert measured.loc[measured["segment"] == "warm", "lower"].lt(measured["upper"]).any()
    assert found.loc[found["metric"] == "coverage", ["lower", "upper"]].isna().all(axis=None)
    at = found.set_index(["segment", "metric", "k"])["value"]
    weighted = at["warm", "ndcg", 10] * customers["warm"] + at["cold", "ndcg", 10]
    assert at["all", "ndcg", 10] == pytest.approx(weighted / customers["all"])
    assert not found.duplicated(["segment", "metric", "k"]).any()


def test_segments_are_of_the_days_active_before_the_window() -> None:
    days = bought(("a", "x", 0), ("b", "x", 0), ("b", "y", 1), *(("c", "x", day) for day in range(5)))
    later = bought(("a", "z", 9), ("b", "z", 9), ("c", "z", 9), ("a", "w", 8))
    assert both(pd.concat([days, later]))[1].segments().to_dict() == {
        "a": "1 active day", "b": "2 to 4 active days", "c": "5 or more active days"
    }  # fmt: skip


def test_the_better_known_a_list_the_less_novel() -> None:
    _, test = both(TEN)
    popularity = Popularity(half_life=None).fit(test.train)
    # of three customers known by day 7 all touched x, two z and one y: 0, 0.585 and 1.585 bits
    bits = judge(popularity, popularity, test).per_customer["novelty", 10]
    assert bits.tolist() == pytest.approx([1.585, (0.585 + 1.585) / 2], abs=1e-3)


def test_own_lists_serve_better_where_tastes_were_learned_and_not_where_all_get_the_same() -> None:
    found = windows(checked(checkerboard()))
    assert found is not None
    window = found[0]
    alike = personal(Popularity().fit_checked(window.train), window, seed=1)
    assert len(alike) > 50
    assert (alike == 0).all()
    tastes = personal(EASE().fit_checked(window.train), window, seed=1)
    assert tastes.mean() > 0.2
    assert tastes.tolist() == personal(EASE().fit_checked(window.train), window, seed=1).tolist()


def test_what_either_customer_owns_is_left_out_of_both_lists_and_of_the_truth() -> None:
    """Two customers are each other's: a would win by what b owns, were it not left out."""
    train = used(checked(bought(("a", "x", 0), ("b", "y", 0), ("c", "z", 0), ("c", "w", 0), ("c", "w", 1))))
    pairs = pd.DataFrame({"customer_id": ["a", "b"], "product_id": ["x", "y"]}, dtype=object)
    truth = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["y", "z", "w"]}, dtype=object)
    window = Window(train=train, last_day=FIRST_DAY, owned=pairs, truth=truth, cold_truth=truth.iloc[:0])
    asked: list[set[tuple[str, str]]] = []

    class Spy(Popularity):
        def recommend(self, customer_ids: Sequence[str], k: int, **kept: Any) -> pd.DataFrame:
            asked.append(set(kept["exclude"].itertuples(index=False, name=None)))
            return super().recommend(customer_ids, k, **kept)

    assert personal(Spy().fit_checked(train), window, seed=1).tolist() == [0, 0]
    assert asked == [{(customer, product) for customer in "ab" for product in "xy"}] * 2
