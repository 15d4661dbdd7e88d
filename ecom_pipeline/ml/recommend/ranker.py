"""The ranker: boosted trees that put the blend's first products in a better order, by what the blend cannot add up.

They see the standardised scores of the parts that weigh much, and the recent past: how a product sells this
week against this month and the two months before, how long it has been there, when the customer last bought it and how
often. Trees of scikit-learn's ``HistGradientBoostingClassifier``, learned from which of the first products were then
chosen. What does not belong here: whether the ranker is used, which the contest decides on days it did not learn from.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.base import Recommender, cells, masked
from ecom_pipeline.ml.recommend.blend import LENGTH, Blend, weighty
from ecom_pipeline.ml.recommend.evaluate import Window
from ecom_pipeline.ml.recommend.interactions import Floats, Mask, Positions
from ecom_pipeline.ml.recommend.metrics import ndcg
from ecom_pipeline.ml.recommend.ranking import blocks, top_k, top_k_of
from ecom_pipeline.ml.recommend.screening import promising

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

DEPTH = 100
"""Products of the blend that are put in order; the others follow in the order of the blend."""
SHARE = 0.4
"""Share of the products not chosen that the trees learn from; of the chosen they learn from all."""
SPANS = (7, 28, 56)
"""Days over which sales are counted."""
HELD = 0.5
"""What the blend's scores weigh beside those of the trees, both of deviation 1 over the first products: alone, trees follow
the luck of the few windows they learned from too far."""
AGE = 120
"""Days after which a product is no longer new."""
NEVER = 1e4
"""Days since the last purchase of what the customer never bought."""
BEHIND = 1e3
"""What the scores of the blend's other products are lowered by."""
MINOR = 0.2
"""Parts that weigh no more than that share of the heaviest are nothing trees look at, so that none of their like is learned for it."""


class Ranker(Recommender):
    """The blend's first products in the order of boosted trees.

    Parameters
    ----------
    blend
        ``fit`` fits a copy of it.
    trees
        Learned by ``learn_trees``.

    Attributes
    ----------
    blend_
        The fitted blend.
    past_
        What else is known on the last day.
    """

    name: ClassVar[str] = "ranker"

    blend_: Blend
    past_: Past

    def __init__(self, *, blend: Blend, trees: HistGradientBoostingClassifier) -> None:
        self.blend = blend
        self.trees = trees

    @classmethod
    def of(cls, fitted: Blend, trees: HistGradientBoostingClassifier, train: pd.DataFrame) -> Self:
        """Rank for a blend that was fitted on ``train`` already."""
        ranker = cls(blend=fitted, trees=trees)
        ranker._take(fitted, train)
        return ranker

    def _learn(self, data: pd.DataFrame, products: pd.DataFrame | None) -> None:
        self._take(copy.copy(self.blend).fit_checked(data, products), data)

    def _take(self, fitted: Blend, train: pd.DataFrame) -> None:
        self.blend_ = fitted
        self.customers_, self.products_ = fitted.customers_, fitted.products_
        self.past_ = Past(train, self.products_)

    def _score(self, customers: Positions, products: Positions) -> Floats:
        nothing = sparse.csr_matrix((len(customers), len(products)), dtype=bool)
        return self._offer(customers, products, nothing, None)

    def _offer(
        self,
        customers: Positions,
        products: Positions,
        hidden: sparse.csr_matrix,
        only: sparse.csr_matrix | None,
    ) -> Floats:
        if not len(products):
            return np.empty((len(customers), 0), dtype=np.float32)
        total, first, blended, shown = _first(self.blend_, customers, products, hidden, only)
        ranked = _ranked(self.trees, _features(self.past_, customers, products[first], shown), blended)
        total -= np.float32(BEHIND)
        rows, places = np.nonzero(np.isfinite(blended))
        total[rows, first[rows, places]] = ranked[rows, places]
        return total


@dataclass(frozen=True, kw_only=True)
class Firsts:
    """The blend's first products of those of a window's customers who chose one of them: the others tell no order from another.

    Attributes
    ----------
    places
        The position of each of them among the window's customers.
    everyone
        How many customers the window has.
    features
        Customers by places by features.
    blended
        The blend's scores, customers by places, falling; minus infinity where there was no product left.
    hit
        Whether it was chosen.
    chosen
        How many products each customer chose.
    """

    places: Positions
    everyone: int
    features: Floats
    blended: Floats
    hit: Mask
    chosen: Positions

    def examples(self, *, seed: int) -> tuple[Floats, Mask]:
        """Features and outcome of the products, of those not chosen a share."""
        drawn = np.random.default_rng(seed).random(self.hit.shape) < SHARE
        kept = np.isfinite(self.blended) & (self.hit | drawn)
        return self.features[kept], self.hit[kept]

    def ndcg(self, trees: HistGradientBoostingClassifier | None) -> Floats:
        """NDCG@10 of each of the window's customers in the order of the trees, without them in that of the blend."""
        found = np.zeros(self.everyone)
        if not len(self.places):
            return found
        scores = self.blended if trees is None else _ranked(trees, self.features, self.blended)
        positions, best = top_k(scores, LENGTH)
        hits = np.take_along_axis(self.hit, positions, axis=1) & np.isfinite(best)
        found[self.places] = ndcg(np.pad(hits, ((0, 0), (0, LENGTH - hits.shape[1]))), self.chosen, LENGTH)
        return found


def told(parts: Sequence[Recommender], weights: Mapping[str, float]) -> list[Recommender]:
    """Return the parts whose scores are features."""
    return weighty(parts, weights, above=MINOR * max(abs(each) for each in weights.values()))


def _ranked(trees: HistGradientBoostingClassifier, features: Floats, blended: Floats) -> Floats:
    """Scores of the first products, customers by places; minus infinity where there is none."""
    listed, scores = np.isfinite(blended), np.zeros(blended.shape)
    if listed.any():
        scores[listed] = trees.decision_function(features[listed])
    ranked = _relative(scores, listed) + HELD * _relative(blended, listed)
    return np.where(listed, ranked, -np.inf).astype(np.float32)


def _relative(scores: Floats, listed: Mask) -> Floats:
    """Mean 0 and deviation 1 of the listed scores of each row; 0 for the others."""
    count = np.maximum(listed.sum(axis=1, keepdims=True), 1)
    level = np.where(listed, scores, 0.0).sum(axis=1, keepdims=True) / count
    away = np.where(listed, scores, level) - level
    deviation = np.sqrt(np.square(away).sum(axis=1, keepdims=True) / count)
    relative: Floats = away / np.where(deviation > 0, deviation, 1.0)
    return relative


class Past:
    """What is known on the last day of ``train`` besides the parts' scores.

    Parameters
    ----------
    train
        Checked interactions.
    products
        The products to be ranked.
    """

    def __init__(self, train: pd.DataFrame, products: pd.Index) -> None:
        columns = products.get_indexer(pd.Index(train["product_id"].cat.categories.to_numpy()))
        columns = columns[train["product_id"].cat.codes.to_numpy()]
        here = columns >= 0
        rows, columns = train["customer_id"].cat.codes.to_numpy()[here], columns[here]
        age = (train["interaction_date"].max() - train["interaction_date"]).dt.days.to_numpy()[here]
        sold = [np.bincount(columns[age < span], minlength=len(products)) for span in SPANS]
        levels = [np.log((count + 1) / (count.mean() + 1)) for count in sold]
        first = np.zeros(len(products))
        np.maximum.at(first, columns, age)
        self.of_product = np.stack(
            [*levels, levels[0] - levels[1], levels[1] - levels[2], np.minimum(first, AGE)], axis=1
        ).astype(np.float32)
        shape = (len(train["customer_id"].cat.categories), len(products))
        self.times = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
        nearest = pd.Series(age).groupby([rows, columns]).min()
        pairs = nearest.index.to_frame().to_numpy().T
        self.since = sparse.csr_matrix((nearest.to_numpy(dtype=np.float32) + 1, tuple(pairs)), shape=shape)
        variety = np.diff(self.times.indptr)
        last = np.full(shape[0], AGE, dtype=np.float32)
        np.minimum.at(last, rows, age.astype(np.float32))
        self.of_customer = np.stack([np.log1p(variety), last], axis=1).astype(np.float32)

    def features(self, customers: Positions, products: Positions) -> Floats:
        """Features of pairs: the product's, the customer's, and when and how often the one bought the other."""
        if not len(customers):
            return np.empty((0, self.of_product.shape[1] + self.of_customer.shape[1] + 2), dtype=np.float32)
        since, times = (np.asarray(each[customers, products]).ravel() for each in (self.since, self.times))
        since = np.where(since > 0, since, NEVER)
        return np.column_stack([self.of_product[products], self.of_customer[customers], since, times])


def learn_trees(seen: Sequence[Firsts], *, seed: int) -> HistGradientBoostingClassifier:
    """Learn from what was chosen in windows of the first products of blends fitted before them."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    features, hits = (np.concatenate(part) for part in zip(*(each.examples(seed=seed) for each in seen), strict=True))
    trees = HistGradientBoostingClassifier(
        max_iter=30,
        learning_rate=0.12,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(1):
        return trees.fit(features, hits)


def firsts(blend: Blend, window: Window) -> Firsts:
    """Look up the blend's first products of the window's customers."""
    past, customers, products = Past(window.train, blend.products_), window.customers, np.arange(len(blend.products_))
    owned, wanted = (cells(customers, blend.products_, pairs) for pairs in (window.owned, window.truth))
    positions = blend.customers_.get_indexer(customers)
    perhaps = promising(blend, positions, wanted, depth=DEPTH)
    tables = []
    for block in blocks(max(len(perhaps), 1), len(products) * len(blend.parts_)):
        these = perhaps[block]
        _, first, blended, shown = _first(blend, positions[these], products, owned[these], None)
        hit = np.take_along_axis(wanted[these].toarray(), first, axis=1)
        some = np.flatnonzero(hit.any(axis=1))
        features = _features(past, positions[these[some]], first[some], shown[some])
        tables.append((these[some], features, blended[some], hit[some]))
    places, features, best, hit = (np.concatenate(part) for part in zip(*tables, strict=True))
    chosen = window.truth["customer_id"].astype(object).value_counts().reindex(customers).to_numpy()
    return Firsts(
        places=places, everyone=len(customers), features=features, blended=best, hit=hit, chosen=chosen[places]
    )


def _first(
    blend: Blend,
    customers: Positions,
    products: Positions,
    hidden: sparse.csr_matrix,
    only: sparse.csr_matrix | None,
) -> tuple[Floats, Positions, Floats, Floats]:
    """The blend's scores; the places of its first products, its scores of those, and what trees look at, its own scores last."""
    scored = {part.name: scores for part, scores in blend.scored(customers, products)}
    total = np.zeros((len(customers), len(products)), dtype=np.float32)
    for name, scores in scored.items():
        total += np.float32(blend.weights[name]) * scores
    masked(total, hidden)
    if only is None:
        first, best = top_k(total, min(DEPTH, len(products)))
    else:
        first, best = top_k_of(total, only, min(DEPTH, int(np.diff(only.indptr).max(initial=0))))
    shown = [*(scored[part.name] for part in told(blend.parts_, blend.weights)), total]
    return total, first, best, np.stack([np.take_along_axis(each, first, axis=1) for each in shown], axis=2)


def _features(past: Past, customers: Positions, first: Positions, shown: Floats) -> Floats:
    """Features of each customer's first products, customers by places by features; ``shown`` are the scores among them."""
    pairs = past.features(np.repeat(customers, first.shape[1]), first.ravel())
    known = np.where(np.isfinite(shown), shown, 0.0)
    return np.concatenate([known, pairs.reshape(*first.shape, pairs.shape[1])], axis=2)
