"""Pairs of products that are found together more often than chance would have it: in one basket, or with one customer.

The strength of a pair is its cosine, baskets with both over the root of the product of the baskets with each (Sarwar et
al., Item-based collaborative filtering, 2001); its lift says how many times more often than by chance. A pair needs a
minimum of baskets. What does not belong here: whom a pair is shown to.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.interactions import Positions

MINIMUM = 5
"""Baskets that must hold both; fewer are an anecdote."""
ROWS = 2_000
"""Products worked through at once."""
PAIR_COLUMNS = (
    "product_id", "rank", "other_product_id", "baskets_together", "product_baskets", "other_baskets", "baskets", "lift", "cosine",
)  # fmt: skip


def bought_together(
    baskets: pd.DataFrame, *, k: int, available: pd.Index | None = None, minimum: int = MINIMUM
) -> pd.DataFrame:
    """List up to ``k`` products found in the same baskets as each product.

    Parameters
    ----------
    baskets
        ``basket_id, product_id``; a product counts once per basket.
    available
        The only products to be listed beside another; all by default.
    minimum
        Baskets that must hold both.

    Returns
    -------
    pandas.DataFrame
        ``product_id, rank, other_product_id, baskets_together, product_baskets, other_baskets, baskets, lift, cosine``,
        sorted by the first two; only pairs with a lift above 1.
    """
    held, names = _matrix(baskets, minimum)
    total = int(held.shape[0])
    size = np.asarray(held.sum(axis=0)).ravel()
    offered = np.ones(len(names), dtype=bool) if available is None else names.isin(available)
    by_product = held.T.tocsr()
    parts = []
    for start in range(0, len(names), ROWS):
        pairs = (by_product[start : start + ROWS] @ held).tocoo()
        row, other, both = pairs.row + start, pairs.col, pairs.data
        enough = (both >= minimum) & (row != other) & offered[other]
        row, other, both = row[enough], other[enough], both[enough]
        expected = size[row] * size[other] / max(total, 1)
        parts.append(_best(row, other, both, size, both / expected, k))
    found = pd.concat(parts) if parts else _best(*(np.empty(0, dtype=np.int64),) * 3, size, np.empty(0), k)
    ids = names.to_numpy()
    found["product_id"], found["other_product_id"] = ids[found["product"]], ids[found["other"]]
    return found.assign(baskets=total).reset_index(drop=True)[list(PAIR_COLUMNS)]


def _matrix(baskets: pd.DataFrame, minimum: int) -> tuple[sparse.csr_matrix, pd.Index]:
    """Baskets by the products that enough baskets hold, and those products; a basket without any keeps its row."""
    distinct = baskets[["basket_id", "product_id"]].drop_duplicates()
    rows, ids = pd.factorize(distinct["basket_id"])
    columns, products = pd.factorize(distinct["product_id"].astype(object), sort=True)
    enough = np.bincount(columns, minlength=len(products)) >= minimum
    place = np.cumsum(enough) - 1
    kept = enough[columns]
    ones = np.ones(int(kept.sum()), dtype=np.int32)
    matrix = sparse.csr_matrix((ones, (rows[kept], place[columns[kept]])), shape=(len(ids), int(enough.sum())))
    return matrix, pd.Index(products[enough])


def _best(row: Positions, other: Positions, both: Positions, size: Positions, lift: np.ndarray, k: int) -> pd.DataFrame:
    cosine = both / np.sqrt(size[row] * size[other])
    order = np.lexsort((other, -cosine, row))
    order = order[lift[order] > 1]
    found = pd.DataFrame(
        {"product": row[order], "other": other[order], "baskets_together": both[order].astype(np.int64)}
    )
    found["rank"] = found.groupby("product", sort=False).cumcount() + 1
    found["product_baskets"] = size[found["product"]].astype(np.int64)
    found["other_baskets"] = size[found["other"]].astype(np.int64)
    found["lift"], found["cosine"] = lift[order], cosine[order]
    return found[found["rank"] <= k]
