"""The blend: a weighted sum of its parts' standardised scores, and what its weights are learned from.

A part's scores of one customer are brought to mean 0 and deviation 1 over the products, so that a weight says how
much a part counts whatever its scale; what a customer bought often may count against a product. What does not belong here:
choosing the parts, their parameters (``tuning``) or their weights (``weighing``).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.again import habits
from ecom_pipeline.ml.recommend.base import Recommender, cells
from ecom_pipeline.ml.recommend.evaluate import Target, Window
from ecom_pipeline.ml.recommend.history import most_touched
from ecom_pipeline.ml.recommend.interactions import Floats, Mask, Positions
from ecom_pipeline.ml.recommend.metrics import ndcg
from ecom_pipeline.ml.recommend.ranking import blocks, position, top_k

STAPLE_DAYS = 3
"""Days on which a customer touches what they keep coming back to."""
LENGTH = 10
"""Weights are learned for the first that many places."""
DEPTH = 30
"""Products of each part that a customer's list may be made from while weights are learned; 60 gave the same weights."""


class Remembered:
    """What parts gave the customers and products that were asked for last: the shelves of a customer rest on the same scores."""

    def __init__(self) -> None:
        self._asked: tuple[pd.Index, pd.Index] = pd.Index([]), pd.Index([])
        self._scores: dict[str, Floats] = {}

    def standardised(self, part: Recommender, customers: pd.Index, products: pd.Index) -> Floats:
        """Do as ``standardised``; the array is not the caller's to change."""
        if not all(before.equals(now) for before, now in zip(self._asked, (customers, products), strict=True)):
            self._asked, self._scores = (customers, products), {}
        if part.name not in self._scores:
            self._scores[part.name] = standardised(part, customers, products)
        return self._scores[part.name]


class Blend(Recommender):
    """A weighted sum of other recommenders.

    Parameters
    ----------
    parts
        ``fit`` fits copies of those that weigh something.
    weights
        By the parts' names; the missing weigh nothing.

    Attributes
    ----------
    parts_
        What was fitted.
    remembered_
        What they gave last, where several blends share it.
    """

    name: ClassVar[str] = "blend"

    parts_: Sequence[Recommender]
    remembered_: Remembered | None = None

    def __init__(self, *, parts: Sequence[Recommender], weights: Mapping[str, float]) -> None:
        self.parts = parts
        self.weights = weights

    @classmethod
    def of(
        cls,
        fitted: Sequence[Recommender],
        weights: Mapping[str, float],
        train: pd.DataFrame,
        remembered: Remembered | None = None,
    ) -> Self:
        """Blend parts that were fitted on ``train`` already; blends of the same ones may share what is remembered."""
        blend = cls(parts=fitted, weights=weights)
        blend.customers_ = pd.Index(train["customer_id"].cat.categories.to_numpy())
        blend.products_ = offered(train)
        blend.parts_, blend.remembered_ = weighty(fitted, weights), remembered
        return blend

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        self.products_ = offered(data)
        self.parts_ = [copy.copy(part).fit_checked(data, products) for part in weighty(self.parts, self.weights)]

    def _score(self, customers: Positions, products: Positions) -> Floats:
        total = np.zeros((len(customers), len(products)), dtype=np.float32)
        for part, scores in self.scored(customers, products):
            total += np.float32(self.weights[part.name]) * scores
        return total

    def scored(self, customers: Positions, products: Positions) -> Iterator[tuple[Recommender, Floats]]:
        """Give each part with its standardised scores, which are not the caller's to change."""
        asked = self.customers_[customers], self.products_[products]
        ask = standardised if self.remembered_ is None else self.remembered_.standardised
        for part in self.parts_:
            yield part, ask(part, *asked)


def weighty(parts: Sequence[Recommender], weights: Mapping[str, float], *, above: float = 0.0) -> list[Recommender]:
    """Return the parts that weigh more than that, for a product or against it."""
    return [part for part in parts if abs(weights.get(part.name, 0.0)) > above]


def offered(train: pd.DataFrame) -> pd.Index:
    """Return the products that the most customers touched, and those that a customer keeps coming back to."""
    ids = pd.Index(train["product_id"].cat.categories.to_numpy())
    found = habits(train)
    staples = found.loc[found["times"] >= STAPLE_DAYS, "product_id"].cat.codes
    return ids[np.union1d(most_touched(train), staples)]


def standardised(part: Recommender, customers: pd.Index, products: pd.Index) -> Floats:
    """Score customers by products: mean 0 and deviation 1 per customer.

    A product that the part does not know has the customer's lowest score; a customer it does not know has 0 everywhere.
    """
    rows, columns = part.customers_.get_indexer(customers), part.products_.get_indexer(products)
    asked = rows >= 0 if not part.handles_cold_customers else np.ones(len(rows), dtype=bool)
    known = columns >= 0
    if not asked.any() or not known.any():
        return np.zeros((len(rows), len(columns)), dtype=np.float32)
    scores: Floats = part._score(rows[asked], columns[known]).astype(np.float32, copy=False)
    if not known.all():
        lowest = scores.min(axis=1, keepdims=True)
        places = np.where(known, np.cumsum(known) - 1, scores.shape[1])
        scores = np.concatenate([scores, lowest], axis=1).take(places, axis=1)
    _standardise(scores)
    if asked.all():
        return scores
    whole = np.zeros((len(rows), len(columns)), dtype=np.float32)
    whole[asked] = scores
    return whole


def _standardise(scores: Floats) -> None:
    scores -= scores.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.einsum("ij,ij->i", scores, scores) / scores.shape[1])
    scores /= np.where(deviation > 0, deviation, 1.0)[:, None].astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """What a window's lists can be made from: each part's first products of each customer.

    Attributes
    ----------
    customers
        Who chose something.
    scores
        By part: customers by candidates, standardised.
    listed
        Whether the place holds a candidate.
    hit
        Whether it was chosen.
    chosen
        How many products each customer chose.
    """

    customers: pd.Index
    scores: Mapping[str, Floats]
    listed: Mask
    hit: Mask
    chosen: Positions

    def of(self, rows: Positions) -> Self:
        """Return those of some customers, by place."""
        scores = {name: values[rows] for name, values in self.scores.items()}
        return replace(
            self,
            customers=self.customers[rows],
            scores=scores,
            listed=self.listed[rows],
            hit=self.hit[rows],
            chosen=self.chosen[rows],
        )

    @cached_property
    def _hits(self) -> tuple[Positions, Positions]:
        """Row and column of each candidate that was chosen."""
        rows, columns = np.divmod(np.flatnonzero(self.hit), self.hit.shape[1])
        return rows, columns

    def ndcg(self, total: Floats) -> Floats:
        """NDCG of each customer's best candidates by a score; of equal ones the first is ahead.

        Ranks of those that were chosen say all: no list is put in order.
        """
        scores = np.where(self.listed, total, -np.inf)
        best = np.sort(scores, axis=1)[:, -LENGTH - 1 :]
        rows, columns = self._hits
        among = scores[rows, columns] >= best[rows, 0]
        rows, columns = rows[among], columns[among]
        own = scores[rows, columns][:, None]
        ahead = np.count_nonzero(best[rows] > own, axis=1)
        tied = np.flatnonzero(np.count_nonzero(best[rows] == own, axis=1) > 1)
        before = np.arange(scores.shape[1]) < columns[tied, None]
        ahead[tied] += np.count_nonzero((scores[rows[tied]] == own[tied]) & before, axis=1)
        seen = ahead < LENGTH
        hits = np.zeros((len(self.customers), LENGTH), dtype=bool)
        hits[rows[seen], ahead[seen]] = True
        return ndcg(hits, self.chosen, LENGTH)


def candidates(
    parts: Mapping[Target, Sequence[Recommender]], windows: Mapping[Target, Window], *, depth: int = DEPTH
) -> dict[Target, Candidates]:
    """Collect the candidates of each target.

    The windows share the ``train`` that all parts were fitted on, so that a customer of several targets is scored once.
    """
    every = list({part.name: part for of_target in parts.values() for part in of_target}.values())
    train = next(iter(windows.values())).train
    everyone = pd.Index(np.unique(np.concatenate([window.customers for window in windows.values()])))
    catalogue = offered(train)
    cells_of = {
        target: tuple(cells(everyone, catalogue, pairs) for pairs in (window.owned, window.truth))
        for target, window in windows.items()
    }
    asked = {target: everyone.isin(window.customers) for target, window in windows.items()}
    blocked: dict[Target, list[Mapping[str, npt.NDArray[Any]]]] = {target: [] for target in windows}
    for block in blocks(len(everyone), len(catalogue) * len(every)):
        scored = {part.name: standardised(part, everyone[block], catalogue) for part in every}
        for target, (hidden, wanted) in cells_of.items():
            some = asked[target][block]
            rows = slice(None) if some.all() else np.flatnonzero(some)
            own = {part.name: scored[part.name][rows] for part in parts[target]}
            blocked[target].append(_picked(own, hidden[block][rows], wanted[block][rows], depth))
    return {target: _collected(window, blocked[target]) for target, window in windows.items()}


def _collected(window: Window, blocked: Sequence[Mapping[str, npt.NDArray[Any]]]) -> Candidates:
    counts = window.truth["customer_id"].astype(object).value_counts().reindex(window.customers)
    return Candidates(
        customers=window.customers,
        listed=_stacked(blocked, "_listed"),
        hit=_stacked(blocked, "_hit"),
        scores={name: _stacked(blocked, name) for name in blocked[0] if not name.startswith("_")},
        chosen=counts.to_numpy(),
    )


def _picked(
    scored: Mapping[str, Floats], hidden: sparse.csr_matrix, wanted: sparse.csr_matrix, depth: int
) -> dict[str, npt.NDArray[Any]]:
    """Arrays of customers by candidates; the scores of a part under its name, the rest under names with an underscore."""
    away = hidden.toarray()
    picked = np.zeros(away.shape, dtype=bool)
    for scores in scored.values():
        np.put_along_axis(picked, top_k(np.where(away, -np.inf, scores), depth)[0], True, axis=1)
    rows, columns = np.nonzero(picked & ~away)
    places = position(rows)
    products = np.zeros((len(away), int(places.max(initial=-1)) + 1), dtype=np.int64)
    listed = np.zeros(products.shape, dtype=bool)
    products[rows, places], listed[rows, places] = columns, True
    hit = np.take_along_axis(wanted.toarray(), products, axis=1) & listed
    found = {name: np.take_along_axis(scores, products, axis=1) for name, scores in scored.items()}
    return {"_listed": listed, "_hit": hit, **found}


def _stacked(blocked: Sequence[Mapping[str, npt.NDArray[Any]]], name: str) -> npt.NDArray[Any]:
    width = max(each[name].shape[1] for each in blocked)
    return np.concatenate([np.pad(each[name], ((0, 0), (0, width - each[name].shape[1]))) for each in blocked])
