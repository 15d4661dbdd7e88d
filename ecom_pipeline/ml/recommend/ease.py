"""EASE: the best linear prediction of each product from all others, in closed form.

H. Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019. The inverse of a matrix of products by products
costs the cube of their number, so that there is a guard on it. Where customers are fewer, the same weights follow from the
inverse of customers by customers (the matrix inversion lemma) and are never written out. Where both are too many, each
product is predicted from its nearest neighbours only, by the same least squares: H. Steck, Markov random fields for
collaborative filtering, NeurIPS 2019, with the neighbours chosen by the damped cosine. What does not belong here: choosing
the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.history import LINKS, HistoryModel, links, thinned
from ecom_pipeline.ml.recommend.interactions import Floats, Positions
from ecom_pipeline.ml.recommend.neighbours import MOST_PAIRS, nearest
from ecom_pipeline.ml.recommend.ranking import blocks

LARGEST = 20_000
"""Their inverse takes 1.6 GB and minutes."""
NEIGHBOUR_DAMPING = 10.0
"""Of the cosine that neighbours are chosen by (see ``neighbours.nearest``)."""


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
    ) -> None:
        self.penalty = penalty
        self.half_life = half_life
        self.recency = recency
        self.largest_inverse = largest_inverse
        self.neighbours = neighbours

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        weights = self._weights(data, self.half_life)
        self.history_ = self._history(data)
        self.learned_ = None
        if weights.shape[1] <= self.largest_inverse:
            inverse = _inverse(weights.T @ weights, self._added(weights))
            self.weights_ = inverse / -np.diag(inverse)
            self.weights_[np.diag_indices_from(inverse)] = 0.0
        elif len(self.customers_) <= self.largest_inverse:
            self.learned_, self.between_ = weights, _inverse(weights @ weights.T, self._added(weights))
            self.own_ = 1.0 - _diagonal(weights, self.between_)
        else:
            some = thinned(weights, MOST_PAIRS)
            near = nearest(some, self.neighbours, NEIGHBOUR_DAMPING)
            self.weights_ = _from_neighbours(some, near, self._added(some))

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


def _from_neighbours(weights: sparse.csr_matrix, near: sparse.csr_matrix, added: float) -> sparse.csr_matrix:
    """What the neighbours of each product, the columns of its row in ``near``, say for it: the row speaks for the column."""
    from scipy.linalg import lapack

    gram_of, said = _grams(weights), near.copy()
    for product in np.flatnonzero(np.diff(near.indptr)):
        begin, end = near.indptr[product : product + 2]
        gram = gram_of(np.append(near.indices[begin:end], product))
        gram.flat[:: len(gram) + 1] += np.float32(added)
        _, said.data[begin:end], _ = lapack.sposv(gram[:-1, :-1], gram[:-1, -1])
    return said.T.tocsr()


def _grams(weights: sparse.csr_matrix) -> Callable[[Positions], Floats]:
    """Give the products of the columns of some products with each other.

    Unless they are too many, those of all columns are written out once, each pair in the row of whichever of the two fewer
    customers touched: so the rows stay short that are looked through for every product.
    """
    columns = weights.T.tocsr()
    if links(weights) > LINKS:
        return lambda some: ((own := columns[some]) @ own.T).toarray()
    width = columns.shape[0]
    rank = np.argsort(np.argsort(np.diff(columns.indptr), kind="stable"), kind="stable")
    squares, halves = np.zeros(width, dtype=np.float32), []
    for block in blocks(width, width):
        part = (columns[block] @ weights).tocoo()
        squares[block] = part.diagonal(block.start)
        once = rank[block][part.row] < rank[part.col]
        halves.append(sparse.csr_matrix((part.data[once], (part.row[once], part.col[once])), shape=part.shape))
    half = sparse.vstack(halves, format="csr")
    lengths, place = np.diff(half.indptr), np.full(width, -1)

    def gram(some: Positions) -> Floats:
        ends = np.cumsum(lengths[some])
        at = np.arange(ends[-1]) + np.repeat(half.indptr[some] - ends + lengths[some], lengths[some])
        place[some] = np.arange(len(some))
        column = place[half.indices[at]]
        place[some] = -1
        here = np.flatnonzero(column >= 0)
        found = np.zeros((len(some), len(some)), dtype=np.float32)
        found[np.searchsorted(ends, here, side="right"), column[here]] = half.data[at[here]]
        found += found.T
        found.flat[:: len(some) + 1] = squares[some]
        return found

    return gram


def _diagonal(weights: sparse.csr_matrix, between: Floats) -> Floats:
    """Of each column of the weights what it says of itself through the inverse."""
    columns = weights.T.tocsr()
    parts = [
        np.asarray(columns[block].multiply(columns[block] @ between).sum(axis=1)).ravel()
        for block in blocks(*columns.shape)
    ]
    return np.concatenate(parts).astype(np.float32)
