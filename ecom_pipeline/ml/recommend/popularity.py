"""What sells lately: the yardstick every learned recommender has to beat, and the fallback for customers nobody knows.

Two of them: what everyone likes, and what everyone likes within the categories a customer turns to. Two more, what everyone
chooses for the first time and what the customer's segment likes, are parts of the blend and no yardsticks. An interaction
loses half of its weight every ``half_life`` days. What does not belong here: anything learned from one customer about another.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.features import categories_of
from ecom_pipeline.ml.recommend.interactions import (
    Floats,
    Positions,
    firsts_of_pairs,
    interaction_weights,
    pair_weights,
    product_weights,
)

TRACE = 1e-6


class Popularity(Recommender):
    """Everyone gets the products with the most interactions of late.

    Parameters
    ----------
    half_life
        Days after which an interaction counts half; ``None`` never lets it fade.

    Attributes
    ----------
    scores_
        By product, 1 for the most popular one.
    """

    name: ClassVar[str] = "popularity"
    is_baseline: ClassVar[bool] = True
    handles_cold_customers: ClassVar[bool] = True

    scores_: Floats

    def __init__(self, *, half_life: float | None = 28.0) -> None:
        self.half_life = half_life

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        self.scores_ = _relative(product_weights(data, self.half_life))

    def _score(self, customers: Positions, products: Positions) -> Floats:
        return np.tile(self.scores_[products].astype(np.float32), (len(customers), 1))

    def _shortlist(self, products: Positions, length: int) -> Positions:
        best = np.argsort(-self.scores_[products], kind="stable")[:length]
        return np.sort(products[best])


class FirstChoices(Popularity):
    """Everyone gets what the most customers of late bought for the first time.

    What sells most is mostly bought again; to those who do not have it yet, that says little. Where nobody bought anything,
    every interaction counts.
    """

    name: ClassVar[str] = "first_choices"
    is_baseline: ClassVar[bool] = False

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        bought = data[data["event_type"] == "purchase"]
        chosen = data if bought.empty else bought
        self.scores_ = _relative(product_weights(chosen[firsts_of_pairs(chosen)], self.half_life))


class CategoryPopularity(Recommender):
    """A customer gets the popular products of the categories they turned to, in the proportion they did.

    A trace of popularity at all puts the rest in order.

    Parameters
    ----------
    half_life
        Days after which an interaction counts half; ``None`` never lets it fade.

    Attributes
    ----------
    shares_
        Customers by categories: the share of the customer's weight.
    scores_
        By product, its share of its category's weight.
    trace_
        By product, 1e-6 for the most popular one of all.
    """

    name: ClassVar[str] = "category_popularity"
    is_baseline: ClassVar[bool] = True

    shares_: sparse.csr_matrix
    scores_: Floats
    trace_: Floats
    categories_: Positions

    def __init__(self, *, half_life: float | None = 28.0) -> None:
        self.half_life = half_life

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        codes, names = pd.factorize(categories_of(self.products_, products).fillna("unknown"), sort=True)
        self.categories_ = codes
        members = sparse.csr_matrix(
            (np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=(len(codes), len(names))
        )
        turned_to = (pair_weights(data, None) @ members).tocsr()
        turned_to.data /= np.repeat(np.asarray(turned_to.sum(axis=1)).ravel(), np.diff(turned_to.indptr))
        self.shares_ = turned_to.astype(np.float32)
        popularity = product_weights(data, self.half_life)
        totals = np.bincount(codes, weights=popularity, minlength=len(names))
        self.scores_ = (popularity / np.maximum(totals, np.finfo(np.float64).tiny)[codes]).astype(np.float32)
        self.trace_ = trace(popularity)

    def _score(self, customers: Positions, products: Positions) -> Floats:
        scores: Floats = self.shares_[customers].toarray().take(self.categories_[products], axis=1)
        np.multiply(scores, self.scores_[products], out=scores)
        np.add(scores, self.trace_[products], out=scores)
        return scores


class SegmentPopularity(Recommender):
    """A customer gets what their segment chooses of late, behind it what everyone does.

    Parameters
    ----------
    segments
        By ``customer_id`` as ``cold.segments`` returns them; a customer without one gets what everyone chooses.
    half_life
        Days after which an interaction counts half; ``None`` never lets it fade.
    weight
        How many customers' interactions of all a segment's own ones are mixed with: the smaller the segment, the more it
        follows everyone.

    Attributes
    ----------
    segment_
        By customer the row of ``scores_``.
    scores_
        Segments, and everyone last, by products: the share of the weight.
    """

    name: ClassVar[str] = "segment_popularity"

    segment_: Positions
    scores_: Floats

    def __init__(self, *, segments: pd.Series, half_life: float | None = 28.0, weight: float = 20.0) -> None:
        self.segments = segments
        self.half_life = half_life
        self.weight = weight

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        codes, names = pd.factorize(self.segments.reindex(self.customers_), sort=True)
        self.segment_ = np.where(codes < 0, len(names), codes)
        rows = self.segment_[data["customer_id"].cat.codes.to_numpy()]
        weight = interaction_weights(data, self.half_life)
        columns = data["product_id"].cat.codes.to_numpy()
        shape = (len(names) + 1, len(self.products_))
        own = sparse.csr_matrix((weight, (rows, columns)), shape=shape).toarray()
        everyone = own.sum(axis=0) / own.sum()
        own[-1] = 0.0
        mean = own.sum() / max(int((codes >= 0).sum()), 1) * self.weight
        mixed = own + max(mean, np.finfo(np.float32).tiny) * everyone
        self.scores_ = (mixed / mixed.sum(axis=1, keepdims=True)).astype(np.float32)

    def _score(self, customers: Positions, products: Positions) -> Floats:
        return self.scores_.take(products, axis=1).take(self.segment_[customers], axis=0)


def trace(weights: Floats) -> Floats:
    """What orders products that are equal otherwise: 1e-6 for the one that weighs most."""
    return (TRACE * _relative(weights)).astype(np.float32)


def _relative(weights: Floats) -> Floats:
    scaled: Floats = weights / weights.max()
    return scaled
