from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import together
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


def test_only_what_is_available_stands_beside_another() -> None:
    found = bought_together(WORLD, k=5, available=pd.Index(["a"]))
    assert list(zip(found["product_id"], found["other_product_id"], strict=True)) == [("b", "a")]


def test_a_product_counts_once_per_basket_and_nothing_gives_nothing() -> None:
    pd.testing.assert_frame_equal(bought_together(pd.concat([WORLD, WORLD]), k=5), bought_together(WORLD, k=5))
    empty = bought_together(WORLD.head(0), k=5)
    assert tuple(empty.columns) == PAIR_COLUMNS
    assert empty.empty


def test_pairs_agree_with_counting_whatever_the_size_of_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    rows = pd.DataFrame({"basket_id": random.integers(0, 300, 3000), "product_id": random.integers(0, 40, 3000)})
    rows["product_id"] = "p" + rows["product_id"].astype(str)
    found = bought_together(rows, k=3, minimum=12)
    distinct = rows.drop_duplicates()
    counted = distinct.merge(distinct, on="basket_id").groupby(["product_id_x", "product_id_y"]).size()
    for row in found.itertuples():
        assert counted[(row.product_id, row.other_product_id)] == row.baskets_together
    order = found.groupby("product_id")["cosine"].apply(lambda each: each.is_monotonic_decreasing)
    assert order.all()
    monkeypatch.setattr(together, "ROWS", 7)
    pd.testing.assert_frame_equal(bought_together(rows, k=3, minimum=12), found)
