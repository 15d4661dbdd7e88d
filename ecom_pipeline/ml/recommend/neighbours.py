"""Item-kNN: products are alike that the same customers touch.

The angle between the columns of products, damped for those that few touched; each product keeps its nearest neighbours.
M. Deshpande, G. Karypis, Item-based top-N recommendation algorithms, ACM TOIS 22, 2004. What does not belong here:
products alike by their texts.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.history import HistoryModel
from ecom_pipeline.ml.recommend.interactions import Floats
from ecom_pipeline.ml.recommend.ranking import blocks, top_k


class ItemNeighbours(HistoryModel):
    """The cosine between products, of the nearest ones only.

    Parameters
    ----------
    neighbours
        How many each product keeps.
    damping
        Added to the squared length of a column, as a multiple of the mean.
    half_life, recency
        As in ``EASE``.
    most_products
        Only that many products, those touched by the most customers, are learned and can be recommended.
    """

    name: ClassVar[str] = "item_knn"

    def __init__(
        self,
        *,
        neighbours: int = 100,
        damping: float = 0.0,
        half_life: float | None = None,
        recency: float | None = None,
        most_products: int = 10_000,
    ) -> None:
        self.neighbours = neighbours
        self.damping = damping
        self.half_life = half_life
        self.recency = recency
        self.most_products = most_products

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        self.weights_ = nearest(self._weights(data, self.half_life), self.neighbours, self.damping)
        self.history_ = self._weights(data, self.recency)


def nearest(weights: sparse.csr_matrix, neighbours: int, damping: float) -> sparse.csr_matrix:
    """Cosine between the columns, none with itself; a row keeps its nearest ``neighbours``."""
    squares: Floats = np.asarray(weights.multiply(weights).sum(axis=0)).ravel()
    lengths = np.sqrt(squares + damping * squares.mean())
    unit = (weights @ sparse.diags(1.0 / lengths)).tocsr().astype(np.float32)
    columns = unit.T.tocsr()
    rows = []
    for block in blocks(columns.shape[0], columns.shape[0]):
        cosine = (columns[block] @ unit).toarray()
        cosine[np.arange(cosine.shape[0]), np.arange(block.start, block.stop)] = 0.0
        positions, values = top_k(cosine, neighbours)
        bounds = np.arange(0, values.size + 1, values.shape[1])
        rows.append(sparse.csr_matrix((values.ravel(), positions.ravel(), bounds), shape=cosine.shape))
    found = sparse.vstack(rows, format="csr")
    found.eliminate_zeros()
    return found
