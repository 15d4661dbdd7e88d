"""Evaluation in time: learn from what came before a day, judge by what came after it.

The last 28 days are the test, the 28 before the validation that parameters and weights are chosen on; a shorter history
gives each of them a fifth of its days. There are two targets. ``new`` is what is new for the customer: a purchase (any
interaction, in a shop without purchases) of a product the customer had not purchased before; such products are left out of
the lists and of what is expected alike. ``all`` is every purchase of those days, and nothing is left out of the lists.

Customers with history are warm, the others cold; whether a recommender wins is judged on the warm, because the cold get the
same list from each. Warm customers are told apart by the days they were active on, as known on the last day of training.
Products nobody had touched by that day are no part of it. What is known about a product (its category, brand, price band)
is as of today; the shop's tables keep no history of it.

What does not belong here: which recommenders are judged, and what follows from it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.completed import completed_lists
from ecom_pipeline.ml.recommend.interactions import WEIGHTS, Floats, customers_of_products, pairs, used
from ecom_pipeline.ml.recommend.metrics import PER_CUSTOMER, coverage, hits_of, intervals, novelty
from ecom_pipeline.ml.recommend.popularity import Popularity

Target = Literal["new", "all"]
TARGETS: tuple[Target, ...] = ("new", "all")
WINDOW_DAYS = 28
WINDOW_SHARE = 0.2
MANY_ROWS = 500_000
"""Interactions of a large shop, where what costs much and gains little is left out."""
LENGTHS = (10, 20)
CHOSEN_BY = ("ndcg", 10)
CHOSEN_ON = 1_000
"""Customers that parameters and weights are chosen on, at least."""
CHOICES = 5_000
"""What they chose together, at least."""
METRICS = (*PER_CUSTOMER, "novelty")
PAIRED = 500
"""Customers whose lists are compared with another one's."""
ACTIVE_DAYS = {"1 active day": 1, "2 to 4 active days": 4, "5 or more active days": np.inf}
"""The segments of warm customers and the most days of each."""
FIGURE_COLUMNS = ("model", "target", "segment", "metric", "k", "customers", "value", "lower", "upper", "is_baseline")


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
        ``customer_id, product_id`` not to be offered; none where the target is ``all``.
    truth, cold_truth
        ``customer_id, product_id`` chosen in the days after, of customers with and without history; what is new for the
        customer where that is the target.
    """

    train: pd.DataFrame
    last_day: dt.date
    owned: pd.DataFrame
    truth: pd.DataFrame
    cold_truth: pd.DataFrame

    @property
    def customers(self) -> pd.Index:
        """Those with history who are judged."""
        return _customers(self.truth)

    @property
    def cold_customers(self) -> pd.Index:
        """Those without history who chose something."""
        return _customers(self.cold_truth)

    def known(self, products: pd.DataFrame) -> pd.DataFrame:
        """Products somebody had touched by ``last_day``."""
        return products[products["product_id"].isin(self.train["product_id"].cat.categories)]

    def segments(self) -> pd.Series:
        """Name the segment of each judged customer with history: by the days the customer was active on until ``last_day``."""
        days = self.train.groupby("customer_id", observed=True)["interaction_date"].nunique()
        cuts = pd.cut(days.reindex(self.customers), [0, *ACTIVE_DAYS.values()], labels=list(ACTIVE_DAYS))
        return cuts.astype(object)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One recommender's figures on a window: per customer with history, per cold customer, and coverage over all of them."""

    recommender: str
    is_baseline: bool
    per_customer: dict[tuple[str, int], Floats]
    cold: dict[tuple[str, int], Floats]
    coverage: dict[int, float]

    def mean(self, metric: str, k: int) -> float:
        """Mean over the customers with history."""
        return float(self.per_customer[metric, k].mean())


def target_types(interactions: pd.DataFrame) -> tuple[str, ...]:
    """Return the event types that count as chosen."""
    return ("purchase",) if (interactions["event_type"] == "purchase").any() else tuple(WEIGHTS)


def windows(
    interactions: pd.DataFrame, target: Target = "new", *, length: int = WINDOW_DAYS
) -> tuple[Window, Window] | None:
    """Validation and test windows of checked interactions, of ``length`` days; ``None`` where the history is too short for both."""
    if interactions.empty:
        return None
    dates = interactions["interaction_date"]
    days = (dates.max() - dates.min()).days + 1
    length = min(length, int(days * WINDOW_SHARE))
    if length < 1:
        return None
    last_day = dates.max() - pd.Timedelta(days=length)
    return (
        _window(interactions, last_day - pd.Timedelta(days=length), length, target),
        _window(interactions, last_day, length, target),
    )


def earlier(interactions: pd.DataFrame, target: Target = "new", *, length: int = WINDOW_DAYS) -> Window | None:
    """Window before the validation; ``None`` without at least twice its days of history before it.

    Models that learn from outcomes learn here, so that validation can judge them. There is none beyond ``MANY_ROWS``, where all
    parts that weigh much would have to learn once more. With two such windows the ranker was within chance as good.
    """
    dates = interactions["interaction_date"]
    days = 0 if interactions.empty or len(interactions) > MANY_ROWS else (dates.max() - dates.min()).days + 1
    if days < 5 * length:
        return None
    return _window(interactions, dates.max() - pd.Timedelta(days=3 * length), length, target)


def judge(recommender: Recommender, fallback: Popularity, window: Window) -> Judged:
    """Judge the lists of a recommender and its fallback, both fitted on the window's ``train``."""
    longest = max(LENGTHS)
    everyone = [*window.customers, *window.cold_customers]
    lists = completed_lists(recommender, fallback, everyone, longest, exclude=window.owned)
    customers, products = (window.train[name].cat.categories.astype(object) for name in ("customer_id", "product_id"))
    surprise = pd.Series(-np.log2(customers_of_products(window.train) / len(customers)), index=products)
    return Judged(
        recommender=recommender.name,
        is_baseline=recommender.is_baseline,
        per_customer=_per_customer(lists, window.truth, surprise),
        cold=_per_customer(lists, window.cold_truth, surprise),
        coverage={k: coverage(lists, len(products), k) for k in LENGTHS},
    )


def figures(judged: Sequence[Judged], window: Window, target: Target, *, seed: int) -> pd.DataFrame:
    """Every metric of every recommender by segment of customers, with its 95 % bootstrap interval.

    The segments are ``all`` (warm and cold), ``warm``, ``cold`` and those of ``Window.segments``; one without customers has
    no rows. All recommenders are resampled alike. Coverage has no interval: it is a count of products, which resampling
    customers can only lower.
    """
    keys = [(each, metric, k) for each in judged for metric in METRICS for k in LENGTHS]
    warm = np.stack([each.per_customer[metric, k] for each, metric, k in keys], axis=1)
    cold = np.stack([each.cold[metric, k] for each, metric, k in keys], axis=1)
    segments = window.segments().to_numpy()
    parts = {"all": np.concatenate([warm, cold]), "warm": warm, "cold": cold}
    parts |= {name: warm[segments == name] for name in ACTIVE_DAYS}
    rows: list[tuple[object, ...]] = [
        (each.recommender, target, segment, metric, k, len(values), *found, each.is_baseline)
        for segment, values in parts.items()
        if len(values)
        for (each, metric, k), found in zip(keys, intervals(values, seed=seed), strict=True)
    ]
    customers = len(parts["all"])
    rows += [
        (each.recommender, target, "all", "coverage", k, customers, each.coverage[k], None, None, each.is_baseline)
        for each in judged
        for k in LENGTHS
    ]
    return pd.DataFrame(rows, columns=list(FIGURE_COLUMNS))


def score(recommender: Recommender, window: Window) -> float:
    """The figure parameters are chosen by: mean NDCG@10."""
    return float(scores(recommender, window).mean())


def scores(recommender: Recommender, window: Window) -> Floats:
    """NDCG@10 of each of the window's customers."""
    metric, k = CHOSEN_BY
    lists = recommender.recommend(list(window.customers), k, exclude=window.owned)
    _, hits, chosen = hits_of(lists, window.truth, k)
    return PER_CUSTOMER[metric](hits, chosen, k)


def personal(recommender: Recommender, window: Window, *, seed: int) -> Floats:
    """How much better each customer is served by their own list than by that of another one: a difference of NDCG@10.

    Customers are paired at random. What either of a pair owns is left out of both lists and of what is expected, so that the
    two lists differ in nothing but whose they are: where nothing about customers was learned, neither is better on average,
    whatever luck the products had.
    """
    metric, k = CHOSEN_BY
    random = np.random.default_rng(seed)
    customers = window.customers.to_numpy()
    customers = customers[random.permutation(len(customers))[:PAIRED]]
    other_of = pd.Series(np.roll(customers, 1), index=customers)
    owned = window.owned[window.owned["customer_id"].isin(customers)]
    lent = owned.assign(customer_id=owned["customer_id"].map(pd.Series(customers, index=other_of)))
    left_out = pd.concat([owned, lent]).drop_duplicates()
    wanted = window.truth[window.truth["customer_id"].isin(customers)]
    wanted = wanted[~pd.MultiIndex.from_frame(wanted).isin(pd.MultiIndex.from_frame(left_out))]
    if wanted.empty:
        return np.empty(0)
    own = recommender.recommend(list(customers), k, exclude=left_out)
    others = recommender.recommend(
        list(customers), k, exclude=left_out.assign(customer_id=left_out["customer_id"].map(other_of))
    )
    others["customer_id"] = others["customer_id"].map(pd.Series(customers, index=other_of))
    mine, theirs = (
        PER_CUSTOMER[metric](hits, chosen, k)
        for _, hits, chosen in (hits_of(lists, wanted, k) for lists in (own, others))
    )
    return mine - theirs


def informative(window: Window, *, choices: int = CHOICES, seed: int) -> Window:
    """Return the window with as many customers as choosing by it needs: 1,000, more where each chose few products.

    Where everyone chose one product, 1,000 customers cannot tell apart what differs by a fifth. ``choices`` is how many
    products they are to have chosen together.
    """
    wanted = choices * len(window.customers) // max(1, len(window.truth))
    return sampled(window, max(CHOSEN_ON, wanted), seed=seed)


def sampled(window: Window, customers: int, *, seed: int) -> Window:
    """Return the window with at most that many warm and as many cold customers to judge, drawn by the seed."""
    random = np.random.default_rng(seed)
    warm, cold = window.customers, window.cold_customers
    if len(warm) <= customers and len(cold) <= customers:
        return window
    drawn, drawn_cold = (
        each[random.choice(len(each), min(customers, len(each)), replace=False)] for each in (warm, cold)
    )
    return replace(
        window,
        owned=window.owned[window.owned["customer_id"].isin(drawn)],
        truth=window.truth[window.truth["customer_id"].isin(drawn)],
        cold_truth=window.cold_truth[window.cold_truth["customer_id"].isin(drawn_cold)],
    )


def _per_customer(lists: pd.DataFrame, truth: pd.DataFrame, surprise: pd.Series) -> dict[tuple[str, int], Floats]:
    customers, hits, chosen = hits_of(lists, truth, max(LENGTHS))
    found = {(metric, k): function(hits, chosen, k) for metric, function in PER_CUSTOMER.items() for k in LENGTHS}
    return found | {("novelty", k): novelty(lists, customers, surprise, k) for k in LENGTHS}


def _customers(pairs_: pd.DataFrame) -> pd.Index:
    return pd.Index(pairs_["customer_id"].astype(object).unique()).sort_values()


def _window(interactions: pd.DataFrame, last_day: pd.Timestamp, length: int, target: Target) -> Window:
    dates, types = interactions["interaction_date"], target_types(interactions)
    train = used(interactions[dates <= last_day])
    after = interactions[(dates > last_day) & (dates <= last_day + pd.Timedelta(days=length))]
    owned = pairs(train, types).astype(object)
    if target == "all":
        owned = owned.iloc[:0]
    later = pairs(after, types).astype(object)
    wanted = later[~pd.MultiIndex.from_frame(later).isin(pd.MultiIndex.from_frame(owned))]
    wanted = wanted.sort_values(["customer_id", "product_id"], ignore_index=True)
    known = wanted["customer_id"].isin(train["customer_id"].cat.categories)
    return Window(
        train=train,
        last_day=last_day.date(),
        owned=owned,
        truth=wanted[known].reset_index(drop=True),
        cold_truth=wanted[~known].reset_index(drop=True),
    )
