"""Segments that the data suggest: k-means on scaled behaviour, as many as come back the same when customers are drawn anew.

The number is the largest whose segments are stable, and more so than those of shuffled columns: the mean adjusted Rand index between the segments of all customers
and those of bootstrap samples (Hubert and Arabie 1985; Ben-Hur, Elisseeff and Guyon 2002). Segments keep their numbers
from night to night: a new centre gets the number of the nearest old one (Kuhn 1955). What does not belong here: segments
by rule, and reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.profile.drawing import drawn
from ecom_pipeline.ml.profile.pca import BehaviourPCA

Array = NDArray[np.float64]
NUMBERS = (2, 3, 4, 5, 6)
DRAWS = 10
LEARNED_FROM = 4_000
"""Customers that are learned from at most."""
STABLE = 0.85
"""Mean adjusted Rand index from which on a number of segments is stable."""
FEWEST = 60
SMALLEST_SHARE = 0.02
"""A segment with fewer of the customers is none."""
FEATURES = (
    "orders",
    "revenue",
    "average_order_value",
    "recency_days",
    "tenure_days",
    "sessions",
    "views",
    "distinct_categories",
)
WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "orders": ("many orders", "few orders", "订单多", "订单少"),
    "revenue": ("high spend", "low spend", "消费高", "消费低"),
    "average_order_value": ("large orders", "small orders", "客单价高", "客单价低"),
    "recency_days": ("long away", "lately here", "久未下单", "近期下单"),
    "tenure_days": ("long known", "newcomers", "老客", "新客"),
    "sessions": ("many visits", "few visits", "来访多", "来访少"),
    "views": ("much browsing", "little browsing", "浏览多", "浏览少"),
    "distinct_categories": ("broad interests", "narrow interests", "兴趣广", "兴趣窄"),
}
"""Of each feature: above and below the mean, in English and Chinese."""
CUSTOMER_COLUMNS = ("customer_id", "learned_segment", "name_en", "name_zh", "distance")
CENTRE_COLUMNS = ("learned_segment", "name_en", "name_zh", "customers", "share", "feature", "mean", "scaled", "centre")


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """The learned segments.

    Attributes
    ----------
    customers
        `CUSTOMER_COLUMNS`: the segment of every buyer, and the distance from its centre in standard deviations.
    centres
        `CENTRE_COLUMNS`, one row per segment and feature: its mean as it is, in standard deviations from the mean of all
        buyers, and on the scale of the clustering, where tomorrow's centres are compared.
    card
        The row of the registry; both tables are empty where it says ``refused``.
    """

    customers: pd.DataFrame
    centres: pd.DataFrame
    card: ModelCard


def cluster_shop(
    customers: pd.DataFrame,
    *,
    as_of_date: dt.date,
    seed: int,
    earlier: pd.DataFrame | None = None,
    earlier_customers: pd.DataFrame | None = None,
) -> Clusters:
    """Learn the segments of the buyers.

    Parameters
    ----------
    customers
        One row per ``customer_id`` with any of `FEATURES`; who has no order is left out.
    as_of_date
        The last day of the data.
    seed
        Fixes all randomness.
    earlier, earlier_customers
        Centres and customers of the night before, in the same columns; they give the numbers and the drift.
    """
    buyers = customers[customers["orders"] > 0].sort_values("customer_id", ignore_index=True)
    names = [name for name in FEATURES if name in buyers and buyers[name].notna().any()]
    if len(buyers) < FEWEST or len(names) < 2:
        return _refused(f"{len(buyers)} buyers: too few for segments", None, None, {}, seed)
    behaviour = buyers[names].astype(float)
    behaviour = behaviour.fillna(behaviour.median())
    scaler = BehaviourPCA().fit(behaviour)
    if len(scaler.features_) < 2:
        return _refused("fewer than two features vary", None, None, {}, seed)
    standard = np.clip(scaler.standardise(behaviour), -4.0, 4.0)
    sample = standard[drawn(pd.Index(buyers["customer_id"]), LEARNED_FROM, seed=seed)]
    stability = {number: _stability(sample, number, seed) for number in NUMBERS}
    without = np.random.default_rng(seed).permuted(sample, axis=0)
    by_chance = {one: _stability(without, one, seed) for one, index in stability.items() if index >= STABLE}
    figures = {f"stability_{one}": index for one, index in stability.items()}
    better = [one for one, index in by_chance.items() if stability[one] > index]
    number = max(better) if better else max(stability, key=lambda one: stability[one])
    shuffled = by_chance.get(number)
    words = f"come back with an adjusted Rand index of {stability[number]:.2f} when customers are drawn anew"
    if shuffled is not None:
        words += f", {shuffled:.2f} after shuffling"
    needed = f"{STABLE:.2f} and more than after shuffling needed"
    if not better:
        return _refused(f"{number} segments {words}; {needed}", stability[number], shuffled, figures, seed)
    places = _centres(sample, number, seed)
    given, described = _tables(buyers["customer_id"], standard, behaviour[scaler.features_], places, earlier)
    card = ModelCard(
        model="learned_segments",
        metric="adjusted_rand_index",
        value=stability[number],
        baseline="shuffled_columns",
        baseline_value=shuffled,
        decision="published",
        reason=f"{number} segments of {len(buyers)} buyers {words}; the most of {NUMBERS[0]} to {NUMBERS[-1]} that do, {needed}",
        trained_to=as_of_date,
        parameters={"number": number, "features": scaler.features_, "draws": DRAWS},
        seed=seed,
        metrics=figures | drift(given, earlier_customers),
        libraries=("scikit-learn", "numpy", "pandas"),
    )
    return Clusters(customers=given, centres=described, card=card)


def _tables(
    ids: pd.Series, standard: Array, behaviour: pd.DataFrame, places: Array, earlier: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Segment of every customer, and what each segment is like: `CUSTOMER_COLUMNS` and `CENTRE_COLUMNS`."""
    features = list(behaviour.columns)
    nearest = _nearest(standard, places)
    numbers = _numbers(places, np.bincount(nearest, minlength=len(places)), features, earlier)
    labels = _labels(places, features)
    given = pd.DataFrame(
        {
            "customer_id": ids,
            "learned_segment": numbers[nearest],
            "name_en": [labels[one][0] for one in nearest],
            "name_zh": [labels[one][1] for one in nearest],
            "distance": np.sqrt(((standard - places[nearest]) ** 2).mean(axis=1)),
        }
    )
    described = [
        _described(centre, standard[nearest == one], behaviour.loc[nearest == one]).assign(
            learned_segment=numbers[one],
            name_en=labels[one][0],
            name_zh=labels[one][1],
            share=float((nearest == one).mean()),
        )
        for one, centre in enumerate(places)
    ]
    return given[list(CUSTOMER_COLUMNS)], pd.concat(described, ignore_index=True)[list(CENTRE_COLUMNS)]


def _described(centre: Array, standard: Array, behaviour: pd.DataFrame) -> pd.DataFrame:
    """One row per feature of a segment whose customers are given, scaled and as they are."""
    return pd.DataFrame(
        {
            "customers": len(behaviour),
            "feature": behaviour.columns,
            "mean": behaviour.mean().to_numpy(),
            "scaled": standard.mean(axis=0),
            "centre": centre,
        }
    )


def _centres(sample: Array, number: int, seed: int) -> Array:
    from sklearn.cluster import KMeans

    centres: Array = KMeans(n_clusters=number, n_init=4, random_state=seed).fit(sample).cluster_centers_
    return centres


def _stability(sample: Array, number: int, seed: int) -> float:
    """Mean agreement of the segments of all with those of bootstrap samples; 0 where a segment is next to nobody."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    whole = _nearest(sample, _centres(sample, number, seed))
    if np.bincount(whole, minlength=number).min() < SMALLEST_SHARE * len(sample):
        return 0.0
    random = np.random.default_rng(seed)
    agreed = []
    for turn in range(DRAWS):
        drawn = sample[random.integers(0, len(sample), len(sample))]
        centres = KMeans(n_clusters=number, n_init=2, random_state=seed + turn).fit(drawn).cluster_centers_
        agreed.append(float(adjusted_rand_score(whole, _nearest(sample, centres))))
    return float(np.mean(agreed))


def _nearest(values: Array, centres: Array) -> NDArray[np.int64]:
    squares = (centres**2).sum(axis=1) - 2 * values @ centres.T
    return np.asarray(squares.argmin(axis=1), dtype=np.int64)


def _numbers(
    places: Array, sizes: NDArray[np.int64], features: list[str], earlier: pd.DataFrame | None
) -> NDArray[np.int64]:
    """Number of each centre: that of the nearest earlier one, else the next free one, the largest segment first."""
    from scipy.optimize import linear_sum_assignment

    numbers = np.zeros(len(places), dtype=np.int64)
    if earlier is not None and len(earlier):
        before = earlier.pivot(index="learned_segment", columns="feature", values="centre")
        shared = [name for name in features if name in before.columns]
        if shared:
            columns = [features.index(name) for name in shared]
            apart = ((places[:, np.newaxis, columns] - before[shared].to_numpy()[np.newaxis]) ** 2).sum(axis=2)
            for one, other in zip(*linear_sum_assignment(apart), strict=True):
                numbers[one] = int(before.index[other])
    taken = set(numbers.tolist())
    free = iter(number for number in range(1, 2 * len(places) + 100) if number not in taken)
    for one in np.argsort(-sizes, kind="stable"):
        if not numbers[one]:
            numbers[one] = next(free)
    return numbers


def _labels(places: Array, features: list[str]) -> list[tuple[str, str]]:
    """Names of the segments: their strongest features, as many as it takes to tell them apart, two at least."""
    for words in range(2, len(features) + 1):
        found = []
        for centre in places:
            strongest = np.argsort(-np.abs(centre), kind="stable")[:words]
            sides = [(WORDS[features[one]], 0 if centre[one] > 0 else 1) for one in strongest]
            found.append(
                (", ".join(word[side] for word, side in sides), "、".join(word[side + 2] for word, side in sides))
            )
        if len(set(found)) == len(found):
            return found
    return [(f"{english} {one}", f"{chinese} {one}") for one, (english, chinese) in enumerate(found, 1)]


def drift(now: pd.DataFrame, before: pd.DataFrame | None) -> dict[str, float | None]:
    """Share of the customers of both nights in another segment, and the population stability index of the shares.

    Both frames have ``customer_id, learned_segment``; nothing is told without the night before. The index is the sum of
    (now - before) * log(now / before) over the segments; a segment that is missing counts as a share of 0.0001.
    """
    if before is None or not len(before):
        return {}
    both = now.merge(before[["customer_id", "learned_segment"]], on="customer_id", suffixes=("", "_before"))
    shares = pd.concat(
        [frame["learned_segment"].value_counts(normalize=True) for frame in (before, now)], axis=1, keys=["was", "is"]
    ).fillna(1e-4)
    index = ((shares["is"] - shares["was"]) * np.log(shares["is"] / shares["was"])).sum()
    moved = both["learned_segment"] != both["learned_segment_before"]
    return {"moved_share": float(moved.mean()) if len(both) else None, "population_stability_index": float(index)}


def _refused(
    words: str, value: float | None, baseline: float | None, figures: Mapping[str, float], seed: int
) -> Clusters:
    card = ModelCard(
        model="learned_segments",
        metric="adjusted_rand_index",
        value=value,
        baseline="shuffled_columns",
        baseline_value=baseline,
        decision="refused",
        reason=words,
        seed=seed,
        metrics=figures,
    )
    empty = (pd.DataFrame(columns=list(columns)) for columns in (CUSTOMER_COLUMNS, CENTRE_COLUMNS))
    customers, centres = empty
    return Clusters(customers=customers, centres=centres, card=card)
