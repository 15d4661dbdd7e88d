"""How often a guess is right, and how often a text has any of the intents: learnt from what a model says of unseen examples.

A logistic regression each, over what tells a right guess from a wrong one. What does not belong here: where scores come
from (``intent``), and how sure is sure enough (``abstention``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support.abstention import Rehearsed
from ecom_pipeline.ml.support.background import background

_UNKNOWN, _HALF = 0.1, 3
"""The share of messages that are about nothing the shop has an intent for, at least, and of how many intents it is half.
Chosen on validation parts of CLINC150, BANKING77 and Bitext: half of the wrong answers for a tenth of the right ones."""
_OF_OTHERS = 0.25
"""The share of these that are like what others are asked; most are like what the shop is asked. Chosen likewise."""
_TEMPERATURES = (0.5, 60.0)
_OTHERS = 2
"""Intents that fit an example better than its own before it is taken for misfiled: what is confused with a like one has one."""


def unknown_share(intents: int) -> float:
    """Return the share of messages taken to be about none of so many intents: the fewer there are, the more is asked beside.

    >>> unknown_share(3), unknown_share(12), unknown_share(150)
    (0.5, 0.2, 0.1)
    """
    return max(_UNKNOWN, _HALF / (_HALF + intents))


class Guesses(NamedTuple):
    """One intent per text (``None`` where nothing is known about it), how sure it is, and how sure it is a known one.

    ``confidence`` and ``scope`` are probabilities: that the intent is right, and that the text has one of the intents.
    """

    intents: NDArray[np.object_]
    confidence: NDArray[np.float64]
    scope: NDArray[np.float64]

    def settled(self, intents: NDArray[np.object_]) -> Guesses:
        """Return the guesses with the intents that are known for certain, where they are not ``None``."""
        is_certain = np.array([intent is not None for intent in intents], dtype=bool)
        sure = (np.where(is_certain, 1.0, each) for each in (self.confidence, self.scope))
        return Guesses(np.where(is_certain, intents, self.intents), *sure)

    def only(self, rows: NDArray[np.bool_]) -> Guesses:
        """Return the guesses of some texts, and of the others that nothing is known."""
        sure = (np.where(rows, each, 0.0) for each in (self.confidence, self.scope))
        return Guesses(np.where(rows, self.intents, np.array(None, dtype=object)), *sure)


class Rehearsal(NamedTuple):
    """What a model says of examples it has not seen, and of some whose intent it has not seen at all.

    ``truth`` is ``None`` for the latter. ``weight`` makes those the share of unknown texts, and a little more: an unknown
    text can be taken for any of the intents, these for one fewer. Of misfiled examples it is zero.
    """

    guesses: Guesses
    truth: NDArray[np.object_]
    weight: NDArray[np.float64]

    @property
    def rehearsed(self) -> Rehearsed:
        """Return what a threshold is chosen on."""
        return Rehearsed(self.guesses.confidence, self.guesses.intents == self.truth, self.weight)


class Certainty:
    """Both probabilities, learnt from scores of unseen examples.

    Parameters
    ----------
    classes
        The intents.
    scores, nearest
        What the model says of examples unseen, and how near the nearest other one is: first those whose intent it has
        seen, then those without it, then what others are asked. The last column is the score of the latter.
    codes
        The intents of the former, as places in ``classes``.
    is_misfiled
        Which of all of them tell nothing of the model, as somebody chose the wrong intent.
    unknown_share
        The share of texts without any of the intents that is allowed for.
    others
        How many of all of them are what others are asked.
    """

    def __init__(
        self,
        classes: NDArray[np.object_],
        scores: NDArray[np.float32],
        nearest: NDArray[np.float32],
        codes: NDArray[np.int_],
        is_misfiled: NDArray[np.bool_],
        unknown_share: float,
        *,
        others: int,
    ) -> None:
        self._classes = classes
        truth = np.concatenate([classes[codes], np.full(len(scores) - len(codes), None, dtype=object)])
        kind = np.repeat([0, 1, 2], [len(codes), len(scores) - len(codes) - others, others])
        is_known, counts = kind == 0, np.bincount(kind, ~is_misfiled, minlength=3)
        of_others = _OF_OTHERS * others / len(background().texts)
        share = np.array([1 - unknown_share, unknown_share * (1 - of_others), unknown_share * of_others])
        weight = (share / np.maximum(counts, 1))[kind] * counts[1] * ~is_misfiled
        believed = ~is_misfiled[: len(codes)]
        self._temperature = _temperature(scores[: len(codes), :-1][believed], codes[believed])
        signs = _signs(scores, nearest, self._temperature)
        self._centre, self._spread = signs.mean(axis=0), np.maximum(signs.std(axis=0), 1e-9)
        signs = (signs - self._centre) / self._spread
        self._right = _logistic(signs, self._best(scores) == truth, weight)
        self._known = _logistic(signs, is_known, weight)
        of_any = len(classes) / (len(classes) - 1)
        self.rehearsal = Rehearsal(self.guess(scores, nearest), truth, np.where(kind == 1, weight * of_any, weight))

    def guess(self, scores: NDArray[np.float32], nearest: NDArray[np.float32]) -> Guesses:
        """Return the likeliest intent of each text, and both probabilities."""
        signs = (_signs(scores, nearest, self._temperature) - self._centre) / self._spread
        return Guesses(self._best(scores), _chance(signs, self._right), _chance(signs, self._known))

    def _best(self, scores: NDArray[np.float32]) -> NDArray[np.object_]:
        return np.asarray(self._classes[scores[:, :-1].argmax(axis=1)], dtype=object)


def misfiled(scores: NDArray[np.float32], codes: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Tell which examples somebody gave the wrong intent, by what a model says of each unseen.

    Another intent is as sure of such an example as it is of its own ones (Northcutt et al. 2021, "Confident learning"), and
    further ones come before the intent that it was given. The surest mistakes of all would else be those of whoever filed the
    messages, and a model that is wrong where it is surest answers nothing.
    """
    from scipy.special import softmax

    chance = softmax(scores * _temperature(scores, codes), axis=1)
    own = chance[np.arange(len(codes)), codes]
    usual = np.bincount(codes, own, chance.shape[1]) / np.maximum(np.bincount(codes, minlength=chance.shape[1]), 1)
    is_sure = chance.max(axis=1) >= usual[chance.argmax(axis=1)]
    found = is_sure & ((chance > own[:, None]).sum(axis=1) >= _OTHERS)
    return np.asarray(found & ~found.all(), dtype=np.bool_)


def _signs(scores: NDArray[np.float32], nearest: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Return what tells a right guess from a wrong one.

    Log-odds of the best intent, its score, its lead, the nearest example, and the lead of what others are asked.
    """
    scores, others = scores[:, :-1], scores[:, -1]
    best = np.partition(scores, -2, axis=1)[:, -2:].astype(np.float64)
    powers = np.exp((scores - best[:, 1:]) * temperature).sum(axis=1)
    chance = np.clip(1 / powers, 1e-6, 1 - 1e-6)
    return np.column_stack(
        [
            np.log(chance / (1 - chance)),
            best[:, 1],
            best[:, 1] - best[:, 0],
            nearest,
            np.maximum(others - best[:, 1], 0),
        ]
    )


def _temperature(scores: NDArray[np.float32], codes: NDArray[np.int_]) -> float:
    """Return the factor on the scores under which a softmax is most likely to give the true intents."""
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    if not len(codes):
        return 1.0
    true = scores[np.arange(len(codes)), codes]

    def loss(factor: float) -> float:
        return float((logsumexp(scores * factor, axis=1) - true * factor).mean())

    return float(minimize_scalar(loss, bounds=_TEMPERATURES, method="bounded").x)


def _logistic(signs: NDArray[np.float64], is_so: NDArray[np.bool_], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coefficients of a logistic regression, the intercept last."""
    from sklearn.linear_model import LogisticRegression

    if is_so.all() or not is_so.any():
        return np.append(np.zeros(signs.shape[1]), 6.0 if is_so.all() else -6.0)
    fitted: Any = LogisticRegression(C=1.0).fit(signs, is_so, sample_weight=weight)
    return np.append(fitted.coef_[0], fitted.intercept_[0])


def _chance(signs: NDArray[np.float64], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    return np.asarray(expit(signs @ coefficients[:-1] + coefficients[-1]), dtype=np.float64)
