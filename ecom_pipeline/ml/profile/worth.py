"""The entry for what buyers are worth: their days in, revenue less refunds of the next 12 months out, with its card.

What does not belong here: the models of rate and size, and reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.profile.history import HORIZON, first_order, less_refunds, outcome_after
from ecom_pipeline.ml.profile.judgement import capture
from ecom_pipeline.ml.profile.lifetime import BetaGeometric, GammaGamma, summary_of

FEWEST_BUYERS = 100
"""Repeat buyers below which no rate is learned."""
TWELVE_MONTHS = 365
LIFETIME_COLUMNS = (
    "customer_id",
    "alive_probability",
    "expected_orders_365",
    "expected_order_value",
    "expected_value_365",
    "expected_value_later",
    "source",
    "as_of_date",
)


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """What buyers are worth over the next 12 months: `LIFETIME_COLUMNS`, and the row of the registry."""

    customers: pd.DataFrame
    card: ModelCard


def lifetime_shop(days: pd.DataFrame, *, as_of_date: dt.date, seed: int) -> Lifetime:
    """Judge and publish what every buyer is worth over the next 12 months.

    The test takes the last third of the history, 12 months at most: the models learn from what came before it, and
    are compared with every customer going on at their own past rate.

    Parameters
    ----------
    days
        One row per ``customer_id`` and ``activity_date`` with ``orders``, ``revenue`` and, if there are any, ``refunds``.
    as_of_date
        The last day of the data.
    seed
        Written on the card; nothing here is random.
    """
    days = less_refunds(days)
    first = first_order(days)
    ahead = min(TWELVE_MONTHS, (as_of_date - first).days // 3) if first else 0
    whole = summary_of(days, as_of_date) if first else pd.DataFrame()
    if ahead < HORIZON or int((whole["repeats"] > 0).sum()) < FEWEST_BUYERS:
        return _nothing("too few repeat orders, or too short a history, to learn a rate", seed)
    cut = as_of_date - dt.timedelta(days=ahead)
    past = summary_of(days, cut)
    truth = outcome_after(days, past.index, cut, ahead)["value"].to_numpy()
    try:
        model = _Worth.fit(past)
        final = _Worth.fit(whole)
    except ValueError as error:
        return _nothing(str(error), seed)
    given = {"bg_nbd": model.value(past, ahead), "own_rate": _own_rate(days, past.index, cut) * ahead}
    off = {name: float(np.abs(value - truth).mean()) for name, value in given.items()}
    bias = {name: float(value.sum() / truth.sum() - 1) if truth.sum() else None for name, value in given.items()}
    wins = off["bg_nbd"] < off["own_rate"]
    rate = _own_rate(days, whole.index, as_of_date)
    month, year = (final.value(whole, ahead) if wins else rate * ahead for ahead in (HORIZON, TWELVE_MONTHS))
    customers = pd.DataFrame(
        {
            "customer_id": whole.index,
            "alive_probability": final.alive(whole),
            "expected_orders_365": final.expected_orders(whole, TWELVE_MONTHS),
            "expected_order_value": final.size(whole),
            "expected_value_365": year,
            "expected_value_later": np.maximum(year - month, 0.0),
            "source": "bg_nbd" if wins else "own_rate",
            "as_of_date": as_of_date,
        }
    )
    order, size = final.orders, final.sizes
    card = ModelCard(
        model="lifetime_value",
        metric="mean_absolute_error",
        value=off["bg_nbd"],
        baseline="own_rate",
        baseline_value=off["own_rate"],
        decision="published" if wins else "refused",
        reason=(
            f"revenue less refunds of {len(past)} customers in the {ahead} days after {cut}: off by {off['bg_nbd']:.2f} a customer,"
            f" going on at their own rate by {off['own_rate']:.2f}"
        ),
        trained_from=first,
        trained_to=as_of_date,
        parameters={
            "r": order.r_,
            "alpha_days": order.alpha_,
            "a": order.a_,
            "b": order.b_,
            "p": size.p_,
            "q": size.q_,
            "gamma": size.gamma_,
        },
        seed=seed,
        metrics={
            "test_days": ahead,
            "log_likelihood_gained_by_leaving": order.gained_by_leaving_,
            "bias": bias["bg_nbd"],
            "own_rate_bias": bias["own_rate"],
            "capture_top_tenth": capture(truth, given["bg_nbd"]),
            "own_rate_capture_top_tenth": capture(truth, given["own_rate"]),
        },
        libraries=("scipy", "numpy", "pandas"),
    )
    return Lifetime(customers=customers[list(LIFETIME_COLUMNS)], card=card)


@dataclass(frozen=True, kw_only=True)
class _Worth:
    """Both models, learned from one summary: of the orders MBG/NBD, in which who ordered once may have left."""

    orders: BetaGeometric
    sizes: GammaGamma

    @classmethod
    def fit(cls, summary: pd.DataFrame) -> _Worth:
        return cls(
            orders=BetaGeometric(leaves_at_once=True).fit(summary["repeats"], summary["last"], summary["age"]),
            sizes=GammaGamma().fit(summary["repeats"], summary["value"]),
        )

    def alive(self, summary: pd.DataFrame) -> np.ndarray:
        """Probability not to have left; missing where two parameters more are not worth it (Schwarz 1978): nobody is seen to."""
        if self.orders.gained_by_leaving_ <= math.log(len(summary)):
            return np.full(len(summary), np.nan)
        return self.orders.alive(summary["repeats"], summary["last"], summary["age"])

    def expected_orders(self, summary: pd.DataFrame, ahead: float) -> np.ndarray:
        return self.orders.expected_orders(summary["repeats"], summary["last"], summary["age"], ahead)

    def size(self, summary: pd.DataFrame) -> np.ndarray:
        return self.sizes.expected_value(summary["repeats"], summary["value"])

    def value(self, summary: pd.DataFrame, ahead: float) -> np.ndarray:
        value: np.ndarray = self.expected_orders(summary, ahead) * self.size(summary)
        return value


def _own_rate(days: pd.DataFrame, customers: pd.Index, cutoff: dt.date) -> np.ndarray:
    """Revenue per day since the first order, the day itself counted as a month: one order is no rate."""
    dates = pd.to_datetime(days["activity_date"])
    rows = days[dates <= pd.Timestamp(cutoff)]
    revenue = rows["revenue"].astype(float).groupby(rows["customer_id"]).sum().reindex(customers)
    ordered = rows["customer_id"][rows["orders"] > 0]
    age = (pd.Timestamp(cutoff) - dates[ordered.index].groupby(ordered).min().reindex(customers)).dt.days
    rate: np.ndarray = np.maximum((revenue / (age + HORIZON)).to_numpy(float), 0.0)
    return rate


def _nothing(words: str, seed: int) -> Lifetime:
    card = ModelCard(
        model="lifetime_value",
        metric="mean_absolute_error",
        baseline="own_rate",
        decision="refused",
        reason=words,
        seed=seed,
    )
    return Lifetime(customers=pd.DataFrame(columns=list(LIFETIME_COLUMNS)), card=card)
