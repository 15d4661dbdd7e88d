"""Recommenders whose score is linear in what a customer did: history times a matrix of products by products.

What does not belong here: how any of them learns that matrix.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.interactions import Floats, Positions, pair_weights

MANY_PRODUCTS = 20_000
MINIMUM_CUSTOMERS = 5


class HistoryModel(Recommender):
    """A customer's weighted history, times how much each product speaks for each other one.

    Attributes
    ----------
    history_
        Customers by products: how much the customer's interactions count when a list is made.
    weights_
        Products by products, dense or sparse: row speaks for column.
    """

    history_: sparse.csr_matrix
    weights_: Floats | sparse.csr_matrix

    def _score(self, customers: Positions, products: Positions) -> Floats:
        every = len(products) == len(self.products_)
        scores = self.history_[customers] @ (self.weights_ if every else self.weights_[:, products])
        return scores.toarray() if sparse.issparse(scores) else np.asarray(scores)


def most_touched(data: pd.DataFrame, most: int) -> Positions:
    """Positions of the ``most`` products that the most customers touched, ascending.

    Of more than ``MANY_PRODUCTS`` those that fewer than ``MINIMUM_CUSTOMERS`` touched are left out: the long tail costs time
    and gains nothing.
    """
    codes = data[["customer_id", "product_id"]].drop_duplicates()["product_id"].cat.codes.to_numpy()
    touched = np.bincount(codes, minlength=len(data["product_id"].cat.categories))
    if len(touched) > MANY_PRODUCTS and touched.max() >= MINIMUM_CUSTOMERS:
        most = min(most, int((touched >= MINIMUM_CUSTOMERS).sum()))
    return np.sort(np.argsort(-touched, kind="stable")[:most])


def relative_weights(data: pd.DataFrame, half_life: float | None) -> sparse.csr_matrix:
    """Customers by products as of ``pair_weights``, 1 on average, in single precision."""
    weights = pair_weights(data, half_life)
    weights.data /= weights.data.mean()
    return weights.astype(np.float32)
