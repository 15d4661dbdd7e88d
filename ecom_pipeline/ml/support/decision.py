"""What the trial of the intent models means for what is live: published, refused or kept.

What does not belong here: how the figures came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.support.examples import MINIMUM_HISTORY, Split
from ecom_pipeline.ml.support.trials import Trial, chance_level, lead_interval

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


def decide(trials: Sequence[Trial], examples: Split, metric: str, previous: ModelCard | None, *, seed: int) -> Verdict:
    """Judge the model by the best baseline first, then by what is live.

    The baseline must be beaten by more than chance: the 95 % bootstrap interval of the lead on the test texts lies above
    zero, and so does the lead over the same guesses dealt at random. ``previous`` is the card of the last run, whatever it decided; the figure of what it left live is in its metrics.
    """
    model = next(trial for trial in trials if not trial.is_baseline)
    baseline = max((trial for trial in trials if trial.is_baseline), key=_value)
    rival = baseline.model.name
    truth, guesses = examples.test["intent"].tolist(), model.test.intents.tolist()
    low, high = lead_interval(truth, guesses, baseline.test.intents.tolist(), seed=seed)
    chance = chance_level(truth, guesses, seed=seed)
    figures = (
        f"macro-F1 {_value(model):.3f} against {_value(baseline):.3f} of {rival} on {_tested_on(examples)}, "
        f"lead {low:+.3f} to {high:+.3f} (95 %), by chance up to {chance:.3f}"
    )
    if low <= 0 or _value(model) <= chance:
        reason = f"{figures}: no better by more than chance, so {rival} is used"
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


def _tested_on(examples: Split) -> str:
    if examples.folds is None:
        return f"the latest {len(examples.test):,} labelled messages"
    return f"{len(examples.test):,} examples by cross-validation (fewer than {MINIMUM_HISTORY} labelled messages to test on)"


def _value(trial: Trial) -> float:
    return trial.figures["macro_f1"] or 0.0


def _live_value(previous: ModelCard | None, metric: str) -> float | None:
    """Return the live figure, if it was measured in the same way."""
    if previous is None or previous.metric != metric:
        return None
    live = previous.metrics.get("live_value", previous.value)
    return None if live is None else float(live)
