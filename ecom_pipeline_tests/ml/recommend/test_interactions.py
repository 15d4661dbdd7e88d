from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.recommend.interactions import checked, decay, pair_weights, pairs, product_weights, used
from ecom_pipeline_tests.ml.recommend.builders import bought, frame

EVENTS = frame(
    [
        ("b", "y", 10, "view", 3),
        ("a", "x", 0, "view", 1),
        ("a", "x", 10, "purchase", 1),
        ("a", "x", 10, "view", 1),
        ("a", "y", 0, "cart", 7),
    ]
)


def test_rows_are_sorted_whatever_order_they_come_in() -> None:
    first, second = checked(EVENTS), checked(EVENTS.iloc[::-1])
    pd.testing.assert_frame_equal(first, second)
    assert first["customer_id"].tolist() == ["a", "a", "a", "a", "b"]


def test_categories_given_in_another_order_change_nothing() -> None:
    shuffled = EVENTS.assign(product_id=EVENTS["product_id"].astype(pd.CategoricalDtype(["y", "x"])))
    pd.testing.assert_frame_equal(checked(shuffled), checked(EVENTS))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("customer_id", None, "row 2, customer_id: None; expected a value"),
        ("product_id", None, "row 2, product_id: None; expected a value"),
        ("interaction_date", "soon", "row 2, interaction_date: 'soon'; expected a value"),
        ("event_type", "buy", "row 2, event_type: 'buy'; expected one of view, favourite, cart, purchase"),
        ("interactions", "many", "row 2, interactions: 'many'; expected a value"),
        ("interactions", 0, "row 2, interactions: .*0.*; expected at least 1"),
    ],
)
def test_a_bad_value_is_named(column: str, value: Any, message: str) -> None:
    wrong = EVENTS.astype(object)
    wrong.loc[1, column] = value
    with pytest.raises(ValueError, match=message):
        checked(wrong)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="the column event_type is missing"):
        checked(EVENTS.drop(columns="event_type"))


def test_decay_halves_every_half_life() -> None:
    assert decay(checked(EVENTS), 5.0).tolist() == [0.25, 1.0, 1.0, 0.25, 1.0]
    assert decay(checked(EVENTS), None).tolist() == [1.0] * 5


def test_weights_of_products_by_hand() -> None:
    # x: a purchase and a view today, a view ten days ago; y: seven carts ten days ago, three views today
    expected = [(5 + 1 + 0.25) * math.log(2), 3 * math.log(8) * 0.25 + math.log(4)]
    assert product_weights(checked(EVENTS), 5.0) == pytest.approx(expected)


def test_weights_of_pairs_by_hand() -> None:
    found = pair_weights(checked(EVENTS), 5.0).toarray()
    # a, x: views decay to 1.25 together; the log is taken of the decayed count
    expected = [[5 * math.log(2) + math.log(2.25), 3 * math.log1p(7 / 4)], [0, math.log(4)]]
    assert found == pytest.approx(np.array(expected))


def test_pairs_are_distinct_and_of_the_types_asked_for() -> None:
    assert pairs(checked(EVENTS), ("purchase",)).to_numpy().tolist() == [["a", "x"]]
    assert pairs(checked(EVENTS), ("view", "purchase")).to_numpy().tolist() == [["a", "x"], ["b", "y"]]


def test_used_forgets_who_is_not_there() -> None:
    data = checked(bought(("a", "x", 0), ("b", "y", 1)))
    assert used(data[data["customer_id"] == "a"])["product_id"].cat.categories.tolist() == ["x"]
