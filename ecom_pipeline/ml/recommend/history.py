"""What recommenders of a whole history share: which products they learn, and scores that are linear in what a customer did.

What does not belong here: how any of them learns.
"""

from __future__ import annotations

import copy
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.interactions import Floats, Positions, customers_of_products, pair_weights

MOST_PRODUCTS = 50_000
"""Learned and offered at most, those that the most customers touched."""
MANY_PRODUCTS = 20_000
MINIMUM_CUSTOMERS = 5
ENOUGH_PAIRS = 2_000_000
"""Of customers and products that ALS and the graph filter learn from: of more, every n-th customer is enough."""
MANY_CUSTOMERS = 250_000
"""Of more, ALS and the graph filter learn from those alone who touched several products."""
LINKS = 100_000_000
"""Up to so many ``links`` a matrix of products by products is written out."""


class MostTouched(Recommender):
    """Learns the products that the most customers touched, and can recommend no others."""

    def _weights(self, data: pd.DataFrame, half_life: float | None) -> sparse.csr_matrix:
        """Customers by the products that are learned, which ``products_`` are from now on."""
        kept = most_touched(data)
        self.products_ = pd.Index(data["product_id"].cat.categories.to_numpy())[kept]
        return relative_weights(data, half_life)[:, kept]


class HistoryModel(MostTouched):
    """A customer's weighted history, times how much each product speaks for each other one.

    Attributes
    ----------
    recency
        Days before the customer's own last one after which an interaction weighs half in ``history_``; ``None`` never lets it
        fade. Stored by the constructor.
    history_
        Customers by products: how much the customer's interactions count when a list is made.
    weights_
        Products by products, dense or sparse: row speaks for column.
    """

    recency: float | None
    history_: sparse.csr_matrix
    weights_: Floats | sparse.csr_matrix

    def with_recency(self, recency: float | None, data: pd.DataFrame) -> Self:
        """Return the same learned model with another history, of the ``data`` it learned from; nothing is learned again."""
        other = copy.copy(self)
        other.recency = recency
        other.history_ = other._history(data)
        return other

    def _history(self, data: pd.DataFrame) -> sparse.csr_matrix:
        """Customers by ``products_``, each customer's interactions faded by their age on that customer's last day."""
        last = data.groupby("customer_id", observed=False)["interaction_date"].transform("max")
        dated = data.assign(interaction_date=data["interaction_date"] + (data["interaction_date"].max() - last))
        columns = pd.Index(data["product_id"].cat.categories.to_numpy()).get_indexer(self.products_)
        return relative_weights(dated, self.recency)[:, columns]

    def _score(self, customers: Positions, products: Positions) -> Floats:
        every = len(products) == len(self.products_)
        scores = self.history_[customers] @ (self.weights_ if every else self.weights_[:, products])
        return scores.toarray() if sparse.issparse(scores) else np.asarray(scores)


def most_touched(data: pd.DataFrame) -> Positions:
    """Positions of the ``MOST_PRODUCTS`` products that the most customers touched, ascending.

    Of more than ``MANY_PRODUCTS`` those that fewer than ``MINIMUM_CUSTOMERS`` touched are left out: the long tail costs time
    and gains nothing.
    """
    touched, most = customers_of_products(data), MOST_PRODUCTS
    if len(touched) > MANY_PRODUCTS and touched.max() >= MINIMUM_CUSTOMERS:
        most = min(most, int((touched >= MINIMUM_CUSTOMERS).sum()))
    return np.sort(np.argsort(-touched, kind="stable")[:most])


def thinned(weights: sparse.csr_matrix, most: int) -> sparse.csr_matrix:
    """Return every n-th customer, such that about ``most`` pairs are left."""
    return weights[:: max(1, -(-weights.nnz // most))]


def links(weights: sparse.csr_matrix) -> int:
    """Count the pairs of products, once for each customer who touched both."""
    touched = np.diff(weights.indptr).astype(np.int64)
    return int(touched @ touched)


def linking(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the customers; of more than ``MANY_CUSTOMERS`` those alone who touched several products: others link nothing."""
    several = np.diff(weights.indptr) > 1
    return weights[several] if len(several) > MANY_CUSTOMERS and several.any() else weights


def relative_weights(data: pd.DataFrame, half_life: float | None) -> sparse.csr_matrix:
    """Customers by products as of ``pair_weights``, 1 on average, in single precision."""
    weights = pair_weights(data, half_life)
    weights.data /= weights.data.mean()
    return weights.astype(np.float32)
