"""What a test means for what is live: published, refused or kept.

What does not belong here: how the figures came about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ecom_pipeline.ml import live
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.recommend.evaluate import CHOSEN_BY, Judged
from ecom_pipeline.ml.recommend.interactions import Floats
from ecom_pipeline.ml.recommend.metrics import paired_interval

PERSONAL = 0.99
"""Level of the interval that tells lists of one's own from lists of others; of anything real it is far from zero."""
MINIMUM_CUSTOMERS = 30
"""Fewer cannot tell a better model from luck."""


@dataclass(frozen=True, kw_only=True)
class Verdict(live.Verdict):
    """A verdict with the interval of the lead over the closest baseline."""

    interval: tuple[float, float] | None


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
    The first of the baselines is the one that goes live otherwise. ``previous`` is the card of the last run.
    """
    scores = judged.per_customer[CHOSEN_BY]
    customers, value, baseline_value = len(scores), judged.mean(*CHOSEN_BY), baselines[0].mean(*CHOSEN_BY)
    beside = " and ".join(f"{each.mean(*CHOSEN_BY):.4f} of {each.recommender}" for each in baselines)
    figures = f"NDCG@10 {value:.4f} against {beside} on {customers} customers"

    def refused(why: str, interval: tuple[float, float] | None) -> Verdict:
        return Verdict(
            decision="refused", reason=why, interval=interval, live_value=baseline_value, live_as_of=as_of_date
        )

    if customers < MINIMUM_CUSTOMERS:
        return refused(f"{figures}: too few to tell, {MINIMUM_CUSTOMERS} are needed", None)
    leads = [
        (paired_interval(scores - each.per_customer[CHOSEN_BY], seed=seed), each.recommender) for each in baselines
    ]
    interval, rival = min(leads)
    low, high = interval
    figures += f", lead over {rival} {low:+.4f} to {high:+.4f} (95 %)"
    if low <= 0:
        return refused(f"{figures}: no better by more than chance", interval)
    own_low, own_high = paired_interval(personal, seed=seed, level=PERSONAL) if len(personal) else (0.0, 0.0)
    figures += f", own lists over other customers' {own_low:+.4f} to {own_high:+.4f} (99 %)"
    if own_low <= 0:
        return refused(f"{figures}: customers are served as well by the lists of others", interval)
    found = live.beside_live(value, figures, previous, as_of_date)
    return Verdict(interval=interval, **vars(found))


def together(new: Verdict, every: Verdict, previous: ModelCard | None) -> Verdict:
    """Return the verdict on the lists of both targets, which go live together.

    It is the one on ``new``, and says what that on ``every`` was; where either keeps what is live, both do.
    """
    said = replace(new, reason=f"new: {new.reason}; all: {every.reason}")
    if "kept" not in {new.decision, every.decision}:
        return said
    value, day = live.live_of(previous)
    return replace(said, decision="kept", live_value=value, live_as_of=day)


def untested(reason: str) -> Verdict:
    """Return the verdict where nothing could be measured: popularity goes live."""
    why = f"{reason}; popularity is published"
    return Verdict(decision="refused", reason=why, interval=None, live_value=None, live_as_of=None)
