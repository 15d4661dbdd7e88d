from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import together
from ecom_pipeline.ml.recommend.serving import served_to_nobody
from ecom_pipeline.ml.recommend.together import PAIR_COLUMNS, bought_together


def baskets(*held: str) -> pd.DataFrame:
    rows = [(f"b{number}", product) for number, products in enumerate(held) for product in products]
    return pd.DataFrame(rows, columns=["basket_id", "product_id"])


WORLD = baskets(*["ab"] * 6, *["abc"] * 2, *["a"] * 2, *["c"] * 6, *["d"] * 4)


def test_a_pair_has_the_figures_that_anyone_can_count() -> None:
    found = bought_together(WORLD, k=5)
    assert tuple(found.columns) == PAIR_COLUMNS
    first = found.set_index(["product_id", "other_product_id"]).loc[("a", "b")]
    assert first[["rank", "baskets_together", "product_baskets", "other_baskets", "baskets"]].tolist() == [
        1,
        8,
        10,
        8,
        20,
    ]
    assert first["lift"] == pytest.approx(8 * 20 / (10 * 8))
    assert first["cosine"] == pytest.approx(8 / np.sqrt(10 * 8))
    assert list(zip(found["product_id"], found["other_product_id"], strict=True)) == [("a", "b"), ("b", "a")]


def test_a_pair_needs_baskets_and_must_beat_chance() -> None:
    assert ("a", "c") not in set(
        bought_together(WORLD, k=5, minimum=2)[["product_id", "other_product_id"]].itertuples(index=False, name=None)
    )
    assert bought_together(baskets(*["ab"] * 4, *["c"] * 10), k=5).empty
    assert len(bought_together(baskets(*["ab"] * 4, *["c"] * 10), k=5, minimum=4)) == 2


def test_a_pair_needs_customers_and_a_basket_of_nobody_is_somebody_elses() -> None:
    world = baskets(*["ab"] * 7, *["c"] * 20)
    assert bought_together(world.assign(customer_id=[*["household"] * 14, *["other"] * 20]), k=5).empty
    few = world.assign(customer_id=[*"1122334455", "5", "5", "5", "5", *["other"] * 20])
    assert bought_together(few, k=5)["baskets_together"].tolist() == [7, 7]
    assert bought_together(few.replace({"customer_id": {"4": "5"}}), k=5).empty
    guests = few.replace({"customer_id": {"4": None, "5": None}})
    assert bought_together(guests, k=5)["baskets_together"].tolist() == [7, 7]


def test_only_what_is_available_stands_beside_another() -> None:
    found = bought_together(WORLD, k=5, available=pd.Index(["a"]))
    assert list(zip(found["product_id"], found["other_product_id"], strict=True)) == [("b", "a")]


def test_what_is_on_sale_is_shown_however_many_stronger_partners_are_not() -> None:
    gone = [f"gone{number:02}" for number in range(40)]
    orders = [*[["mug", *gone]] * 8, *[["mug", "pot"]] * 6, *[["other"]] * 40]
    rows = pd.DataFrame(
        [(number, product) for number, held in enumerate(orders) for product in held],
        columns=["basket_id", "product_id"],
    )
    found = served_to_nobody(rows, pd.Index(["mug", "pot"]), dt.date(2024, 1, 1)).bought_together
    assert found[found["product_id"] == "mug"][["rank", "other_product_id"]].to_numpy().tolist() == [[1, "pot"]]


def test_a_product_counts_once_per_basket_and_nothing_gives_nothing() -> None:
    pd.testing.assert_frame_equal(bought_together(pd.concat([WORLD, WORLD]), k=5), bought_together(WORLD, k=5))
    empty = bought_together(WORLD.head(0), k=5)
    assert tuple(empty.columns) == PAIR_COLUMNS
    assert empty.empty


def test_pairs_agree_with_counting_whatever_the_size_of_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    basket, drawn = random.integers(0, 300, 3000), random.integers(0, 40, 3000)
    product = np.where(random.random(3000) < 0.4, basket % 4 * 10 + drawn % 10, drawn)
    rows = pd.DataFrame({"basket_id": basket, "product_id": product}).assign(
        product_id=[f"p{each}" for each in product]
    )
    rows["customer_id"] = rows["basket_id"] % 70
    found = bought_together(rows, k=40, minimum=18)
    distinct = rows.drop_duplicates()
    pairs = distinct.merge(distinct, on=["basket_id", "customer_id"]).groupby(["product_id_x", "product_id_y"])
    counted, customers = pairs.size(), pairs["customer_id"].nunique()
    for row in found.itertuples():
        assert counted[(row.product_id, row.other_product_id)] == row.baskets_together
    listed = pd.MultiIndex.from_frame(found[["product_id", "other_product_id"]])
    assert customers[listed].min() == 18
    unlisted = customers[~customers.index.isin(listed)].drop([(name, name) for name in set(rows["product_id"])])
    alone = distinct["product_id"].value_counts()
    left, right = (alone[unlisted.index.get_level_values(side)].to_numpy() / 300 for side in (0, 1))
    chance, luck = 300 * left * right, np.sqrt(300 * left * right * (1 - left) * (1 - right))
    few, by_luck = unlisted < 18, counted[unlisted.index] <= chance + 3 * luck
    assert (few | by_luck).all()
    assert (by_luck & ~few & (counted[unlisted.index] > chance)).any()
    order = found.groupby("product_id")["cosine"].apply(lambda each: each.is_monotonic_decreasing)
    assert order.all()
    monkeypatch.setattr(together, "AT_ONCE", 900)
    pd.testing.assert_frame_equal(bought_together(rows, k=40, minimum=18), found)
