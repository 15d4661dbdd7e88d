"""The best split of a budget over known curves, and how long a test of one channel has to last.

What does not belong here: learning the curves, and which channels may be moved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.marketing.response import Curve

Array = NDArray[np.float64]
LEAST, MOST = 0.5, 2.0
"""Floor and cap of a channel's spend, as multiples of the present one: beyond them the data know nothing."""
POWER, CONFIDENCE = 0.8416, 1.6449
"""Normal quantiles of 80 % power and of a one-sided test at 5 %."""
LONGEST_TEST_DAYS = 182


def best_split(
    draws: Sequence[Sequence[Curve]],
    present: Array,
    movable: NDArray[np.bool_],
    *,
    least: float = LEAST,
    most: float = MOST,
) -> Array:
    """Split of the present budget that earns most on average over the draws, between floors and caps.

    Money goes step by step to the channel whose next unit brings most; revenue is concave in every channel, so no other
    split earns more. Effects below nothing count as nothing.

    Parameters
    ----------
    draws
        Curves of every channel, per draw.
    present
        Spend a day of every channel.
    movable
        Channels whose spend may change.
    least, most
        Floor and cap, as multiples of the present spend.

    Returns
    -------
    numpy.ndarray
        Spend a day; sums to what the present split does.
    """
    if movable.sum() < 2:
        return present.copy()
    effect, half = (
        np.array([[getattr(curve, name) for curve in curves] for curves in draws])[:, movable]
        for name in ("effect", "half")
    )
    effect = np.maximum(effect, 0.0)
    now = present[movable]
    floor, cap = least * now, most * now

    def spend_at(price: float) -> Array:
        """Where the next unit brings ``price``, channel by channel, by bisection."""
        low, high = floor.copy(), cap.copy()
        for _ in range(50):
            middle = (low + high) / 2
            more = (effect * half / (middle + half) ** 2).mean(axis=0) > price
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        middle = (low + high) / 2
        return np.asarray(middle)

    cheap, dear = 0.0, float((effect / half).mean(axis=0).max()) + 1.0
    for _ in range(60):
        price = (cheap + dear) / 2
        if spend_at(price).sum() > now.sum():
            cheap = price
        else:
            dear = price
    best = spend_at(dear)
    left = now.sum() - best.sum()
    room = cap - best if left > 0 else best - floor
    if room.sum() > 0:
        best = best + left * room / room.sum()
    split = present.copy()
    split[movable] = best
    return split


def days_of_a_test(spend: float, noise: float, persistence: float, worth: float = 1.0) -> int | None:
    """Days with, and as many without, a channel that show with 80 % power whether it earns its spend.

    Parameters
    ----------
    spend
        Of the channel, a day.
    noise, persistence
        Of revenue, a day: what the model does not explain, and its correlation with the day before.
    worth
        Revenue per unit of money that has to be seen.

    Returns
    -------
    int or None
        None where half a year would not do.
    """
    lasting = (1 + persistence) / (1 - persistence)
    days = math.ceil(2 * lasting * ((POWER + CONFIDENCE) * noise / (worth * spend)) ** 2)
    return max(days, 14) if days <= LONGEST_TEST_DAYS else None
