"""Whoever is not known yet: the segment of a customer by what they told of themselves, and what is popular in it.

A customer belongs to the finest segment that enough customers with a history share whom no finer one took: by gender and age and
country, by gender and age, by one of them, by the channel that won them. What does not belong here: customers with a history of their own, and
products that nobody touched (``content``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.interactions import product_weights

LEVELS = (
    ("gender", "age_group", "country"), ("gender", "age_group"), ("age_group",), ("gender",), ("acquisition_channel",), ("country",),
)  # fmt: skip
MINIMUM_CUSTOMERS = 20
"""Customers with a history that a segment needs."""
LENGTH = 200
"""Products of a segment's ranking."""
RANKING_COLUMNS = ("segment", "product_id", "score")


def segments(customers: pd.DataFrame, active: pd.Index, *, as_of_date: dt.date) -> pd.Series:
    """Return the segment of each customer, by ``customer_id``; missing where none is large enough.

    Parameters
    ----------
    customers
        ``customer_id`` and, where known, ``gender, birth_year, country, acquisition_channel``.
    active
        Customers with a history.
    as_of_date
        The day that ages are of.
    """
    told = customers.set_index("customer_id")
    if "birth_year" in told:
        decade = (as_of_date.year - pd.to_numeric(told["birth_year"]).astype("Float64")) // 10 * 10
        text = decade.astype("Int64").astype("string")
        told["age_group"] = text + "-" + (decade + 9).astype("Int64").astype("string")
    found = pd.Series(None, index=told.index, dtype=object)
    for level in LEVELS:
        if not all(name in told and told[name].nunique() > 1 for name in level):
            continue
        label = told[level[0]].astype("string")
        for name in level[1:]:
            label = label + ", " + told[name].astype("string")
        label = label[found.isna()]
        size = label[label.index.isin(active)].value_counts()
        large = label[label.isin(size.index[size >= MINIMUM_CUSTOMERS])]
        found[large.index] = large.astype(object)
    return found


def segment_popularity(interactions: pd.DataFrame, segment: pd.Series, *, half_life: float | None) -> pd.DataFrame:
    """Rank what each segment chooses of late.

    Parameters
    ----------
    interactions
        As ``interactions.checked`` returns them.
    segment
        As ``segments`` returns them.

    Returns
    -------
    pandas.DataFrame
        ``segment, product_id, score``, the best 200 of each segment first; ``score`` is 1 for the best one.
    """
    of_row = segment.reindex(interactions["customer_id"].cat.categories).to_numpy()[
        interactions["customer_id"].cat.codes
    ]
    names = interactions["product_id"].cat.categories.to_numpy()
    parts = []
    for label, part in interactions.groupby(of_row, sort=True):
        weights = product_weights(part, half_life)
        best = np.argsort(-weights, kind="stable")[:LENGTH]
        best = best[weights[best] > 0]
        score = weights[best] / weights[best].max()
        parts.append(pd.DataFrame({"segment": label, "product_id": names[best], "score": score}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(RANKING_COLUMNS))
