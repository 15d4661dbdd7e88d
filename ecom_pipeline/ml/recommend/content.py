"""Products that say the same of themselves: words of name and text, category, brand and price band.

A product is the bag of its words (of Chinese, its signs and pairs of signs) and of its tags, weighed by how rare each is
(TF-IDF); likeness is the cosine. Only products of one leaf of the category tree are compared, and of those only the most
popular ones are neighbours, so that the work grows with the catalogue and not with its square. What does not belong here:
who touched a product.
"""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.features import TAGS
from ecom_pipeline.ml.recommend.interactions import Positions
from ecom_pipeline.ml.recommend.ranking import blocks, top_k

WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]|[^\W\d_a-z]+")
TEXTS = ("name", "description")
MOST = 2_000
"""Products of a leaf that can be a neighbour."""
NEIGHBOUR_COLUMNS = ("product_id", "neighbour_id", "similarity")


def neighbours(queries: pd.Index, known: pd.Index, products: pd.DataFrame, *, k: int) -> pd.DataFrame:
    """List up to ``k`` known products that are described like each query.

    Parameters
    ----------
    queries
        Products that want neighbours; those not in ``products`` get none.
    known
        Products that can be neighbours, the most popular first.
    products
        ``product_id`` with, where known, ``name, description, category, category_path, brand, price_band``.

    Returns
    -------
    pandas.DataFrame
        ``product_id, neighbour_id, similarity``, by the order of ``products``, best first; similarities above 0 to 1.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    leaf = _leaves(products)
    ids = pd.Index(products["product_id"])
    asked = ids.isin(queries)
    popularity = known.get_indexer(ids)
    concerned = np.flatnonzero(asked | (popularity >= 0))
    parts: list[pd.DataFrame] = []
    if asked.any() and (popularity >= 0).any():
        bags = _bags(products.iloc[concerned])
        vectors = (
            TfidfVectorizer(analyzer=list, dtype=np.float32, min_df=2).fit_transform(bags) if _shared(bags) else None
        )
        groups = pd.Series(concerned).groupby(leaf[concerned], sort=True).indices
        for rows in groups.values() if vectors is not None else ():
            parts += _within(vectors, rows, asked[concerned], popularity[concerned], k)
    if not parts:
        return pd.DataFrame({"product_id": ids[:0], "neighbour_id": ids[:0], "similarity": np.empty(0)})
    found = pd.concat(parts, ignore_index=True).sort_values("query", kind="stable", ignore_index=True)
    names = ids.to_numpy()[concerned]
    return pd.DataFrame(
        {
            "product_id": names[found["query"]],
            "neighbour_id": names[found["neighbour"]],
            "similarity": found["similarity"].astype(np.float64),
        }
    )


def _leaves(products: pd.DataFrame) -> np.ndarray:
    for column in ("category_path", "category"):
        if column in products:
            return products[column].fillna("").to_numpy(dtype=object)
    return np.full(len(products), "", dtype=object)


def _bags(products: pd.DataFrame) -> list[list[str]]:
    """Words, pairs of neighbouring words, and tags, of each product."""
    texts = pd.Series("", index=products.index)
    for column in TEXTS:
        if column in products:
            texts = texts.str.cat(products[column].fillna("").astype(str).str.lower(), sep=" ")
    words = [WORD.findall(text) for text in texts]
    bags = [[*own, *(" ".join(pair) for pair in pairwise(own))] for own in words]
    for tag in (tag for tag in TAGS if tag in products):
        for bag, value in zip(bags, products[tag], strict=True):
            if not pd.isna(value):
                bag.append(f"{tag}: {value}")
    return bags


def _shared(bags: list[list[str]]) -> bool:
    """Whether any word is in two bags: without one nothing is alike."""
    words = pd.Series([word for bag in bags for word in set(bag)])
    return bool(words.duplicated().any())


def _within(vectors: object, rows: Positions, asked: np.ndarray, popularity: Positions, k: int) -> list[pd.DataFrame]:
    """The neighbours among the products of one leaf."""
    queries = rows[asked[rows]]
    others = rows[popularity[rows] >= 0]
    others = np.sort(others[np.argsort(popularity[others], kind="stable")[:MOST]])
    parts = []
    for block in blocks(len(queries), len(others)) if len(others) else ():
        mine = queries[block]
        cosine = (vectors[mine] @ vectors[others].T).toarray()  # type: ignore[index]
        cosine[mine[:, None] == others[None, :]] = 0
        positions, values = top_k(cosine, k)
        listed = values > 0
        length = positions.shape[1]
        parts.append(
            pd.DataFrame(
                {
                    "query": np.repeat(mine, length)[listed.ravel()],
                    "neighbour": others[positions[listed]],
                    "similarity": values[listed],
                }
            )
        )
    return parts
