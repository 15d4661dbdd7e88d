"""Which days are learned from: cut-offs whose outcome was known on the day from which a prediction looks ahead.

Cut-offs lie ten days apart; the newest is a horizon before the day. The calibration is that of a model which learned a
horizon earlier and is judged at the newest cut-off, as the last model will be judged by the days to come; the year before
corrects it where it is known to (`season`), and there is none where nothing is known of that earlier horizon. Large shops learn from a sample of their buyers. What does not belong here: what is learned, and what is published.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

import pandas as pd

from ecom_pipeline.ml.profile.drawing import drawn
from ecom_pipeline.ml.profile.history import HORIZON, buyers_at, outcome_after
from ecom_pipeline.ml.profile.propensity import TREES, PurchasePropensity, RfmRates
from ecom_pipeline.ml.profile.season import seasonal_correction, shift_to

CUTOFFS = 9
"""Cut-offs that are learned from at most."""
APART = 10
"""Days between them."""
CUSTOMERS = 40_000
"""Buyers that are learned from at most."""
SEASONAL = 10_000
"""Those of them by whom the time of the year is told at most: a share at thirty cut-offs takes fewer than a model."""


class TooLittleError(ValueError):
    """There is too little history to learn from: says what is missing."""


class Past:
    """What was known of customers at any cut-off, and what they did after it; each worked out once.

    Parameters
    ----------
    days
        ``customer_id, activity_date, orders, revenue`` and any of `history.ACTIVITIES`, one row per customer and day.
    first
        Day of the first order; cut-offs begin a horizon later.
    seed
        Fixes who is drawn.
    most
        How many at most.
    """

    def __init__(self, days: pd.DataFrame, first: dt.date, *, seed: int, most: int = CUSTOMERS) -> None:
        buyers = pd.Index(days.loc[days["orders"] > 0, "customer_id"].unique())
        if len(buyers) > most:
            days = days[days["customer_id"].isin(buyers[drawn(buyers, most, seed=seed)])]
        self.days, self.first = days, first
        self._known: dict[dt.date, tuple[pd.DataFrame, pd.DataFrame]] = {}

    def at(self, cutoff: dt.date, *, keep: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Features and outcome of the buyers at a cut-off; kept in memory where they are asked for again."""
        if cutoff in self._known:
            return self._known[cutoff]
        features = buyers_at(self.days, cutoff)
        found = features, outcome_after(self.days, features.index, cutoff)
        if keep:
            self._known[cutoff] = found
        return found

    def before(self, day: dt.date) -> list[dt.date]:
        """Cut-offs whose outcome is known at the end of the day, the newest first."""
        cuts = (day - dt.timedelta(days=HORIZON + APART * back) for back in range(CUTOFFS))
        return [cut for cut in cuts if cut >= self.first + dt.timedelta(days=HORIZON)]


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What is learned from the outcomes that a day knows.

    Attributes
    ----------
    model
        The model; learned at `cutoffs`, calibrated as one from a horizon earlier, if there could be one.
    rates
        The baseline, counted at the newest of them.
    bought
        Share of the buyers of the newest cut-off who bought.
    cutoffs
        The newest first.
    """

    model: PurchasePropensity
    rates: RfmRates
    bought: float
    cutoffs: list[dt.date]


def learn(past: Past, day: dt.date, *, seed: int, trees: int = TREES) -> Learned:
    """Learn to look ahead from the end of a day.

    Raises
    ------
    TooLittleError
        There is no cut-off to learn from, or nobody who bought at any, or all did.
    """
    cutoffs = past.before(day)
    if not cutoffs:
        raise TooLittleError(f"{max(0, (day - past.first).days)} days of orders up to {day}, {2 * HORIZON} needed")
    newest = past.at(cutoffs[0])
    model = _fitted(past, cutoffs, seed, trees)
    if older := past.before(cutoffs[0]):
        earlier = _fitted(past, older, seed, trees).calibrate(*newest)
        model.calibrated_as(earlier).shift(_season(past, earlier, day), newest[0])
    return Learned(
        model=model,
        rates=RfmRates().fit(*newest),
        bought=float(newest[1]["bought"].mean()),
        cutoffs=cutoffs,
    )


def _season(past: Past, model: PurchasePropensity, day: dt.date) -> float:
    """What the time of the year adds to the log-odds, by the shifts of one model over all that is known."""
    some = Past(past.days, past.first, seed=model.seed, most=SEASONAL)

    @cache
    def shift(cutoff: dt.date) -> float | None:
        if cutoff < past.first + dt.timedelta(days=HORIZON):
            return None
        features, outcome = some.at(cutoff, keep=False)
        return shift_to(float(outcome["bought"].mean()), model.log_odds(features.reindex(columns=model.features_)))

    return seasonal_correction(shift, day)


def _fitted(past: Past, cutoffs: list[dt.date], seed: int, trees: int) -> PurchasePropensity:
    features, outcomes = zip(*(past.at(cut) for cut in cutoffs), strict=True)
    outcome = pd.concat(outcomes)
    if outcome["bought"].nunique() < 2:
        raise TooLittleError(
            f"of {len(outcome)} buyers at {cutoffs[-1]} to {cutoffs[0]} all did alike in the days after"
        )
    return PurchasePropensity(seed=seed, trees=trees).fit(
        pd.concat(features, keys=range(len(cutoffs))).reindex(columns=features[0].columns), outcome
    )
