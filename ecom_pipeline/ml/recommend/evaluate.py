"""Evaluation in time: learn from what came before a day, judge by what came after it.

The last 28 days are the test, the 28 before the validation that parameters are chosen on; a shorter history gives each of
them a fifth of its days. What counts is **new for the customer**: a purchase (any interaction, in a shop without purchases)
of a product the customer had not purchased before; such products are left out of the lists and of what is expected alike.
Customers without history are counted, not judged: every recommender gives them the same fallback. Products nobody had
touched by that day are no part of it. What is known about a product (its category, brand, price band) is as of today; the
shop's tables keep no history of it.

What does not belong here: which recommenders are judged, and what follows from it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.completed import completed_lists
from ecom_pipeline.ml.recommend.interactions import WEIGHTS, Floats, pairs, used
from ecom_pipeline.ml.recommend.metrics import PER_CUSTOMER, coverage, hits_of
from ecom_pipeline.ml.recommend.popularity import Popularity

WINDOW_DAYS = 28
WINDOW_SHARE = 0.2
LENGTHS = (10, 20)
CHOSEN_BY = ("ndcg", 10)


@dataclass(frozen=True, kw_only=True)
class Window:
    """What was known on a day, and what the customers then chose.

    Attributes
    ----------
    train
        Interactions up to ``last_day``.
    last_day
        The last day of training.
    owned
        ``customer_id, product_id`` not to be offered.
    truth
        ``customer_id, product_id`` chosen in the days after, new for the customer; customers with history only.
    cold_customers
        Customers who chose something but had no history.
    """

    train: pd.DataFrame
    last_day: dt.date
    owned: pd.DataFrame
    truth: pd.DataFrame
    cold_customers: int

    @property
    def customers(self) -> pd.Index:
        """Those who are judged."""
        return pd.Index(self.truth["customer_id"].astype(object).unique()).sort_values()

    def known(self, products: pd.DataFrame) -> pd.DataFrame:
        """Products somebody had touched by ``last_day``."""
        return products[products["product_id"].isin(self.train["product_id"].cat.categories)]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One recommender's figures on a window: per customer, and over all of them."""

    recommender: str
    is_baseline: bool
    per_customer: dict[tuple[str, int], Floats]
    coverage: dict[int, float]

    def mean(self, metric: str, k: int) -> float:
        """Mean over the customers."""
        return float(self.per_customer[metric, k].mean())


def target_types(interactions: pd.DataFrame) -> tuple[str, ...]:
    """Return the event types that count as chosen."""
    return ("purchase",) if (interactions["event_type"] == "purchase").any() else tuple(WEIGHTS)


def windows(interactions: pd.DataFrame) -> tuple[Window, Window] | None:
    """Validation and test windows of checked interactions; ``None`` where the history is too short for both."""
    if interactions.empty:
        return None
    dates = interactions["interaction_date"]
    days = (dates.max() - dates.min()).days + 1
    length = min(WINDOW_DAYS, int(days * WINDOW_SHARE))
    if length < 1:
        return None
    last_day = dates.max() - pd.Timedelta(days=length)
    types = target_types(interactions)
    return (
        _window(interactions, last_day - pd.Timedelta(days=length), length, types),
        _window(interactions, last_day, length, types),
    )


def judge(recommender: Recommender, fallback: Popularity, window: Window) -> Judged:
    """Judge the lists of a recommender and its fallback, both fitted on the window's ``train``."""
    longest = max(LENGTHS)
    lists = completed_lists(recommender, fallback, list(window.customers), longest, exclude=window.owned)
    _, hits, chosen = hits_of(lists, window.truth, longest)
    touched = window.train["product_id"].nunique()
    return Judged(
        recommender=recommender.name,
        is_baseline=recommender.is_baseline,
        per_customer={
            (metric, k): function(hits, chosen, k) for metric, function in PER_CUSTOMER.items() for k in LENGTHS
        },
        coverage={k: coverage(lists, touched, k) for k in LENGTHS},
    )


def score(recommender: Recommender, window: Window) -> float:
    """The figure parameters are chosen by: mean NDCG@10."""
    metric, k = CHOSEN_BY
    lists = recommender.recommend(list(window.customers), k, exclude=window.owned)
    _, hits, chosen = hits_of(lists, window.truth, k)
    return float(PER_CUSTOMER[metric](hits, chosen, k).mean())


def sampled(window: Window, customers: int, *, seed: int) -> Window:
    """Return the window with at most that many customers to judge, drawn by the seed."""
    everyone = window.customers
    if len(everyone) <= customers:
        return window
    drawn = everyone[np.random.default_rng(seed).choice(len(everyone), customers, replace=False)]
    return Window(
        train=window.train,
        last_day=window.last_day,
        owned=window.owned[window.owned["customer_id"].isin(drawn)],
        truth=window.truth[window.truth["customer_id"].isin(drawn)],
        cold_customers=window.cold_customers,
    )


def _window(interactions: pd.DataFrame, last_day: pd.Timestamp, length: int, types: tuple[str, ...]) -> Window:
    dates = interactions["interaction_date"]
    train = used(interactions[dates <= last_day])
    after = interactions[(dates > last_day) & (dates <= last_day + pd.Timedelta(days=length))]
    owned = pairs(train, types).astype(object)
    later = pairs(after, types).astype(object)
    known = later["customer_id"].isin(train["customer_id"].cat.categories)
    before = pd.MultiIndex.from_frame(later).isin(pd.MultiIndex.from_frame(owned))
    return Window(
        train=train,
        last_day=last_day.date(),
        owned=owned,
        truth=later[known & ~before].sort_values(["customer_id", "product_id"], ignore_index=True),
        cold_customers=int(later.loc[~known, "customer_id"].nunique()),
    )
