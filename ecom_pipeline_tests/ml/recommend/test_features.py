from __future__ import annotations

import pandas as pd
import pytest

from ecom_pipeline.ml.recommend.features import categories_of, described, one_hot

PRODUCTS = pd.DataFrame(
    {
        "product_id": ["z", "x", "y"],
        "category": ["tea", "cups", None],
        "brand": ["one", "one", "one"],
        "price_band": ["low", None, "high"],
        "name": ["Zig", "X", "Y"],
    }
)
IDS = pd.Index(["x", "y", "unheard"])


def test_tags_are_by_id_and_only_those_that_tell_apart() -> None:
    found = described(pd.Index(["x", "y", "z"]), PRODUCTS)
    assert found.columns.tolist() == ["category", "price_band"]
    assert found.loc["z"].tolist() == ["tea", "low"]
    assert found.loc["y", "category"] is None


def test_a_single_category_is_none() -> None:
    assert categories_of(IDS, PRODUCTS).isna().all()
    assert categories_of(IDS, None).isna().all()
    assert categories_of(pd.Index(["x", "z"]), PRODUCTS).tolist() == ["cups", "tea"]


def test_one_column_per_value_and_nothing_for_a_missing_one() -> None:
    found = one_hot(described(pd.Index(["x", "y", "z", "unheard"]), PRODUCTS)).toarray()
    # cups, tea, high, low
    assert found.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0]]


def test_without_tags_there_are_no_columns() -> None:
    assert one_hot(described(IDS, None)).shape == (3, 0)


def test_a_product_described_twice_is_named() -> None:
    with pytest.raises(ValueError, match="product_id 'x' is there twice"):
        described(IDS, pd.concat([PRODUCTS, PRODUCTS.iloc[[1]]]))
