"""What is known about a product besides who touched it: its category, brand and price band.

What does not belong here: how a recommender uses it.
"""

from __future__ import annotations

import pandas as pd

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
