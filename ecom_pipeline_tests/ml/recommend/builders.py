"""Worlds whose right answer is known, and frames the recommend tests are built from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.interactions import COLUMNS

FIRST_DAY = dt.date(2024, 1, 1)
NO_PRODUCTS = pd.DataFrame({"product_id": pd.Series(dtype=object)})
NO_BASKETS = pd.DataFrame({"basket_id": [], "product_id": []}, dtype=object)
NO_CUSTOMERS = pd.DataFrame({"customer_id": pd.Series(dtype=object)})


def frame(rows: Iterable[tuple[str, str, int, str, int]]) -> pd.DataFrame:
    """``features.interactions`` of ``(customer, product, day, event type, count)``; day 0 is ``FIRST_DAY``."""
    found = pd.DataFrame(list(rows), columns=list(COLUMNS))
    days = pd.to_timedelta(pd.to_numeric(found["interaction_date"]), unit="D")
    return found.assign(interaction_date=pd.Timestamp(FIRST_DAY) + days)


def bought(*rows: tuple[str, str, int]) -> pd.DataFrame:
    """One purchase per ``(customer, product, day)``."""
    return frame((customer, product, day, "purchase", 1) for customer, product, day in rows)


def last_day(interactions: pd.DataFrame) -> dt.date:
    day: dt.date = interactions["interaction_date"].max().date()
    return day


def field_of(name: str) -> int:
    """The colour of a customer or product of ``checkerboard``."""
    return int(name[1:]) % 2


def checkerboard(customers: int = 60, products: int = 40, days: int = 100, seed: int = 0) -> pd.DataFrame:
    """Even customers buy even products, odd ones odd products, each equally often: popularity knows nothing."""
    return _checkerboard(customers, products, days, seed).copy()


@cache
def _checkerboard(customers: int, products: int, days: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        own = np.arange(customer % 2, products, 2)
        chosen = random.choice(own, int(0.8 * len(own)), replace=False)
        rows += [(f"c{customer:03d}", f"p{product:03d}", int(random.integers(days))) for product in chosen]
    return bought(*rows, ("c000", "p000", 0), ("c000", "p000", days - 1))


def fashion(customers: int = 150, products: int = 60, days: int = 60, seed: int = 0) -> pd.DataFrame:
    """Everyone buys what is popular and has no taste of their own: nothing beats popularity."""
    random = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, products + 1)
    rows = [
        (f"c{customer:03d}", f"p{product:03d}", int(day))
        for customer in range(customers)
        for product, day in zip(
            random.choice(products, 12, p=share / share.sum()), random.integers(days, size=12), strict=True
        )
    ]
    return bought(*dict.fromkeys(rows), ("c000", "p000", 0), ("c000", "p000", days - 1)).drop_duplicates()


def fads(days: int = 250, seed: int = 0) -> pd.DataFrame:
    """A product sells for eight weeks, to customers of its colour: what sold best lately is what will be gone."""
    random = np.random.default_rng(seed)
    rows = []
    for day in range(days):
        fresh = random.choice(np.arange(day // 7, day // 7 + 8), 12)
        rows += [(f"c{2 * random.integers(40) + number % 2:02d}", f"p{number:03d}", day) for number in fresh]
    return bought(*dict.fromkeys(rows))


def departments(customers: int = 150, days: int = 60, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each customer keeps to one of three categories and buys what is popular there; and the products."""
    random = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, 31)
    rows = [
        (f"c{customer:03d}", f"p{customer % 3}{product:02d}", int(day))
        for customer in range(customers)
        for product, day in zip(
            random.choice(30, 10, p=share / share.sum()), random.integers(days, size=10), strict=True
        )
    ]
    names = [f"p{category}{product:02d}" for category in range(3) for product in range(30)]
    products = pd.DataFrame({"product_id": names, "category": [f"k{name[1]}" for name in names]})
    return bought(*dict.fromkeys(rows)), products


def catalogue(interactions: pd.DataFrame) -> pd.DataFrame:
    """Products of a world with a category that tells nothing."""
    names = sorted(interactions["product_id"].unique())
    return pd.DataFrame({"product_id": names, "category": [f"k{number % 3}" for number in range(len(names))]})


def shuffled(world: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A world with its products dealt out anew: customers, days and what sells stay, tastes go."""
    mixed = world.assign(product_id=np.random.default_rng(seed).permutation(world["product_id"]))
    return mixed.drop_duplicates(["customer_id", "product_id", "interaction_date"])
