"""What a customer wants, how sure that is, and whether it is anything the shop has an intent for.

Regularised least squares with a kernel, one against the rest (Rifkin and Klautau 2004, "In defense of one-vs-all
classification"). The kernel is a sum: shared words, and meaning, of which near examples count exponentially more, so that
far from all of them every score falls to zero. Its inverse gives in closed form what the model would have said of each example had it
not seen that one (Rifkin and Lippert 2007), or none of that intent: examples of unknown questions that cost nothing.
What others are asked (``background``) is one more class, which is never guessed: the model is less sure of what lies nearer
to it than to any intent. From all kinds ``certainty`` learns how often a guess is right, and whether a question is known.
By the same closed form the examples themselves say how much words count and how little single examples are trusted: long
texts and opinions are told apart by their words, and where labels are wrong no single one may decide.

Choosing how sure is sure enough (abstention), and judging the model, do not belong here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support import transformer
from ecom_pipeline.ml.support.background import Background, background, foreign
from ecom_pipeline.ml.support.certainty import Certainty, Guesses, Rehearsal, misfiled, unknown_share
from ecom_pipeline.ml.support.embedding import read_by_transformer
from ecom_pipeline.ml.support.features import Points, TextFeatures

MOST = 16_000
"""Different texts that are learnt from."""
SETTINGS = ((0.2, 0.05), (0.2, 0.5), (0.2, 2.0), (1.0, 0.5), (1.0, 2.0), (5.0, 0.5))
"""How much shared words count beside meaning (``words * cosine``), and what is added to the diagonal of the kernel matrix
(the ridge: larger trusts single examples less). The first was chosen on validation parts of BANKING77 and CLINC150; another
one is taken where it guesses more of the examples rightly, each unseen, by more than one standard error (Breiman et al.
1984, "Classification and regression trees")."""
_TRIED = 2_500
"""Examples that the settings are tried on."""
_CHUNK = 512


class KernelIntent:
    """Intent model that needs a dozen examples per intent and knows its own error.

    Parameters
    ----------
    sharpness
        How much more near meanings count than far ones: their kernel is ``exp(sharpness * (cosine - 1))``.

    Attributes
    ----------
    transformer_
        Whether the transformer reads, too.
    words_, ridge_
        What was chosen of ``SETTINGS``.
    background_
        What others are asked, as far as it is none of the intents.
    unknown_share_
        The share of texts without any of the intents that confidence allows for.

    Examples
    --------
    >>> model = KernelIntent().fit(
    ...     ["where is my parcel", "is the parcel here", "refund please", "I want a refund"],
    ...     ["delivery", "delivery", "refund", "refund"],
    ... )
    >>> model.predict(["is my parcel here", "请把钱退给我", "👍"]).intents.tolist()
    ['delivery', 'refund', None]
    """

    name = "kernel"

    def __init__(self, *, sharpness: float = 3.0) -> None:
        self.sharpness = sharpness

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> KernelIntent:
        """Learn from texts of at least two intents; the same text with the same intent counts once.

        Memory grows with the square of the number of different texts, time with its cube; of more than ``MOST`` the
        latest of every intent are learnt from.
        """
        examples = _latest(list(dict.fromkeys(zip(texts, intents, strict=True))))
        self.texts_ = [text for text, _ in examples]
        self.intents_: NDArray[np.object_] = np.array([intent for _, intent in examples], dtype=object)
        self.classes_, codes = np.unique(self.intents_, return_inverse=True)
        self.unknown_share_ = unknown_share(len(self.classes_))
        self.features_ = TextFeatures()
        own = self.features_.fit_transform(self.texts_)
        if transformer.is_installed() and self._does_without(own, _target(codes)):
            self.features_.is_base_alone, own = True, own.base_alone
        self.transformer_ = bool(read_by_transformer(own.meaning).any())
        self.words_, self.ridge_ = self._setting(own, _target(codes))
        points, size = own.plus(self._others(own)), len(codes)
        codes = np.concatenate([codes, len(self.classes_) + self.background_.topics])
        target = _target(np.minimum(codes, len(self.classes_)), len(self.classes_) + 1)
        self.columns_ = np.ascontiguousarray(points.meaning.T)
        kernel = self._meaning(points, self.columns_)
        other, stranger = _nearest(kernel[:size, :size], codes[:size])
        stranger = np.concatenate([stranger, kernel[size:, :size].max(axis=1)])
        for start in range(0, len(codes), _CHUNK):
            rows = slice(start, start + _CHUNK)
            kernel[rows] += self.words_ * (points.words[rows] @ points.words.T).toarray()
        inverse = _inverse(kernel, self.ridge_)
        self.weights_ = inverse @ target
        self.word_weights_ = self.words_ * (points.words.T @ self.weights_)
        self._rehearse(inverse, target, codes, (other, stranger))
        return self

    @property
    def rehearsal_(self) -> Rehearsal:
        """Return what the model says of examples that it has not seen, and of some whose intent it has not seen."""
        return self.certainty_.rehearsal

    def predict(self, texts: Sequence[str]) -> Guesses:
        """Return the likeliest intent of each text, and both probabilities."""
        parts = [self._predict(texts[start : start + _CHUNK]) for start in range(0, len(texts), _CHUNK)]
        if not parts:
            return Guesses(np.empty(0, dtype=object), np.empty(0), np.empty(0))
        return Guesses(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def _predict(self, texts: Sequence[str]) -> Guesses:
        points = self.features_.transform(texts)
        kernel = self._meaning(points, self.columns_)
        scores = kernel @ self.weights_ + points.words @ self.word_weights_
        return self.certainty_.guess(scores, kernel[:, : len(self.texts_)].max(axis=1)).only(points.is_known)

    def _others(self, own: Points) -> Points:
        """Return the points of what others are asked."""
        texts, topics = background()
        others = self.features_.transform(texts)
        rows = foreign(topics, others.meaning @ own.meaning.T, others.meaning @ others.meaning.T)
        self.background_ = Background([texts[row] for row in rows], topics[rows])
        return others.take(rows)

    def _setting(self, points: Points, target: NDArray[np.float32]) -> tuple[float, float]:
        """Return which of ``SETTINGS`` suits the examples, as some of them, drawn at random, say."""
        right = self._right(points, target, SETTINGS)
        best = int(np.sum(right, axis=1).argmax())
        return SETTINGS[best if _is_clearly_better(right[best], right[0]) else 0]

    def _does_without(self, points: Points, target: NDArray[np.float32]) -> bool:
        """Tell whether the transformer is left out: it does not know all examples, and guesses no better."""
        if (read_by_transformer(points.meaning) == points.meaning.any(axis=1)).all():
            return False
        both, alone = (self._right(each, target, SETTINGS[:1])[0] for each in (points, points.base_alone))
        return not _is_clearly_better(both, alone)

    def _right(
        self, points: Points, target: NDArray[np.float32], settings: Sequence[tuple[float, float]]
    ) -> list[NDArray[np.bool_]]:
        """Tell which of some examples, drawn at random, each of the settings guesses rightly, unseen."""
        rows = np.random.default_rng(0).permutation(len(target))[:_TRIED]
        some, told = points.take(rows), target[rows]
        meaning = self._meaning(some, some.meaning.T)
        shared = (some.words @ some.words.T).toarray()
        inverses = (_inverse(meaning + words * shared, ridge) for words, ridge in settings)
        return [_alone(told, each @ told, each).argmax(axis=1) == told.argmax(axis=1) for each in inverses]

    def _meaning(self, rows: Points, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        values = rows.meaning @ columns
        values -= 1
        values *= self.sharpness
        return np.asarray(np.exp(values, out=values))

    def _rehearse(
        self,
        inverse: NDArray[np.float32],
        target: NDArray[np.float32],
        codes: NDArray[np.int_],
        near: tuple[NDArray[np.float32], NDArray[np.float32]],
    ) -> None:
        """Learn both probabilities from what the model would say without an example, an intent, or a topic of others."""
        from scipy.linalg import solve

        alone = _alone(target, self.weights_, inverse)
        apart = np.zeros_like(alone)
        for code in np.unique(codes):
            inside = np.flatnonzero(codes == code)
            within = solve(inverse[np.ix_(inside, inside)], self.weights_[inside], assume_a="pos", overwrite_a=True)
            apart[inside] = target[inside] - within
            if code < len(self.classes_):
                apart[inside, code] = 0
        own = codes[: len(self.texts_)]
        has_sibling = np.bincount(own)[own] > 1
        seen, seen_codes = alone[: len(own)][has_sibling], own[has_sibling]
        is_misfiled = np.zeros(len(codes), dtype=bool)
        is_misfiled[: len(own)][has_sibling] = misfiled(seen[:, :-1], seen_codes)
        self.certainty_ = Certainty(
            self.classes_,
            np.concatenate([seen, apart]),
            np.concatenate([near[0][has_sibling], near[1]]),
            seen_codes,
            np.concatenate([is_misfiled[: len(own)][has_sibling], is_misfiled]),
            self.unknown_share_,
            others=len(self.background_.texts),
        )


def _target(codes: NDArray[np.int_], classes: int | None = None) -> NDArray[np.float32]:
    """Return a row per code with a one in its place."""
    target = np.zeros((len(codes), classes or codes.max() + 1), dtype=np.float32)
    target[np.arange(len(codes)), codes] = 1
    return target


def _is_clearly_better(right: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Tell whether more is guessed rightly, by more than one standard error."""
    lead = right.astype(int) - other
    return bool(lead.sum() > np.sqrt(np.abs(lead).sum()))


def _alone(
    target: NDArray[np.float32], weights: NDArray[np.float32], inverse: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the scores that each example would get from all the others."""
    return np.asarray(target - weights / np.diagonal(inverse)[:, None])


def _nearest(kernel: NDArray[np.float32], codes: NDArray[np.int_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how near the nearest other example of each one is, and the nearest one of another intent."""
    other, stranger = np.zeros(len(codes), dtype=np.float32), np.zeros(len(codes), dtype=np.float32)
    for row, code in enumerate(codes):
        stranger[row] = kernel[row, codes != code].max()
        other[row] = max(kernel[row, :row].max(initial=0), kernel[row, row + 1 :].max(initial=0))
    return other, stranger


def _latest(examples: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return at most ``MOST`` examples, as many of every intent as there are, the last ones, in the order they came in."""
    if len(examples) <= MOST:
        return examples
    seen: Counter[str] = Counter()
    turns = np.empty(len(examples), dtype=int)
    for row in range(len(examples) - 1, -1, -1):
        turns[row] = seen[examples[row][1]]
        seen[examples[row][1]] += 1
    return [examples[row] for row in np.sort(np.argsort(turns, kind="stable")[:MOST])]


def _inverse(kernel: NDArray[np.float32], ridge: float) -> NDArray[np.float32]:
    """Return the inverse of a symmetric kernel matrix with ``ridge`` added to its diagonal, in the place of the matrix."""
    from scipy.linalg.lapack import spotrf, spotri

    kernel[np.diag_indices(len(kernel))] += ridge
    factor, failed = spotrf(kernel.T, lower=1, overwrite_a=1)
    assert not failed, "a kernel matrix with a ridge is positive definite"
    inverse, _ = spotri(factor, lower=1, overwrite_c=1)
    for start in range(0, len(inverse), _CHUNK):
        stop = start + _CHUNK
        inverse[start:stop, stop:] = inverse[stop:, start:stop].T
        block = np.tril(inverse[start:stop, start:stop])
        inverse[start:stop, start:stop] = block + np.tril(block, -1).T
    return np.asarray(inverse, dtype=np.float32)
