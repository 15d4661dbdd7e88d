"""What a test means for what is live: published, refused or kept.

What does not belong here: how the figures came about.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.recommend.evaluate import CHOSEN_BY, Judged
from ecom_pipeline.ml.recommend.metrics import paired_interval

MARGIN = 0.10
"""A model worse than the live one by more than this share does not replace it."""
KEEP_DAYS = 7
"""A live model older than this is replaced all the same: its lists miss new customers and offer what was bought since."""
MINIMUM_CUSTOMERS = 30
"""Fewer cannot tell a better model from luck."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision, why, the interval of the lead over the baseline, and the figure of what is live after it."""

    decision: Decision
    reason: str
    interval: tuple[float, float] | None
    live_value: float | None


def decide(judged: Judged, baseline: Judged, previous: ModelCard | None, *, as_of_date: dt.date, seed: int) -> Verdict:
    """Judge the model by the baseline first, then by what is live.

    The baseline must be beaten on the same customers by more than chance: the 95 % bootstrap interval of the mean
    difference lies above zero. ``previous`` is the card of the last run, whatever it decided; the figure of what it left
    live is in its metrics.
    """
    model_scores, baseline_scores = judged.per_customer[CHOSEN_BY], baseline.per_customer[CHOSEN_BY]
    customers = len(model_scores)
    value, baseline_value = float(model_scores.mean()), float(baseline_scores.mean())
    figures = f"NDCG@10 {value:.4f} against {baseline_value:.4f} of {baseline.recommender} on {customers} customers"
    if customers < MINIMUM_CUSTOMERS:
        why = f"{figures}: too few to tell, {MINIMUM_CUSTOMERS} are needed"
        return Verdict(decision="refused", reason=why, interval=None, live_value=baseline_value)
    low, high = interval = paired_interval(model_scores - baseline_scores, seed=seed)
    figures += f", lead {low:+.4f} to {high:+.4f} (95 %)"
    if low <= 0:
        why = f"{figures}: no better by more than chance"
        return Verdict(decision="refused", reason=why, interval=interval, live_value=baseline_value)
    live = _live_value(previous)
    if previous is None or live is None or value >= live * (1 - MARGIN):
        return Verdict(decision="published", reason=figures, interval=interval, live_value=value)
    worse = f"{figures}, but the live one had {live:.4f}"
    if previous.trained_to is None or (as_of_date - previous.trained_to).days > KEEP_DAYS:
        stale = f"{worse}; replaced all the same, it is older than {KEEP_DAYS} days"
        return Verdict(decision="published", reason=stale, interval=interval, live_value=value)
    return Verdict(decision="kept", reason=worse, interval=interval, live_value=live)


def untested(reason: str) -> Verdict:
    """Return the verdict where nothing could be measured: popularity goes live."""
    return Verdict(decision="refused", reason=f"{reason}; popularity is published", interval=None, live_value=None)


def _live_value(previous: ModelCard | None) -> float | None:
    live = None if previous is None else previous.metrics.get("live_value", previous.value)
    return None if live is None else float(live)
