"""What a test means for what is live: published, refused or kept.

What does not belong here: how the figures came about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.recommend.evaluate import CHOSEN_BY, Judged
from ecom_pipeline.ml.recommend.interactions import Floats
from ecom_pipeline.ml.recommend.metrics import paired_interval

MARGIN = 0.10
"""A model worse than the live one by more than this share does not replace it."""
KEEP_DAYS = 7
"""A live model older than this is replaced all the same: its lists miss new customers and offer what was bought since."""
PERSONAL = 0.99
"""Level of the interval that tells lists of one's own from lists of others; of anything real it is far from zero."""
MINIMUM_CUSTOMERS = 30
"""Fewer cannot tell a better model from luck."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision, why, the interval of the lead over the closest baseline, and the figure of what is live after it."""

    decision: Decision
    reason: str
    interval: tuple[float, float] | None
    live_value: float | None


def decide(
    judged: Judged,
    baselines: Sequence[Judged],
    previous: ModelCard | None,
    *,
    personal: Floats,
    as_of_date: dt.date,
    seed: int,
) -> Verdict:
    """Judge the model by the baselines first, then by what is live.

    Every baseline must be beaten on the same customers by more than chance: the 95 % bootstrap interval of the mean
    difference lies above zero. So must the 99 % interval of ``personal``, as ``evaluate.personal`` returns it: what the products happened to
    do in the days of the test befalls all customers at once, so that resampling customers alone would take it for skill.
    The first of the baselines is the one that goes live otherwise. ``previous`` is the card of the last run, whatever it
    decided; the figure of what it left live is in its metrics.
    """
    scores = judged.per_customer[CHOSEN_BY]
    customers, value, baseline_value = len(scores), judged.mean(*CHOSEN_BY), baselines[0].mean(*CHOSEN_BY)
    beside = " and ".join(f"{each.mean(*CHOSEN_BY):.4f} of {each.recommender}" for each in baselines)
    figures = f"NDCG@10 {value:.4f} against {beside} on {customers} customers"
    if customers < MINIMUM_CUSTOMERS:
        why = f"{figures}: too few to tell, {MINIMUM_CUSTOMERS} are needed"
        return Verdict(decision="refused", reason=why, interval=None, live_value=baseline_value)
    leads = [
        (paired_interval(scores - each.per_customer[CHOSEN_BY], seed=seed), each.recommender) for each in baselines
    ]
    interval, rival = min(leads)
    low, high = interval
    figures += f", lead over {rival} {low:+.4f} to {high:+.4f} (95 %)"
    if low <= 0:
        why = f"{figures}: no better by more than chance"
        return Verdict(decision="refused", reason=why, interval=interval, live_value=baseline_value)
    own_low, own_high = paired_interval(personal, seed=seed, level=PERSONAL) if len(personal) else (0.0, 0.0)
    figures += f", own lists over other customers' {own_low:+.4f} to {own_high:+.4f} (99 %)"
    if own_low <= 0:
        why = f"{figures}: customers are served as well by the lists of others"
        return Verdict(decision="refused", reason=why, interval=interval, live_value=baseline_value)
    live = _live_value(previous)
    if previous is None or live is None or value >= live * (1 - MARGIN):
        return Verdict(decision="published", reason=figures, interval=interval, live_value=value)
    worse = f"{figures}, but the live one had {live:.4f}"
    if previous.trained_to is None or (as_of_date - previous.trained_to).days > KEEP_DAYS:
        stale = f"{worse}; replaced all the same, it is older than {KEEP_DAYS} days"
        return Verdict(decision="published", reason=stale, interval=interval, live_value=value)
    return Verdict(decision="kept", reason=worse, interval=interval, live_value=live)


def together(new: Verdict, every: Verdict, previous: ModelCard | None) -> Verdict:
    """Return the verdict on the lists of both targets, which go live together.

    It is the one on ``new``, and says what that on ``every`` was; where either keeps what is live, both do.
    """
    said = replace(new, reason=f"new: {new.reason}; all: {every.reason}")
    if "kept" not in {new.decision, every.decision}:
        return said
    return replace(said, decision="kept", live_value=_live_value(previous))


def untested(reason: str) -> Verdict:
    """Return the verdict where nothing could be measured: popularity goes live."""
    return Verdict(decision="refused", reason=f"{reason}; popularity is published", interval=None, live_value=None)


def _live_value(previous: ModelCard | None) -> float | None:
    live = None if previous is None else previous.metrics.get("live_value", previous.value)
    return None if live is None else float(live)
