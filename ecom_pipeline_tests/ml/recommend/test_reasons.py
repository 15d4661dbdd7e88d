"""A reason is evidence: without it in the input, the product scores lower."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import history
from ecom_pipeline.ml.recommend.cold import segments
from ecom_pipeline.ml.recommend.content import Content
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.rules import Rules
from ecom_pipeline.ml.recommend.serving import serve
from ecom_pipeline.ml.recommend.shelves import candidates_of
from ecom_pipeline_tests.ml.recommend.builders import bought, frame, last_day

PRODUCTS = 36
ROW = ["customer_id", "shelf", "product_id"]


@dataclass(frozen=True)
class World:
    """Orders of three products of one field, customers of one view, and customers who only told their gender."""

    orders: pd.DataFrame
    views: pd.DataFrame
    products: pd.DataFrame
    customers: pd.DataFrame

    @property
    def interactions(self) -> pd.DataFrame:
        sold = bought(*self.orders[["customer_id", "product_id", "day"]].drop_duplicates().itertuples(index=False))
        return pd.concat([sold, self.views], ignore_index=True)

    def served(self) -> pd.DataFrame:
        """Every candidate that is listed where lists are as long as the catalogue."""
        data = checked(self.interactions)
        model = LightFMRecommender(components=8, epochs=10, seed=1).fit_checked(data)
        delivered: list[pd.DataFrame] = []
        serve(
            candidates_of({"new": model, "all": model}, data, self.products, length=2 * PRODUCTS),
            data,
            Content(self.products),
            self.customers,
            self.orders.rename(columns={"order_id": "basket_id"}),
            segment=segments(
                self.customers, pd.Index(data["customer_id"].unique()), as_of_date=last_day(self.interactions)
            ),
            rules=Rules(),
            k=2 * PRODUCTS,
            as_of_date=last_day(self.interactions),
            deliver=delivered.append,
        )
        return pd.concat(delivered, ignore_index=True)

    def without(self, row: pd.Series) -> World:
        """The world without the evidence of a row: what its sentence counts, or the one thing that it names."""
        orders, views = self.orders, self.views
        of_product, of_customer = orders["product_id"] == row["product_id"], orders["customer_id"] == row["customer_id"]
        other = orders["product_id"] == row["evidence_product_id"]
        if row["reason"] in ("bought_before", "viewed_before"):
            looked = (views["product_id"] == row["product_id"]) & (views["customer_id"] == row["customer_id"])
            return replace(self, orders=orders[~(of_product & of_customer)], views=views[~looked])
        if row["reason"] == "bought_together":
            return replace(self, orders=orders[~(of_product & orders["order_id"].isin(orders.loc[other, "order_id"]))])
        if row["reason"] == "chosen_together":
            return replace(
                self, orders=orders[~(of_product & orders["customer_id"].isin(orders.loc[other, "customer_id"]))]
            )
        if row["reason"] in ("similar_to_bought", "similar_to_viewed"):
            viewed = (views["product_id"] == row["evidence_product_id"]) & (views["customer_id"] == row["customer_id"])
            return replace(self, orders=orders[~(other & of_customer)], views=views[~viewed])
        group = self.customers.loc[self.customers["gender"] == row["evidence_group"], "customer_id"]
        everyone = row["reason"] != "popular_in_segment"
        mine, looked = (everyone | each["customer_id"].isin(group) for each in (orders, views))
        return replace(
            self,
            orders=orders[~(of_product & mine)],
            views=views[~((views["product_id"] == row["product_id"]) & looked)],
        )


def world() -> World:
    random = np.random.default_rng(5)
    rows = [
        (f"o{customer:02d}-{order}", f"c{customer:02d}", f"p{product:02d}", 7 * order + customer % 7)
        for customer in range(90)
        for order in range(4)
        for product in random.choice(np.arange(customer % 2, PRODUCTS, 2), 3, replace=False)
    ]
    names = [f"p{number:02d}" for number in range(PRODUCTS)] + [f"rare{number}" for number in range(9)]
    words = ["green", "black", "white"]
    told = [(f"c{number:02d}", ["even", "odd"][number % 2]) for number in range(90)]
    return World(
        orders=pd.DataFrame(rows, columns=["order_id", "customer_id", "product_id", "day"]),
        views=frame(
            [
                *((f"eve{number}", f"rare{number}", 20, "view", 1) for number in range(9)),
                *((f"c{number:02d}", f"p{(7 * number) % PRODUCTS:02d}", 20, "view", 2) for number in range(0, 90, 6)),
            ]
        ),
        products=pd.DataFrame(
            {
                "product_id": names,
                "name": [f"{words[number % 3]} tea {number % 5}" for number in range(len(names))],
                "category": [f"k{number % 3}" for number in range(len(names))],
            }
        ),
        customers=pd.DataFrame(
            [*told, *((f"new{number}", "even") for number in range(9))], columns=["customer_id", "gender"]
        ),
    )


@pytest.mark.slow
def test_without_its_evidence_a_product_scores_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_PRODUCTS", PRODUCTS)
    shop = world()
    before = shop.served()
    kinds = {
        "bought_before": 6,
        "viewed_before": 6,
        "bought_together": 12,
        "chosen_together": 12,
        "similar_to_viewed": 6,
        "popular_in_segment": 6,
        "popular_in_category": 4,
        "popular": 2,
    }
    judged = []
    for kind, size in kinds.items():
        rows = before[(before["reason"] == kind) & (before["rank"] <= 12 if kind != "popular" else True)]
        assert len(rows) >= size, kind
        for _, row in rows.sample(size, random_state=1).iterrows():
            after = shop.without(row).served().set_index([*ROW, "source"])["score"]
            judged.append((kind, after.get((*row[ROW], row["source"]), -np.inf) < row["score"]))
    lower = pd.DataFrame(judged, columns=["kind", "lower"])
    assert lower["lower"].mean() >= 0.95, lower.groupby("kind")["lower"].mean().to_dict()
