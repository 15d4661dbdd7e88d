"""Whose choice may be among a blend's first products, told from a sample of the products.

Where each customer chose one product, seven of eight chose none of the first hundred of a large catalogue, and tell a ranker
nothing. To know that, their lists need not be made: how many products of a sample are ahead of the chosen one says how far
behind it is. What does not belong here: what is learned from those who are left.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ecom_pipeline.ml.recommend.blend import Blend
from ecom_pipeline.ml.recommend.interactions import Positions
from ecom_pipeline.ml.recommend.ranking import blocks

EVERY = 16
"""One of so many products is in the sample."""
MARGIN = 2
"""Times as far behind as asked for still counts as perhaps: what a sample tells is a little off."""
CHOICES = 2
"""Of customers who chose more on average most are among the first products anyway."""


def promising(blend: Blend, customers: Positions, wanted: sparse.csr_matrix, *, depth: int) -> Positions:
    """Return places of the customers of whom one choice may be among the first ``depth`` products.

    Parameters
    ----------
    customers
        Positions in ``blend.customers_``.
    wanted
        These customers by the blend's products: true for what each chose.
    """
    if wanted.nnz > CHOICES * len(customers):
        return np.arange(len(customers))
    sample = np.arange(0, len(blend.products_), EVERY)
    kept = []
    for block in blocks(len(customers), 2 * len(sample) * len(blend.parts_)):  # what they chose is about as much again
        columns = np.union1d(sample, wanted[block].indices)
        scores = blend._score(customers[block], columns)
        best = np.where(wanted[block][:, columns].toarray(), scores, -np.inf).max(axis=1, keepdims=True)
        ahead = (scores[:, np.isin(columns, sample)] > best).sum(axis=1)
        kept.append(block.start + np.flatnonzero(ahead * EVERY <= MARGIN * depth))
    return np.concatenate(kept) if kept else customers
