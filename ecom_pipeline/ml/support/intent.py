"""What a customer wants: a linear model over words and characters, with a calibrated confidence.

A support vector machine per intent gives margins; a softmax with one learned temperature turns them into
probabilities, so that calibration costs a single number and needs few examples. Choosing by how much to trust it
(abstention), and judging it, do not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support.features import TextFeatures

_TEMPERATURES = (0.5, 20.0)


class Guesses(NamedTuple):
    """One intent per text (``None`` where nothing is known about it) and how sure it is, from 0 to 1."""

    intents: NDArray[np.object_]
    confidence: NDArray[np.float64]


class LinearIntent:
    """Linear intent model.

    Parameters
    ----------
    penalty_inverse
        ``C`` of the support vector machine: larger fits the examples closer.
    seed
        Seed of the solver.

    Examples
    --------
    >>> model = LinearIntent(seed=1).fit(["where is my parcel", "refund please"], ["delivery", "refund"])
    >>> model.predict(["is my parcel here", "我"]).intents.tolist()
    ['delivery', None]
    """

    name = "linear"

    def __init__(self, *, penalty_inverse: float = 1.0, seed: int) -> None:
        self.penalty_inverse = penalty_inverse
        self.seed = seed

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> LinearIntent:
        """Learn from texts of at least two intents; the temperature stays 1 until ``calibrate``."""
        from sklearn.svm import LinearSVC

        self.features_ = TextFeatures()
        self.machine_ = LinearSVC(C=self.penalty_inverse, tol=0.01, random_state=self.seed)
        self.machine_.fit(self.features_.fit_transform(texts), list(intents))
        self.classes_: NDArray[np.object_] = np.asarray(self.machine_.classes_, dtype=object)
        self.temperature_ = 1.0
        return self

    def margins(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return a row of one margin per class for each text; NaN for texts without any known word or piece."""
        rows = self.features_.transform(texts)
        margins = np.asarray(self.machine_.decision_function(rows), dtype=np.float64)
        if margins.ndim == 1:
            margins = np.column_stack([-margins, margins])
        margins[rows.getnnz(axis=1) == 0] = np.nan
        return margins

    def calibrate(self, margins: NDArray[np.float64], truth: Sequence[str]) -> LinearIntent:
        """Choose the temperature under which margins of texts not trained on are most likely to give ``truth``.

        Texts of intents the model does not know say nothing about its confidence in those it knows.
        """
        from scipy.optimize import minimize_scalar

        position = {intent: index for index, intent in enumerate(self.classes_)}
        usable = [row for row, intent in enumerate(truth) if intent in position and np.isfinite(margins[row]).all()]
        if usable:
            columns = np.array([position[truth[row]] for row in usable])
            kept = margins[usable]

            def loss(temperature: float) -> float:
                chances = _softmax(kept * temperature)[np.arange(len(columns)), columns]
                return float(-np.log(np.clip(chances, 1e-12, None)).mean())

            self.temperature_ = float(minimize_scalar(loss, bounds=_TEMPERATURES, method="bounded").x)
        return self

    def guess(self, margins: NDArray[np.float64]) -> Guesses:
        """Return the likeliest intent of each row of margins and its probability."""
        known = np.isfinite(margins).all(axis=1)
        intents = np.full(len(margins), None, dtype=object)
        confidence = np.zeros(len(margins))
        chances = _softmax(margins[known] * self.temperature_)
        intents[known] = self.classes_[chances.argmax(axis=1)]
        confidence[known] = chances.max(axis=1)
        return Guesses(intents, confidence)

    def predict(self, texts: Sequence[str]) -> Guesses:
        """Return the likeliest intent of each text and its probability."""
        if not len(texts):
            return Guesses(np.empty(0, dtype=object), np.empty(0))
        return self.guess(self.margins(texts))


def _softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(values):
        return values
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
