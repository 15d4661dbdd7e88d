"""What is on the rise: products that more customers turn to lately than their own past would have it.

Each customer counts once a day and product. Their days are added up twice, halved every week and every eight weeks. What
the slow sum leads one to expect of the quick one, scaled by what the whole shop did so that a busy week lifts nobody, is
taken from it and divided by its standard deviation, as counts have it: (quick - expected) / sqrt(expected + 1). What rose
weeks ago and has fewer customers again is not listed. What does not belong here: what sells most, which ``popularity`` says.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.interactions import Floats
from ecom_pipeline.ml.recommend.rules import NO_CATEGORY

QUICK, SLOW = 7.0, 56.0
"""Half-lives in days."""
RECENT_DAYS = 14
MINIMUM_CUSTOMERS = 5
"""Customers of the last 14 days that a product needs."""
TREND_COLUMNS = (
    "scope", "category", "rank", "product_id", "score", "recent_customers", "earlier_customers", "as_of_date",
)  # fmt: skip


def trending(
    interactions: pd.DataFrame,
    products: pd.DataFrame,
    *,
    as_of_date: dt.date,
    available: pd.Index,
    k: int = 20,
) -> pd.DataFrame:
    """List the ``k`` products that rise most, of all and of each category.

    Parameters
    ----------
    interactions
        As ``interactions.checked`` returns them.
    products
        ``product_id`` and, where known, ``category``.
    available
        The only products to be listed.

    Returns
    -------
    pandas.DataFrame
        ``scope, category, rank, product_id, score, recent_customers, earlier_customers, as_of_date``; ``scope`` is ``all`` or
        ``category``, customers are those of the last 14 days and of the 14 before. Empty where nothing rises.
    """
    days = interactions[["customer_id", "product_id", "interaction_date"]].drop_duplicates()
    names = days["product_id"].cat.categories
    codes = days["product_id"].cat.codes.to_numpy()
    age = (pd.Timestamp(as_of_date) - days["interaction_date"]).dt.days.to_numpy()
    quick, slow = (_summed(codes, 0.5 ** (age / half_life), len(names)) for half_life in (QUICK, SLOW))
    expected = slow * quick.sum() / max(slow.sum(), np.finfo(np.float64).tiny)
    rows = pd.DataFrame(
        {
            "product_id": names.to_numpy(),
            "score": (quick - expected) / np.sqrt(expected + 1),
            "recent_customers": _customers(days, age < RECENT_DAYS),
            "earlier_customers": _customers(days, (age >= RECENT_DAYS) & (age < 2 * RECENT_DAYS)),
        }
    )
    enough = rows["recent_customers"] >= np.maximum(MINIMUM_CUSTOMERS, rows["earlier_customers"] + 1)
    rows = rows[(rows["score"] > 0) & enough & rows["product_id"].isin(available)]
    rows = rows.sort_values(["score", "product_id"], ascending=[False, True])
    if "category" in products:
        categories = products.set_index("product_id")["category"]
        rows["category"] = rows["product_id"].map(categories[categories != NO_CATEGORY])
    else:
        rows["category"] = None
    overall = rows.head(k).assign(scope="all", rank=np.arange(1, len(rows.head(k)) + 1))
    within = rows.dropna(subset="category").assign(scope="category")
    within["rank"] = within.groupby("category").cumcount() + 1
    within = within[within["rank"] <= k].sort_values(["category", "rank"])
    both = pd.concat([part for part in (overall, within) if len(part)] or [overall])
    return both.assign(as_of_date=as_of_date).reset_index(drop=True)[list(TREND_COLUMNS)]


def _summed(codes: np.ndarray, weights: Floats, length: int) -> Floats:
    return np.bincount(codes, weights=weights, minlength=length).astype(np.float64)


def _customers(days: pd.DataFrame, chosen: np.ndarray) -> np.ndarray:
    distinct = days.loc[chosen, ["customer_id", "product_id"]].drop_duplicates()
    return np.bincount(distinct["product_id"].cat.codes, minlength=len(days["product_id"].cat.categories))
