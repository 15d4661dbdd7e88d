"""EASE: the best linear prediction of each product from all others, in closed form.

H. Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019. The inverse of a matrix of products by products
costs the cube of their number, so that there is a guard on it. What does not belong here: catalogues beyond the guard,
which ``graph`` scores.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.history import HistoryModel, most_touched, relative_weights

MOST_PRODUCTS = 20_000
"""Their inverse takes 1.6 GB and minutes."""


class EASE(HistoryModel):
    """Weights that minimise the squared error of every product's column, none speaking for itself.

    Parameters
    ----------
    penalty
        On the squares of the weights, as a multiple of what a product weighs on average over all customers.
    half_life
        Days after which an interaction weighs half in learning; ``None`` never lets it fade.
    recency
        The same for the history that a list is made from.
    most_products
        Only that many products, those touched by the most customers, are learned and can be recommended.
    """

    name: ClassVar[str] = "ease"

    def __init__(
        self,
        *,
        penalty: float = 10.0,
        half_life: float | None = None,
        recency: float | None = None,
        most_products: int = MOST_PRODUCTS,
    ) -> None:
        self.penalty = penalty
        self.half_life = half_life
        self.recency = recency
        self.most_products = most_products

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        from scipy.linalg import lapack

        kept = most_touched(data, self.most_products)
        self.products_ = self.products_[kept]
        weights = relative_weights(data, self.half_life)[:, kept]
        gram = (weights.T @ weights).toarray().astype(np.float32)
        diagonal = np.diag_indices_from(gram)
        gram[diagonal] += self.penalty * float(gram[diagonal].mean()) + np.float32(1e-3)
        factor, _ = lapack.spotrf(gram, lower=1, overwrite_a=1)
        inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        inverse /= -np.diag(inverse)
        inverse[diagonal] = 0.0
        self.weights_ = inverse
        self.history_ = relative_weights(data, self.recency)[:, kept]
