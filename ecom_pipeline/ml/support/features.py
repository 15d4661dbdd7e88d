"""Messages as points: TF-IDF of words, TF-IDF of pieces of words, and static embeddings, side by side.

Words carry the topic; character n-grams carry endings, typing errors and Chinese; embeddings know that cash is money. All
that reads messages (intents, answers, clusters) uses the same points. Judging how alike two of them must be does not
belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support.embedding import embed, unit_rows
from ecom_pipeline.ml.support.text import WORD

WORDS, PIECES, MEANING = 1.0, 1.0, 3.0
"""How much each view counts in a similarity; chosen on validation parts of BANKING77 and CLINC150."""


class Points(NamedTuple):
    """Rows of texts: a sparse and a dense part, together of length one (zero where nothing of a text is known)."""

    sparse: Any
    dense: NDArray[np.float32]

    def take(self, rows: NDArray[np.int_] | slice) -> Points:
        """Return some of the rows."""
        return Points(self.sparse[rows], self.dense[rows])

    @property
    def turned(self) -> Points:
        """Return the points as columns, which is what rows are compared with."""
        return Points(self.sparse.T.tocsr(), np.ascontiguousarray(self.dense.T))

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Tell which texts hold a word, or a piece of one, that is known."""
        return np.asarray(self.sparse.getnnz(axis=1) > 0)


def similarity(rows: Points, columns: Points) -> NDArray[np.float32]:
    """Return the cosine of every row with every column (``Points.turned``), at most one."""
    shared = (rows.sparse @ columns.sparse).toarray()
    shared += rows.dense @ columns.dense
    return np.asarray(shared, dtype=np.float32)


class TextFeatures:
    """Learn a vocabulary, then turn texts (see ``text.intent_text``) into points."""

    def fit_transform(self, texts: Sequence[str]) -> Points:
        """Learn from texts, of which one at least holds a word, and return their points."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        shared: dict[str, Any] = {"sublinear_tf": True, "lowercase": False, "dtype": np.float32}
        self.blocks_ = [
            TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), **shared),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **shared),
        ]
        vectors = embed(texts)
        self.centre_: NDArray[np.float32] = vectors.mean(axis=0)
        return self._together([block.fit_transform(texts) for block in self.blocks_], vectors)

    def transform(self, texts: Sequence[str]) -> Points:
        """Return the points of texts."""
        return self._together([block.transform(texts) for block in self.blocks_], embed(texts))

    def _together(self, blocks: list[Any], vectors: NDArray[np.float32]) -> Points:
        from scipy.sparse import diags, hstack

        shifted = np.where(vectors.any(axis=1, keepdims=True), vectors - self.centre_, 0)
        dense = np.sqrt(MEANING) * unit_rows(shifted)
        sparse = hstack([np.sqrt(WORDS) * blocks[0], np.sqrt(PIECES) * blocks[1]], format="csr", dtype=np.float32)
        square = np.asarray(sparse.multiply(sparse).sum(axis=1)).ravel() + (dense**2).sum(axis=1)
        scale = (1 / np.sqrt(np.where(square > 0, square, 1))).astype(np.float32)
        return Points(diags(scale).dot(sparse).tocsr(), dense * scale[:, None])
