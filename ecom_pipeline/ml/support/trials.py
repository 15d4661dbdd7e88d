"""Every intent model tried on the same texts: what it guesses on those it did not learn from, and what that is worth.

What does not belong here: which model's results go live (``decision``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.calibration import calibration_error
from ecom_pipeline.ml.support.abstention import Gate, Rehearsed, gate_across, gate_later, measure
from ecom_pipeline.ml.support.baselines import KeywordIntent, MajorityIntent
from ecom_pipeline.ml.support.certainty import Guesses
from ecom_pipeline.ml.support.examples import Split
from ecom_pipeline.ml.support.intent import KernelIntent

RESAMPLES = 2000

Row = tuple[str, str, str, float | None, int, bool]
"""A measured figure: task, model, metric, value, rows, whether the model is a baseline."""


class IntentModel(Protocol):
    """What a model of intents can do."""

    @property
    def name(self) -> str:
        """Return what the model is called in the tables."""

    def predict(self, texts: Sequence[str]) -> Guesses:
        """Return an intent and a confidence per text."""


@dataclass(frozen=True)
class Trial:
    """One model, learnt from everything, and what it guessed of ``test`` before it saw that."""

    model: IntentModel
    is_baseline: bool
    gate: Gate
    test: Guesses
    figures: dict[str, float | None]


def macro_f1(truth: Sequence[str], guesses: Sequence[str | None]) -> float:
    """Return the mean F1 over the classes that occur in ``truth``."""
    from sklearn.metrics import f1_score

    named = ["" if guess is None else guess for guess in guesses]
    return float(f1_score(list(truth), named, labels=sorted(set(truth)), average="macro", zero_division=0))


def lead_interval(
    truth: Sequence[str], guesses: Sequence[str | None], rival: Sequence[str | None], *, seed: int
) -> tuple[float, float]:
    """Bootstrap interval (95 %) of how much better the macro-F1 of ``guesses`` is than that of ``rival``.

    Both are scored on the same resampled texts (Efron and Tibshirani 1993).
    """
    random, (true, mine, theirs) = np.random.default_rng(seed), _codes(truth, guesses, rival)
    picks = (random.integers(0, len(true), len(true)) for _ in range(RESAMPLES))
    leads = [_macro_f1(true[rows], mine[rows]) - _macro_f1(true[rows], theirs[rows]) for rows in picks]
    low, high = np.quantile(leads, [0.025, 0.975])
    return float(low), float(high)


def chance_level(truth: Sequence[str], guesses: Sequence[str | None], *, seed: int) -> float:
    """Macro-F1 that the same guesses, dealt to the texts at random, stay below 97.5 % of the time.

    A permutation test (Ojala and Garriga 2010): guessing many intents blindly beats always saying one in macro-F1.
    """
    random, (true, mine) = np.random.default_rng(seed), _codes(truth, guesses)
    return float(np.quantile([_macro_f1(true, random.permutation(mine)) for _ in range(RESAMPLES)], 0.975))


def _codes(*columns: Sequence[str | None]) -> list[NDArray[np.int_]]:
    """Number the intents alike in all columns; no intent is 0."""
    number = {name: at for at, name in enumerate(sorted({name for column in columns for name in column if name}), 1)}
    return [np.array([number.get(name or "", 0) for name in column]) for column in columns]


def _macro_f1(truth: NDArray[np.int_], guesses: NDArray[np.int_]) -> float:
    """Return ``macro_f1`` of numbered intents, fast enough for thousands of resamples."""
    size = max(truth.max(), guesses.max()) + 1
    holds, named = np.bincount(truth, minlength=size), np.bincount(guesses, minlength=size)
    hits, occurs = np.bincount(truth[truth == guesses], minlength=size), holds > 0
    return float((2 * hits[occurs] / (holds + named)[occurs]).mean())


def try_models(split: Split, target_error: float) -> list[Trial]:
    """Try the kernel model and the baselines on one split."""
    return [
        _try_kernel(split, target_error),
        _try_baseline(split, KeywordIntent, target_error),
        _try_baseline(split, MajorityIntent, target_error),
    ]


def _try_kernel(split: Split, target_error: float) -> Trial:
    """The kernel model says itself what it would have guessed of each example, so nothing is held out to tune it."""
    if split.folds is None:
        model = KernelIntent().fit(*_texts(split.train, split.tuning))
        test = model.predict(split.test["text"].tolist())
        gate = gate_later(model.rehearsal_.rehearsed, test.confidence, target_error)
        return _judge(split, KernelIntent().fit(*_texts(split.train, split.tuning, split.test)), False, gate, test)
    model = KernelIntent().fit(*_texts(split.train))
    rehearsed, is_known = model.rehearsal_.rehearsed, model.rehearsal_.truth != None  # noqa: E711
    gate = gate_across(rehearsed.take(is_known), split.folds, target_error, extra=rehearsed.take(~is_known))
    return _judge(split, model, False, gate, Guesses(*(each[is_known] for each in model.rehearsal_.guesses)))


def _try_baseline(split: Split, make: Callable[[], KeywordIntent | MajorityIntent], target_error: float) -> Trial:
    if split.folds is None:
        tuning = make().fit(*_texts(split.train)).predict(split.tuning["text"].tolist())
        test = make().fit(*_texts(split.train, split.tuning)).predict(split.test["text"].tolist())
        gate = gate_later(_scored(tuning, split.tuning), test.confidence, target_error)
        return _judge(split, make().fit(*_texts(split.train, split.tuning, split.test)), True, gate, test)
    intents, sure = np.full(len(split.test), None, dtype=object), np.zeros((2, len(split.test)))
    for held in _held_out(split, split.folds):
        intents[held.rows], *sure[:, held.rows] = make().fit(*held.rest).predict(held.texts)
    guesses = Guesses(intents, *sure)
    gate = gate_across(_scored(guesses, split.test), split.folds, target_error)
    return _judge(split, make().fit(*_texts(split.train)), True, gate, guesses)


def _scored(guesses: Guesses, told: pd.DataFrame) -> Rehearsed:
    return Rehearsed(guesses.confidence, guesses.intents == told["intent"].to_numpy(), np.ones(len(told)))


def _judge(split: Split, final: IntentModel, is_baseline: bool, gate: Gate, test: Guesses) -> Trial:
    truth = split.test["intent"].to_numpy()
    is_right = test.intents == truth
    cost = measure(gate.answered, is_right)
    figures = {
        "accuracy": float(is_right.mean()),
        "macro_f1": macro_f1(truth.tolist(), test.intents.tolist()),
        "coverage": cost.coverage,
        "error": cost.error,
        "calibration_error": calibration_error(is_right, test.confidence),
        **{
            f"accuracy_{language}": float(is_right[rows].mean())
            for language, rows in sorted(split.test.groupby("language").indices.items())
        },
    }
    return Trial(final, is_baseline, gate, test, figures)


@dataclass(frozen=True)
class _Held:
    rows: NDArray[np.int_]
    texts: list[str]
    rest: tuple[list[str], list[str]]


def _held_out(split: Split, folds: NDArray[np.int_]) -> list[_Held]:
    """Return each fold's rows of ``test`` and the examples that are not among them."""
    key = ["text", "intent"]
    held: list[_Held] = []
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        out = pd.MultiIndex.from_frame(split.test.iloc[rows][key])
        rest = split.train[~pd.MultiIndex.from_frame(split.train[key]).isin(out)]
        held.append(_Held(rows, split.test["text"].iloc[rows].tolist(), _texts(rest)))
    return held


def _texts(*parts: pd.DataFrame) -> tuple[list[str], list[str]]:
    together = pd.concat(parts, ignore_index=True)[["text", "intent"]]
    return together["text"].tolist(), together["intent"].tolist()
