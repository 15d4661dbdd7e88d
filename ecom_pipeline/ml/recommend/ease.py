"""EASE: the best linear prediction of each product from all others, in closed form.

H. Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019. The inverse of a matrix of products by products
costs the cube of their number, so that there is a guard on it. Where customers are fewer, the same weights follow from the
inverse of customers by customers (the matrix inversion lemma) and are never written out. What does not belong here: shops
with more of both than the guard allows, whose other products ``graph`` scores.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.history import MOST_PRODUCTS, HistoryModel, most_touched, relative_weights
from ecom_pipeline.ml.recommend.interactions import Floats, Positions
from ecom_pipeline.ml.recommend.ranking import blocks

LARGEST = 20_000
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
        The largest matrix to be inverted. Of a shop with more products and more customers only that many products, those
        touched by the most customers, are learned and can be recommended.

    Attributes
    ----------
    weights_
        Products by products, where products are not more than ``most_products``, or customers are.
    learned_, between_, own_
        Otherwise customers by products, the inverse of customers by customers, and what each product would say for itself.
    """

    name: ClassVar[str] = "ease"

    learned_: sparse.csr_matrix | None
    between_: Floats
    own_: Floats

    def __init__(
        self,
        *,
        penalty: float = 10.0,
        half_life: float | None = None,
        recency: float | None = None,
        most_products: int = LARGEST,
    ) -> None:
        self.penalty = penalty
        self.half_life = half_life
        self.recency = recency
        self.most_products = most_products

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        few_customers = len(self.customers_) <= self.most_products
        kept = most_touched(data, MOST_PRODUCTS if few_customers else self.most_products)
        self.products_ = self.products_[kept]
        weights = relative_weights(data, self.half_life)[:, kept]
        self.history_ = relative_weights(data, self.recency)[:, kept]
        squares: Floats = np.asarray(weights.multiply(weights).sum(axis=0)).ravel()
        added = self.penalty * float(squares.mean()) + 1e-3
        self.learned_ = None
        if len(kept) > self.most_products:
            self.learned_, self.between_ = weights, _inverse(weights @ weights.T, added)
            self.own_ = 1.0 - _diagonal(weights, self.between_)
            return
        inverse = _inverse(weights.T @ weights, added)
        inverse /= -np.diag(inverse)
        inverse[np.diag_indices_from(inverse)] = 0.0
        self.weights_ = inverse

    def _score(self, customers: Positions, products: Positions) -> Floats:
        if self.learned_ is None:
            return super()._score(customers, products)
        history = self.history_[customers]
        said = (history @ self.learned_.T).toarray() @ self.between_
        every = len(products) == len(self.products_)
        onward, touched = (each if every else each[:, products] for each in (self.learned_, history))
        scores: Floats = np.ascontiguousarray(said @ onward)
        own = self.own_[products]
        scores /= own
        rows = np.repeat(np.arange(len(customers)), np.diff(touched.indptr))
        scores[rows, touched.indices] += touched.data * (1.0 - 1.0 / own)[touched.indices]
        return scores


def _inverse(gram: sparse.csr_matrix, added: float) -> Floats:
    """The inverse of the matrix with ``added`` on its diagonal, by Cholesky in single precision."""
    from scipy.linalg import lapack

    dense = gram.toarray().astype(np.float32)
    dense[np.diag_indices_from(dense)] += np.float32(added)
    factor, _ = lapack.spotrf(dense, lower=1, overwrite_a=1)
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    found: Floats = np.tril(inverse) + np.tril(inverse, -1).T
    return found


def _diagonal(weights: sparse.csr_matrix, between: Floats) -> Floats:
    """Of each column of the weights what it says of itself through the inverse."""
    columns = weights.T.tocsr()
    parts = [
        np.asarray(columns[block].multiply(columns[block] @ between).sum(axis=1)).ravel()
        for block in blocks(*columns.shape)
    ]
    return np.concatenate(parts).astype(np.float32)
