"""What is known about a product besides who touched it: its category, brand and price band.

What does not belong here: how a recommender uses it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

TAGS = ("category", "brand", "price_band")


def described(ids: pd.Index, products: pd.DataFrame | None) -> pd.DataFrame:
    """Return the tags of the products, by id and in that order; missing where unknown, columns only where they tell apart."""
    if products is None or products.empty:
        return pd.DataFrame(index=ids)
    if products["product_id"].duplicated().any():
        twice = products.loc[products["product_id"].duplicated(), "product_id"].iloc[0]
        raise ValueError(f"products: product_id {twice!r} is there twice; expected one row per product")
    tags = products.set_index("product_id").reindex(ids)
    return tags[[tag for tag in TAGS if tag in tags and tags[tag].nunique() > 1]]


def categories_of(ids: pd.Index, products: pd.DataFrame | None) -> pd.Series:
    """Return the category of the products, in that order; all missing where the shop's products have fewer than two."""
    tags = described(ids, products)
    return tags["category"] if "category" in tags else pd.Series(None, index=ids, dtype=object, name="category")


def one_hot(tags: pd.DataFrame) -> sparse.csr_matrix:
    """Products by tag values: one where the product has the value; a missing tag gives none."""
    blocks = [sparse.csr_matrix((len(tags), 0), dtype=np.float32)]
    for tag in tags:
        codes, values = pd.factorize(tags[tag], sort=True)
        known = np.flatnonzero(codes >= 0)
        ones = np.ones(len(known), dtype=np.float32)
        blocks.append(sparse.csr_matrix((ones, (known, codes[known])), shape=(len(tags), len(values))))
    return sparse.hstack(blocks, format="csr", dtype=np.float32)
