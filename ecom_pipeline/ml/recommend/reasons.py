"""Why a product is on a list: for each listed row the one piece of evidence that explains it best, as figures.

Evidence is what can be counted in the shop's data, so that anyone can check it: what the customer bought or looked at,
baskets that hold both products, customers who chose both, what a segment chooses. A row of a fallback is explained by what
the fallback looks at; a row of a learned model by the strongest of these; a row of somebody who refused advertising by
nothing that is theirs. The sentences are made of the figures in ``marts.recommendations``. What does not belong here: why a
model gives the score it gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.again import History
from ecom_pipeline.ml.recommend.interactions import Mask, Positions
from ecom_pipeline.ml.recommend.known import Shop
from ecom_pipeline.ml.recommend.ranking import position
from ecom_pipeline.ml.recommend.rules import category_codes, find, in_catalogue
from ecom_pipeline.ml.recommend.together import MINIMUM, bought_together

REASONS = (
    "bought_before", "viewed_before", "bought_together", "chosen_together", "similar_to_bought", "similar_to_viewed",
    "popular_in_category", "popular_in_segment", "popular", "personal", "brand_pin",
)  # fmt: skip
MOST = 30
"""Partners of a product that are looked at."""
EVERYONE = 0.8
"""Share of the customers from which on a segment is no "customers like you": what is popular with nine of ten is popular."""
RHYTHM = 3
"""Purchases that tell how often something is bought: two tell one gap."""
EVIDENCE_COLUMNS = (
    "reason", "evidence_product_id", "evidence_count", "evidence_date", "evidence_days", "evidence_group",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Partners:
    """The products beside each product, the strongest first.

    Attributes
    ----------
    of
        Products by places: the position of the partner, -1 where there is none.
    count
        The same shape: baskets or customers with both; 0 where that means nothing.
    """

    of: np.ndarray
    count: np.ndarray

    @classmethod
    def made(cls, product: np.ndarray, partner: np.ndarray, count: np.ndarray, *, products: int) -> Partners:
        """Take the first partners of each product; rows are sorted by product, then strength."""
        place = position(product)
        width = min(MOST, int(place.max(initial=-1)) + 1)
        of, counts = np.full((products, width), -1, dtype=np.int32), np.zeros((products, width), dtype=np.int64)
        kept = place < width
        of[product[kept], place[kept]] = partner[kept]
        counts[product[kept], place[kept]] = count[kept]
        return cls(of=of, count=counts)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that can explain a row; customers and products by position."""

    products: pd.DataFrame
    opted_out: Mask
    """By customer."""
    bought: History
    touched: History
    baskets: Partners
    customers: Partners
    """Of both those of the catalogue alone: carriage is nothing that goes with a mug."""
    chosen_by: np.ndarray
    """By product, how many customers ever chose it."""
    categories_of: np.ndarray
    """Sorted keys of customer and category code: the categories each customer turned to."""
    segment: np.ndarray
    """By customer, the name of the segment; None where there is none."""
    segment_count: pd.Series
    """By segment and product position, how many of the segment ever chose it."""
    name: np.ndarray
    """By product, a number for its name: of two sizes of one name nobody is told that they go together."""


def evidence_of(shop: Shop, baskets: pd.DataFrame) -> Evidence:
    """Gather the evidence there is.

    Parameters
    ----------
    shop
        What is known of customers and products.
    baskets
        As ``together.bought_together`` takes them.
    """
    count = len(shop.ids)
    customer, product = shop.recent
    goods = in_catalogue(shop.products)
    choosers = bought_together(
        pd.DataFrame({"basket_id": customer, "product_id": product}), k=MOST, available=pd.Index(np.flatnonzero(goods))
    )
    pairs = bought_together(baskets, k=MOST, available=shop.ids[goods])
    codes, names = category_codes(shop.products)
    chooser, owned = np.divmod(shop.chosen.keys, max(count, 1))
    named = codes[owned] >= 0
    share = shop.segment.map(shop.segment.value_counts() / max(len(shop.segment), 1))
    segment = shop.segment.where(share < EVERYONE, None).to_numpy(dtype=object)
    of_segment = pd.DataFrame({"segment": segment[chooser], "product": owned})
    names_of = shop.products["name"] if "name" in shop.products else shop.products["product_id"]
    return Evidence(
        products=shop.products,
        name=pd.factorize(names_of.fillna(shop.products["product_id"]))[0],
        opted_out=shop.facts.opted_out,
        bought=shop.purchased,
        touched=shop.chosen,
        baskets=Partners.made(
            shop.ids.get_indexer(pairs["product_id"]),
            shop.ids.get_indexer(pairs["other_product_id"]),
            pairs["baskets_together"].to_numpy(),
            products=count,
        ),
        customers=Partners.made(
            choosers["product_id"].to_numpy(dtype=np.int64),
            choosers["other_product_id"].to_numpy(dtype=np.int64),
            choosers["baskets_together"].to_numpy(),
            products=count,
        ),
        chosen_by=np.bincount(owned, minlength=count),
        categories_of=np.unique(chooser[named] * max(len(names), 1) + codes[owned[named]]),
        segment=segment,
        segment_count=of_segment.dropna(subset="segment").groupby(["segment", "product"]).size(),
    )


def explained(rows: pd.DataFrame, evidence: Evidence, links: pd.DataFrame) -> pd.DataFrame:
    """Return the evidence of each row.

    Parameters
    ----------
    rows
        ``customer, product`` as positions, ``shelf`` as position, and ``source``.
    links
        ``product, history, similarity`` by position: what was taken for like what.

    Returns
    -------
    pandas.DataFrame
        ``reason, evidence_product_id, evidence_count, evidence_date, evidence_days, evidence_group`` by the index of ``rows``.
    """
    return _Explaining(rows, evidence, _alike(links, len(evidence.products))).done()


def _alike(links: pd.DataFrame, products: int) -> Partners:
    """What was chosen and is like each product; what is described alike counts nothing."""
    ordered = links.drop_duplicates(["product", "history"]).sort_values(
        ["product", "similarity", "history"], ascending=[True, False, True]
    )
    product, history = (ordered[name].to_numpy(dtype=np.int64) for name in ("product", "history"))
    return Partners.made(product, history, np.zeros(len(ordered), dtype=np.int64), products=products)


class _Explaining:
    """Rows that are still to be explained, and what was found so far."""

    def __init__(self, rows: pd.DataFrame, evidence: Evidence, content: Partners) -> None:
        self.rows, self.evidence, self.content = rows, evidence, content
        self.customer, self.product = (rows[name].to_numpy().astype(np.int64) for name in ("customer", "product"))
        self.source = rows["source"].astype(object).to_numpy()
        products = len(evidence.products)
        first, last = (int(self.customer.min()), int(self.customer.max())) if len(rows) else (0, -1)
        self.bought, self.touched = (
            each.between(first * products, (last + 1) * products) for each in (evidence.bought, evidence.touched)
        )
        length = len(rows)
        self.reason = np.full(length, -1, dtype=np.int8)
        self.partner = np.full(length, -1, dtype=np.int64)
        self.count = np.zeros(length, dtype=np.int64)
        self.date = np.full(length, np.datetime64("NaT"), dtype="datetime64[D]")
        self.days = np.full(length, np.nan)
        self.group = np.full(length, None, dtype=object)

    def done(self) -> pd.DataFrame:
        known = self.evidence
        impersonal = np.isin(self.source, ["popularity", "segment_popularity", "category_popularity"])
        learned = ~impersonal & ~np.isin(self.source, ["content", "brand_pin"])
        theirs = ~known.opted_out[self.customer]
        self._before("bought_before", self.bought, theirs)
        self._before("viewed_before", self.touched, theirs)
        self._beside("bought_together", known.baskets, self.bought, learned)
        self._beside("chosen_together", known.customers, self.touched, learned)
        self._beside("similar_to_bought", self.content, self.bought, self.source == "content")
        self._beside("similar_to_viewed", self.content, self.touched, self.source == "content")
        self._pinned()
        self._in_category(~np.isin(self.source, ["popularity", "segment_popularity"]))
        self._in_segment(self.source != "popularity")
        self._popular(~impersonal)
        ids = self.evidence.products["product_id"].to_numpy(dtype=object)
        partner = np.where(self.partner >= 0, ids[self.partner], None)
        return pd.DataFrame(
            {
                "reason": np.array(REASONS, dtype=object)[self.reason],
                "evidence_product_id": partner,
                "evidence_count": pd.arrays.IntegerArray(self.count, self.count == 0),
                "evidence_date": self.date.astype("datetime64[ns]"),
                "evidence_days": pd.array(np.round(self.days), dtype="Int64"),
                "evidence_group": self.group,
            },
            index=self.rows.index,
        )

    def _open(self, among: np.ndarray) -> np.ndarray:
        return np.flatnonzero((self.reason < 0) & among)

    def _key(self, at: np.ndarray, product: np.ndarray) -> np.ndarray:
        keys: Positions = self.customer[at] * len(self.evidence.products) + product
        return keys

    def _before(self, reason: str, history: History, among: np.ndarray) -> None:
        at = self._open(among)
        place, found = find(self._key(at, self.product[at]), history.keys)
        at, place = at[found], place[found]
        self.reason[at] = REASONS.index(reason)
        self.count[at] = history.times[place]
        self.date[at] = history.last[place]
        if reason == "bought_before":
            between = (history.last[place] - history.first[place]).astype(float)
            often = history.times[place] >= RHYTHM
            self.days[at[often]] = between[often] / (history.times[place][often] - 1)

    def _beside(self, reason: str, partners: Partners, history: History, among: np.ndarray) -> None:
        at = self._open(among)
        for place in range(partners.of.shape[1]):
            partner = partners.of[self.product[at], place]
            where, found = find(self._key(at, partner), history.keys)
            found &= (partner >= 0) & (self.evidence.name[partner] != self.evidence.name[self.product[at]])
            hit = at[found]
            self.reason[hit] = REASONS.index(reason)
            self.partner[hit] = partner[found]
            self.count[hit] = partners.count[self.product[hit], place]
            self.date[hit] = history.last[where[found]]
            at = at[~found & (partner >= 0)]

    def _pinned(self) -> None:
        at = self._open(self.source == "brand_pin")
        self.reason[at] = REASONS.index("brand_pin")
        self.group[at] = self.evidence.products["brand"].to_numpy(dtype=object)[self.product[at]] if len(at) else None

    def _in_category(self, among: np.ndarray) -> None:
        codes, names = category_codes(self.evidence.products)
        at = self._open(among & (codes[self.product] >= 0) & (self.evidence.chosen_by[self.product] >= MINIMUM))
        _, found = find(self.customer[at] * max(len(names), 1) + codes[self.product[at]], self.evidence.categories_of)
        at = at[found]
        self.reason[at] = REASONS.index("popular_in_category")
        self.count[at] = self.evidence.chosen_by[self.product[at]]
        self.group[at] = names[codes[self.product[at]]]

    def _in_segment(self, among: np.ndarray) -> None:
        segment = self.evidence.segment
        at = self._open(among & pd.notna(segment[self.customer]))
        wanted = pd.MultiIndex.from_arrays([segment[self.customer[at]], self.product[at]])
        count = self.evidence.segment_count.reindex(wanted, fill_value=0).to_numpy() if len(at) else np.empty(0, int)
        at, count = at[count >= MINIMUM], count[count >= MINIMUM]
        self.reason[at] = REASONS.index("popular_in_segment")
        self.count[at] = count
        self.group[at] = segment[self.customer[at]]

    def _popular(self, learned: np.ndarray) -> None:
        """What is left: popular, as far as enough customers chose it; what a model lists of the others is told to be its choice."""
        at = self._open(np.ones(len(self.rows), dtype=bool))
        count = self.evidence.chosen_by[self.product[at]]
        counted = count >= MINIMUM
        self.reason[at] = REASONS.index("popular")
        self.reason[at[~counted & learned[at]]] = REASONS.index("personal")
        self.count[at[counted]] = count[counted]
