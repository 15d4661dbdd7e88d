"""Products that say the same of themselves: words of name and text, category, brand and price band.

A product is the bag of its words (of Chinese, its signs and pairs of signs) and of its tags, weighed by how rare each is
(TF-IDF); likeness is the cosine. Only products of one leaf of the category tree are compared, and of those only the most
popular ones are neighbours, so that the work grows with the catalogue and not with its square. What does not belong here:
who touched a product.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.features import TAGS
from ecom_pipeline.ml.recommend.interactions import Positions
from ecom_pipeline.ml.recommend.ranking import blocks, top_k
from ecom_pipeline.ml.recommend.rules import NO_CATEGORY

WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]|[^\W\d_a-z]+")
TEXTS = ("name", "description")
TOGETHER = 400
"""Products whose leaves are compared at once."""
MOST = 2_000
"""Products of a leaf that can be a neighbour."""


class Content:
    """What products say of themselves, read when first asked for.

    Parameters
    ----------
    products
        ``product_id`` with, where known, ``name, description, category, category_path, brand, price_band``.
    """

    def __init__(self, products: pd.DataFrame) -> None:
        self.products = products
        self.ids = pd.Index(products["product_id"])

    def neighbours(self, queries: pd.Index, known: pd.Index, *, k: int) -> pd.DataFrame:
        """List up to ``k`` known products that are described like each query.

        Parameters
        ----------
        queries
            Products that want neighbours; those that are not among the products get none.
        known
            Products that can be neighbours, the most popular first.

        Returns
        -------
        pandas.DataFrame
            ``product_id, neighbour_id, similarity``, by the order of the products, best first; similarities above 0 to 1.
        """
        asked = self.ids.isin(queries)
        popularity = known.get_indexer(self.ids)
        parts: list[pd.DataFrame] = []
        if asked.any() and (popularity >= 0).any() and self._vectors is not None:
            for leaves in self._together:
                own, others = [], []
                for rows in leaves:
                    known_here = rows[popularity[rows] >= 0]
                    others.append(np.sort(known_here[np.argsort(popularity[known_here], kind="stable")[:MOST]]))
                    own.append(rows[asked[rows]])
                parts += self._nearest(np.concatenate(own), np.concatenate(others), k)
        if not parts:
            return pd.DataFrame({"product_id": self.ids[:0], "neighbour_id": self.ids[:0], "similarity": np.empty(0)})
        found = pd.concat(parts, ignore_index=True).sort_values("query", kind="stable", ignore_index=True)
        names = self.ids.to_numpy()
        return pd.DataFrame(
            {
                "product_id": names[found["query"]],
                "neighbour_id": names[found["neighbour"]],
                "similarity": found["similarity"].astype(np.float64),
            }
        )

    def _nearest(self, queries: Positions, others: Positions, k: int) -> list[pd.DataFrame]:
        """The neighbours of the queries of some leaves among the others of the same leaf."""
        parts: list[pd.DataFrame] = []
        if not len(others):
            return parts
        columns = self._vectors[others].T.tocsr()
        for block in blocks(len(queries), len(others)):
            mine = queries[block]
            cosine = (self._vectors[mine] @ columns).toarray()
            cosine[mine[:, None] == others[None, :]] = 0
            cosine[self._leaf[mine][:, None] != self._leaf[others][None, :]] = 0
            positions, values = top_k(cosine, k)
            listed = values > 0
            found = {
                "query": np.repeat(mine, listed.sum(axis=1)),
                "neighbour": others[positions[listed]],
                "similarity": values[listed],
            }
            parts.append(pd.DataFrame(found))
        return parts

    @cached_property
    def _leaf(self) -> Positions:
        column = next((name for name in ("category_path", "category") if name in self.products), None)
        leaf = pd.Series("", index=self.products.index) if column is None else self.products[column].fillna("")
        return np.asarray(pd.factorize(leaf, sort=True)[0])

    @property
    def _together(self) -> list[list[Positions]]:
        """The rows of each leaf, small leaves together: a product of matrices for each would cost more than they hold."""
        order = np.argsort(self._leaf, kind="stable")
        leaves = np.split(order, np.flatnonzero(np.diff(self._leaf[order])) + 1)
        sizes = np.cumsum([len(rows) for rows in leaves])
        groups: dict[int, list[Positions]] = {}
        for rows, size in zip(leaves, sizes, strict=True):
            groups.setdefault(int(size) // TOGETHER, []).append(rows)
        return list(groups.values())

    @cached_property
    def _vectors(self) -> Any:
        """Products by words, of unit length; None where no two products share a word."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        bags = _bags(self.products)
        if not _shared(bags):
            return None
        return TfidfVectorizer(analyzer=list, dtype=np.float32, min_df=2).fit_transform(bags)


def _shared(bags: list[list[str]]) -> bool:
    """Whether two products have a word in common."""
    seen: set[str] = set()
    for bag in bags:
        if not seen.isdisjoint(bag):
            return True
        seen.update(bag)
    return False


def _bags(products: pd.DataFrame) -> list[list[str]]:
    """Words, pairs of neighbouring words, and tags, of each product."""
    texts = pd.Series("", index=products.index)
    for column in TEXTS:
        if column in products:
            texts = texts.str.cat(products[column].fillna("").astype(str).str.lower(), sep=" ")
    words = [WORD.findall(text) for text in texts]
    bags = [[*own, *(" ".join(pair) for pair in pairwise(own))] for own in words]
    for tag in (tag for tag in TAGS if tag in products):
        values = products[tag].to_numpy(dtype=object)
        for place in np.flatnonzero(products[tag].notna() & (products[tag] != NO_CATEGORY)):
            bags[place].append(f"{tag}: {values[place]}")
    return bags
