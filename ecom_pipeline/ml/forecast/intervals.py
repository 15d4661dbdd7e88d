"""Bands from errors that were really made, calibrated on origins they were not made from.

Each series has its own band: the quantiles of its backtest errors, drawn towards those of all series of its kind, in units
of its mean absolute error. Errors of one month are alike and the next month is different, so such a band holds too little
(55 to 77 % instead of 80 on real sales). Each kind's bands are therefore stretched, or for series of many zeros shrunk,
until they hold the promised share on every origin when made from the others. Split conformal prediction by groups: Vovk,
Gammerman & Shafer, *Algorithmic Learning in a Random World*, 2nd ed., section 4.3; Barber et al. (2023), *Conformal
prediction beyond exchangeability*, on why it needs that correction here. What does not belong here: the forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STRETCHES = np.geomspace(0.2, 5.0, 65)
OWN_PERIODS = 56
"""Tested periods of a series that count as much as all of its kind."""


@dataclass(frozen=True, kw_only=True)
class Bands:
    """Where actual values lie around a forecast, for the S series of one kind.

    Attributes
    ----------
    levels
        Shares of periods the bands are meant to hold.
    below, above
        (levels, S) distance of the band's ends from the forecast, to be added to it.
    """

    levels: tuple[float, ...]
    below: np.ndarray
    above: np.ndarray

    def around(self, forecast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends (levels, S, H) around a forecast (S, H): ``0 <= lower <= forecast <= upper``, nested."""
        lower = np.clip(forecast + self.below[:, :, np.newaxis], 0.0, forecast)
        upper = np.maximum(forecast + self.above[:, :, np.newaxis], forecast)
        return np.minimum.accumulate(lower, axis=0), np.maximum.accumulate(upper, axis=0)


def learn_bands(forecast: np.ndarray, actual: np.ndarray, usual: np.ndarray, levels: Sequence[float]) -> Bands:
    """Learn the bands of one kind from a backtest.

    Parameters
    ----------
    forecast, actual
        (O, S, H); NaN where untested.
    usual
        (S,) size of error to expect of a series without a backtest.
    levels
        Shares to hold, ascending.
    """
    errors = actual - forecast
    below, above = _quantiles(errors, usual, levels)
    for place, level in enumerate(levels):
        stretch = _stretch(forecast, actual, usual, level)
        below[place] *= stretch
        above[place] *= stretch
    return Bands(levels=tuple(levels), below=below, above=above)


def measured(forecast: np.ndarray, actual: np.ndarray, usual: np.ndarray, levels: Sequence[float]) -> np.ndarray | None:
    """Share of values (levels, S) within the bands at the last whole origin, learned from the origins before it.

    None with fewer than two origins that were tested over the whole horizon; NaN for a series that was not tested there.
    """
    known = np.isfinite(actual) & np.isfinite(forecast)
    tested = np.flatnonzero(known.all(axis=2).any(axis=1))
    if len(tested) < 2:
        return None
    earlier, last = tested[:-1], tested[-1]
    lower, upper = learn_bands(forecast[earlier], actual[earlier], usual, levels).around(forecast[last])
    inside = (actual[last] >= lower) & (actual[last] <= upper) & known[last]
    count = known[last].sum(axis=1)
    return np.where(count > 0, inside.sum(axis=2) / np.maximum(count, 1), np.nan)


def _quantiles(errors: np.ndarray, usual: np.ndarray, levels: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """(levels, S) lower and upper quantiles of the errors (O, S, H), own and of the kind."""
    flat = errors.transpose(1, 0, 2).reshape(errors.shape[1], -1)
    known = np.isfinite(flat)
    count = known.sum(axis=1)
    size = np.where(count > 0, np.where(known, np.abs(flat), 0.0).sum(axis=1) / np.maximum(count, 1), usual)
    with np.errstate(invalid="ignore", divide="ignore"):
        standard = np.where(known & (size > 0)[:, np.newaxis], flat / size[:, np.newaxis], np.nan)
    shares = [(1 - level) / 2 for level in levels] + [(1 + level) / 2 for level in levels]
    pool = standard[np.isfinite(standard)]
    of_kind = np.quantile(pool, shares) if len(pool) else np.array([2.0 if share > 0.5 else -2.0 for share in shares])
    own = _by_row(standard, shares)
    share = count / (count + OWN_PERIODS)
    blend = (share * own + (1 - share) * of_kind[:, np.newaxis]) * size
    half = len(levels)
    return np.minimum(blend[:half], 0.0), np.maximum(blend[half:], 0.0)


def _by_row(values: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """(shares, S) quantiles of the known values of each row; 0 for a row without any."""
    if not values.shape[1]:
        return np.zeros((len(shares), len(values)))
    ordered = np.sort(np.where(np.isfinite(values), values, np.inf), axis=1)
    last = np.maximum(np.isfinite(values).sum(axis=1) - 1, 0)
    place = np.asarray(shares)[:, np.newaxis] * last
    low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
    rows = np.arange(len(values))
    with np.errstate(invalid="ignore"):
        found = ordered[rows, low] + (place - low) * (ordered[rows, high] - ordered[rows, low])
    return np.where(np.isfinite(found), found, 0.0)


def _stretch(forecast: np.ndarray, actual: np.ndarray, usual: np.ndarray, level: float) -> float:
    """The least factor at which bands made from the other origins hold ``level`` of each origin's values; 1 without others."""
    origins = [place for place in range(len(actual)) if np.isfinite(actual[place] - forecast[place]).any()]
    if len(origins) < 2:
        return 1.0
    held = np.zeros(len(STRETCHES))
    total = 0
    for origin in origins:
        others = [place for place in origins if place != origin]
        below, above = _quantiles(actual[others] - forecast[others], usual, [level])
        known = np.isfinite(actual[origin]) & np.isfinite(forecast[origin])
        truth, guess = actual[origin][known], forecast[origin][known]
        low, high = (np.broadcast_to(end[0][:, np.newaxis], known.shape)[known] for end in (below, above))
        total += len(truth)
        for place, factor in enumerate(STRETCHES):
            lower = np.clip(guess + factor * low, 0.0, guess)
            held[place] += ((truth >= lower) & (truth <= np.maximum(guess + factor * high, guess))).sum()
    enough = held >= level * total
    return float(STRETCHES[enough.argmax()] if enough.any() else STRETCHES[-1])
