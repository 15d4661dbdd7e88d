"""Mood learnt from what customers rated themselves: reviews and conversations with stars.

A logistic regression on TF-IDF of words and of pieces of words (Wang and Manning 2012, "Baselines and bigrams"), on the
meaning, and on what the words of the lexicons add up to. Its time grows with the number of texts alone. It learns the
written sentences too, which hold the questions that nobody rates, and is used only where it reads later ratings better
than the mood that knows no ratings. What does not belong here: that mood (``mood``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.support.embedding import embed
from ecom_pipeline.ml.support.mood import MoodModel, written_mood
from ecom_pipeline.ml.support.sentiment import Mood, read_words
from ecom_pipeline.ml.support.text import WORD, clean_text, has_words
from ecom_pipeline.ml.support.trials import Row
from ecom_pipeline.ml.support.written import LEARNT, sentences_of

MINIMUM = 200
"""Rated texts from which on they are learnt from."""
MOST = 20_000
"""Rated texts that are learnt from, the latest."""
_TEST_SHARE = 0.2
_MEANING, _TRUST = 0.25, 10.0
"""How much the meaning counts beside the words, and the inverse strength of regularisation; chosen on 3,000 reviews of
online_shopping_10_cats."""


class ReadsMoods(Protocol):
    """What a model of the mood can do."""

    @property
    def name(self) -> str:
        """Return what the model is called in the tables."""

    def read(self, texts: Sequence[object]) -> list[Mood]:
        """Return the mood of each text."""


class RatedMood:
    """Mood of texts like those that it has learnt from, in any language."""

    name = "rated_mood"

    def fit(self, texts: Sequence[object], sentiments: Sequence[str]) -> RatedMood:
        """Learn from texts and their sentiments, two different ones at least."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        shared: dict[str, Any] = {"sublinear_tf": True, "lowercase": False, "dtype": np.float32}
        self.blocks_ = [
            TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), **shared),
            TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, **shared),
        ]
        written = _written(texts)
        points = self._together([block.fit_transform(written) for block in self.blocks_], texts)
        self.model_: Any = LogisticRegression(C=_TRUST, max_iter=300).fit(points, list(sentiments))
        return self

    def read(self, texts: Sequence[object]) -> list[Mood]:
        """Return the mood of each text; one without a letter has that of its signs."""
        if not len(texts):
            return []
        written = _written(texts)
        points = self._together([block.transform(written) for block in self.blocks_], texts)
        chances = self.model_.predict_proba(points)
        chance = {name: chances[:, at] for at, name in enumerate(self.model_.classes_)}
        score = chance.get("positive", 0.0) - chance.get("negative", 0.0)
        return [
            Mood(self.model_.classes_[best], round(float(each), 4)) if has_words(text) else read_words(text)
            for text, best, each in zip(texts, chances.argmax(axis=1), score, strict=True)
        ]

    def _together(self, blocks: list[Any], texts: Sequence[object]) -> Any:
        from scipy.sparse import csr_matrix, hstack
        from sklearn.preprocessing import normalize

        said = np.array([[read_words(text).score] for text in texts], dtype=np.float32)
        dense = csr_matrix(np.hstack([_MEANING * embed(_written(texts)), said]))
        return hstack([normalize(hstack(blocks, format="csr"), copy=False), dense], format="csr")


def choose_mood(rated: pd.DataFrame) -> tuple[ReadsMoods, list[Row]]:
    """Return the model to read moods with, and what it and its rivals reach on the latest fifth of the rated texts.

    Parameters
    ----------
    rated
        ``text, sentiment``, the oldest first. With fewer than ``MINIMUM``, or of one sentiment, nothing is learnt from it.
    """
    rated = rated.tail(MOST)
    start = len(rated) - int(len(rated) * _TEST_SHARE)
    early, late = rated.iloc[:start], rated.iloc[start:]
    if len(rated) < MINIMUM or early["sentiment"].nunique() < 2:
        return written_mood(), []
    told = late["sentiment"].to_numpy(dtype=object)
    right = {
        RatedMood.name: _is_right(_learnt(early), late, told),
        MoodModel.name: _is_right(written_mood(), late, told),
        "majority": told == early["sentiment"].value_counts().idxmax(),
    }
    share = {name: float(each.mean()) for name, each in right.items()}
    rows: list[Row] = [
        ("sentiment", name, "accuracy_rated", value, len(late), name != RatedMood.name) for name, value in share.items()
    ]
    is_better = share[RatedMood.name] > max(share[MoodModel.name], share["majority"])
    return (_learnt(rated) if is_better else written_mood()), rows


def _learnt(rated: pd.DataFrame) -> RatedMood:
    both = pd.concat([sentences_of(LEARNT), rated], ignore_index=True)
    return RatedMood().fit(both["text"].tolist(), both["sentiment"].tolist())


def _is_right(model: ReadsMoods, texts: pd.DataFrame, told: NDArray[np.object_]) -> NDArray[np.bool_]:
    guesses = [mood.sentiment for mood in model.read(texts["text"].tolist())]
    return np.array([guess == true for guess, true in zip(guesses, told, strict=True)], dtype=bool)


def _written(texts: Sequence[object]) -> list[str]:
    return [clean_text(text).lower() for text in texts]
