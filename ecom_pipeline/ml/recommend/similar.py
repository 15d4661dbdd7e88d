"""The products like a product: by what the same customers touch, by what it says of itself, or the popular ones.

A product that a recommender learned is compared by the angle between the points; one it did not learn (new, or hardly ever
touched) gets what is described like it (``content``), then what is popular in its category, then what is popular at all. What does not belong here: products that are
bought together on one receipt.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.content import Content
from ecom_pipeline.ml.recommend.features import categories_of
from ecom_pipeline.ml.recommend.interactions import Mask
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.popularity import CategoryPopularity, Popularity
from ecom_pipeline.ml.recommend.ranking import blocks, top_k

CONTENT = "content"
SIMILAR_COLUMNS = ("product_id", "rank", "similar_product_id", "score", "source")


def similar_products(
    model: LightFMRecommender | None,
    popularity: Popularity,
    content: Content,
    *,
    available: pd.Index,
    k: int = 10,
) -> pd.DataFrame:
    """List up to ``k`` products like each product.

    Parameters
    ----------
    model
        Fitted; ``None`` where no model was published.
    popularity
        Fitted; ranks what a category has.
    content
        Every product of it gets a list, as does every product with interactions.
    available
        The only products to be listed.

    Returns
    -------
    pandas.DataFrame
        ``product_id, rank, similar_product_id, score, source``, sorted by the first two.
    """
    every = popularity.products_.union(content.ids, sort=True)
    learned = _alike(model, available, k) if model is not None else None
    others = every if learned is None else every.difference(pd.Index(learned["product_id"].unique()))
    filled = _filled(others, popularity, content, available, k)
    parts = [part for part in (learned, filled) if part is not None and len(part)] or [filled]
    return pd.concat(parts).sort_values(["product_id", "rank"], ignore_index=True)[list(SIMILAR_COLUMNS)]


def _filled(
    products_asked: pd.Index, popularity: Popularity, content: Content, available: pd.Index, k: int
) -> pd.DataFrame:
    """What is described like each product, then, where that is too little, what is popular."""
    order = np.argsort(-popularity.scores_, kind="stable")
    ranked = popularity.products_[order]
    alike = content.neighbours(products_asked, ranked[ranked.isin(available)], k=k)
    alike = alike.rename(columns={"neighbour_id": "similar_product_id", "similarity": "score"}).assign(source=CONTENT)
    enough = alike["product_id"].value_counts().loc[lambda found: found >= k].index
    popular = _popular(products_asked.difference(enough), popularity, content.products, available, k)
    both = pd.concat([part for part in (alike, popular) if len(part)] or [popular])
    both = both.drop_duplicates(["product_id", "similar_product_id"])
    both["rank"] = both.groupby("product_id", sort=False).cumcount() + 1
    return both.loc[both["rank"] <= k, list(SIMILAR_COLUMNS)]


def _alike(model: LightFMRecommender, available: pd.Index, k: int) -> pd.DataFrame:
    rows = np.flatnonzero(model.learned_)
    columns = rows[model.products_[rows].isin(available)]
    best, values = [], []
    for block in blocks(len(rows), len(columns)):
        cosine = model.similarities(rows[block], columns)
        cosine[rows[block][:, None] == columns[None, :]] = -np.inf
        positions, score = top_k(cosine, k)
        best.append(columns[positions])
        values.append(score)
    length = min(k, len(columns))
    chosen, score = np.concatenate(best).ravel(), np.concatenate(values).ravel()
    listed: Mask = np.isfinite(score)
    return pd.DataFrame(
        {
            "product_id": model.products_.to_numpy()[np.repeat(rows, length)[listed]],
            "rank": np.tile(np.arange(1, length + 1), len(rows))[listed],
            "similar_product_id": model.products_.to_numpy()[chosen[listed]],
            "score": score[listed].astype(np.float64),
            "source": np.full(int(listed.sum()), model.name, dtype=object),
        }
    )


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
