"""Messages as numbers: TF-IDF of words and of pieces of words, side by side.

Words carry the topic; character n-grams carry endings, typing errors and Chinese. Both models that read messages
(intent and answer) use it. Weighting beyond TF-IDF, and embeddings, do not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecom_pipeline.ml.support.text import WORD


class TextFeatures:
    """Learn a vocabulary, then turn texts (see ``text.intent_text``) into rows of a sparse matrix.

    Each of the two blocks has rows of length one, or zero where nothing of a text is known.
    """

    def fit_transform(self, texts: Sequence[str]) -> Any:
        """Learn the vocabulary of texts, of which one at least holds a word, and return a sparse row (CSR) per text."""
        from scipy.sparse import hstack
        from sklearn.feature_extraction.text import TfidfVectorizer

        shared: dict[str, Any] = {"sublinear_tf": True, "lowercase": False}
        self.blocks_ = [
            TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), **shared),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), **shared),
        ]
        return hstack([block.fit_transform(texts) for block in self.blocks_], format="csr", dtype=np.float64)

    def transform(self, texts: Sequence[str]) -> Any:
        """Return a sparse row (CSR) per text."""
        from scipy.sparse import hstack

        return hstack([block.transform(texts) for block in self.blocks_], format="csr", dtype=np.float64)
