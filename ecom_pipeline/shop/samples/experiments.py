"""Randomised tests of the shop: half of the customers get a coupon or a message, the others are left alone.

What customers would have done otherwise is not known, so the lot falls after the fact: whoever ordered in the 30 days is
drawn into the treated half the more often, exactly as often as a treatment with the planted effect would have made it
look. Who is in which half says nothing about anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.shop.samples.draws import Bools
from ecom_pipeline.shop.samples.seasons import day_number

OUTCOME_DAYS = 30
KEEN = ("loyal_high_value", "regular")


@dataclass(frozen=True)
class Trial:
    """A test; of the kinds of customers that it moves, the treated order ``1 + effect`` times as often as all of them."""

    name: str
    day: date
    arm: str
    cost: str
    effect: float


TRIALS = (
    Trial("spring-coupon", date(2024, 4, 8), "coupon", "3.00", 0.35),
    Trial("sms-reminder", date(2024, 3, 4), "sms", "0.10", 0.0),
)


def make_assignments(rng: np.random.Generator, customers: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """One row per test and customer: trial (number), customer (number), is_treated."""
    parts = []
    for number, trial in enumerate(TRIALS):
        known = np.flatnonzero((customers["registered"] < pd.Timestamp(trial.day)).to_numpy())
        ordered, keen = _ordered(customers, orders, trial)[known], _keen(customers)[known]
        rate = ordered[keen].mean()
        chance = np.where(ordered, 0.5 * (1 + trial.effect), 0.5 * (1 - trial.effect * rate / (1 - rate)))
        treated = rng.random(len(known)) < np.where(keen, chance, 0.5)
        parts.append(pd.DataFrame({"trial": number, "customer": known, "is_treated": treated}))
    return pd.concat(parts, ignore_index=True)


def assignment_table(customers: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """The export of the testing tool."""
    trial = assignments["trial"].to_numpy()
    treated = assignments["is_treated"].to_numpy()
    arms, costs = (np.array([getattr(one, name) for one in TRIALS], dtype=object)[trial] for name in ("arm", "cost"))
    return pd.DataFrame(
        {
            "experiment": np.array([one.name for one in TRIALS], dtype=object)[trial],
            "customer_id": customers["customer_id"].to_numpy()[assignments["customer"]],
            "group": np.where(treated, arms, "control"),
            "assigned_on": np.array([one.day.isoformat() for one in TRIALS], dtype=object)[trial],
            "share": "0.5",
            "cost": np.where(treated, costs, ""),
            "_part": "",
        }
    )


def experiment_truth(customers: pd.DataFrame, orders: pd.DataFrame, assignments: pd.DataFrame) -> dict[str, Any]:
    """Of every test its customers and the true lift: of the kinds that it moves, and of all."""
    told = {}
    for number, trial in enumerate(TRIALS):
        drawn = assignments.loc[assignments["trial"] == number, "customer"].to_numpy()
        ordered, keen = _ordered(customers, orders, trial)[drawn], _keen(customers)[drawn]
        lift = 2 * trial.effect * float(ordered[keen].mean())
        told[trial.name] = {
            "treatment": trial.arm,
            "customers": len(drawn),
            "lift_of_the_keen": lift,
            "lift": lift * float(keen.mean()),
        }
    return told


def _ordered(customers: pd.DataFrame, orders: pd.DataFrame, trial: Trial) -> Bools:
    """Whether each customer placed an order in time that the shop knows to be theirs and that stands."""
    day = orders["day"].to_numpy()
    inside = (day >= day_number(trial.day)) & (day < day_number(trial.day) + OUTCOME_DAYS)
    inside &= ~orders["is_guest"].to_numpy() & (orders["status"] != "已取消").to_numpy()
    ordered = np.zeros(len(customers), dtype=bool)
    ordered[orders["customer"].to_numpy()[inside]] = True
    return ordered


def _keen(customers: pd.DataFrame) -> Bools:
    return np.asarray(customers["segment"].isin(KEEN))
