"""Item-kNN: products are alike that the same customers touch.

The angle between the columns of products, damped for those that few touched; each product keeps its nearest neighbours.
M. Deshpande, G. Karypis, Item-based top-N recommendation algorithms, ACM TOIS 22, 2004. What does not belong here:
products alike by their texts.
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.history import HistoryModel
from ecom_pipeline.ml.recommend.interactions import Floats
from ecom_pipeline.ml.recommend.ranking import blocks

MOST_PAIRS = 1_000_000
"""Of customers and products that neighbours of a large shop are learned from: of more, every n-th customer is enough."""


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
    """

    name: ClassVar[str] = "item_knn"

    def __init__(
        self,
        *,
        neighbours: int = 100,
        damping: float = 0.0,
        half_life: float | None = None,
        recency: float | None = None,
    ) -> None:
        self.neighbours = neighbours
        self.damping = damping
        self.half_life = half_life
        self.recency = recency

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        self.weights_ = nearest(self._weights(data, self.half_life), self.neighbours, self.damping)
        self.history_ = self._history(data)


def nearest(
    weights: sparse.csr_matrix, neighbours: int, damping: float, *, beyond_chance: bool = False
) -> sparse.csr_matrix:
    """Cosine between the columns, none with itself; a row keeps its nearest ``neighbours``, the first of equals.

    Parameters
    ----------
    weights
        Customers by products.
    damping
        Added to the squared length of a column, as a multiple of the mean.
    beyond_chance
        Whether the cosine that columns of the same sums would have by chance is taken off: what everybody buys is like
        nothing in particular.
    """
    squares: Floats = np.asarray(weights.multiply(weights).sum(axis=0)).ravel()
    lengths = np.sqrt(squares + damping * squares.mean())
    unit = (weights @ sparse.diags(1.0 / lengths)).tocsr().astype(np.float32)
    share: Floats = np.asarray(unit.sum(axis=0)).ravel() / np.sqrt(unit.shape[0])
    columns = unit.T.tocsr()
    width = columns.shape[0]
    kept = []
    for block in blocks(width, width):
        cosine = (columns[block] @ unit).tocsr()
        if beyond_chance:
            cosine.data -= np.repeat(share[block], np.diff(cosine.indptr)) * share[cosine.indices]
        kept.append(_largest(cosine, block.start, neighbours))
    return sparse.vstack(kept, format="csr")


def _largest(cosine: sparse.csr_matrix, start: int, most: int) -> sparse.csr_matrix:
    """The ``most`` largest of each row, those of the row's own column left out; the first row is that of column ``start``."""
    cosine.sort_indices()
    kept = []
    for row, (begin, end) in enumerate(pairwise(cosine.indptr)):
        others = begin + np.flatnonzero(cosine.indices[begin:end] != start + row)
        if len(others) > most:
            values = cosine.data[others]
            least = np.partition(values, len(values) - most)[len(values) - most]
            above, equal = others[values > least], others[values == least]
            others = np.sort(np.concatenate([above, equal[: most - len(above)]]))
        kept.append(others)
    bounds = np.cumsum([0, *map(len, kept)])
    places = np.concatenate(kept)
    return sparse.csr_matrix((cosine.data[places], cosine.indices[places], bounds), shape=cosine.shape)
