"""EASE: the best linear prediction of each product from all others, in closed form.

H. Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019. The inverse of a matrix of products by products
costs the cube of their number, so that there is a guard on it. Where customers are fewer, the same weights follow from the
inverse of customers by customers (the matrix inversion lemma) and are never written out. Where both are too many, each
product is predicted from its nearest neighbours only, by the same least squares: H. Steck, Markov random fields for
collaborative filtering, NeurIPS 2019, with the neighbours chosen by the damped cosine. What does not belong here: choosing
the parameters.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.history import MOST_PRODUCTS, HistoryModel, thinned
from ecom_pipeline.ml.recommend.interactions import Floats, Positions
from ecom_pipeline.ml.recommend.neighbours import MOST_PAIRS, nearest
from ecom_pipeline.ml.recommend.ranking import blocks

LARGEST = 20_000
"""Their inverse takes 1.6 GB and minutes."""
NEIGHBOUR_DAMPING = 10.0
"""Of the cosine that neighbours are chosen by, as in ``ItemNeighbours``."""


class EASE(HistoryModel):
    """Weights that minimise the squared error of every product's column, none speaking for itself.

    Parameters
    ----------
    penalty
        On the squares of the weights, as a multiple of what a product weighs on average over all customers.
    half_life
        Days after which an interaction weighs half in learning; ``None`` never lets it fade.
    recency
        The same for the history that a list is made from, before the customer's own last day.
    largest_inverse
        The largest matrix to be inverted; in a shop with more products and more customers only the nearest neighbours of a
        product speak for it.
    neighbours
        How many.
    most_products
        Only that many products, those touched by the most customers, are learned and can be recommended.

    Attributes
    ----------
    weights_
        Products by products, unless customers are fewer than products and not more than ``largest_inverse``.
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
        largest_inverse: int = LARGEST,
        neighbours: int = 100,
        most_products: int = MOST_PRODUCTS,
    ) -> None:
        self.penalty = penalty
        self.half_life = half_life
        self.recency = recency
        self.largest_inverse = largest_inverse
        self.neighbours = neighbours
        self.most_products = most_products

    def with_penalties(self, penalties: Sequence[float], data: pd.DataFrame) -> list[Self]:
        """Return the fitted model learned anew from the same data with each penalty; what costs the most is done once."""
        others = [copy.copy(self) for _ in penalties]
        for other, penalty in zip(others, penalties, strict=True):
            other.penalty = penalty
        self._solve(others, self._weights(data, self.half_life))
        return others

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        weights = self._weights(data, self.half_life)
        self.history_ = self._history(data)
        self._solve([self], weights)

    def _solve(self, models: Sequence[EASE], weights: sparse.csr_matrix) -> None:
        """Learn models that differ in nothing but the penalty."""
        if weights.shape[1] <= self.largest_inverse:
            gram = weights.T @ weights
            for model in models:
                model.learned_, model.weights_ = None, _inverse(gram, model._added(weights))
                model.weights_ /= -np.diag(model.weights_)
                model.weights_[np.diag_indices_from(model.weights_)] = 0.0
        elif len(self.customers_) <= self.largest_inverse:
            gram = weights @ weights.T
            for model in models:
                model.learned_, model.between_ = weights, _inverse(gram, model._added(weights))
                model.own_ = 1.0 - _diagonal(weights, model.between_)
        else:
            some = thinned(weights, MOST_PAIRS)
            near = nearest(some, self.neighbours, NEIGHBOUR_DAMPING)
            said = _from_neighbours(some, near, [model._added(some) for model in models])
            for model, each in zip(models, said, strict=True):
                model.learned_, model.weights_ = None, each

    def _added(self, weights: sparse.csr_matrix) -> float:
        """What the penalty adds to the diagonal."""
        squares: Floats = np.asarray(weights.multiply(weights).sum(axis=0)).ravel()
        return self.penalty * float(squares.mean()) + 1e-3

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


def _from_neighbours(
    weights: sparse.csr_matrix, near: sparse.csr_matrix, added: Sequence[float]
) -> list[sparse.csr_matrix]:
    """What the neighbours of each product, the columns of its row in ``near``, say for it: the row speaks for the column."""
    from scipy.linalg import lapack

    columns = weights.T.tocsr()
    said = [near.copy() for _ in added]
    for product in np.flatnonzero(np.diff(near.indptr)):
        begin, end = near.indptr[product : product + 2]
        touched = columns[np.append(near.indices[begin:end], product)]
        gram = (touched @ touched.T).toarray()
        own = np.diag(gram).copy()
        for each, more in zip(said, added, strict=True):
            gram[np.diag_indices_from(gram)] = own + np.float32(more)
            _, each.data[begin:end], _ = lapack.sposv(gram[:-1, :-1], gram[:-1, -1])
    return [each.T.tocsr() for each in said]


def _diagonal(weights: sparse.csr_matrix, between: Floats) -> Floats:
    """Of each column of the weights what it says of itself through the inverse."""
    columns = weights.T.tocsr()
    parts = [
        np.asarray(columns[block].multiply(columns[block] @ between).sum(axis=1)).ravel()
        for block in blocks(*columns.shape)
    ]
    return np.concatenate(parts).astype(np.float32)
