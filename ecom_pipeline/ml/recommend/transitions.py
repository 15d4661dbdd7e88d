"""Transitions: what is touched on a customer's next day after which product.

A chain of first order from one active day to the next, shrunk by how common the next product is anyway. What does not belong
here: order within a day, which the shop's tables do not keep.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.history import HistoryModel, most_touched
from ecom_pipeline.ml.recommend.interactions import Floats, Positions


class Transitions(HistoryModel):
    """From each product to those of the customer's next active days, the nearer the more.

    Parameters
    ----------
    steps
        How many active days ahead count; the ``n``-th counts 1/n.
    damping
        Exponent of a product's total by which what leads to it is divided: 0 not at all, 1 fully.
    recency
        As in ``EASE``.
    """

    name: ClassVar[str] = "transitions"

    def __init__(self, *, steps: int = 1, damping: float = 0.5, recency: float | None = 28.0) -> None:
        self.steps = steps
        self.damping = damping
        self.recency = recency

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        kept = most_touched(data)
        self.products_ = self.products_[kept]
        self.history_ = self._history(data)
        days, customers = _by_day(data, kept)
        following: sparse.csr_matrix = sparse.csr_matrix((len(kept), len(kept)), dtype=np.float32)
        for step in range(1, min(self.steps, days.shape[0] - 1) + 1):
            same = np.flatnonzero(customers[step:] == customers[:-step])
            following = following + (days[same].T @ days[same + step]) / np.float32(step)
        totals: Floats = np.asarray(days.sum(axis=0)).ravel() + 1.0
        left, right = sparse.diags(1.0 / totals**0.5), sparse.diags(1.0 / totals**self.damping)
        self.weights_ = (left @ following @ right).tocsr().astype(np.float32)


def _by_day(data: pd.DataFrame, kept: Positions) -> tuple[sparse.csr_matrix, Positions]:
    """Active days (by customer, then date) by kept products, and whose day each is."""
    customers = data["customer_id"].cat.codes.to_numpy()
    numbers = data.groupby(["customer_id", "interaction_date"], observed=True, sort=True).ngroup().to_numpy()
    codes = data["product_id"].cat.codes.to_numpy()
    shape = (int(numbers.max()) + 1, len(data["product_id"].cat.categories))
    days = sparse.csr_matrix((np.ones(len(data), dtype=np.float32), (numbers, codes)), shape=shape)
    days.data[:] = 1.0
    owner = np.empty(shape[0], dtype=np.int64)
    owner[numbers] = customers
    return days[:, kept], owner
