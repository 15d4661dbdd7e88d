"""What the shop sells, who likes what, and which products go together.

Eight top categories with five leaves each; a leaf's ten products come from four brands, from plain to premium (the
*tier*). Customers share one of eight tastes, which prefers seven leaves, and mostly stay within one tier. A few
products succeeded others that were delisted: those were sold, but the product export does not know them any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.shop.samples.draws import Floats, Ints, numbered, pick, words
from ecom_pipeline.shop.samples.seasons import DAYS, month_of, peak_weight

TASTES, TIERS, LEAF_SIZE = 8, 4, 10
TASTE_SHARE = 0.82
"""Share of a customer's choices that fall on the leaves of their taste."""
TIER_SHARE = 0.62
"""Share of a customer's choices that surely fall on their own tier; the others fall on any."""
PAIRS, PAIR_PROBABILITY = 12, 0.5
"""Product pairs (a, b), and the probability that an order with a also gets b."""
DELISTED, LATE, NEVER_SOLD = 6, 16, 5
_DELISTED_UNTIL, _LATE_FROM = 330, 500
_TIER_PRICE = (0.55, 0.85, 1.15, 1.8)
_TIER_PATTERNS = ((0, 1, 2, 3, 0, 1, 2, 3, 0, 1), (2, 3, 0, 1, 2, 3, 0, 1, 2, 3))


@dataclass(frozen=True)
class Catalogue:
    """The products with what steers their sale."""

    products: pd.DataFrame
    """Every product, the delisted ones last (``is_listed`` false), with ``launch``, the number of its first day."""
    leaf_weights: Floats
    """(taste, month) by leaf."""
    product_weights: Floats
    """(leaf, tier) by product within the leaf."""
    stand_in: Ints
    """Per product, the one that is bought in its place before its launch."""
    taste_leaves: tuple[tuple[str, ...], ...]
    pairs: tuple[tuple[int, int], ...]

    def draw(self, rng: np.random.Generator, taste: Ints, tier: Ints, day: Ints) -> Ints:
        """One product per choice of a customer of that taste and tier on that day."""
        months = len(self.leaf_weights) // TASTES
        leaf = pick(rng, self.leaf_weights, taste * months + month_of(day))
        own = rng.random(len(tier)) < TIER_SHARE
        tier = np.where(own, tier, rng.integers(0, TIERS, len(tier)))
        product = leaf * LEAF_SIZE + pick(rng, self.product_weights, leaf * TIERS + tier)
        return np.where(self.products["launch"].to_numpy()[product] > day, self.stand_in[product], product)

    def truth(self) -> dict[str, Any]:
        """What is planted here, by product_id and category."""
        product = self.products["product_id"].to_numpy()
        listed = self.products[self.products["is_listed"]]
        return {
            "tastes": {str(taste): list(leaves) for taste, leaves in enumerate(self.taste_leaves)},
            "taste_share": TASTE_SHARE,
            "tier_share": TIER_SHARE,
            "pairs": [
                {"product": product[a], "with": product[b], "probability": PAIR_PROBABILITY} for a, b in self.pairs
            ],
            "category_peak": {
                top: {"month": group["peak"][0], "height": group["peak"][1]}
                for top, group in words("catalogue").items()
            },
            "delisted_products": self.products.loc[~self.products["is_listed"], "product_id"].tolist(),
            "late_products": listed.loc[listed["launch"].between(_LATE_FROM, DAYS - 1), "product_id"].tolist(),
            "never_sold_products": listed.loc[listed["launch"] >= DAYS, "product_id"].tolist(),
        }


def make_catalogue(rng: np.random.Generator) -> Catalogue:
    """Draw the catalogue."""
    source = words("catalogue")
    products = _products(rng, source)
    leaves = [(top, leaf) for top, group in source.items() for leaf in group["leaves"]]
    tier = products["tier"].to_numpy().reshape(len(leaves), 1, LEAF_SIZE)
    rank = _rank_in_tier(products).reshape(len(leaves), 1, LEAF_SIZE)
    product_weights = np.where(tier == np.arange(TIERS)[:, None], 1.0 / (1 + rank), 0.0).reshape(-1, LEAF_SIZE)

    order = rng.permutation(len(leaves))
    own = [np.concatenate([order[taste::TASTES], order[(taste + 3) % TASTES :: TASTES][:2]]) for taste in range(TASTES)]
    popularity = rng.permutation(1.0 / (np.arange(len(leaves)) + 4))
    peaks = np.stack([peak_weight(*source[top]["peak"]) for top, _ in leaves], axis=1)
    leaf_weights = []
    for leaves_of_taste in own:
        weight = (1 - TASTE_SHARE) * popularity / popularity.sum()
        liked = np.sqrt(popularity[leaves_of_taste])
        weight[leaves_of_taste] += TASTE_SHARE * liked / liked.sum()
        leaf_weights.append(weight * peaks)

    products, stand_in = _lifetimes(rng, products, rank.ravel())
    return Catalogue(
        products=products,
        leaf_weights=np.concatenate(leaf_weights),
        product_weights=product_weights,
        stand_in=stand_in,
        taste_leaves=tuple(tuple(" > ".join(leaves[leaf]) for leaf in numbers) for numbers in own),
        pairs=_pairs(rng, products, rank.ravel()),
    )


def _products(rng: np.random.Generator, source: dict[str, Any]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for top, group in source.items():
        for leaf, content in group["leaves"].items():
            low, high = content["price"]
            pattern = _TIER_PATTERNS[len(rows) // LEAF_SIZE % 2]
            for place, tier in enumerate(pattern):
                zh, english = content["articles"][place // 2]
                brand_zh, brand = group["brands"][tier]
                variant_zh, variant = group["variants"][tier]
                level = np.exp(rng.normal(np.log(np.sqrt(low * high)), 0.35)) * _TIER_PRICE[tier]
                price = np.ceil(np.clip(level, low, high) / 5) * 5 - (0.1 if tier == 0 else 1.0)
                rows.append(
                    {
                        "name": f"{brand_zh} {zh} {variant_zh}",
                        "description": f"{brand} {english}, {variant}",
                        "zh": zh,
                        "english": english,
                        "category": f"{top}/{leaf}",
                        "search_zh": content["zh"],
                        "brand": brand,
                        "tier": tier,
                        "price": round(float(price), 2),
                        "cost": round(float(price * rng.uniform(0.45, 0.7)), 2),
                        "lead_time": int(rng.choice([3, 7, 14, 30], p=[0.35, 0.35, 0.2, 0.1])),
                    }
                )
    frame = pd.DataFrame(rows)
    frame.insert(0, "product_id", numbered("P", np.arange(1, len(frame) + 1), 4))
    return frame.assign(launch=0, is_listed=True)


def _rank_in_tier(products: pd.DataFrame) -> Ints:
    rank = products.groupby([products.index // LEAF_SIZE, "tier"]).cumcount()
    return np.asarray(rank, dtype=np.int64)


def _lifetimes(rng: np.random.Generator, products: pd.DataFrame, rank: Ints) -> tuple[pd.DataFrame, Ints]:
    seconds = rng.permutation(np.flatnonzero(rank == 1))[: DELISTED + LATE + NEVER_SOLD]
    successors, late, never = np.split(seconds, [DELISTED, DELISTED + LATE])
    products.loc[successors, "launch"] = _DELISTED_UNTIL
    products.loc[late, "launch"] = rng.integers(_LATE_FROM, DAYS - 5, LATE)
    products.loc[never, "launch"] = DAYS
    gone = products.loc[successors].assign(launch=0, is_listed=False)
    gone["product_id"] = numbered("P", np.arange(9001, 9001 + DELISTED), 4)
    stand_in = np.arange(len(products) + DELISTED)
    first = {(index // LEAF_SIZE, products.at[index, "tier"]): index for index in np.flatnonzero(rank == 0)}
    for index in np.concatenate([late, never]):
        stand_in[index] = first[index // LEAF_SIZE, products.at[index, "tier"]]
    stand_in[successors] = len(products) + np.arange(DELISTED)
    return pd.concat([products, gone], ignore_index=True), stand_in


def _pairs(rng: np.random.Generator, products: pd.DataFrame, rank: Ints) -> tuple[tuple[int, int], ...]:
    leaders = rng.permutation(np.flatnonzero(rank == 0))
    top = products["category"].str.split("/").str[0].to_numpy()
    pairs: list[tuple[int, int]] = []
    for a, b in zip(leaders[0::2], leaders[1::2], strict=False):
        if top[a] == top[b]:
            continue
        pairs.append((int(a), int(b)))
    return tuple(pairs[:PAIRS])
