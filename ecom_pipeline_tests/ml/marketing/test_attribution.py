from __future__ import annotations

import itertools
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.ml.marketing.attribution import COLUMNS, METHODS, attribute

Journey = tuple[list[str], bool, float]


def touches(*journeys: Journey) -> pd.DataFrame:
    """Journeys of channels, a day apart, with whether they end in an order and for how much."""
    rows = [
        (f"j{number:03d}", place + 1, channel, float(len(path) - 1 - place), converts, revenue if converts else 0.0)
        for number, (path, converts, revenue) in enumerate(journeys)
        for place, channel in enumerate(path)
    ]
    return pd.DataFrame(rows, columns=["journey_id", "position", "channel", "days_before", "is_converted", "revenue"])


def credited(frame: pd.DataFrame, method: str) -> dict[str, Decimal]:
    rows = attribute(frame)
    return dict(rows[rows["method"] == method][["channel", "credited_revenue"]].itertuples(index=False))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("first", {"a": "100.00", "b": "0.00", "c": "0.00"}),
        ("last", {"a": "0.00", "b": "0.00", "c": "100.00"}),
        ("linear", {"a": "50.00", "b": "25.00", "c": "25.00"}),
        ("position", {"a": "50.00", "b": "10.00", "c": "40.00"}),
        ("shapley", {"a": "33.34", "b": "33.33", "c": "33.33"}),
    ],
)
def test_one_order_after_four_touches(method: str, expected: dict[str, str]) -> None:
    found = credited(touches((["a", "b", "a", "c"], True, 100.0)), method)
    assert {name: str(money) for name, money in found.items()} == expected


def test_an_order_is_credited_as_its_revenue_is_and_no_order_to_nobody() -> None:
    rows = attribute(touches((["a", "b"], True, 100.0), (["a"], True, 10.0), (["b", "b"], False, 0.0)))
    linear = rows[rows["method"] == "linear"].set_index("channel")
    assert linear["credited_orders"].to_dict() == {"a": 1.5, "b": 0.5}
    assert linear["credited_revenue"].to_dict() == {"a": Decimal("60.00"), "b": Decimal("50.00")}
    assert linear["share"].to_dict() == pytest.approx({"a": 60 / 110, "b": 50 / 110})


def test_a_touch_counts_half_after_a_week() -> None:
    frame = touches((["a", "b"], True, 90.0))
    frame["days_before"] = [7.0, 0.0]
    assert credited(frame, "time_decay") == {"a": Decimal("30.00"), "b": Decimal("60.00")}


def test_removal_effects_of_a_chain_worked_out_by_hand() -> None:
    """Start to a (2/3) or b (1/3); a to b or the order; b to the order or nowhere. Orders 2/3; without a 1/6, without b 1/3."""
    frame = touches((["a", "b"], True, 60.0), (["a"], True, 30.0), (["b"], False, 0.0))
    rows = attribute(frame)
    shares = rows[rows["method"] == "markov"].set_index("channel")["share"]
    without_a, without_b = (1 / 3) * (1 / 2), (2 / 3) * (1 / 2)
    effects = {"a": 1 - without_a / (2 / 3), "b": 1 - without_b / (2 / 3)}
    assert shares["a"] == pytest.approx(effects["a"] / sum(effects.values()))


def test_shapley_is_the_value_of_the_game_over_all_orders_of_the_channels() -> None:
    journeys: list[Journey] = [(["a"], True, 10.0), (["a", "b"], True, 20.0), (["b", "c", "b"], True, 30.0)]

    def worth(members: set[str]) -> float:
        return sum(revenue for path, _, revenue in journeys if set(path) <= members)

    value = dict.fromkeys("abc", 0.0)
    for order in itertools.permutations("abc"):
        for place, name in enumerate(order):
            value[name] += (worth(set(order[: place + 1])) - worth(set(order[:place]))) / math.factorial(3)
    found = credited(touches(*journeys), "shapley")
    assert {name: float(money) for name, money in found.items()} == pytest.approx(value)


channels = st.sampled_from(["ads", "mail", "search", "social"])
paths = st.tuples(st.lists(channels, min_size=1, max_size=6), st.booleans(), st.decimals(0, 1000, places=2).map(float))


@settings(max_examples=60, deadline=None)
@given(st.lists(paths, min_size=1, max_size=15))
def test_every_method_shares_out_the_same_revenue_to_the_cent(journeys: list[Journey]) -> None:
    frame = touches(*journeys)
    rows = attribute(frame)
    orders = sum(converts for _, converts, _ in journeys)
    cents = round(sum(revenue for _, converts, revenue in journeys if converts) * 100)
    assert list(rows.columns) == list(COLUMNS)
    for method in METHODS:
        part = rows[rows["method"] == method]
        assert sum(part["credited_revenue"]) == Decimal(cents).scaleb(-2), method
        assert part["credited_orders"].sum() == pytest.approx(orders), method
        assert (part["credited_orders"] >= 0).all()
        assert (part["credited_revenue"] >= 0).all()


def test_the_order_of_rows_changes_nothing() -> None:
    frame = touches((["a", "b", "c"], True, 10.0), (["b"], False, 0.0), (["c", "a"], True, 3.33))
    pd.testing.assert_frame_equal(attribute(frame), attribute(frame.sample(frac=1, random_state=3)))


def test_no_journeys_no_rows() -> None:
    assert attribute(touches()).empty


def test_hundred_thousand_journeys_are_quick() -> None:
    random = np.random.default_rng(0)
    lengths = random.geometric(0.4, 100_000)
    journey = np.repeat(np.arange(100_000), lengths)
    frame = pd.DataFrame(
        {
            "journey_id": journey,
            "position": np.arange(len(journey)),
            "channel": np.array(["a", "b", "c"])[random.integers(0, 3, len(journey))],
            "days_before": 1.0,
            "is_converted": journey % 3 == 0,
            "revenue": 1.0,
        }
    )
    assert attribute(frame).groupby("method")["credited_revenue"].sum().nunique() == 1
