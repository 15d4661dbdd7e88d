"""The interface of every recommender: ``fit`` on interactions, ``recommend`` lists for customers.

Constructors take keywords and only store them; what ``fit`` learns ends in ``_``. A recommender scores; leaving out what a
customer is not to be offered, ranking and the shape of the result are the same for all and live here. What was learned is
saved and loaded with ``pickle``. What does not belong here: any particular recommender, and fallbacks from one to another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.interactions import Floats, Positions, checked, used
from ecom_pipeline.ml.recommend.ranking import blocks, top_k, top_k_of

LIST_COLUMNS = ("customer_id", "rank", "product_id", "score", "source")


class Recommender(ABC):
    """One way to score every product for a customer.

    Attributes
    ----------
    name
        What the recommender is called in every table; the ``source`` of its lists.
    is_baseline
        Whether it is a yardstick rather than a contender.
    handles_cold_customers
        Whether a customer without interactions gets a list; otherwise the list is empty.
    handles_cold_products
        Whether a product without interactions can be recommended.
    customers_, products_
        The customers it learned, and the products it can score.
    """

    name: ClassVar[str]
    is_baseline: ClassVar[bool] = False
    handles_cold_customers: ClassVar[bool] = False
    handles_cold_products: ClassVar[bool] = False

    customers_: pd.Index
    products_: pd.Index

    def fit(self, interactions: pd.DataFrame, products: pd.DataFrame | None = None) -> Self:
        """Learn from what customers did.

        Parameters
        ----------
        interactions
            ``customer_id, product_id, interaction_date, event_type, interactions``.
        products
            ``product_id`` with, where known, ``category, brand, price_band``.

        Raises
        ------
        ValueError
            There are no interactions, or one is not as expected.
        """
        return self.fit_checked(checked(interactions), products)

    def parameters(self) -> dict[str, Any]:
        """Return the numbers and words that the constructor stored, without the seed."""
        stored = {name: value for name, value in vars(self).items() if not name.endswith("_") and name != "seed"}
        return {name: value for name, value in stored.items() if value is None or isinstance(value, float | int | str)}

    def fit_checked(self, interactions: pd.DataFrame, products: pd.DataFrame | None = None) -> Self:
        """Do as ``fit``, for interactions that ``interactions.checked`` returned: checking a million rows takes a second."""
        data = used(interactions)
        if data.empty:
            raise ValueError("interactions: no rows; a recommender needs at least one")
        self.customers_, self.products_ = (data[name].cat.categories for name in ("customer_id", "product_id"))
        self._learn(data, products)
        return self

    def recommend(
        self,
        customer_ids: Sequence[str],
        k: int,
        *,
        exclude: pd.DataFrame | None = None,
        among: pd.DataFrame | None = None,
        candidates: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """List the ``k`` best products of each customer.

        Parameters
        ----------
        customer_ids
            For whom, each once; the result keeps their order.
        k
            Length of a list; it is shorter where fewer products are left.
        exclude
            ``customer_id, product_id`` not to be offered.
        among
            ``customer_id, product_id``: the only ones to be offered; every pair by default.
        candidates
            The only products to offer; every product the recommender can score by default.

        Returns
        -------
        pandas.DataFrame
            ``customer_id, rank, product_id, score, source``; 1 is the best rank.
        """
        if k < 1:
            raise ValueError(f"k: {k}; expected at least 1")
        asked = pd.Index(customer_ids)
        if not asked.is_unique:
            raise ValueError(f"customer_ids: {asked[asked.duplicated()][0]!r} is asked for twice")
        if not self.handles_cold_customers:
            asked = asked[self.customers_.get_indexer(asked) >= 0]
        excluded = cells(asked, self.products_, exclude)
        only = None if among is None else cells(asked, self.products_, among)
        columns: Positions = np.arange(len(self.products_))
        if candidates is not None:
            columns = columns[self.products_.isin(pd.Index(candidates))]
        most = int(np.diff(excluded.indptr).max(initial=0))
        if only is None:
            columns = self._shortlist(columns, k + most)
        return self._lists(asked, columns, excluded, only, k)

    @abstractmethod
    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        """Learn from checked interactions whose categories are ``customers_`` and ``products_``."""

    @abstractmethod
    def _score(self, customers: Positions, products: Positions) -> Floats:
        """Score customers (positions in ``customers_``, -1 for a cold one) by products (positions in ``products_``).

        A product that must not be listed scores minus infinity. The array is the caller's to change.
        """

    def _offer(
        self,
        customers: Positions,
        products: Positions,
        hidden: sparse.csr_matrix,
        only: sparse.csr_matrix | None,
    ) -> Floats:
        """Score as ``_score``; minus infinity for what is hidden, and nothing but ``only`` is listed; both customers by products."""
        return masked(self._score(customers, products), hidden)

    def _shortlist(self, products: Positions, length: int) -> Positions:
        """Return the products that can be among anybody's ``length`` best; all of them unless everyone scores alike."""
        return products

    def _lists(
        self,
        asked: pd.Index,
        columns: Positions,
        excluded: sparse.csr_matrix,
        only: sparse.csr_matrix | None,
        k: int,
    ) -> pd.DataFrame:
        positions = self.customers_.get_indexer(asked)
        excluded = excluded[:, columns]
        only = None if only is None else only[:, columns]
        best, values = [], []
        for block in blocks(len(asked), len(columns)):
            wanted = None if only is None else only[block]
            scores = self._offer(positions[block], columns, excluded[block], wanted)
            chosen, score = top_k(scores, k) if wanted is None else top_k_of(scores, wanted, k)
            best.append(columns[chosen])
            values.append(score)
        length = min(k, len(columns))
        chosen = np.concatenate(best) if best else np.empty((0, length), dtype=np.int64)
        score = np.concatenate(values) if values else np.empty((0, length))
        listed = np.isfinite(score).ravel()
        rows = np.repeat(np.arange(len(asked)), length)[listed]
        ranks = np.tile(np.arange(1, length + 1), len(asked))[listed]
        return pd.DataFrame(
            {
                "customer_id": asked.to_numpy()[rows],
                "rank": ranks.astype(np.int64),
                "product_id": self.products_.to_numpy()[chosen.ravel()[listed]],
                "score": score.ravel()[listed].astype(np.float64),
                "source": np.full(len(rows), self.name, dtype=object),
            }
        )


def masked(scores: Floats, hidden: sparse.csr_matrix) -> Floats:
    """Return the scores, changed in place: minus infinity for what is hidden."""
    scores[np.repeat(np.arange(scores.shape[0]), np.diff(hidden.indptr)), hidden.indices] = -np.inf
    return scores


def cells(customers: pd.Index, products: pd.Index, pairs: pd.DataFrame | None) -> sparse.csr_matrix:
    """Customers by products: true for the ``customer_id, product_id`` of the frame, as far as they are among them."""
    shape = (len(customers), len(products))
    if pairs is None:
        return sparse.csr_matrix(shape, dtype=bool)
    rows = customers.get_indexer(pd.Index(pairs["customer_id"].astype(object)))
    columns = products.get_indexer(pd.Index(pairs["product_id"].astype(object)))
    known = (rows >= 0) & (columns >= 0)
    ones = np.ones(int(known.sum()), dtype=bool)
    return sparse.csr_matrix((ones, (rows[known], columns[known])), shape=shape)
