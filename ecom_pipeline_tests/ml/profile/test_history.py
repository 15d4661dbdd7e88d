from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.profile.history import buyers_at, outcome_after
from ecom_pipeline.ml.profile.lifetime import BetaGeometric, summary_of


def test_features_worked_out_by_hand() -> None:
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b"],
            "activity_date": [dt.date(2024, 1, 1), dt.date(2024, 1, 11), dt.date(2024, 1, 31), dt.date(2024, 2, 9)],
            "orders": [1, 2, 1, 0],
            "revenue": [10.0, 30.0, 5.0, 0.0],
            "views": [0, 0, 4, 7],
        }
    )
    (found,) = buyers_at(rows, dt.date(2024, 2, 10)).to_dict("records")
    assert found["recency_days"] == 10
    assert found["first_order_days"] == 40
    assert (found["orders"], found["order_days"], found["orders_30"], found["revenue_30"]) == (4, 3, 3 - 2, 5.0)
    assert (found["mean_gap_days"], found["last_gap_days"], found["gap_spread_days"]) == (15.0, 20.0, 5.0)
    assert found["active_months"] == 2, "of 30 days: 40 and 30 days ago are one"
    assert (found["orders_per_day"], found["weekend_share"]) == (4 / 41, 0.0)
    assert found["fading_orders_30"] == pytest.approx(math.exp(-4 / 3) + 2 * math.exp(-1) + math.exp(-1 / 3))
    assert (found["views_30"], found["last_seen_days"]) == (4.0, 10.0)


def test_the_outcome_is_of_the_days_after_the_cutoff_alone() -> None:
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a"],
            "activity_date": [dt.date(2024, 1, 31), dt.date(2024, 3, 1), dt.date(2024, 3, 2)],
            "orders": [1, 1, 1],
            "revenue": [1.0, 2.0, 4.0],
            "refunds": [0.0, 0.5, 0.0],
        }
    )
    found = outcome_after(rows, pd.Index(["a", "b"]), dt.date(2024, 1, 31))
    assert found.loc["a"].tolist() == [1, 1.0, 1.5]
    assert found.loc["b"].tolist() == [0, 0.0, 0.0]


def test_the_rhythm_is_what_the_lifetime_model_makes_of_the_days_with_orders() -> None:
    random, cutoff = np.random.default_rng(0), dt.date(2024, 6, 30)
    rows = [
        (number, cutoff - dt.timedelta(days=int(age)), 2, 10.0)
        for number in range(80)
        for age in {*random.integers(0, 180, random.geometric(0.3))}
    ]
    days = pd.DataFrame(rows, columns=["customer_id", "activity_date", "orders", "revenue"])
    found, known = buyers_at(days, cutoff), summary_of(days, cutoff)
    model = BetaGeometric().fit(known["repeats"], known["last"], known["age"])
    alive = model.alive(known["repeats"], known["last"], known["age"])
    orders = model.expected_orders(known["repeats"], known["last"], known["age"], 30)
    assert found["alive_probability"].to_numpy() == pytest.approx(alive)
    assert found["expected_orders"].to_numpy() == pytest.approx(orders)
