"""What the trial of the intent models means for what is live: published, refused or kept.

What does not belong here: how the figures came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.support.trials import Trial

MARGIN = 0.10
"""A model worse than the live one by more than this share does not replace it."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Which model's results are handed over, what was decided and why, and the figure of what is live after it."""

    winner: Trial
    model: Trial
    baseline: Trial
    decision: Decision
    reason: str
    live_value: float


def decide(trials: Sequence[Trial], metric: str, tested_on: str, previous: ModelCard | None) -> Verdict:
    """Judge the model by the best baseline first, then by what is live.

    ``previous`` is the card of the last run, whatever it decided; the figure of what it left live is in its metrics.
    """
    model = next(trial for trial in trials if not trial.is_baseline)
    baseline = max((trial for trial in trials if trial.is_baseline), key=_value)
    figures = f"macro-F1 {_value(model):.3f} against {_value(baseline):.3f} of {baseline.model.name} on {tested_on}"
    if _value(model) <= _value(baseline):
        reason = f"{figures}: no better, so {baseline.model.name} is used"
        return _verdict(baseline, model, baseline, "refused", reason, _value(baseline))
    live = _live_value(previous, metric)
    if live is not None and _value(model) < live * (1 - MARGIN):
        reason = f"{figures}, but the live one had {live:.3f}"
        return _verdict(model, model, baseline, "kept", reason, live)
    return _verdict(model, model, baseline, "published", figures, _value(model))


def _verdict(
    winner: Trial, model: Trial, baseline: Trial, decision: Decision, reason: str, live_value: float
) -> Verdict:
    return Verdict(
        winner=winner, model=model, baseline=baseline, decision=decision, reason=reason, live_value=live_value
    )


def _value(trial: Trial) -> float:
    return trial.figures["macro_f1"] or 0.0


def _live_value(previous: ModelCard | None, metric: str) -> float | None:
    """Return the live figure, if it was measured in the same way."""
    if previous is None or previous.metric != metric:
        return None
    live = previous.metrics.get("live_value", previous.value)
    return None if live is None else float(live)
