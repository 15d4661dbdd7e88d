"""GF-CF: a low-pass filter over the graph of customers and products, in closed form.

Y. Shen et al., How powerful is graph convolution for recommendation?, CIKM 2021. The filter is what the normalised history
says through one step of the graph, plus its projection on the leading singular vectors. The paper divides by the root of
what a customer and a product weigh; with smaller exponents, as in S. Peng et al., How powerful is graph filtering for
recommendation?, KDD 2024, those who chose much and what many chose count more. It needs no inverse, so that it suits the
catalogues EASE cannot learn. What does not belong here: learned graph convolutions.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.history import ENOUGH_PAIRS, LINKS, HistoryModel, linking, links, thinned
from ecom_pipeline.ml.recommend.interactions import Floats, Positions

POWER_ITERATIONS = 4
"""Of the randomised decomposition: seven, as scikit-learn has it, cost half as much again and say hardly more."""
DENSE = 0.1
"""Share of non-zeros above which a product of matrices is faster with the first of them dense."""


class GraphFilter(HistoryModel):
    """One step of the graph and the ideal low-pass filter.

    Parameters
    ----------
    components
        Leading singular vectors kept.
    ideal
        Weight of the ideal filter beside the step.
    customer_exponent, product_exponent
        A weight is divided by these powers of its customer's and its product's total.
    half_life, recency
        As in ``EASE``.
    seed
        All randomness comes from it.

    Attributes
    ----------
    history_
        Customers by products.
    normalised_
        Customers that were learned from by products, each weight over the powers of its customer's and its product's total,
        the largest singular value 1. One step of the graph is the history times its transpose times itself.
    step_
        Products by products: that transpose times itself, whose cost per list does not grow with the customers. ``None``
        where customers touched so much that it would be too large.
    inward_, outward_
        Products by components: into the space of the singular vectors, and back.
    """

    name: ClassVar[str] = "graph_filter"

    normalised_: sparse.csr_matrix
    step_: sparse.csr_matrix | None
    inward_: Floats
    outward_: Floats

    def __init__(
        self,
        *,
        components: int = 512,
        ideal: float = 0.3,
        customer_exponent: float = 0.5,
        product_exponent: float = 0.5,
        half_life: float | None = None,
        recency: float | None = None,
        seed: int,
    ) -> None:
        self.components = components
        self.ideal = ideal
        self.customer_exponent = customer_exponent
        self.product_exponent = product_exponent
        self.half_life = half_life
        self.recency = recency
        self.seed = seed

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        from sklearn.utils.extmath import randomized_svd

        weights = thinned(linking(self._weights(data, self.half_life)), ENOUGH_PAIRS)
        of_customers, of_products = (np.asarray(weights.sum(axis=axis)).ravel() for axis in (1, 0))
        of_customers[of_customers == 0], of_products[of_products == 0] = 1.0, 1.0
        root = of_products**self.product_exponent
        left, right = sparse.diags(1.0 / of_customers**self.customer_exponent), sparse.diags(1.0 / root)
        normalised = (left @ weights @ right).tocsr().astype(np.float32)
        components = min(self.components, *weights.shape)
        _, lengths, vectors = randomized_svd(
            normalised, n_components=components, n_iter=POWER_ITERATIONS, random_state=self.seed
        )
        self.inward_ = np.ascontiguousarray(vectors.T / root[:, None], dtype=np.float32)
        self.outward_ = np.ascontiguousarray(vectors.T * root[:, None], dtype=np.float32)
        self.normalised_ = normalised * np.float32(1.0 / lengths[0])
        few = links(normalised) <= LINKS
        self.step_ = (self.normalised_.T.tocsr() @ self.normalised_).tocsr() if few else None
        self.history_ = self._history(data)

    def _score(self, customers: Positions, products: Positions) -> Floats:
        history = self.history_[customers]
        every = len(products) == len(self.products_)
        onward = self.normalised_ if self.step_ is None else self.step_
        onward = onward if every else onward[:, products]
        alike = history if self.step_ is not None else history @ self.normalised_.T
        if alike.nnz > DENSE * alike.shape[0] * alike.shape[1]:
            scores: Floats = np.ascontiguousarray(alike.toarray() @ onward)
        else:
            scores = (alike @ onward).toarray()
        scores += np.float32(self.ideal) * ((history @ self.inward_) @ self.outward_[products].T)
        return scores
