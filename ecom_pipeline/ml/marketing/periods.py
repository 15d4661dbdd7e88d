"""Days gathered into the periods that spend is written down in: a shop that is billed by week or month says no more.

What does not belong here: what spend brings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
DAILY = 6
"""Days between two days with spend, at the median, from which on spend stands for all days until the next."""


@dataclass(frozen=True, kw_only=True)
class Periods:
    """The periods of a shop.

    Attributes
    ----------
    days
        Every day of the shop's revenue.
    place
        Period of each day, from 0 without a gap; -1 outside of all.
    length
        Days from one period to the next, at the median: 1 where spend is daily.
    """

    days: pd.DatetimeIndex
    place: NDArray[np.int64]
    length: float

    def mean_of(self, values: Array) -> Array:
        """Mean over the days of each period; rows are days, and may have columns."""
        if self.length == 1:
            return values
        sums = np.zeros((int(self.place.max(initial=-1)) + 1, *values.shape[1:]))
        np.add.at(sums, self.place[self.place >= 0], values[self.place >= 0])
        count = np.bincount(self.place[self.place >= 0])
        mean: Array = sums / count.reshape(-1, *[1] * (values.ndim - 1))
        return mean


def periods_of(paid: pd.Series, days: pd.DatetimeIndex) -> Periods:
    """The periods that spend is written down in: each begins on a day with spend; the last counts once it is complete.

    Parameters
    ----------
    paid
        Days with any spend.
    days
        Every day of the shop's revenue.
    """
    starts = pd.DatetimeIndex(paid.unique()).sort_values()
    starts = starts[(starts >= days.min()) & (starts <= days.max())]
    length = float(np.median(np.diff(starts) / np.timedelta64(1, "D"))) if len(starts) > 1 else 1.0
    if length < DAILY:
        return Periods(days=days, place=np.arange(len(days)), length=1.0)
    ends = np.append(starts[1:], starts[-1:] + pd.Timedelta(days=length))
    place = np.searchsorted(starts, days, side="right") - 1
    whole = int((ends <= days.max() + pd.Timedelta(days=1)).sum())
    inside = (place >= 0) & (place < whole) & (days < ends[place])
    return Periods(days=days, place=np.where(inside, place, -1), length=length)
