"""ALS: customers and products as points, by alternating least squares on confidence-weighted interactions.

Y. Hu, Y. Koren, C. Volinsky, Collaborative filtering for implicit feedback datasets, ICDM 2008; the implementation is
``implicit``. What does not belong here: ranking losses, which LightFM has.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.history import ENOUGH_PAIRS, MostTouched, linking, thinned
from ecom_pipeline.ml.recommend.interactions import Floats, Positions

THREADS = 1


class ALS(MostTouched):
    """Factors learned by ``implicit``.

    Parameters
    ----------
    components, penalty, iterations
        Size of a point, the penalty on squared lengths, passes.
    confidence
        What an interaction of mean weight adds to the confidence of 1 that everything has.
    half_life
        Days after which an interaction weighs half; ``None`` never lets it fade.
    seed
        All randomness comes from it.

    Attributes
    ----------
    customer_points_, item_points_
        What was learned; a score is their product. ``None`` where ALS learned from some of the customers: the point of each
        one then follows from ``solver_`` and the row of ``weights_`` when a list is made.
    """

    name: ClassVar[str] = "als"

    customer_points_: Floats | None
    solver_: Any
    weights_: sparse.csr_matrix
    item_points_: Floats

    def __init__(
        self,
        *,
        components: int = 64,
        penalty: float = 0.05,
        iterations: int = 10,
        confidence: float = 1.0,
        half_life: float | None = None,
        seed: int,
    ) -> None:
        self.components = components
        self.penalty = penalty
        self.iterations = iterations
        self.confidence = confidence
        self.half_life = half_life
        self.seed = seed

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        weights = self._weights(data, self.half_life)
        model = AlternatingLeastSquares(
            factors=self.components,
            regularization=self.penalty,
            iterations=self.iterations,
            alpha=self.confidence,
            num_threads=THREADS,
            random_state=self.seed,
        )
        with threadpool_limits(THREADS, user_api="blas"):
            some = thinned(linking(weights), ENOUGH_PAIRS)
            model.fit(some, show_progress=False)
        self.item_points_ = model.item_factors
        self.customer_points_ = model.user_factors if some.shape[0] == weights.shape[0] else None
        self.solver_, self.weights_ = model, weights

    def _score(self, customers: Positions, products: Positions) -> Floats:
        if self.customer_points_ is None:
            points = self.solver_.recalculate_user(np.arange(len(customers)), self.weights_[customers])
        else:
            points = self.customer_points_[customers]
        return np.asarray(points @ self.item_points_[products].T)
