"""Rules of business: what a list may hold, as the shop states it, and which candidate breaks which.

A candidate is counted under the first rule it breaks, in the order of ``RULES``. What does not belong here: how candidates
are found and ranked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.interactions import Floats, Mask, Positions

SHELVES = ("new", "again", "all")
RULES = (
    "opted_out", "not_on_sale", "excluded", "out_of_stock", "stock_runs_out", "already_bought", "price_band", "category_cap",
)  # fmt: skip
BEYOND_LENGTH, LISTED = "beyond_length", "listed"
OUTCOMES = (*RULES, BEYOND_LENGTH, LISTED)
IMPERSONAL = ("popularity", "brand_pin")
"""Sources that look at nobody in particular: all that a customer gets who refused advertising, and that on no shelf ``again``."""
BANDS = ("lowest", "low", "medium", "high", "highest")
NO_CATEGORY = "unknown"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a shop wants of its lists.

    Attributes
    ----------
    exclude_products, exclude_categories, exclude_brands
        Never listed. A category is a path, or its beginning.
    minimum_stock
        Pieces that must be on hand, where the shop tells its stock.
    minimum_days_of_stock
        Days that the stock must last, where that is known.
    repurchase_after_days
        Days after a purchase before a product is offered to the same customer again; 0 at once. Never on the shelf ``new``.
    price_bands_apart
        How far the price band of a product may be from the mean band of what the customer bought.
    category_cap
        Products of one category in a list.
    brand_pins
        Brand to the place its best product gets, in the lists ``new`` and ``all``.
    new_products
        Places at the end of a list ``new`` for products that nobody touched yet.
    most_customers
        Customers who get lists: of more, those who were active last.
    """

    exclude_products: tuple[str, ...] = ()
    exclude_categories: tuple[str, ...] = ()
    exclude_brands: tuple[str, ...] = ()
    minimum_stock: int = 1
    minimum_days_of_stock: float | None = None
    repurchase_after_days: int = 0
    price_bands_apart: float | None = None
    category_cap: int | None = None
    brand_pins: Mapping[str, int] = field(default_factory=dict)
    new_products: int = 2
    most_customers: int = 250_000


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rules look at: customers and products by position, what was bought by key (see ``key``)."""

    products: pd.DataFrame
    """In the order of positions: ``product_id, category, category_path, brand, price_band, ...``, those that are known."""
    problems: Mapping[str, Mask]
    """By rule, which products no list may hold (see ``product_problems``)."""
    opted_out: Mask
    """By customer."""
    bought: np.ndarray
    """Sorted keys of customer and product."""
    bought_days_ago: np.ndarray
    """By key, days since the last purchase."""
    band: Floats
    """By customer, the mean price band of what they bought, 0 to 4; not a number where unknown, or of who refused advertising."""

    def key(self, customer: np.ndarray, product: np.ndarray) -> np.ndarray:
        """One number per customer and product."""
        keys: Positions = customer.astype(np.int64) * len(self.products) + product
        return keys


def bands_of(products: pd.DataFrame) -> Floats:
    """The price bands as numbers from 0; not a number where unknown."""
    if "price_band" not in products:
        return np.full(len(products), np.nan)
    places: Floats = (
        products["price_band"].map({name: float(at) for at, name in enumerate(BANDS)}).to_numpy(dtype=float)
    )
    return places


def is_sold(products: pd.DataFrame) -> Mask:
    """Which products the shop has on sale, as far as it says so."""
    sold = in_catalogue(products)
    if "is_active" in products:
        sold &= ~products["is_active"].isin([False]).to_numpy()
    return sold


def in_catalogue(products: pd.DataFrame) -> Mask:
    """Which products are goods: those of the catalogue, all of them where the shop has none."""
    if "is_in_catalogue" not in products:
        return np.ones(len(products), dtype=bool)
    known: Mask = products["is_in_catalogue"].isin([True]).to_numpy()
    return known | ~known.any()


def is_fresh(products: pd.DataFrame) -> Mask:
    """Which products may be shown as new where no customer touched them: not what guests have long bought, nor what has no price."""
    fresh = np.ones(len(products), dtype=bool)
    if "is_fresh" in products:
        fresh &= products["is_fresh"].isin([True]).to_numpy()
    if "price" in products:
        priced = products["price"].notna().to_numpy()
        fresh &= priced | ~priced.any()
    return fresh


def product_problems(products: pd.DataFrame, rules: Rules) -> dict[str, Mask]:
    """Which products no list may hold, by rule."""
    excluded = products["product_id"].isin(rules.exclude_products).to_numpy()
    if "brand" in products:
        excluded |= products["brand"].isin(rules.exclude_brands).to_numpy()
    for column in ("category", "category_path"):
        if column in products:
            path = products[column].fillna("").astype(str)
            for category in rules.exclude_categories:
                excluded |= ((path == category) | path.str.startswith(f"{category} > ")).to_numpy()
    return {
        "not_on_sale": ~is_sold(products),
        "excluded": excluded,
        "out_of_stock": _below(products, "stock", rules.minimum_stock),
        "stock_runs_out": _below(products, "days_of_stock", rules.minimum_days_of_stock),
    }


def offered(touched: pd.Index, products: pd.DataFrame, rules: Rules) -> pd.Index:
    """Those of the touched products that a list may hold."""
    if products.empty:
        return touched
    blocked = np.logical_or.reduce(list(product_problems(products, rules).values()))
    return touched.difference(products.loc[blocked, "product_id"])


def first_broken(pool: pd.DataFrame, facts: Facts, rules: Rules) -> np.ndarray:
    """Position in ``OUTCOMES`` of the first rule that each candidate breaks by itself, ``LISTED`` where none.

    Parameters
    ----------
    pool
        ``customer, shelf, product`` as positions (of ``SHELVES`` for the shelf), and ``source``.
    """
    customer, product, shelf = (pool[name].to_numpy() for name in ("customer", "product", "shelf"))
    personal = ~pool["source"].isin(IMPERSONAL).to_numpy() | (shelf == SHELVES.index("again"))
    broken = {"opted_out": facts.opted_out[customer] & personal}
    broken |= {rule: mask[product] for rule, mask in facts.problems.items()}
    broken["already_bought"] = _already_bought(customer, product, shelf, facts, rules)
    if rules.price_bands_apart is not None:
        apart = np.abs(bands_of(facts.products)[product] - facts.band[customer])
        broken["price_band"] = apart > rules.price_bands_apart
    found = np.full(len(pool), OUTCOMES.index(LISTED), dtype=np.int8)
    for rule in reversed(RULES):
        if rule in broken:
            found[broken[rule]] = RULES.index(rule)
    return found


def _already_bought(
    customer: np.ndarray, product: np.ndarray, shelf: np.ndarray, facts: Facts, rules: Rules
) -> np.ndarray:
    place, was_bought = find(facts.key(customer, product), facts.bought)
    recently = np.zeros(len(place), dtype=bool)
    recently[was_bought] = facts.bought_days_ago[place[was_bought]] < rules.repurchase_after_days
    already: Mask = was_bought & (recently | (shelf == SHELVES.index("new")))
    return already


def find(keys: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each key is among the sorted known ones, and whether it is."""
    place = np.searchsorted(known, keys)
    inside = place < len(known)
    inside[inside] = known[place[inside]] == keys[inside]
    return place, inside


def _below(products: pd.DataFrame, column: str, minimum: float | None) -> Mask:
    if minimum is None or column not in products:
        return np.zeros(len(products), dtype=bool)
    below: Mask = (pd.to_numeric(products[column]) < minimum).fillna(False).to_numpy(dtype=bool)
    return below


def category_codes(products: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Code of each product's category, -1 where unknown, and the names by code."""
    if "category" not in products:
        return np.full(len(products), -1), np.empty(0, dtype=object)
    named = products["category"].where(products["category"] != NO_CATEGORY)
    codes, names = pd.factorize(named.astype(object), sort=True)
    return codes, np.asarray(names, dtype=object)
