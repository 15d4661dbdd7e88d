"""What a customer buys time and again: how often, how regularly, how lately.

Counted in days on which a product was bought, so that two lines of one order are one time. What does not belong here: what
other customers buy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.interactions import decay

HALF_LIFE = 90.0
"""Days after which a day of purchase counts half for the order of the list."""
SOURCE = "personal_frequency"


@dataclass(frozen=True, kw_only=True)
class History:
    """What each customer chose, by sorted key of customer and product."""

    keys: np.ndarray
    times: np.ndarray
    first: np.ndarray
    last: np.ndarray
    """Days as ``datetime64[D]``."""


def habits(interactions: pd.DataFrame, event_types: tuple[str, ...] = ("purchase",)) -> pd.DataFrame:
    """Return what each customer chose, with how often.

    Parameters
    ----------
    interactions
        As ``interactions.checked`` returns them.
    event_types
        The kinds that count.

    Returns
    -------
    pandas.DataFrame
        ``customer_id, product_id, times, first_date, last_date, score``, sorted by the first two; ``times`` is in days, and
        ``score`` the same with each day halved every 90 days.
    """
    ids = ["customer_id", "product_id"]
    chosen = interactions.loc[
        interactions["event_type"].isin(event_types), [*ids, "interaction_date"]
    ].drop_duplicates()
    days = chosen.assign(score=decay(chosen, HALF_LIFE)).groupby(ids, observed=True, sort=True)
    return days.agg(
        times=("score", "size"),
        first_date=("interaction_date", "first"),
        last_date=("interaction_date", "last"),
        score=("score", "sum"),
    ).reset_index()


def buy_again(bought: pd.DataFrame, length: int) -> pd.DataFrame:
    """List what each customer buys most and latest: up to ``length`` rows ``customer_id, rank, product_id, score, source``."""
    ranked = bought.sort_values(["customer_id", "score", "product_id"], ascending=[True, False, True])
    rank = ranked.groupby("customer_id", observed=True, sort=False).cumcount() + 1
    listed = ranked.assign(rank=rank, source=SOURCE)[rank <= length]
    return listed[["customer_id", "rank", "product_id", "score", "source"]].reset_index(drop=True)
