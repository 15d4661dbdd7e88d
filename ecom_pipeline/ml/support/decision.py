"""What the trial of the intent models means for what is live: published, refused or kept.

What does not belong here: how the figures came about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from ecom_pipeline.ml import live
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.support.examples import MINIMUM_HISTORY, Split
from ecom_pipeline.ml.support.trials import Trial, chance_level, lead_interval


@dataclass(frozen=True, kw_only=True)
class Verdict(live.Verdict):
    """A verdict with the model, the best baseline, and the one of them whose results are handed over."""

    winner: Trial
    model: Trial
    baseline: Trial


def decide(
    trials: Sequence[Trial],
    examples: Split,
    metric: str,
    previous: ModelCard | None,
    *,
    as_of_date: dt.date,
    seed: int,
) -> Verdict:
    """Judge the model by the best baseline first, then by what is live.

    The baseline must be beaten by more than chance: the 95 % bootstrap interval of the lead on the test texts lies above
    zero, and so does the lead over the same guesses dealt at random. ``previous`` is the card of the last run;
    what it left live counts if it was measured by the same metric.
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
        return Verdict(
            decision="refused",
            reason=reason,
            live_value=_value(baseline),
            live_as_of=as_of_date,
            winner=baseline,
            model=model,
            baseline=baseline,
        )
    comparable = previous if previous and previous.metric == metric else None
    found = live.beside_live(_value(model), figures, comparable, as_of_date)
    return Verdict(winner=model, model=model, baseline=baseline, **vars(found))


def _tested_on(examples: Split) -> str:
    if examples.folds is None:
        return f"the latest {len(examples.test):,} labelled messages"
    return f"{len(examples.test):,} examples by cross-validation (fewer than {MINIMUM_HISTORY} labelled messages to test on)"


def _value(trial: Trial) -> float:
    return trial.figures["macro_f1"] or 0.0
