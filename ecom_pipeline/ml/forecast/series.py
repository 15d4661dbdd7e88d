"""The series of a shop: what is forecast, how it adds up, what is known about it, and what is worth Prophet's time.

What does not belong here: reading tables, and any model.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.calendar import effects_of
from ecom_pipeline.ml.forecast.combination import Proof
from ecom_pipeline.ml.forecast.demand import without_stockouts
from ecom_pipeline.ml.forecast.panel import Panel, daily_panel
from ecom_pipeline.ml.forecast.reconcile import Hierarchy

MEMORY_DAYS = 4 * 365
"""Older days are left out."""
REST = "product_rest"
"""Kind of the series that stand for the products of a category without a series of their own; not published."""

PROPHET_SERIES = 10
"""Prophet is tried on the revenue of this many series, the total and the categories first."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a shop brings to be forecast. Every table but ``daily_sales`` may be empty.

    Attributes
    ----------
    daily_sales
        ``series_kind, series, sales_date, revenue, units``: total, categories, brands, channels, countries.
    product_sales
        ``product_id, sales_date, revenue, units`` of the products to be forecast, days without sales left out.
    products
        ``product_id, category`` of these, and what purchase advice needs (see `purchase.advise`).
    calendar
        ``calendar_date, name, kind, country``.
    promotions
        ``name, starts_on, ends_on`` of campaigns, coming ones included.
    market
        ``market_date, indicator, value``.
    country
        Code of the shop's country, for its statutory holidays; unknown ones have none.
    currency
        Code of what revenue is in.
    as_of_date
        The last day the data may hold. It may be incomplete and is not learned from.
    """

    daily_sales: pd.DataFrame
    product_sales: pd.DataFrame
    products: pd.DataFrame
    calendar: pd.DataFrame
    promotions: pd.DataFrame
    market: pd.DataFrame
    country: str | None
    currency: str
    as_of_date: dt.date


@dataclass(frozen=True, kw_only=True)
class Measure:
    """The panel of one measure, how its series add up, what empty shelves probably cost, days to the first forecast."""

    panel: Panel
    hierarchy: Hierarchy
    lost: np.ndarray
    skip: int

    @property
    def shown(self) -> list[int]:
        """Rows that are published."""
        return [row for row, (kind, _) in enumerate(self.panel.keys) if kind != REST]

    def rows(self, kind: str) -> np.ndarray:
        """Rows of a kind of series."""
        return np.flatnonzero([each == kind for each, _ in self.panel.keys])


def measure_of(measure: str, shop: Sources, stock: pd.DataFrame, horizon: int) -> Measure:
    """All series of a shop in one measure, with what is known of the days up to ``horizon`` after the as-of date.

    ``stock`` is what was on the shelves: `STOCK_COLUMNS`.
    """
    panel, hierarchy = _shop_panel(shop, measure)
    if not panel.keys:
        return Measure(panel=panel, hierarchy=hierarchy, lost=np.empty(0), skip=0)
    skip = (pd.Timestamp(shop.as_of_date) - panel.days[-1]).days
    known = pd.date_range(panel.days[0], periods=panel.length + skip + horizon, freq="D")
    effects = effects_of(known, shop.calendar, shop.country, promotions=shop.promotions, market=shop.market)
    panel = replace(panel, effects=effects)
    if len(shop.product_sales):
        panel = panel.with_prices(_paid(shop.product_sales))
    panel, lost = without_stockouts(panel, stock.rename(columns={"product_id": "series"}))
    return Measure(panel=panel, hierarchy=hierarchy, lost=lost, skip=skip)


def _shop_panel(shop: Sources, measure: str) -> tuple[Panel, Hierarchy]:
    """All series of a shop in one panel, and what adds up: products to categories, every other group to the total.

    A category's products without a series of their own are one more series, so that the sums can agree. Only categories
    that products are known of have them below.
    """
    products = shop.products
    tables = [shop.daily_sales[["series_kind", "series", "sales_date", measure]]]
    if len(shop.product_sales):
        sold = shop.product_sales.merge(products[["product_id", "category"]], on="product_id")
        by_product = sold[["sales_date"]].assign(series_kind="product", series=sold["product_id"])
        tables += [by_product.assign(**{measure: sold[measure].astype(float)}), _rest(shop.daily_sales, sold, measure)]
    panel = daily_panel(pd.concat(tables, ignore_index=True), target=measure, as_of_date=shop.as_of_date)
    place = {key: row for row, key in enumerate(panel.keys)}
    category = dict(zip(products["product_id"].astype(str), products["category"].astype(str), strict=True))
    parent, group = np.full(len(panel.keys), -1), np.array([kind for kind, _ in panel.keys], dtype=object)
    for row, (kind, name) in enumerate(panel.keys):
        if kind in ("product", REST):
            parent[row] = place[("category", category[name] if kind == "product" else name)]
            group[row] = "product"
        elif kind != "total":
            parent[row] = place.get(("total", "total"), -1)
    return panel.last(MEMORY_DAYS), Hierarchy(parent=parent, group=group)


def _paid(product_sales: pd.DataFrame) -> pd.DataFrame:
    """What a piece of each product cost on the days it was sold."""
    units = product_sales["units"].astype(float)
    price = product_sales["revenue"].astype(float) / units.where(units > 0)
    paid = product_sales[["product_id", "sales_date"]].rename(columns={"product_id": "series"})
    return paid.assign(series_kind="product", price=price)


def _rest(daily_sales: pd.DataFrame, sold: pd.DataFrame, measure: str) -> pd.DataFrame:
    """What each category sold besides the products that have a series."""
    categories = daily_sales[daily_sales["series_kind"] == "category"]
    named = sold.groupby(["category", "sales_date"])[measure].sum().astype(float)
    whole = categories.set_index(["series", "sales_date"])[measure].astype(float)
    named.index.names = whole.index.names
    rest = whole.sub(named.reindex(whole.index, fill_value=0.0))
    rest = rest.where(rest.abs() > 1e-6 * whole.abs().clip(lower=1.0), 0.0).clip(lower=0.0)
    frame = rest.rename(measure).reset_index().assign(series_kind=REST)
    return frame[frame["series"].isin(set(sold["category"]))]


def largest(panel: Panel) -> list[int]:
    """Rows worth Prophet's time, which sold most in the last year: total, categories, then others; short and constant ones left out."""
    recent = np.nan_to_num(panel.values[:, -365:])
    able = (panel.known >= 42) & (np.ptp(recent, axis=1) > 0) & [kind != REST for kind, _ in panel.keys]
    rank = [("total", "category").index(kind) if kind in ("total", "category") else 2 for kind, _ in panel.keys]
    volume = np.abs(recent).sum(axis=1)
    return sorted(map(int, np.flatnonzero(able)), key=lambda row: (rank[row], -volume[row], row))[:PROPHET_SERIES]


def proving(proof: Mapping[str, Proof]) -> str:
    """The kind of series a shop is judged by: its categories, or the total where they could not be tested."""
    tested = [kind for kind, each in proof.items() if each.value is not None]
    return min(tested or proof, key=lambda kind: (kind != "category", kind != "total"))
