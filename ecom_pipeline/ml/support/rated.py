"""Mood learnt from what customers rated themselves: reviews and conversations with stars.

Least squares with a kernel that is a sum: shared words and pieces of words, those that tell the sentiments apart
counting more (Wang and Manning 2012, "Baselines and bigrams"), and meaning, of which near texts count exponentially more,
compared with some of the texts alone (Williams and Seeger 2001, "Using the Nyström method to speed up kernel machines"),
so that its time grows with the number of texts; what the words of the lexicons add up to helps where ratings are few. It
learns the written sentences too, which hold the questions that nobody rates, and is used only where it reads later
ratings better than the mood that knows no ratings. What does not belong here: that mood (``mood``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.support.embedding import embed
from ecom_pipeline.ml.support.mood import MoodModel, written_mood
from ecom_pipeline.ml.support.sentiment import Mood, read_words
from ecom_pipeline.ml.support.text import WORD, has_words, plain_text
from ecom_pipeline.ml.support.trials import Row
from ecom_pipeline.ml.support.written import LEARNT, sentences_of

MINIMUM = 200
"""Rated texts from which on they are learnt from."""
MOST = 20_000
"""Rated texts that are learnt from, the latest."""
READ = 1_000
"""Characters of a text that are read, its beginning and its end: a long review says there what it comes to, and memory
grows with them."""
_TEST_SHARE = 0.2
_SHARPNESS, _MEANING, _LANDMARKS = 3.0, 0.5, 500
_TELLING, _FLOOR, _SAID, _RIDGE = 0.5, 0.05, 0.3, 0.9
"""How much near meanings count (``exp(sharpness * (cosine - 1))``), how much meaning beside the words, and the texts it
is compared with; how much telling words count, what every word counts, how much the lexicons, and how little single
texts. Chosen on a fifth of the four fifths of online_shopping_10_cats that the benchmark learns from."""


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
        from sklearn.kernel_approximation import Nystroem
        from sklearn.linear_model import RidgeClassifier

        shared: dict[str, Any] = {"sublinear_tf": True, "lowercase": False, "dtype": np.float32}
        self.blocks_ = [
            TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), **shared),
            TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, **shared),
        ]
        written = _written(texts)
        words = _side_by_side([block.fit_transform(written) for block in self.blocks_])
        told = np.array(sentiments, dtype=object)
        self.telling_ = _telling(words, told)
        self.near_ = Nystroem(gamma=_SHARPNESS / 2, n_components=min(_LANDMARKS, len(written)), random_state=0)
        self.near_.fit(embed(written))
        self.model_: Any = RidgeClassifier(alpha=_RIDGE, solver="sparse_cg").fit(self._points(words, written), told)
        return self

    def read(self, texts: Sequence[object]) -> list[Mood]:
        """Return the mood of each text; one without a letter has that of its signs."""
        if not len(texts):
            return []
        written = _written(texts)
        words = _side_by_side([block.transform(written) for block in self.blocks_])
        lead = self.model_.decision_function(self._points(words, written))
        classes = list(self.model_.classes_)
        values = (lead if lead.ndim == 2 else np.column_stack([-lead, lead])) / 2
        value = {name: values[:, at] for at, name in enumerate(classes)}
        score = np.clip(value.get("positive", 0.0) - value.get("negative", 0.0), -1, 1)
        return [
            Mood(classes[best], round(float(each), 4)) if has_words(text) else read_words(text)
            for text, best, each in zip(texts, values.argmax(axis=1), score, strict=True)
        ]

    def _points(self, words: Any, written: list[str]) -> Any:
        from scipy.sparse import csr_matrix, hstack
        from sklearn.preprocessing import normalize

        told = normalize(words.multiply(self.telling_).tocsr(), copy=False)
        near = math.sqrt(_MEANING) * self.near_.transform(embed(written))
        said = _SAID * np.array([[read_words(text).score] for text in written], dtype=np.float32)
        return hstack([told, csr_matrix(near), csr_matrix(said)], format="csr", dtype=np.float32)


def _side_by_side(blocks: list[Any]) -> Any:
    from scipy.sparse import hstack
    from sklearn.preprocessing import normalize

    return normalize(hstack(blocks, format="csr"), copy=False)


def _telling(words: Any, told: NDArray[np.object_]) -> NDArray[np.float32]:
    """Return a weight per word: how much more often one of the sentiments holds it than the others do, in logarithms."""
    ratios = []
    for sentiment in sorted(set(told)):
        is_it = told == sentiment
        inside, outside = (np.asarray(words[rows].sum(axis=0)).ravel() + 0.5 for rows in (is_it, ~is_it))
        ratios.append(np.abs(np.log(inside / inside.sum()) - np.log(outside / outside.sum())))
    return np.asarray((np.max(ratios, axis=0) + _FLOOR) ** _TELLING, dtype=np.float32)


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
    return [_ends(plain_text(text)) for text in texts]


def _ends(text: str) -> str:
    return text if len(text) <= READ else f"{text[: READ // 2]} {text[-READ // 2 :]}"
