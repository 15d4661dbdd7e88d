"""A shop as lists are made of it: customers and products by position, what was chosen, and what is known of both.

What does not belong here: candidates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.again import History, habits
from ecom_pipeline.ml.recommend.evaluate import target_types
from ecom_pipeline.ml.recommend.interactions import WEIGHTS, Floats, Mask, Positions, product_weights
from ecom_pipeline.ml.recommend.ranking import position
from ecom_pipeline.ml.recommend.rules import Facts, Rules, bands_of, product_problems

RECENT_PRODUCTS = 100
"""How many of the products a customer chose last are looked at for company and for likeness."""


class Shop:
    """What is known of customers and products.

    Attributes
    ----------
    customers, products
        Everyone by position; of products everything that is known, one row each.
    touched, available
        Positions of the products that somebody touched, and of those that a list may hold.
    blocked
        By product, whether no list may hold it.
    bought, chosen, purchased
        By customer and product: what counts as bought already (purchases, any interaction in a shop without purchases), what
        was touched at all, and purchases.
    segment
        By customer.
    popularity
        By product, the decayed weight of its interactions.
    facts
        What the rules look at.
    """

    def __init__(
        self,
        interactions: pd.DataFrame,
        products: pd.DataFrame,
        customers: pd.DataFrame,
        *,
        segment: pd.Series,
        rules: Rules,
        as_of_date: dt.date,
        half_life: float | None,
    ) -> None:
        self._interactions = interactions
        touched, active = (interactions[name].cat.categories.astype(object) for name in ("product_id", "customer_id"))
        self.customers = active.union(_distinct(customers["customer_id"]))
        self.ids = touched.union(_distinct(products["product_id"]))
        self.products = products.set_index("product_id").reindex(self.ids).rename_axis("product_id").reset_index()
        self._customer_of, self._product_of = self.customers.get_indexer(active), self.ids.get_indexer(touched)
        self.touched = np.sort(self._product_of)
        self._has_history = np.zeros(len(self.customers), dtype=bool)
        self._has_history[self._customer_of] = True
        self.segment = segment.reindex(self.customers)
        problems = product_problems(self.products, rules)
        self.blocked = np.logical_or.reduce(list(problems.values()))
        self.available = self.touched[~self.blocked[self.touched]]
        self.popularity = np.zeros(len(self.ids))
        self.popularity[self._product_of] = product_weights(interactions, half_life)
        targets = target_types(interactions)
        self.bought = self._history(targets)
        self.chosen = self._history(tuple(WEIGHTS))
        self.purchased = self.bought if targets == ("purchase",) else self._history(("purchase",))
        self.facts = self._facts(customers, problems, as_of_date)

    def _history(self, event_types: tuple[str, ...]) -> History:
        found = habits(self._interactions, event_types)
        customer = self._customer_of[found["customer_id"].cat.codes].astype(np.int64)
        return History(
            keys=customer * len(self.ids) + self._product_of[found["product_id"].cat.codes],
            times=found["times"].to_numpy(),
            first=found["first_date"].to_numpy().astype("datetime64[D]"),
            last=found["last_date"].to_numpy().astype("datetime64[D]"),
        )

    def _facts(self, customers: pd.DataFrame, problems: Mapping[str, Mask], as_of_date: dt.date) -> Facts:
        opted_out = np.zeros(len(self.customers), dtype=bool)
        if "is_opted_out" in customers:
            refused = customers.loc[customers["is_opted_out"].isin([True]), "customer_id"]
            opted_out = self.customers.isin(refused)
        customer, product = np.divmod(self.bought.keys, len(self.ids))
        band = bands_of(self.products)[product]
        told = ~np.isnan(band)
        weight = np.bincount(customer[told], minlength=len(self.customers))
        total = np.bincount(customer[told], weights=band[told], minlength=len(self.customers))
        return Facts(
            products=self.products,
            problems=problems,
            opted_out=opted_out,
            bought=self.bought.keys,
            bought_days_ago=(np.datetime64(as_of_date) - self.bought.last).astype(np.int64),
            band=np.where((weight > 0) & ~opted_out, total / np.maximum(weight, 1), np.nan),
        )

    def latest(self, most: int) -> np.ndarray:
        """Ascending, so many of the customers: those whose last interaction is the latest; who has none comes last."""
        days = self._interactions["interaction_date"].to_numpy().astype("datetime64[D]").astype(np.int64)
        last = np.full(len(self.customers), days.min(initial=0) - 1)
        np.maximum.at(last, self._customer_of[self._interactions["customer_id"].cat.codes], days)
        return np.sort(np.argsort(-last, kind="stable")[:most])

    def active(self, customers: np.ndarray) -> np.ndarray:
        """Those of the customers who chose something."""
        found: Positions = customers[self._has_history[customers]]
        return found

    @cached_property
    def recent(self) -> tuple[np.ndarray, np.ndarray]:
        """Customer and product of the last 100 products that each customer chose, by customer."""
        customer, product = np.divmod(self.chosen.keys, len(self.ids))
        order = np.lexsort((product, -self.chosen.last.astype(np.int64), customer))
        customer, product = customer[order], product[order]
        recent = position(customer) < RECENT_PRODUCTS
        return customer[recent], product[recent]

    def recent_of(self, customers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same, of those customers alone."""
        customer, product = self.recent
        among = np.isin(customer, customers)
        return customer[among], product[among]

    def by_popularity(self, products: np.ndarray) -> np.ndarray:
        """The same positions, the most popular first."""
        ranked: Positions = products[np.lexsort((products, -self.popularity[products]))]
        return ranked

    def relative_popularity(self, products: np.ndarray) -> np.ndarray:
        """1 for the most popular product of all."""
        share: Floats = self.popularity[products] / max(self.popularity.max(), np.finfo(np.float64).tiny)
        return share


def _distinct(values: pd.Series) -> pd.Index:
    return pd.Index(values.astype(object).unique())
