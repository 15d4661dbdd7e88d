"""Pairs of products that are found together more often than chance would have it: in one basket, or with one customer.

The strength of a pair is its cosine, baskets with both over the root of the product of the baskets with each (Sarwar et
al., Item-based collaborative filtering, 2001); its lift says how many times more often than by chance. A pair must be
found more often than luck explains, and needs a minimum of customers: what one household buys together every week says
nothing of others, and is theirs alone to know. What does not belong here: whom a pair is shown to.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from ecom_pipeline.ml.recommend.interactions import Positions

MINIMUM = 5
"""Customers who must have both in one basket; fewer are an anecdote."""
LUCK = 3.0
"""Standard deviations by which the baskets with both must exceed those expected of products that have nothing to do with each
other: what sells everywhere is beside everything a little more often than expected."""
AT_ONCE = 5_000_000
"""Pairs of products in a basket that are counted at once."""
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
        ``basket_id, product_id`` and, where known, ``customer_id``; a product counts once per basket, and a basket without a
        customer is of somebody else.
    available
        The only products to be listed beside another; all by default.
    minimum
        Customers who must have both in one basket.

    Returns
    -------
    pandas.DataFrame
        ``product_id, rank, other_product_id, baskets_together, product_baskets, other_baskets, baskets, lift, cosine``,
        sorted by the first two; only pairs beyond luck.
    """
    held, names, owner = _matrix(baskets, minimum)
    total = int(held.shape[0])
    size = np.asarray(held.sum(axis=0)).ravel()
    offered = np.ones(len(names), dtype=bool) if available is None else names.isin(available)
    by_product = held.T.tocsr()
    work = np.cumsum(by_product @ np.diff(held.indptr)) // AT_ONCE
    parts = []
    for start, stop in pairwise([0, *np.flatnonzero(np.diff(work)) + 1, len(names)]):
        counted, customers = _counted(by_product[start:stop], held, owner)
        pairs = counted.tocoo()
        row, other, both = pairs.row + start, pairs.col, pairs.data
        enough = (customers >= minimum) & (row != other) & offered[other]
        row, other, both = row[enough], other[enough], both[enough]
        parts.append(_best(row, other, both, size, total, k))
    found = pd.concat(parts) if parts else _best(*(np.empty(0, dtype=np.int64),) * 3, size, total, k)
    ids = names.to_numpy()
    found["product_id"], found["other_product_id"] = ids[found["product"]], ids[found["other"]]
    return found.assign(baskets=total).reset_index(drop=True)[list(PAIR_COLUMNS)]


def _counted(
    by_product: sparse.csr_matrix, held: sparse.csr_matrix, owner: Positions
) -> tuple[sparse.csr_matrix, Positions]:
    """Products by products, how many baskets hold both; and, in the same order, with how many customers."""
    product, basket = by_product.nonzero()
    owners = int(owner.max(initial=-1)) + 1
    keys, of_basket = np.unique(product.astype(np.int64) * owners + owner[basket], return_inverse=True)
    if len(keys) == len(basket):
        baskets = by_product @ held
        return baskets, baskets.data
    ones, bounds = np.ones(len(basket), np.int32), np.searchsorted(keys, np.arange(by_product.shape[0] + 1) * owners)
    of_product = sparse.csr_matrix((ones[: len(keys)], np.arange(len(keys)), bounds), (by_product.shape[0], len(keys)))
    beside = sparse.csr_matrix((ones, (of_basket, basket)), shape=(len(keys), held.shape[0])) @ held
    baskets = of_product @ beside
    beside.data[:] = 1
    return baskets, (of_product @ beside).data


def _matrix(baskets: pd.DataFrame, minimum: int) -> tuple[sparse.csr_matrix, pd.Index, Positions]:
    """Baskets by the products that enough baskets hold, those products, and the customer of each basket by number.

    A basket without any of the products keeps its row.
    """
    distinct = baskets.drop_duplicates(["basket_id", "product_id"])
    rows, ids = pd.factorize(distinct["basket_id"])
    owner = np.arange(len(ids))
    if "customer_id" in distinct:
        codes, customers = pd.factorize(distinct["customer_id"].to_numpy()[np.unique(rows, return_index=True)[1]])
        owner = np.where(codes < 0, len(customers) + owner, codes)
    columns, products = pd.factorize(distinct["product_id"].astype(object), sort=True)
    enough = np.bincount(columns, minlength=len(products)) >= minimum
    place = np.cumsum(enough) - 1
    kept = enough[columns]
    ones = np.ones(int(kept.sum()), dtype=np.int32)
    matrix = sparse.csr_matrix((ones, (rows[kept], place[columns[kept]])), shape=(len(ids), int(enough.sum())))
    return matrix, pd.Index(products[enough]), owner


def _best(row: Positions, other: Positions, both: Positions, size: Positions, total: int, k: int) -> pd.DataFrame:
    expected = size[row] * size[other] / max(total, 1)
    deviation = np.sqrt(expected * (1 - size[row] / max(total, 1)) * (1 - size[other] / max(total, 1)))
    cosine = both / np.sqrt(size[row] * size[other])
    order = np.lexsort((other, -cosine, row))
    order = order[(both - expected > LUCK * deviation)[order]]
    found = pd.DataFrame(
        {"product": row[order], "other": other[order], "baskets_together": both[order].astype(np.int64)}
    )
    found["rank"] = found.groupby("product", sort=False).cumcount() + 1
    found["product_baskets"] = size[found["product"]].astype(np.int64)
    found["other_baskets"] = size[found["other"]].astype(np.int64)
    found["lift"], found["cosine"] = (both / expected)[order], cosine[order]
    return found[found["rank"] <= k]
