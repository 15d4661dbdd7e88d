from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from ecom_pipeline.ml.recommend.cold import LENGTH, RANKING_COLUMNS, segment_popularity, segments
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline_tests.ml.recommend.builders import bought, frame

TODAY = dt.date(2024, 3, 10)


def told(count: int, letter: str, **what: Any) -> list[dict[str, Any]]:
    return [{"customer_id": f"{letter}{number:02d}", **what} for number in range(count)]


def found(*groups: list[dict[str, Any]], inactive: str = "") -> dict[str, object]:
    """The segment of each group of customers, by its letter."""
    customers = pd.DataFrame([row for group in groups for row in group])
    active = pd.Index(customers.loc[~customers["customer_id"].isin(inactive.split()), "customer_id"])
    by_group = segments(customers, active, as_of_date=TODAY).groupby(lambda name: name[0])
    assert (by_group.nunique(dropna=False) == 1).all()
    return by_group.first().to_dict()


YOUNG, OLD = {"gender": "f", "birth_year": 1995}, {"gender": "m", "birth_year": 1954}


@pytest.mark.parametrize(
    ("groups", "inactive", "expected"),
    [
        ([told(20, "a", **YOUNG, country="DE"), told(20, "b", **OLD, country="FR")], "",
         {"a": "f, 20-29, DE", "b": "m, 70-79, FR"}),
        # nineteen alone share a country, twenty gender and age
        ([told(19, "a", **YOUNG, country="DE"), told(1, "c", **YOUNG, country="FR"), told(20, "b", **OLD)], "",
         {"a": "f, 20-29", "b": "m, 70-79", "c": "f, 20-29"}),
        ([told(20, "a", **YOUNG), told(20, "b", **OLD)], "a03", {"a": None, "b": "m, 70-79"}),
        # what everyone says tells nobody apart
        ([told(20, "a", gender="f", country="DE"), told(20, "b", gender="f", country="FR")], "", {"a": "DE", "b": "FR"}),
        ([told(20, "a", acquisition_channel="mail", country="DE"), told(20, "b", country="FR")], "",
         {"a": "DE", "b": "FR"}),
        ([told(20, "a", acquisition_channel="mail", country="DE"), told(20, "b", acquisition_channel="ads")], "",
         {"a": "mail", "b": "ads"}),
        # three women more than the finer segment took are too few to say what women choose
        ([told(20, "a", **YOUNG), told(3, "c", gender="f"), told(20, "b", **OLD)], "",
         {"a": "f, 20-29", "b": "m, 70-79", "c": None}),
        ([told(20, "a", **YOUNG), told(20, "c", gender="f"), told(20, "b", **OLD)], "",
         {"a": "f, 20-29", "b": "m, 70-79", "c": "f"}),
    ],
)  # fmt: skip
def test_a_customer_is_of_the_finest_segment_that_twenty_active_ones_share(
    groups: list[list[dict[str, Any]]], inactive: str, expected: dict[str, object]
) -> None:
    assert found(*groups, inactive=inactive) == expected


def test_what_a_segment_chooses_of_late_is_ranked_by_weight() -> None:
    data = checked(pd.concat([
        bought(("a", "cup", 0), ("b", "cup", 10), ("b", "saw", 10), ("else", "ring", 10)),
        frame([("a", "pen", 10, "view", 1)]),
    ]))  # fmt: skip
    segment = pd.Series({"a": "x", "b": "x", "new": "y"}, dtype=object)
    ranked = segment_popularity(data, segment, half_life=10)
    assert tuple(ranked.columns) == RANKING_COLUMNS
    assert ranked.to_numpy().tolist() == [
        ["x", "cup", 1.0], ["x", "saw", pytest.approx(1 / 1.5)], ["x", "pen", pytest.approx(1 / 5 / 1.5)]
    ]  # fmt: skip
    none = segment_popularity(data, segment.iloc[2:], half_life=10)
    assert (tuple(none.columns), len(none)) == (RANKING_COLUMNS, 0)
    many = checked(bought(*(("a", f"p{number:03d}", 0) for number in range(LENGTH + 1))))
    assert len(segment_popularity(many, segment, half_life=None)) == LENGTH
