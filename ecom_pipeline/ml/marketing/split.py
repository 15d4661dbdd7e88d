"""The best split of a budget over known curves, and how long a test of one channel has to last.

What does not belong here: learning the curves, and which channels may be moved.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.marketing.response import Curve, saturated

Array = NDArray[np.float64]
LEAST, MOST = 0.5, 2.0
"""Floor and cap of a channel's spend, as multiples of the present one: beyond them the data know nothing."""
POWER, CONFIDENCE = 0.8416, 1.6449
"""Normal quantiles of 80 % power and of a one-sided test at 5 %."""
LONGEST_TEST_DAYS = 182
HALVINGS = 100
STEPS, FINER, PRECISION = 128, 4, 1e-9
"""Steps of the first search for a split across the widest channel, how much finer each next one is, and the last, of the
budget."""


def floors_and_caps(
    channels: Sequence[str], present: Array, least: Mapping[str, float], most: Mapping[str, float]
) -> tuple[Array, Array]:
    """Least and most spend a day of every channel: what is asked, else half and twice the present spend.

    >>> floors_and_caps(["a", "b"], np.array([10.0, 10.0]), {"b": 30.0}, {})
    (array([ 5., 30.]), array([20., 30.]))
    """
    floor = [
        least.get(name, min(LEAST * now, most.get(name, np.inf))) for name, now in zip(channels, present, strict=True)
    ]
    cap = [most.get(name, max(MOST * now, least.get(name, 0.0))) for name, now in zip(channels, present, strict=True)]
    return np.array(floor), np.array(cap)


def in_proportion(present: Array, floor: Array, cap: Array, total: float) -> Array:
    """The present spend times one factor, between floors and caps; sums to the total, or as near to it as they allow."""
    if math.isclose(total, present.sum()) and (floor <= present).all() and (present <= cap).all():
        return present.copy()
    return _summing_to(total, floor, cap, lambda scale: present * scale / (1 - scale))


def best_split(draws: Sequence[Sequence[Curve]], floor: Array, cap: Array, total: float) -> Array:
    """Split of a budget that earns most on average over the draws, between floors and caps.

    Found among splits a step apart, then among those around the best one with a finer step, and so on: a channel that has
    to pass a threshold first brings more by the unit the more it gets, so that even marginal returns are not enough.
    Effects below nothing count as nothing.

    Parameters
    ----------
    draws
        Curves of every channel, per draw.
    floor, cap
        Least and most spend a day of every channel.
    total
        Spend a day of all of them.

    Returns
    -------
    numpy.ndarray
        Spend a day; sums to the total, or as near to it as floors and caps allow.
    """
    effect, half, steepness = (
        np.array([[getattr(curve, name) for curve in curves] for curves in draws])[:, :, np.newaxis]
        for name in ("effect", "half", "steepness")
    )
    effect = np.maximum(effect, 0.0)
    split = _summing_to(total, floor, cap, lambda scale: floor + scale * (cap - floor))
    step, reach = float((cap - floor).max()) / STEPS, STEPS
    while step > PRECISION * split.sum():
        spend = split[:, np.newaxis] + step * np.arange(-reach, reach + 1)
        inside = (floor[:, np.newaxis] <= spend) & (spend <= cap[:, np.newaxis])
        inside[:, reach] = True
        earned = (effect * saturated(np.maximum(spend, 0.0), half, steepness)).mean(axis=0)
        split = split + step * _best_moves(np.where(inside, earned, -np.inf))
        step, reach = step / FINER, 2 * FINER
    return split


def _best_moves(earned: Array) -> NDArray[np.int64]:
    """Steps up or down of every channel that sum to nothing and earn most; columns are steps, the middle one none."""
    width = earned.shape[1]
    best, chosen = earned[0], []
    for row in earned[1:]:
        sums = np.full((width, len(best) + width - 1), -np.inf)
        for place, more in enumerate(row):
            sums[place, place : place + len(best)] = best + more
        chosen.append(sums.argmax(axis=0))
        best = sums.max(axis=0)
    place = len(best) // 2
    moves = []
    for choice in reversed(chosen):
        moves.append(int(choice[place]))
        place -= moves[-1]
    steps: NDArray[np.int64] = np.array([place, *reversed(moves)]) - width // 2
    return steps


def days_of_a_test(spend: float, noise: float, persistence: float, length: float = 1.0) -> int | None:
    """Days with, and as many without, a channel that show with 80 % power whether it earns its spend.

    Parameters
    ----------
    spend
        Of the channel, a day.
    noise, persistence
        Of revenue, a day: what the model does not explain, and its correlation with the period before.
    length
        Days of a period.

    Returns
    -------
    int or None
        None where half a year would not do.
    """
    lasting = (1 + persistence) / (1 - persistence)
    days = math.ceil(length * math.ceil(2 * lasting * ((POWER + CONFIDENCE) * noise / spend) ** 2))
    return max(days, 14) if days <= LONGEST_TEST_DAYS else None


def _summing_to(total: float, floor: Array, cap: Array, spend_at: Callable[[float], Array]) -> Array:
    """Of spends that grow with a scale of 0 to 1, the one that sums to the total, cut to floors and caps."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        scale = (low + high) / 2
        if scale in (low, high):
            break
        low, high = (scale, high) if np.clip(spend_at(scale), floor, cap).sum() <= total else (low, scale)
    found = np.clip(spend_at(low), floor, cap)
    left = total - found.sum()
    room = cap - found if left > 0 else found - floor
    return np.asarray(found + np.clip(left / room.sum(), -1.0, 1.0) * room if room.sum() > 0 else found)
