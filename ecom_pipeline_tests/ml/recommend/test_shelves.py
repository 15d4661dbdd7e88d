from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.recommend import ranking
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.blend import Blend, Remembered
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.interactions import Floats, Positions, checked
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline.ml.recommend.shelves import candidates_of
from ecom_pipeline_tests.ml.recommend.builders import checkerboard, frame

PRODUCTS = pd.DataFrame({"product_id": pd.Index([], dtype=object)})


def winners(data: pd.DataFrame, shared: Remembered | None) -> dict[str, Recommender]:
    parts = [each.fit_checked(data) for each in (EASE(), Popularity(), Frequency())]
    weights = {"new": {"ease": 1.0, "popularity": 0.2}, "all": {"ease": 0.5, "frequency": 1.0}}
    return {target: Blend.of(parts, each, data, shared) for target, each in weights.items()}


@pytest.mark.parametrize("gone", [[], ["p004", "p005"]], ids=["everything is on sale", "some is not"])
def test_what_the_parts_of_a_blend_give_serves_all_shelves(gone: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    data = checked(checkerboard(customers=40, products=30))
    products = pd.DataFrame({"product_id": gone, "is_active": [False] * len(gone)})
    monkeypatch.setattr(ranking, "BLOCK", 15 * 30)
    asked: list[int] = []

    def counted(self: EASE, customers: Positions, products: Positions) -> Floats:
        asked.extend(customers.tolist())
        return score(self, customers, products)

    score = EASE._score
    everyone = pd.Index(data["customer_id"].cat.categories)
    columns = ["customer_id", "shelf", "rank", "product_id"]
    alone = candidates_of(winners(data, None), data, products, length=5)(everyone)[columns]
    monkeypatch.setattr(EASE, "_score", counted)
    together = candidates_of(winners(data, Remembered()), data, products, length=5)(everyone)[columns]
    assert sorted(asked) == list(range(40))
    assert together.equals(alone)
    assert set(together["shelf"]) == {"new", "again", "all"}
    assert not together["product_id"].isin(gone).any()


def test_what_is_bought_again_is_what_was_bought(monkeypatch: pytest.MonkeyPatch) -> None:
    data = checked(checkerboard(customers=40, products=30))
    monkeypatch.setattr(ranking, "BLOCK", 7 * 30)
    some = pd.Index(data["customer_id"].cat.categories)[[3, 4, 17, 39]].append(pd.Index(["unheard of"]))
    found = candidates_of(winners(data, Remembered()), data, PRODUCTS, length=100)(some)
    again, new = (found.loc[found["shelf"] == shelf, ["customer_id", "product_id"]] for shelf in ("again", "new"))
    bought = data.loc[data["customer_id"].isin(some), ["customer_id", "product_id"]].drop_duplicates().astype(object)
    assert sorted(again.itertuples(index=False, name=None)) == sorted(bought.itertuples(index=False, name=None))
    assert not np.isin(new.agg("/".join, axis=1), bought.agg("/".join, axis=1)).any()


@pytest.mark.parametrize(("weight", "first"), [(0.5, "often"), (-0.5, "often"), (0.0, "lately")])
def test_where_having_a_product_speaks_against_it_what_is_bought_again_is_what_was_bought_most(
    weight: float, first: str
) -> None:
    """A weight below nought is right for everything, where nobody buys twice, and turns the shelf of what was bought round."""
    often = [("ann", "often", day, "purchase", 1) for day in range(3)]
    crowd = [(f"c{number}", "lately", 3, "purchase", 1) for number in range(9)]
    data = checked(frame([*often, ("ann", "lately", 3, "purchase", 1), *crowd]))
    parts = [each.fit_checked(data) for each in (Popularity(), Frequency())]
    weights = {"new": {"popularity": 1.0}, "all": {"popularity": 0.1, "frequency": weight}}
    makers = {target: Blend.of(parts, each, data, None) for target, each in weights.items()}
    found = candidates_of(makers, data, PRODUCTS, length=5)(pd.Index(["ann"]))
    assert found.loc[found["shelf"] == "again", "product_id"].iloc[0] == first


def test_nobody_has_no_candidates() -> None:
    data = checked(checkerboard(customers=12, products=10))
    assert candidates_of(winners(data, None), data, PRODUCTS, length=5)(pd.Index(["unheard of"])).empty
