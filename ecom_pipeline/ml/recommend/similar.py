"""The products like a product: that the same customers touch, and that say the same of themselves; else the popular ones.

The damped cosine of ``neighbours.nearest``, as far as it is beyond chance, and a quarter of the cosine of ``Content`` add up. Only
products of one category are alike, as far as both have one: the same customers choose a camera and nappies. A product that
hardly anybody touched has the second part alone; where neither says enough, what is popular in its category, then at all,
follows. What does not belong here: products that are bought together on one receipt.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.content import Content
from ecom_pipeline.ml.recommend.features import categories_of
from ecom_pipeline.ml.recommend.history import most_touched, thinned
from ecom_pipeline.ml.recommend.interactions import Mask, Positions, pair_weights
from ecom_pipeline.ml.recommend.neighbours import MOST_PAIRS, nearest
from ecom_pipeline.ml.recommend.popularity import CategoryPopularity, Popularity
from ecom_pipeline.ml.recommend.rules import NO_CATEGORY

CONTENT, ITEM_KNN = "content", "item_knn"
SIMILAR_COLUMNS = ("product_id", "rank", "similar_product_id", "score", "source")
DAMPING = 0.3
"""Of the cosine by customers, as in ``neighbours.nearest``."""
LEAST = 0.01
"""Cosine beyond chance below which customers say nothing of a likeness."""
WEIGHT_OF_CONTENT = 0.25
SPARE = 2
"""Neighbours by description that are looked at for one that is listed."""
TOUCHED = 10
"""Neighbours by customers: most are of another category."""


def similar_products(
    data: pd.DataFrame | None,
    popularity: Popularity,
    content: Content,
    *,
    available: pd.Index,
    k: int = 10,
) -> pd.DataFrame:
    """List up to ``k`` products like each product.

    Parameters
    ----------
    data
        Interactions, as ``checked`` gives them; ``None`` where nothing that is learned of them may be told.
    popularity
        Fitted; ranks what a category has.
    content
        Every product of it gets a list, as does every product with interactions.
    available
        The only products to be listed.

    Returns
    -------
    pandas.DataFrame
        ``product_id, rank, similar_product_id, score, source``, sorted by the first two. The source is ``item_knn`` where
        customers say more of the likeness than descriptions do, ``content``, or the popularity that fills a list.
    """
    every = popularity.products_.union(content.ids, sort=True)
    order = np.argsort(-popularity.scores_, kind="stable")
    ranked = popularity.products_[order]
    described = content.neighbours(every, ranked[ranked.isin(available)], k=SPARE * k)
    parts = [
        pd.DataFrame(
            {
                "product": every.get_indexer(described["product_id"]),
                "other": every.get_indexer(described["neighbour_id"]),
                "score": WEIGHT_OF_CONTENT * described["similarity"].to_numpy(),
                "touched": 0.0,
            }
        )
    ]
    kinds = categories_of(every, content.products)
    kind = pd.factorize(kinds.where(kinds != NO_CATEGORY))[0]
    if data is not None:
        parts.append(_touched(data, every, available, kind, TOUCHED * k))
    both = pd.concat(parts).groupby(["product", "other"], as_index=False).sum()
    both = both[_may_be_alike(kind, both["product"].to_numpy(), both["other"].to_numpy())]
    both = both.sort_values(["product", "score", "other"], ascending=[True, False, True])
    both = both[both.groupby("product").cumcount() < k]
    alike = pd.DataFrame(
        {
            "product_id": every.to_numpy()[both["product"]],
            "similar_product_id": every.to_numpy()[both["other"]],
            "score": both["score"].to_numpy(),
            "source": np.where(both["touched"] > both["score"] / 2, ITEM_KNN, CONTENT),
        }
    )
    return _filled(alike, every, popularity, content.products, available, k)


def _may_be_alike(kind: Positions, product: Positions, other: Positions) -> Mask:
    """Whether both are of one category, or one is of none."""
    mine, its = kind[product], kind[other]
    return np.asarray((mine == its) | (mine < 0) | (its < 0))


def _touched(data: pd.DataFrame, every: pd.Index, available: pd.Index, kind: Positions, most: int) -> pd.DataFrame:
    """Products that the same customers touch: ``product, other, score, touched``, by position in ``every``.

    Of the ``most`` nearest of each, those that may be alike.
    """
    kept = most_touched(data)
    weights = thinned(pair_weights(data, None)[:, kept], MOST_PAIRS)
    weights.data[:] = 1.0
    near = nearest(weights, most, DAMPING, beyond_chance=True).tocoo()
    touched = data["product_id"].cat.categories.take(kept)
    places = every.get_indexer(touched)
    listed = np.flatnonzero(touched.isin(available)[near.col] & (near.data >= LEAST))
    product, other = places[near.row[listed]], places[near.col[listed]]
    alike = _may_be_alike(kind, product, other)
    score = near.data[listed[alike]].astype(np.float64)
    return pd.DataFrame({"product": product[alike], "other": other[alike], "score": score, "touched": score})


def _filled(
    alike: pd.DataFrame, every: pd.Index, popularity: Popularity, products: pd.DataFrame, available: pd.Index, k: int
) -> pd.DataFrame:
    """The lists, and where one is too short, what is popular after it."""
    enough = alike["product_id"].value_counts().loc[lambda found: found >= k].index
    popular = _popular(every.difference(enough), popularity, products, available, k)
    both = pd.concat([part for part in (alike, popular) if len(part)] or [popular])
    both = both.drop_duplicates(["product_id", "similar_product_id"])
    both["rank"] = both.groupby("product_id", sort=False).cumcount() + 1
    both = both.loc[both["rank"] <= k, list(SIMILAR_COLUMNS)]
    return both.sort_values(["product_id", "rank"], ignore_index=True)


def _popular(
    every: pd.Index, popularity: Popularity, products: pd.DataFrame, available: pd.Index, k: int
) -> pd.DataFrame:
    """Lists of one length for whole categories, then each product without itself."""
    ranked = pd.DataFrame({"similar_product_id": popularity.products_, "score": popularity.scores_})
    ranked["category"] = categories_of(popularity.products_, products).to_numpy()
    ranked = ranked[ranked["similar_product_id"].isin(available)]
    ranked = ranked.sort_values(["score", "similar_product_id"], ascending=[False, True])
    own = ranked.dropna(subset="category").groupby("category").head(k + 1)
    of_all = ranked.head(2 * k + 2).drop(columns="category")
    categories = categories_of(every, products)
    names = pd.DataFrame({"category": pd.Series([*categories.dropna().unique(), None], dtype=object)})
    lists = pd.concat(
        [own.assign(source=CategoryPopularity.name), names.merge(of_all, how="cross").assign(source=popularity.name)]
    )
    lists = lists.drop_duplicates(["category", "similar_product_id"])
    lists = lists[lists.groupby("category", dropna=False).cumcount() <= k]
    keyed = pd.DataFrame({"product_id": every, "category": categories.to_numpy(dtype=object)})
    rows = keyed.merge(lists, on="category", sort=False)
    rows = rows[rows["product_id"] != rows["similar_product_id"]]
    rows["rank"] = rows.groupby("product_id", sort=False).cumcount() + 1
    return rows.loc[rows["rank"] <= k, list(SIMILAR_COLUMNS)]
