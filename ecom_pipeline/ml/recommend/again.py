"""What a customer buys time and again: how often, how regularly, how lately.

Counted in days on which a product was bought, so that two lines of one order are one time. What does not belong here: what
other customers buy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.interactions import WEIGHTS, firsts_of_pairs


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


def habits(interactions: pd.DataFrame, event_types: tuple[str, ...] = tuple(WEIGHTS)) -> pd.DataFrame:
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
    chosen = interactions.loc[interactions["event_type"].isin(event_types), [*ids, "interaction_date"]]
    days = chosen["interaction_date"].to_numpy().astype("datetime64[D]")
    is_first = firsts_of_pairs(chosen)
    is_other_day = is_first.copy()
    is_other_day[1:] |= days[1:] != days[:-1]
    bounds = np.append(np.flatnonzero(is_first), len(days))
    first, last = bounds[:-1], bounds[1:] - 1
    times = np.add.reduceat(is_other_day.astype(np.int64), first)
    return chosen.loc[is_first, ids].assign(times=times, first_date=days[first], last_date=days[last])
