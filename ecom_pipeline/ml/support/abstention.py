"""When to say nothing: the threshold that keeps answers wrong no more often than a stated share, and what it costs.

A threshold is chosen on texts the model did not learn from. What does not belong here: where confidence comes from.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NEVER = math.inf
"""The threshold of a model that cannot keep the target on any share of the texts."""


class Cost(NamedTuple):
    """Share of texts answered, and the share of wrong answers among those (``None`` if none is answered)."""

    coverage: float
    error: float | None


class Rehearsed(NamedTuple):
    """Guesses of texts the model did not learn from: how sure, whether right, and how much each one counts."""

    confidence: NDArray[np.float64]
    is_right: NDArray[np.bool_]
    weight: NDArray[np.float64]

    def take(self, rows: NDArray[np.bool_]) -> Rehearsed:
        """Return some of them."""
        return Rehearsed(self.confidence[rows], self.is_right[rows], self.weight[rows])

    def plus(self, other: Rehearsed | None) -> Rehearsed:
        """Return these and some more."""
        if other is None:
            return self
        return Rehearsed(
            np.concatenate([self.confidence, other.confidence]),
            np.concatenate([self.is_right, other.is_right]),
            np.concatenate([self.weight, other.weight]),
        )


def choose_threshold(rehearsed: Rehearsed, target_error: float) -> float:
    """Return the lowest confidence at which the answers given are wrong at most ``target_error`` of the time.

    Texts with a confidence of 0 are never answered. ``NEVER`` if no threshold keeps the target.

    >>> sure = np.array([0.9, 0.8, 0.7, 0.6])
    >>> choose_threshold(Rehearsed(sure, np.array([True, True, True, False]), np.ones(4)), 0.05)
    0.7
    """
    order = np.argsort(-rehearsed.confidence, kind="stable")
    sure, right, weight = rehearsed.confidence[order], rehearsed.is_right[order], rehearsed.weight[order]
    error = np.cumsum(weight * ~right) / np.maximum(np.cumsum(weight), 1e-12)
    is_last_of_ties = np.append(sure[1:] != sure[:-1], True) if len(sure) else np.empty(0, dtype=bool)
    allowed = np.flatnonzero(is_last_of_ties & (error <= target_error) & (sure > 0))
    return float(sure[allowed[-1]]) if len(allowed) else NEVER


def is_answered(confidence: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Tell which texts are answered."""
    return (confidence >= threshold) & (confidence > 0)


def measure(answered: NDArray[np.bool_], is_right: NDArray[np.bool_]) -> Cost:
    """Return how many texts are answered, and how many of those wrongly."""
    if not len(answered):
        return Cost(0.0, None)
    return Cost(float(answered.mean()), float((~is_right[answered]).mean()) if answered.any() else None)


class Gate(NamedTuple):
    """A threshold, and which test texts get past it."""

    threshold: float
    answered: NDArray[np.bool_]


def gate_later(rehearsed: Rehearsed, later: NDArray[np.float64], target_error: float) -> Gate:
    """Choose the threshold on some texts and apply it to the confidence of later ones."""
    threshold = choose_threshold(rehearsed, target_error)
    return Gate(threshold, is_answered(later, threshold))


def gate_across(
    rehearsed: Rehearsed, folds: NDArray[np.int_], target_error: float, *, extra: Rehearsed | None = None
) -> Gate:
    """Choose the threshold on all texts, but let each fold be judged by what the other folds would have chosen.

    ``extra`` counts for every choice and is judged nowhere: questions that no intent answers.
    """
    answered = np.zeros(len(folds), dtype=bool)
    for fold in np.unique(folds):
        inside = folds == fold
        threshold = choose_threshold(rehearsed.take(~inside).plus(extra), target_error)
        answered[inside] = is_answered(rehearsed.confidence[inside], threshold)
    return Gate(choose_threshold(rehearsed.plus(extra), target_error), answered)
