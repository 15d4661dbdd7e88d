"""The mood of a message: what its words tell, and how messages of nearly the same meaning sounded.

Kernel ridge regression, one against the rest, on what a message means (``embedding``) and what its words add up to
(``sentiment``): the words settle it where they say something, the meaning where they do not ("my children fight over
it"). It learns from sentences written for this package (``written``), and from a shop's own messages or reviews whose
sentiment somebody stated. Judging it does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support.embedding import embed
from ecom_pipeline.ml.support.lexicon import LANGUAGES
from ecom_pipeline.ml.support.sentiment import SENTIMENTS, Mood, read_words
from ecom_pipeline.ml.support.text import has_words, said_text
from ecom_pipeline.ml.support.written import LEARNT, sentences_of

_SHARPNESS, _WORDS, _RIDGE = 4.0, 1.0, 0.05
"""How much near meanings and near readings of the words count, and how little single examples."""
_CALM = 0.1
"""The lead of neutral: most of what is written to a desk asks. All four were chosen by cross-validation on the sentences
that are learnt from, and on the inbox of the sample shop."""


def can_read(text: object, language: str) -> bool:
    """Tell whether a message has a sentiment here: a language that was learnt, or signs without any letter.

    >>> can_read("Wo ist mein Paket?", "de"), can_read("👍", "de")
    (False, True)
    """
    return language in LANGUAGES or not has_words(text)


class MoodModel:
    """Mood of messages in Chinese and English.

    Examples
    --------
    >>> [mood.sentiment for mood in written_mood().read(["Not bad at all!", "The lid came off.", "还有货吗"])]
    ['positive', 'negative', 'neutral']
    """

    name = "mood"

    def fit(self, texts: Sequence[object], sentiments: Sequence[str]) -> MoodModel:
        """Learn from texts and their sentiments, each of ``SENTIMENTS``; time grows with the cube of their number."""
        self.meaning_, self.score_ = _points(texts)
        kernel = _kernel(self.meaning_, self.score_, self.meaning_, self.score_)
        kernel[np.diag_indices(len(kernel))] += _RIDGE
        target = np.array(sentiments, dtype=object)[:, None] == np.array(SENTIMENTS, dtype=object)
        self.weights_ = np.linalg.solve(kernel, target.astype(np.float32))
        return self

    def read(self, texts: Sequence[object]) -> list[Mood]:
        """Return the mood of each text; one without a letter has that of its signs."""
        if not len(texts):
            return []
        meaning, score = _points(texts)
        values = _kernel(meaning, score, self.meaning_, self.score_) @ self.weights_
        values[:, 1] += _CALM
        balance = np.clip(values[:, 2] - values[:, 0], -1, 1)
        return [
            Mood(SENTIMENTS[best], round(float(each), 4)) if has_words(text) else read_words(text)
            for text, best, each in zip(texts, values.argmax(axis=1), balance, strict=True)
        ]


@lru_cache(maxsize=1)
def written_mood() -> MoodModel:
    """Return the model that has learnt from the sentences written for this package and from nothing else."""
    told = sentences_of(LEARNT)
    return MoodModel().fit(told["text"].tolist(), told["sentiment"].tolist())


def _points(texts: Sequence[object]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what texts mean, and what their words add up to."""
    return embed([said_text(text) for text in texts]), np.array([read_words(text).score for text in texts], np.float32)


def _kernel(
    meaning: NDArray[np.float32],
    score: NDArray[np.float32],
    other_meaning: NDArray[np.float32],
    other_score: NDArray[np.float32],
) -> NDArray[np.float32]:
    apart = (score[:, None] - other_score[None, :]) ** 2
    return np.exp(_SHARPNESS * (meaning @ other_meaning.T - 1) - _WORDS * apart)
