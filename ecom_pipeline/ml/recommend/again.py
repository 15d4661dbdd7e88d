"""What a customer buys time and again: how often, how regularly, how lately.

Counted in days on which a product was bought, so that two lines of one order are one time. What does not belong here: what
other customers buy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class History:
    """What each customer chose, by sorted key of customer and product."""

    keys: np.ndarray
    times: np.ndarray
    first: np.ndarray
    last: np.ndarray
    """Days as ``datetime64[D]``."""

    def between(self, low: int, high: int) -> History:
        """What has a key from ``low`` to below ``high``."""
        part = slice(*np.searchsorted(self.keys, [low, high]))
        return History(keys=self.keys[part], times=self.times[part], first=self.first[part], last=self.last[part])


def habits(interactions: pd.DataFrame, event_types: tuple[str, ...]) -> pd.DataFrame:
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
        ``customer_id, product_id, times, first_date, last_date``, sorted by the first two; ``times`` is in days.
    """
    ids = ["customer_id", "product_id"]
    chosen = interactions.loc[
        interactions["event_type"].isin(event_types), [*ids, "interaction_date"]
    ].drop_duplicates()
    days = chosen.groupby(ids, observed=True, sort=True)
    return days.agg(
        times=("interaction_date", "size"),
        first_date=("interaction_date", "first"),
        last_date=("interaction_date", "last"),
    ).reset_index()
