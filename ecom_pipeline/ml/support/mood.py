"""The mood of a message: what its words tell, and how messages of nearly the same meaning sounded.

Kernel ridge regression, one against the rest, on what a message means (``embedding``), what its words add up to
(``sentiment``), and which it shares: the lexicons settle it where they say something, the meaning where they do not ("my
children fight over it"). It learns from sentences written for this package (``written``), and from a shop's own messages or reviews whose
sentiment somebody stated. Judging it does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support.embedding import embed
from ecom_pipeline.ml.support.lexicon import LANGUAGES
from ecom_pipeline.ml.support.sentiment import SENTIMENTS, Mood, read_words
from ecom_pipeline.ml.support.text import WORD, has_words, plain_text, said_text
from ecom_pipeline.ml.support.written import LEARNT, sentences_of

_SHARPNESS, _WORDS, _SHARED, _RIDGE = 4.0, 1.5, 0.2, 0.05
"""How much near meanings, near readings of the words and shared words count, and how little single examples."""
_CALM = 0.05
"""The lead of neutral: most of what is written to a desk asks. All five were chosen on the sentences that are learnt from,
one part of them held out at a time, and on the inbox of the sample shop."""


def can_read(text: object, language: str) -> bool:
    """Tell whether a message has a sentiment here: a language that was learnt, or signs without any letter.

    >>> can_read("Wo ist mein Paket?", "de"), can_read("👍", "de")
    (False, True)
    """
    return language in LANGUAGES or not has_words(text)


class _Points(NamedTuple):
    """What texts mean, what their words add up to, and the words themselves."""

    meaning: NDArray[np.float32]
    score: NDArray[np.float32]
    words: Any


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
        from sklearn.feature_extraction.text import TfidfVectorizer

        written = [plain_text(text) for text in texts]
        self.vocabulary_: Any = TfidfVectorizer(
            token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True, lowercase=False, dtype=np.float32
        ).fit(written)
        self.points_ = self._points(texts)
        kernel = _kernel(self.points_, self.points_)
        kernel[np.diag_indices(len(kernel))] += _RIDGE
        target = np.array(sentiments, dtype=object)[:, None] == np.array(SENTIMENTS, dtype=object)
        self.weights_ = np.linalg.solve(kernel, target.astype(np.float32))
        return self

    def read(self, texts: Sequence[object]) -> list[Mood]:
        """Return the mood of each text; one without a letter has that of its signs."""
        if not len(texts):
            return []
        values = _kernel(self._points(texts), self.points_) @ self.weights_
        values[:, 1] += _CALM
        balance = np.clip(values[:, 2] - values[:, 0], -1, 1)
        return [
            Mood(SENTIMENTS[best], round(float(each), 4)) if has_words(text) else read_words(text)
            for text, best, each in zip(texts, values.argmax(axis=1), balance, strict=True)
        ]

    def _points(self, texts: Sequence[object]) -> _Points:
        return _Points(
            embed([said_text(text) for text in texts]),
            np.array([read_words(text).score for text in texts], dtype=np.float32),
            self.vocabulary_.transform([plain_text(text) for text in texts]),
        )


@lru_cache(maxsize=1)
def written_mood() -> MoodModel:
    """Return the model that has learnt from the sentences written for this package and from nothing else."""
    told = sentences_of(LEARNT)
    return MoodModel().fit(told["text"].tolist(), told["sentiment"].tolist())


def _kernel(rows: _Points, others: _Points) -> NDArray[np.float32]:
    apart = (rows.score[:, None] - others.score[None, :]) ** 2
    near = np.exp(_SHARPNESS * (rows.meaning @ others.meaning.T - 1) - _WORDS * apart)
    return np.asarray(near + _SHARED * (rows.words @ others.words.T).toarray(), dtype=np.float32)
