"""Candidates beside those of the recommenders: for whom and what no recommender knows, and to fill lists that are too short.

``content`` lists products described like what the customer chose: for customers that the recommender did not learn, and, of
products that nobody touched yet, for everyone. ``segment_popularity`` and ``popularity`` fill what is still short, and
``brand_pin`` brings the best products of the brands that the shop pins. What does not belong here: which candidates are
listed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.cold import segment_popularity
from ecom_pipeline.ml.recommend.content import Content
from ecom_pipeline.ml.recommend.known import Shop
from ecom_pipeline.ml.recommend.ranking import position
from ecom_pipeline.ml.recommend.rules import SHELVES, Rules, first_broken, in_catalogue, is_fresh

CONTENT, SEGMENT, POPULAR, PIN = "content", "segment_popularity", "popularity", "brand_pin"
FILLED = (SHELVES.index("new"), SHELVES.index("all"))
"""The shelves that are filled up; what nobody bought cannot be bought again."""
NEIGHBOURS = 10
LEAST_ALIKE = 0.35
"""Cosine of descriptions below which nobody would call two products similar: they share a number, a colour or a price band."""
PINNED = 3
"""Products of a pinned brand that become candidates of everyone."""
BEHIND = 1e6
"""Added to the rank of what is to stand behind all candidates of a recommender, once more for each step of the chain."""


class Filling:
    """Makes candidates by position, each with the first rule that it breaks.

    They have the columns ``customer, shelf, product, order, score, source, untouched, outcome``.

    Links are ``product, history, similarity``: by positions, what is taken for like what.
    """

    def __init__(
        self,
        shop: Shop,
        content: Content,
        interactions: pd.DataFrame,
        rules: Rules,
        *,
        half_life: float | None,
    ) -> None:
        self.shop, self.rules, self.content = shop, rules, content
        self._fresh = self._links_of_untouched()
        self._segments = segment_popularity(interactions, shop.segment, half_life=half_life)

    def rows(
        self,
        customer: np.ndarray,
        shelf: np.ndarray,
        product: np.ndarray,
        order: np.ndarray,
        score: np.ndarray,
        source: np.ndarray | str,
        *,
        untouched: bool = False,
    ) -> pd.DataFrame:
        """Candidates, judged by the rules that look at one alone."""
        pool = pd.DataFrame(
            {
                "customer": np.asarray(customer, dtype=np.int32),
                "shelf": np.asarray(shelf, dtype=np.int8),
                "product": np.asarray(product, dtype=np.int32),
                "order": order,
                "score": score,
                "source": source,
                "untouched": untouched,
            }
        )
        return pool.assign(outcome=first_broken(pool, self.shop.facts, self.rules))

    def beside(self, everyone: np.ndarray, unknown: np.ndarray) -> tuple[list[pd.DataFrame], pd.DataFrame]:
        """What these customers get beside the candidates of the recommender, and the links that led to it.

        ``unknown`` are those who chose something and whom the recommender does not know.
        """
        alike = self._links_of(unknown)
        parts = [self._like_history(alike, shelf, unknown, 4 * NEIGHBOURS) for shelf in FILLED]
        parts.append(
            self._like_history(self._fresh, SHELVES.index("new"), everyone, self.rules.new_products, untouched=True)
        )
        return [*parts, *self._pinned(everyone)], pd.concat([alike, self._fresh])

    def pieces(self, k: int) -> Iterator[pd.DataFrame]:
        """What is popular, a piece after the other: ``segment, product, order, score, source``, without a segment for all."""
        own = self._segments
        yield pd.DataFrame(
            {
                "segment": own["segment"],
                "product": self.shop.ids.get_indexer(own["product_id"]),
                "order": 2 * BEHIND + position(pd.factorize(own["segment"])[0]),
                "score": own["score"].astype(float),
                "source": SEGMENT,
            }
        )
        overall = self.shop.by_popularity(self.shop.touched)
        start, stop = 0, 4 * k
        while start < len(overall):
            piece = overall[start:stop]
            order = 3 * BEHIND + np.arange(start, start + len(piece))
            score = self.shop.relative_popularity(piece)
            yield pd.DataFrame({"segment": None, "product": piece, "order": order, "score": score, "source": POPULAR})
            start, stop = stop, 4 * stop

    def filled(self, piece: pd.DataFrame, customer: np.ndarray, shelf: np.ndarray) -> pd.DataFrame:
        """The rows of a piece as candidates of these lists: everyone's, or those of the customer's segment."""
        if piece["segment"].isna().all():
            owner, ranks = np.zeros(len(customer), dtype=np.int64), np.arange(len(piece))[None, :]
        else:
            codes, names = pd.factorize(piece["segment"])
            owner = names.get_indexer(self.shop.segment.to_numpy(dtype=object)[customer])
            ranks = _padded(codes, len(names))
        lists = np.flatnonzero(owner >= 0)
        at = ranks[owner[lists]]
        which, rows = np.repeat(lists, at.shape[1])[at.ravel() >= 0], at.ravel()[at.ravel() >= 0]
        values = (piece[name].to_numpy()[rows] for name in ("product", "order", "score", "source"))
        return self.rows(customer[which], shelf[which], *values)

    def _links_of(self, unknown: np.ndarray) -> pd.DataFrame:
        """From what these customers chose to what is described like it."""
        _, history = self.shop.recent_of(unknown)
        found = self._neighbours(np.unique(history), self.shop.available)
        return found.rename(columns={"query": "history", "neighbour": "product"})

    def _links_of_untouched(self) -> pd.DataFrame:
        """From products that somebody touched to the fresh ones that nobody did."""
        fresh = np.setdiff1d(np.flatnonzero(~self.shop.blocked & is_fresh(self.shop.products)), self.shop.touched)
        found = self._neighbours(fresh if self.rules.new_products else fresh[:0], self.shop.touched)
        return found.rename(columns={"query": "product", "neighbour": "history"})

    def _neighbours(self, queries: np.ndarray, known: np.ndarray) -> pd.DataFrame:
        ids = self.shop.ids
        goods = in_catalogue(self.shop.products)
        queries, known = queries[goods[queries]], self.shop.by_popularity(known[goods[known]])
        found = self.content.neighbours(ids[queries], ids[known], k=NEIGHBOURS)
        found = found[found["similarity"] >= LEAST_ALIKE]
        return pd.DataFrame(
            {
                "query": ids.get_indexer(found["product_id"]),
                "neighbour": ids.get_indexer(found["neighbour_id"]),
                "similarity": found["similarity"],
            }
        )

    def _like_history(
        self, links: pd.DataFrame, shelf: int, customers: np.ndarray, most: int, *, untouched: bool = False
    ) -> pd.DataFrame:
        """Candidates by the sum of their likeness to what each customer chose last, up to ``most`` per customer."""
        customer, history = self.shop.recent_of(customers) if len(links) else (customers[:0], customers[:0])
        shape = (len(self.shop.customers), len(self.shop.ids))
        chose = sparse.csr_matrix((np.ones(len(customer)), (customer, history)), shape=shape)
        like = sparse.csr_matrix(
            (links["similarity"], (links["history"], links["product"])), shape=(shape[1], shape[1])
        )
        scores = (chose @ like).tocoo()
        order = np.lexsort((scores.col, -scores.data, scores.row))
        place = position(scores.row[order])
        order, place = order[place < most], place[place < most]
        rows = scores.row[order]
        return self.rows(
            rows,
            np.full(len(rows), shelf),
            scores.col[order],
            BEHIND + place,
            scores.data[order],
            CONTENT,
            untouched=untouched,
        )

    def _pinned(self, customers: np.ndarray) -> Iterator[pd.DataFrame]:
        """The most popular products of pinned brands."""
        available = self.shop.available
        for brand in self.rules.brand_pins:
            own = available[(self.shop.products["brand"] == brand).to_numpy()[available]]
            own = self.shop.by_popularity(own)[:PINNED]
            customer, shelf, place = (
                each.ravel() for each in np.meshgrid(customers, FILLED, np.arange(len(own)), indexing="ij")
            )
            score = self.shop.relative_popularity(own)[place]
            yield self.rows(customer, shelf, own[place], 4 * BEHIND + place, score, PIN)


def _padded(codes: np.ndarray, groups: int) -> np.ndarray:
    """Positions of the rows of each group side by side, filled up with -1; rows of a group follow each other."""
    place = position(codes)
    ranks = np.full((groups, int(place.max(initial=-1)) + 1), -1)
    ranks[codes, place] = np.arange(len(codes))
    return ranks
