"""What a backtest means for what is live: published, refused or kept.

What does not belong here: how the figures came about.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.forecast.combination import Proof

MARGIN = 0.10
"""A result worse than the live one by more than this share does not replace it."""
KEEP_DAYS = 7
"""A live forecast older than this is replaced all the same: it runs out of days, and its score is of another season."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision, why, and the WAPE of what is live after it."""

    decision: Decision
    reason: str
    live_value: float | None


def decide(proof: Proof, is_combined: bool, previous: ModelCard | None, as_of_date: dt.date) -> Verdict:
    """Tell what became of the series a shop is judged by.

    Parameters
    ----------
    proof
        Their combination beside the best single baseline.
    is_combined
        Whether tonight's forecast of them is the combination, since no baseline was clearly better (`Proof.holds`), or
        that baseline.
    previous
        The card of the last run, whatever it decided; the WAPE of what it left live is in its metrics.
    """
    if proof.value is None or proof.baseline_value is None:
        why = "no series is long enough, or sold enough, to be tested"
        return Verdict(decision="refused", reason=why, live_value=None)
    baseline = f"{proof.baseline_value:.3f} of {proof.baseline}"
    figures = f"WAPE {proof.value:.3f} against {baseline} over {proof.series} series"
    if not is_combined:
        why = f"{figures}: the baseline is clearly better"
        return Verdict(decision="refused", reason=why, live_value=proof.baseline_value)
    live = _live_value(previous)
    if previous is None or live is None or proof.value <= live * (1 + MARGIN):
        return Verdict(decision="published", reason=figures, live_value=proof.value)
    worse = f"{figures}, but the live one had {live:.3f}"
    if previous.trained_to is None or (as_of_date - previous.trained_to).days > KEEP_DAYS:
        stale = f"{worse}; replaced all the same, it is older than {KEEP_DAYS} days"
        return Verdict(decision="published", reason=stale, live_value=proof.value)
    return Verdict(decision="kept", reason=worse, live_value=live)


def _live_value(previous: ModelCard | None) -> float | None:
    live = None if previous is None else previous.metrics.get("live_value", previous.value)
    return None if live is None else float(live)
