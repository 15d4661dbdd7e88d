"""Messages as points: TF-IDF of words and of pieces of words, and what the whole means, side by side.

Words carry the topic; character n-grams carry endings, typing errors and Chinese; meaning knows that cash is money and
退款 a refund. All that reads messages (intents, answers, clusters) uses the same points. Judging how alike two of them
must be does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support.embedding import base_alone, embed
from ecom_pipeline.ml.support.text import WORD

MEANING = 0.65
"""The share of the meaning in a similarity; chosen on validation parts of BANKING77 and CLINC150."""


class Points(NamedTuple):
    """Rows of texts: words (sparse) and meaning (dense), each of length one (zero where nothing of a text is known)."""

    words: Any
    meaning: NDArray[np.float32]

    def take(self, rows: NDArray[np.int_] | slice) -> Points:
        """Return some of the rows."""
        return Points(self.words[rows], self.meaning[rows])

    def plus(self, others: Points) -> Points:
        """Return these rows and some more."""
        from scipy.sparse import vstack

        return Points(vstack([self.words, others.words], format="csr"), np.concatenate([self.meaning, others.meaning]))

    @property
    def base_alone(self) -> Points:
        """Return the points without what the transformer says."""
        return Points(self.words, base_alone(self.meaning))

    @property
    def turned(self) -> Points:
        """Return the points as columns, which is what rows are compared with."""
        return Points(self.words.T.tocsr(), np.ascontiguousarray(self.meaning.T))

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Tell which texts hold a letter or digit: a word that no example holds has a meaning all the same."""
        return np.asarray(self.meaning.any(axis=1))


def similarity(rows: Points, columns: Points) -> NDArray[np.float32]:
    """Return how alike every row and every column (``Points.turned``) are, at most one."""
    shared = (rows.words @ columns.words).toarray()
    shared *= 1 - MEANING
    shared += MEANING * (rows.meaning @ columns.meaning)
    return np.asarray(shared, dtype=np.float32)


class TextFeatures:
    """Learn a vocabulary, then turn texts (see ``text.intent_text``) into points.

    Attributes
    ----------
    is_base_alone
        Whether texts are read without the transformer, too, where it is installed.
    """

    is_base_alone = False

    def fit_transform(self, texts: Sequence[str]) -> Points:
        """Learn from texts, of which one at least holds a word, and return their points."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        shared: dict[str, Any] = {"sublinear_tf": True, "lowercase": False, "dtype": np.float32}
        self.blocks_ = [
            TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), **shared),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), **shared),
        ]
        return _points([block.fit_transform(texts) for block in self.blocks_], texts)

    def transform(self, texts: Sequence[str]) -> Points:
        """Return the points of texts."""
        points = _points([block.transform(texts) for block in self.blocks_], texts)
        return points.base_alone if self.is_base_alone else points


def _points(blocks: list[Any], texts: Sequence[str]) -> Points:
    from scipy.sparse import hstack
    from sklearn.preprocessing import normalize

    return Points(normalize(hstack(blocks, format="csr"), copy=False), embed(texts))
