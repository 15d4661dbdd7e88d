"""What a customer buys again and again, the more and the more lately the higher.

What does not belong here: when the next purchase of a product is due.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.interactions import Floats, Positions, decay, product_weights
from ecom_pipeline.ml.recommend.popularity import trace


class Frequency(Recommender):
    """The days on which a customer bought a product, fading; a trace of popularity orders the rest.

    Where nobody bought anything, every interaction counts.

    Parameters
    ----------
    half_life
        Days after which a day counts half; ``None`` never lets it fade.

    Attributes
    ----------
    counts_
        Customers by products.
    trace_
        By product, 1e-6 for the most popular one of all.
    """

    name: ClassVar[str] = "frequency"

    counts_: sparse.csr_matrix
    trace_: Floats

    def __init__(self, *, half_life: float | None = 90.0) -> None:
        self.half_life = half_life

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        self.trace_ = trace(product_weights(data, self.half_life))
        left = decay(data, self.half_life)
        bought = (data["event_type"] == "purchase").to_numpy()
        counted = bought if bought.any() else np.ones(len(data), dtype=bool)
        rows, columns = data["customer_id"].cat.codes.to_numpy(), data["product_id"].cat.codes.to_numpy()
        self.counts_ = sparse.csr_matrix(
            (left[counted].astype(np.float32), (rows[counted], columns[counted])),
            shape=(len(self.customers_), len(self.products_)),
        )

    def _score(self, customers: Positions, products: Positions) -> Floats:
        every = len(products) == len(self.products_)
        counts = self.counts_[customers]
        scores: Floats = (counts if every else counts[:, products]).toarray()
        scores += self.trace_[products]
        return scores
