"""The share of buyers that a time of the year brings beyond what a model expects, as the year before showed it.

A model is calibrated a month before it looks ahead, which December is not to November. Where the history has 19 months, the
shift of the same days a year before is taken instead, if it told the last months better. What does not belong here:
what is learned of customers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
YEAR = 364
"""Days; as many weeks, so that weekdays stay what they are."""
STEP = 30
LEARNED = (30, 60, 90)
"""Days back of the cut-offs that stand for those a model has learned from."""
FEWEST, MOST = 3, 12
"""Cut-offs by which is judged what tells the next one: a year of them where they are known."""


def seasonal_correction(shift: Callable[[dt.date], float | None], day: dt.date) -> float:
    """What to add to log-odds that were calibrated at the newest cut-off, `STEP` days before the day.

    Parameters
    ----------
    shift
        Of a cut-off, what has to be added to a model's log-odds for it to expect as many buyers as there were; None where
        too little came before it.
    day
        The day that is looked ahead from; outcomes of cut-offs up to `STEP` days before it are known.

    Returns
    -------
    float
        0 where the year before is known of fewer than `FEWEST` cut-offs, or told them no better than the month before did.
    """

    def beyond(cutoff: dt.date) -> float | None:
        """The shift of a cut-off beyond that of those before it."""
        found = [shift(cutoff - dt.timedelta(days=back)) for back in (0, *LEARNED)]
        known = [one for one in found if one is not None]
        return known[0] - float(np.mean(known[1:])) if len(known) == len(found) else None

    def told(cutoff: dt.date) -> tuple[float, float] | None:
        """By the month before, and by the year before."""
        both = [beyond(cutoff - dt.timedelta(days=back)) for back in (STEP, YEAR)]
        known = [one for one in both if one is not None]
        return (known[0], known[1]) if len(known) == len(both) else None

    by_month, by_year = [], []
    for back in range(1, MOST + 1):
        cutoff = day - dt.timedelta(days=STEP * back)
        guesses, truth = told(cutoff), beyond(cutoff)
        if guesses is None or truth is None:
            break
        by_month.append(abs(guesses[0] - truth))
        by_year.append(abs(guesses[1] - truth))
    now = told(day)
    if now is None or len(by_year) < FEWEST or np.mean(by_year) >= np.mean(by_month):
        return 0.0
    return now[1] - now[0]


def shift_to(bought: float, log_odds: Array) -> float:
    """What to add to log-odds for their mean probability to be the share who bought.

    >>> round(shift_to(0.5, np.array([-1.0, -1.0])), 6)
    1.0
    """
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        less = float(np.mean(1.0 / (1.0 + np.exp(-(log_odds + middle))))) < bought
        low, high = (middle, high) if less else (low, middle)
    return (low + high) / 2
