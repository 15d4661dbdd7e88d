"""Shelves, rules, fallbacks and evidence, from candidates to the lists a shop shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.contracts import TABLES, parse_contract
from ecom_pipeline.ml.recommend import known
from ecom_pipeline.ml.recommend.cold import segments
from ecom_pipeline.ml.recommend.content import Content
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.rules import BEYOND_LENGTH, LISTED, OUTCOMES, RULES, Rules
from ecom_pipeline.ml.recommend.serving import CANDIDATE_COLUMNS, Served, serve, served_to_nobody
from ecom_pipeline_tests.ml.recommend.builders import (
    FIRST_DAY,
    NO_BASKETS,
    NO_CUSTOMERS,
    NO_PRODUCTS,
    bought,
    frame,
    last_day,
)

pytestmark = pytest.mark.slow

AS_OF = FIRST_DAY + dt.timedelta(days=40)
NO_SEGMENTS = pd.Series(dtype=object)
PLAIN = Rules(new_products=0)
FEW = Rules(new_products=0, most_customers=2)


def candidates(*rows: tuple[str, str, str], source: str = "lightfm") -> pd.DataFrame:
    """``customer, shelf, product``, ranked as they come."""
    found = pd.DataFrame(list(rows), columns=["customer_id", "shelf", "product_id"])
    found["rank"] = found.groupby(["customer_id", "shelf"]).cumcount() + 1
    return found.assign(score=1.0 / found["rank"], source=source)[list(CANDIDATE_COLUMNS)]


@dataclass(frozen=True, kw_only=True)
class Shown(Served):
    """What was served, and the lists that were delivered."""

    recommendations: pd.DataFrame


def shown(
    offered: pd.DataFrame,
    interactions: pd.DataFrame,
    products: list[dict[str, Any]] | pd.DataFrame = (),  # type: ignore[assignment]
    customers: list[dict[str, Any]] = (),  # type: ignore[assignment]
    baskets: pd.DataFrame = NO_BASKETS,
    rules: Rules = PLAIN,
    k: int = 3,
) -> Shown:
    delivered: list[pd.DataFrame] = []
    told = pd.DataFrame(customers) if len(customers) else NO_CUSTOMERS
    data = checked(interactions)
    everyone = pd.concat([told, offered[["customer_id"]]]).drop_duplicates("customer_id")
    served = serve(
        lambda customers: offered[offered["customer_id"].isin(customers)],
        data,
        Content(pd.DataFrame(products) if len(products) else NO_PRODUCTS),
        everyone,
        baskets,
        segment=segments(everyone, pd.Index(data["customer_id"].unique()), as_of_date=AS_OF),
        rules=rules,
        k=k,
        as_of_date=AS_OF,
        deliver=delivered.append,
    )
    return Shown(**vars(served), recommendations=pd.concat(delivered, ignore_index=True))


def listed(served: Shown, customer: str, shelf: str) -> list[tuple[str, str]]:
    rows = served.recommendations
    one = rows[(rows["customer_id"] == customer) & (rows["shelf"] == shelf)]
    assert one["rank"].tolist() == list(range(1, len(one) + 1))
    return list(zip(one["product_id"], one["source"], strict=True))


def filtered(served: Shown, shelf: str) -> dict[str, int]:
    rows = served.rules[(served.rules["shelf"] == shelf) & (served.rules["candidates"] > 0)]
    return dict(zip(rows["outcome"], rows["candidates"], strict=True))


def reason(served: Shown, customer: str, product: str, shelf: str = "new") -> dict[str, Any]:
    rows = served.recommendations.set_index(["customer_id", "shelf", "product_id"])
    row: dict[str, Any] = rows.loc[(customer, shelf, product)].to_dict()
    return {
        name: value for name, value in row.items() if name.startswith(("reason", "evidence")) and not pd.isna(value)
    }


OTHERS = bought(*(("else", f"p{number}", number) for number in range(1, 8)))
"""Somebody who touched every product, the last one latest: p7 is the most popular."""
RANKED = candidates(*(("ann", "new", f"p{number}") for number in range(1, 8)))


def catalogue(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    base = {
        "category": "tea",
        "category_path": "tea > green",
        "brand": "Acme",
        "price_band": "medium",
        "is_in_catalogue": True,
    }
    return [{"product_id": f"p{number}", **base, **changes.get(f"p{number}", {})} for number in range(1, 8)]


CASES: dict[str, tuple[dict[str, Any], Rules, dict[str, Any], str, str]] = {
    "not on sale": ({"p1": {"is_active": False}}, PLAIN, {}, "not_on_sale", "p2 p3 p4"),
    "not in the catalogue": ({"p1": {"is_in_catalogue": False}}, PLAIN, {}, "not_on_sale", "p2 p3 p4"),
    "no stock": ({"p1": {"stock": 0}, "p2": {"stock": 1}}, PLAIN, {}, "out_of_stock", "p2 p3 p4"),
    "too little stock": ({"p1": {"stock": 4}}, Rules(minimum_stock=5, new_products=0), {}, "out_of_stock", "p2 p3 p4"),
    "stock that runs out": (
        {"p1": {"days_of_stock": 2.5}, "p2": {"days_of_stock": 3.0}},
        Rules(minimum_days_of_stock=3, new_products=0),
        {},
        "stock_runs_out",
        "p2 p3 p4",
    ),
    "an excluded product": ({}, Rules(exclude_products=("p2",), new_products=0), {}, "excluded", "p1 p3 p4"),
    "an excluded brand": (
        {"p2": {"brand": "Other"}},
        Rules(exclude_brands=("Other",), new_products=0),
        {},
        "excluded",
        "p1 p3 p4",
    ),
    "an excluded branch": (
        {"p2": {"category": "gift", "category_path": "gift > cards > paper"}, "p3": {"category_path": "gift"}},
        Rules(exclude_categories=("gift > cards",), new_products=0),
        {},
        "excluded",
        "p1 p3 p4",
    ),
    "bought already": ({}, PLAIN, {"bought": ["p1"]}, "already_bought", "p2 p3 p4"),
    "a price out of reach of what was bought on average": (
        {
            "p1": {"price_band": "lowest"},
            "p7": {"price_band": "high"},
            "p5": {"price_band": "highest"},
            "p6": {"price_band": "medium"},
            "p2": {"price_band": "low"},
        },
        Rules(price_bands_apart=2, new_products=0),
        {"bought": ["p7", "p5", "p6"]},
        "price_band",
        "p2 p3 p4",
    ),
    "a price out of reach": (
        {"p1": {"price_band": "lowest"}, "p7": {"price_band": "high"}, "p2": {"price_band": "highest"}},
        Rules(price_bands_apart=2, new_products=0),
        {"bought": ["p7"]},
        "price_band",
        "p2 p3 p4",
    ),
}


@pytest.mark.parametrize(("products", "rules", "customer", "rule", "expected"), CASES.values(), ids=list(CASES))
def test_a_rule_takes_out_what_it_names_and_counts_it(
    products: dict[str, Any], rules: Rules, customer: dict[str, Any], rule: str, expected: str
) -> None:
    history = bought(("ann", "other", 0), *(("ann", product, 1) for product in customer.get("bought", [])))
    everything = [*catalogue(**products), {"product_id": "other", "is_in_catalogue": True}]
    served = shown(RANKED, pd.concat([OTHERS, history]), everything, rules=rules)
    names = [product for product, _ in listed(served, "ann", "new")]
    assert names == expected.split()
    assert filtered(served, "new")[rule] >= 1


def test_who_bought_nothing_of_a_known_price_may_get_any_price() -> None:
    dear = [*catalogue(p1={"price_band": "highest"}), {"product_id": "other", "is_in_catalogue": True}]
    history = pd.concat([OTHERS, bought(("ann", "other", 0))])
    served = shown(RANKED, history, dear, rules=Rules(price_bands_apart=2, new_products=0))
    assert [product for product, _ in listed(served, "ann", "new")] == ["p1", "p2", "p3"]


def test_where_nothing_is_against_it_the_best_are_listed() -> None:
    everything = [*catalogue(), {"product_id": "other", "is_in_catalogue": True}]
    served = shown(RANKED, pd.concat([OTHERS, bought(("ann", "other", 0))]), everything)
    assert [product for product, _ in listed(served, "ann", "new")] == ["p1", "p2", "p3"]
    assert set(filtered(served, "new")) == {"already_bought", "beyond_length", "listed"}


def test_a_category_has_at_most_its_cap_and_those_above_stay() -> None:
    products = catalogue(p3={"category": "cups"}, p6={"category": "unknown"}, p7={"category": "unknown"})
    served = shown(RANKED, OTHERS, products, rules=Rules(category_cap=1, new_products=0))
    assert [product for product, _ in listed(served, "ann", "new")] == ["p1", "p3", "p6"]
    assert filtered(served, "new") == {"category_cap": 3, "beyond_length": 1, "listed": 3, "already_bought": 7}


def test_a_product_comes_again_only_after_the_window() -> None:
    history = bought(("ann", "p1", 10), ("ann", "p2", 30))
    again = candidates(("ann", "again", "p1"), ("ann", "again", "p2"), ("ann", "all", "p2"), ("ann", "all", "p3"))
    served = shown(again, pd.concat([OTHERS, history]), rules=Rules(repurchase_after_days=11, new_products=0))
    assert listed(served, "ann", "again") == [("p1", "lightfm")]
    assert filtered(served, "again") == {"already_bought": 1, "listed": 1}
    assert listed(served, "ann", "all")[0] == ("p3", "lightfm")
    assert "p2" not in dict(listed(served, "ann", "all"))
    on_the_day = shown(again, pd.concat([OTHERS, history]), rules=Rules(repurchase_after_days=10, new_products=0))
    assert [product for product, _ in listed(on_the_day, "ann", "again")] == ["p1", "p2"]
    at_once = shown(again, pd.concat([OTHERS, history]))
    assert listed(at_once, "ann", "again") == [("p1", "lightfm"), ("p2", "lightfm")]


def test_a_pinned_brand_gets_its_place_and_only_what_may_be_listed() -> None:
    products = catalogue(p5={"brand": "Pin", "stock": 0}, p6={"brand": "Pin"}, p7={"brand": "Far"})
    rules = Rules(brand_pins={"Pin": 2, "Far": 3}, new_products=0)
    served = shown(RANKED, OTHERS, products, rules=rules)
    assert [product for product, _ in listed(served, "ann", "new")] == ["p1", "p6", "p7"]
    nobody = shown(RANKED[:2], OTHERS, products, [{"customer_id": "newcomer"}], rules=rules)
    assert [product for product, _ in listed(nobody, "newcomer", "new")][1:] == ["p6", "p7"]
    assert reason(nobody, "newcomer", "p6") == {"reason": "brand_pin", "evidence_group": "Pin"}


def test_a_pin_never_moves_a_product_down() -> None:
    served = shown(RANKED, OTHERS, catalogue(p1={"brand": "Pin"}), rules=Rules(brand_pins={"Pin": 3}, new_products=0))
    assert [product for product, _ in listed(served, "ann", "new")] == ["p1", "p2", "p3"]


def test_who_refused_advertising_gets_only_what_looks_at_nobody() -> None:
    history = bought(("ann", "p1", 3), ("bob", "p1", 3))
    rows = [
        (customer, shelf, product)
        for customer in ("ann", "bob")
        for shelf, product in (("new", "p2"), ("again", "p1"), ("all", "p1"), ("all", "p2"))
    ]
    told = [{"customer_id": "ann", "is_opted_out": True}, {"customer_id": "bob", "is_opted_out": False}]
    served = shown(candidates(*rows), pd.concat([OTHERS, history]), catalogue(), told, k=7)
    assert listed(served, "ann", "again") == []
    assert {source for shelf in ("new", "all") for _, source in listed(served, "ann", shelf)} == {"popularity"}
    assert listed(served, "bob", "new")[0] == ("p2", "lightfm")
    assert filtered(served, "again") == {"opted_out": 1, "listed": 1}
    assert [product for product, _ in listed(served, "ann", "all")] == ["p1", *(f"p{n}" for n in range(7, 1, -1))]
    rows = served.recommendations
    assert set(rows.loc[rows["customer_id"] == "ann", "reason"]) == {"popular"}
    assert reason(served, "bob", "p1", "all")["reason"] == "bought_before"


def test_who_refused_advertising_gets_nothing_of_what_they_bought_whoever_lists_it() -> None:
    rows = candidates(("ann", "again", "p1"), ("bob", "again", "p1"), source="popularity")
    history = bought(("ann", "p1", 3), ("bob", "p1", 3))
    told = [{"customer_id": "ann", "is_opted_out": True}, {"customer_id": "bob", "is_opted_out": False}]
    cheap = catalogue(p1={"price_band": "lowest"}, p7={"price_band": "highest"})
    rules = Rules(price_bands_apart=2, new_products=0)
    served = shown(rows, pd.concat([OTHERS, history]), cheap, told, rules=rules, k=1)
    assert [listed(served, customer, "again") for customer in ("ann", "bob")] == [[], [("p1", "popularity")]]
    assert [listed(served, customer, "new")[0][0] for customer in ("ann", "bob")] == ["p7", "p2"]


def of_gender(gender: str, numbers: range) -> list[dict[str, Any]]:
    return [{"customer_id": f"{gender[0]}{number}", "gender": gender} for number in numbers]


CROWD = bought(
    *((f"f{number}", "cup", number) for number in range(20)),
    *((f"m{number}", "saw", number) for number in range(30)),
    *((f"m{number}", "axe", number) for number in range(25)),
)
TOLD = [*of_gender("female", range(25)), *of_gender("male", range(35)), {"customer_id": "x", "gender": None}]


def test_a_new_customer_gets_what_the_segment_chooses_then_what_is_popular() -> None:
    served = shown(candidates(), CROWD, customers=TOLD)
    assert listed(served, "f24", "new") == [
        ("cup", "segment_popularity"), ("saw", "popularity"), ("axe", "popularity")
    ]  # fmt: skip
    assert listed(served, "m34", "new")[0] == ("saw", "segment_popularity")
    assert {source for _, source in listed(served, "x", "new")} == {"popularity"}
    assert reason(served, "f24", "cup") == {
        "reason": "popular_in_segment",
        "evidence_count": 20,
        "evidence_group": "female",
    }
    assert reason(served, "x", "saw") == {"reason": "popular", "evidence_count": 30}


@pytest.mark.parametrize(("women", "why"), [(4, "personal"), (5, "popular_in_segment")])
def test_what_few_of_a_segment_chose_is_not_popular_in_it(women: int, why: str) -> None:
    rings = bought(*((f"f{number}", "ring", number) for number in range(women)))
    served = shown(candidates(("f24", "new", "ring")), pd.concat([CROWD, rings]), customers=TOLD)
    assert reason(served, "f24", "ring")["reason"] == why


def test_a_segment_of_nearly_everyone_is_not_customers_like_you() -> None:
    served = shown(candidates(), CROWD, customers=[*of_gender("male", range(95)), *of_gender("female", range(20))])
    assert reason(served, "m34", "saw") == {"reason": "popular", "evidence_count": 30}
    assert reason(served, "f3", "cup", "all")["reason"] == "bought_before"
    served = shown(candidates(), CROWD, customers=[*of_gender("male", range(75)), *of_gender("female", range(20))])
    assert reason(served, "m34", "saw")["reason"] == "popular_in_segment"


def test_a_segment_of_few_is_none_and_opted_out_customers_have_none() -> None:
    few = [row for row in TOLD if row["customer_id"] not in ("f0", "f1")]
    assert listed(shown(candidates(), CROWD, customers=few), "f24", "new")[0] == ("saw", "popularity")
    refused = [*TOLD, {"customer_id": "shy", "gender": "female", "is_opted_out": True}]
    assert listed(shown(candidates(), CROWD, customers=refused), "shy", "new")[0] == ("saw", "popularity")


TEXTS = pd.DataFrame(
    {
        "product_id": ["green", "black", "oolong", "mug", "fresh", "gone"],
        "name": ["green tea leaf", "black tea leaf", "oolong tea", "stone mug", "white tea leaf 绿茶", "red tea leaf"],
        "category": ["tea", "tea", "tea", "cups", "tea", "tea"],
        "is_active": [True, True, True, True, True, False],
    }
)
TEA = bought(
    ("ann", "green", 5), *(("else", product, 20) for product in ("green", "black", "oolong", "mug")), ("you", "mug", 9)
)


def test_a_customer_with_one_event_gets_what_is_described_like_it() -> None:
    viewed = pd.concat([TEA, frame([("eve", "green", 30, "view", 1)])])
    served = shown(candidates(), viewed, TEXTS)
    assert listed(served, "eve", "new")[:2] == [("black", "content"), ("oolong", "content")]
    assert reason(served, "eve", "black") == {
        "reason": "similar_to_viewed", "evidence_product_id": "green", "evidence_date": pd.Timestamp("2024-01-31"),
    }  # fmt: skip
    assert reason(served, "ann", "black")["reason"] == "similar_to_bought"


def test_a_product_that_nobody_touched_gets_the_last_places_of_those_who_bought_its_like() -> None:
    known = candidates(*(("ann", "new", product) for product in ("mug", "oolong", "black")), ("you", "new", "green"))
    served = shown(known, TEA, TEXTS, rules=Rules(new_products=1))
    assert listed(served, "ann", "new") == [("mug", "lightfm"), ("oolong", "lightfm"), ("fresh", "content")]
    assert "fresh" not in dict(listed(served, "you", "new"))
    assert "gone" not in set(served.recommendations["product_id"])
    assert reason(served, "ann", "fresh") == {
        "reason": "similar_to_bought", "evidence_product_id": "green", "evidence_date": pd.Timestamp("2024-01-06"),
    }  # fmt: skip
    assert "fresh" not in dict(listed(shown(known, TEA, TEXTS), "ann", "new"))


def test_it_gets_the_last_places_whatever_the_cap_takes_out_above_it() -> None:
    cups = [{"product_id": f"cup{n}", "category": "cups"} for n in range(3)]
    more = pd.DataFrame([*cups, *({"product_id": name, "category": name} for name in ("bowl", "jar", "tin"))])
    known = candidates(*(("ann", "new", product) for product in more["product_id"]))
    world = pd.concat([TEA, bought(*(("else", product, 20) for product in more["product_id"]))])
    products = pd.concat([TEXTS, more.assign(is_active=True)])
    served = shown(known, world, products, rules=Rules(new_products=1, category_cap=1), k=4)
    assert [product for product, _ in listed(served, "ann", "new")] == ["cup0", "bowl", "jar", "fresh"]
    capped = shown(known, world, products.replace("cups", "tea"), rules=Rules(new_products=1, category_cap=1), k=4)
    assert [product for product, _ in listed(capped, "ann", "new")] == ["cup0", "bowl", "jar", "tin"]


@pytest.mark.parametrize(
    ("changes", "is_listed"),
    [
        ({"is_fresh": [False] * 4 + [True, True]}, True),
        ({"is_fresh": [False] * 6}, False),
        ({"price": [None] * 6}, True),
        ({"price": [5.0] * 4 + [None, None]}, False),
        ({"is_in_catalogue": [True] * 6}, True),
        ({"is_in_catalogue": [False] * 3 + [True] * 3}, False),
        ({"name": [*TEXTS["name"][:4], "stone mug of stone", "red"]}, False),
    ],
)
def test_a_new_product_has_a_price_is_unknown_to_guests_and_truly_like_a_good_that_was_bought(
    changes: dict[str, Any], is_listed: bool
) -> None:
    known = candidates(*(("ann", "new", product) for product in ("mug", "oolong", "black")))
    served = shown(known, TEA, TEXTS.assign(**changes), rules=Rules(new_products=1))
    assert ("fresh" in dict(listed(served, "ann", "new"))) is is_listed


def together(*pairs: tuple[str, str], times: int = 6) -> pd.DataFrame:
    rows = [(f"{pair}-{time}", product) for pair in pairs for time in range(times) for product in pair]
    alone = [(f"alone-{time}", product) for time in range(20) for pair in pairs for product in pair[:1]]
    return pd.DataFrame(
        [*rows, *alone, *((f"none-{time}", "rest") for time in range(60))], columns=["basket_id", "product_id"]
    )


def test_the_evidence_of_a_learned_row_is_what_the_customer_bought_with_it() -> None:
    crowd = bought(*((f"c{number}", "p2", 2) for number in range(4)))
    history = pd.concat([OTHERS, crowd, bought(("ann", "p7", 3), ("ann", "p7", 21))])
    served = shown(RANKED, history, catalogue(), baskets=together(("p7", "p1")))
    assert reason(served, "ann", "p1") == {
        "reason": "bought_together", "evidence_product_id": "p7", "evidence_count": 6, "evidence_date": pd.Timestamp("2024-01-22"),
    }  # fmt: skip
    assert reason(served, "ann", "p2") == {
        "reason": "popular_in_category",
        "evidence_count": 5,
        "evidence_group": "tea",
    }
    assert reason(served, "ann", "p3") == {"reason": "personal"}
    named = [{**row, "name": {"p1": "Tea", "p7": "Tea"}.get(row["product_id"])} for row in catalogue()]
    assert reason(shown(RANKED, history, named, baskets=together(("p7", "p1"))), "ann", "p1") == {"reason": "personal"}


def test_what_everyone_gets_is_popular_and_few_customers_are_not_counted() -> None:
    served = shown(candidates(), pd.concat([OTHERS, bought(*((f"c{number}", "p2", 2) for number in range(4)))]))
    assert reason(served, "c0", "p7") == {"reason": "popular"}


def test_what_the_customer_looked_at_is_why_it_is_there_again() -> None:
    looks = frame([("ann", "p1", 3, "view", 2), ("ann", "p1", 9, "cart", 1), ("ann", "p2", 4, "view", 1)])
    history = pd.concat([OTHERS, looks, bought(("ann", "p7", 3), ("ann", "p2", 5))])
    served = shown(RANKED, history, catalogue(), baskets=together(("p7", "p1")))
    assert reason(served, "ann", "p1") == {
        "reason": "viewed_before", "evidence_count": 2, "evidence_date": pd.Timestamp("2024-01-10"),
    }  # fmt: skip
    assert reason(shown(candidates(("ann", "all", "p2")), history), "ann", "p2", "all")["reason"] == "bought_before"


def test_what_is_not_in_the_catalogue_is_no_evidence() -> None:
    crowd = bought(*((f"c{n}", product, n) for n in range(6) for product in ("post", "p1")))
    history = pd.concat([OTHERS, crowd, bought(("ann", "post", 3), *((f"d{n}", "p2", n) for n in range(9)))])
    post = {"product_id": "post", "is_in_catalogue": False}
    for orders in (together(("post", "p1")), NO_BASKETS):
        assert reason(shown(RANKED, history, [], baskets=orders), "ann", "p1")["evidence_product_id"] == "post"
        served = shown(RANKED, history, [*catalogue(), post], baskets=orders)
        assert reason(served, "ann", "p1")["reason"] == "popular"


def test_customers_who_chose_both_are_evidence_where_no_basket_is() -> None:
    crowd = bought(
        *((f"c{n}", product, n) for n in range(6) for product in ("p7", "p1")), *((f"d{n}", "p2", n) for n in range(9))
    )
    history = pd.concat([OTHERS, crowd, bought(("ann", "p7", 3))])
    served = shown(RANKED, history, [])
    assert reason(served, "ann", "p1") == {
        "reason": "chosen_together", "evidence_product_id": "p7", "evidence_count": 7, "evidence_date": pd.Timestamp("2024-01-04"),
    }  # fmt: skip


def test_what_was_bought_before_says_how_often_and_from_the_third_time_how_regularly() -> None:
    history = bought(
        *(
            ("ann", product, day)
            for product, days in {"p1": (0, 10, 25), "p2": (4,), "p3": (4, 9)}.items()
            for day in days
        )
    )
    rows = candidates(*(("ann", "again", product) for product in ("p1", "p2", "p3")), source="frequency")
    served = shown(rows, pd.concat([OTHERS, history]))
    assert reason(served, "ann", "p1", "again") == {
        "reason": "bought_before", "evidence_count": 3, "evidence_date": pd.Timestamp("2024-01-26"), "evidence_days": 12,
    }  # fmt: skip
    assert reason(served, "ann", "p2", "again") == {
        "reason": "bought_before", "evidence_count": 1, "evidence_date": pd.Timestamp("2024-01-05"),
    }  # fmt: skip
    assert reason(served, "ann", "p3", "again") == {
        "reason": "bought_before", "evidence_count": 2, "evidence_date": pd.Timestamp("2024-01-10"),
    }  # fmt: skip


def test_a_list_of_candidates_is_refused_if_it_says_a_product_twice_or_names_no_shelf() -> None:
    with pytest.raises(ValueError, match="product_id 'p1' is twice in the list 'new' of 'ann'"):
        shown(candidates(("ann", "new", "p1"), ("ann", "new", "p1")), OTHERS)
    with pytest.raises(ValueError, match="shelf 'old'; expected one of new, again, all"):
        shown(candidates(("ann", "old", "p1")), OTHERS)


@st.composite
def shops(draw: st.DrawFn) -> tuple[Any, ...]:
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    customers, products = draw(st.integers(1, 6)), draw(st.integers(1, 12))
    events = [
        (f"c{random.integers(customers)}", f"p{random.integers(products)}", int(random.integers(40)), kind, 1)
        for kind in random.choice(["view", "purchase"], draw(st.integers(1, 30)))
    ]
    offered = [
        (f"c{customer}", shelf, f"p{product}")
        for customer in range(customers)
        for shelf in ("new", "again", "all")
        for product in random.permutation(products)[: random.integers(0, products + 1)]
    ]
    described = [
        {
            "product_id": f"p{number}",
            "name": str(random.choice(["green tea", "black tea", "mug"])),
            "category": str(random.choice(["tea", "cups", "unknown"])),
            "brand": random.choice(["A", "B", None]),
            "price_band": random.choice(["lowest", "medium", "highest", None]),
            "stock": int(random.integers(0, 3)),
            "is_active": bool(random.random() < 0.9),
            "is_in_catalogue": True,
        }
        for number in range(products + 2)
    ]
    told = [
        {"customer_id": f"c{number}", "is_opted_out": bool(random.random() < 0.2)} for number in range(customers + 2)
    ]
    rules = Rules(
        exclude_products=("p0",) if random.random() < 0.3 else (),
        repurchase_after_days=int(random.integers(0, 20)),
        price_bands_apart=draw(st.sampled_from([None, 1.0])),
        category_cap=draw(st.sampled_from([None, 1, 2])),
        brand_pins=draw(st.sampled_from([{}, {"A": 1}, {"A": 2, "B": 2}])),
        new_products=draw(st.integers(0, 2)),
    )
    return candidates(*offered), frame(events), described, told, rules, draw(st.integers(1, 6))


@settings(deadline=None, max_examples=15)
@given(shops())
def test_every_candidate_is_listed_filtered_by_one_rule_or_beyond_the_length(shop: tuple[Any, ...]) -> None:
    offered, events, described, told, rules, k = shop
    served = shown(offered, events, described, told, rules=rules, k=k)
    counts = served.rules.pivot(index="shelf", columns="outcome", values="candidates")
    assert list(counts.columns) == sorted(OUTCOMES)
    lists = served.recommendations
    assert (
        counts[LISTED].to_dict()
        == lists["shelf"].value_counts().reindex(["again", "all", "new"], fill_value=0).to_dict()
    )
    assert (served.rules["is_filtered"] == served.rules["outcome"].isin(RULES)).all()
    # On "again" nothing is added: what was offered is what is counted.
    assert counts.loc["again"].sum() == (offered["shelf"] == "again").sum()
    for shelf in ("new", "all"):
        assert counts.loc[shelf].sum() >= (offered["shelf"] == shelf).sum()
    assert not lists.duplicated(["customer_id", "shelf", "product_id"]).any()
    lengths = lists.groupby(["customer_id", "shelf"])["rank"].agg(["size", "max"])
    assert (lengths["size"] == lengths["max"]).all()
    assert (lengths["max"] <= k).all()
    by_id = pd.DataFrame(described).set_index("product_id")
    assert (by_id.loc[lists["product_id"], "stock"] > 0).all()
    assert by_id.loc[lists["product_id"], "is_active"].all()
    if rules.category_cap:
        named = lists.assign(category=by_id.loc[lists["product_id"], "category"].to_numpy())
        named = named[named["category"] != "unknown"]
        assert (named.groupby(["customer_id", "shelf", "category"]).size() <= rules.category_cap).all()
    refused = {row["customer_id"] for row in told if row["is_opted_out"]}
    assert set(lists.loc[lists["customer_id"].isin(refused), "source"]) <= {"popularity", "brand_pin"}
    assert not lists["reason"].isna().any()


def test_lists_are_filled_up_as_far_as_products_go() -> None:
    served = shown(candidates(("ann", "new", "p1")), OTHERS, catalogue(), k=6)
    assert len(listed(served, "ann", "new")) == 6
    assert listed(served, "ann", "new")[1] == ("p7", "popularity")
    assert filtered(served, "new")[BEYOND_LENGTH] == 1


def test_the_same_rows_in_another_order_give_the_same_lists() -> None:
    told = [*TOLD, {"customer_id": "y", "is_opted_out": True}]
    first = shown(candidates(("f1", "new", "saw")), CROWD, customers=told)
    second = shown(
        candidates(("f1", "new", "saw")), CROWD.sample(frac=1, random_state=1), customers=list(reversed(told))
    )
    pd.testing.assert_frame_equal(first.recommendations, second.recommendations)
    pd.testing.assert_frame_equal(first.rules, second.rules)


def test_served_in_blocks_of_customers_the_lists_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shown(candidates(("f1", "new", "saw")), CROWD, customers=TOLD)
    monkeypatch.setattr("ecom_pipeline.ml.recommend.serving.CUSTOMERS", 40)
    blocks = shown(candidates(("f1", "new", "saw")), CROWD, customers=TOLD)
    pd.testing.assert_frame_equal(whole.recommendations, blocks.recommendations)
    pd.testing.assert_frame_equal(whole.rules, blocks.rules)


def test_lists_are_handed_on_before_those_of_other_customers_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecom_pipeline.ml.recommend.serving.CUSTOMERS", 2)
    told: list[list[str]] = []
    history = bought(*((name, "p1", 0) for name in ("ann", "bob", "cid", "dan", "eve")))

    def offered(customers: pd.Index) -> pd.DataFrame:
        told.append(["asked", *customers])
        return candidates()

    def deliver(lists: pd.DataFrame) -> None:
        told.append(["given", *lists["customer_id"].unique()])

    serve(
        offered,
        checked(history),
        Content(NO_PRODUCTS),
        NO_CUSTOMERS,
        NO_BASKETS,
        segment=NO_SEGMENTS,
        rules=PLAIN,
        k=3,
        as_of_date=AS_OF,
        deliver=deliver,
    )
    assert told == [[what, *some] for some in (["ann", "bob"], ["cid", "dan"], ["eve"]) for what in ("asked", "given")]


def test_a_candidate_that_the_shop_no_longer_knows_is_left_out() -> None:
    offered = candidates(("ann", "new", "gone"), ("ann", "new", "p3"))
    assert listed(shown(offered, OTHERS, k=1), "ann", "new") == [("p3", "lightfm")]


def test_of_too_many_customers_those_who_were_active_last_get_lists() -> None:
    history = bought(("ann", "p1", 0), ("bob", "p1", 9), ("cid", "p2", 9), ("dan", "p3", 5))
    every, few = (shown(candidates(), history, [], [{"customer_id": "eve"}], rules=rules) for rules in (PLAIN, FEW))
    assert set(every.recommendations["customer_id"]) == {"ann", "bob", "cid", "dan", "eve"}
    assert set(few.recommendations["customer_id"]) == {"bob", "cid"}
    all_but_one = shown(candidates(), history, [], [{"customer_id": "eve"}], rules=replace(FEW, most_customers=4))
    assert set(all_but_one.recommendations["customer_id"]) == {"ann", "bob", "cid", "dan"}
    of_few = every.recommendations[every.recommendations["customer_id"].isin(["bob", "cid"])]
    pd.testing.assert_frame_equal(few.recommendations, of_few.reset_index(drop=True))


def test_only_what_a_customer_chose_last_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "RECENT_PRODUCTS", 1)
    history = checked(bought(("ann", "p1", 0), ("ann", "p2", 5), ("ann", "p0", 3)))
    shop = known.Shop(
        history, NO_PRODUCTS, NO_CUSTOMERS, segment=NO_SEGMENTS, rules=PLAIN, as_of_date=AS_OF, half_life=None
    )
    _, product = shop.recent
    assert shop.ids[product].tolist() == ["p2"]


@pytest.mark.parametrize(
    ("table", "part"),
    [
        ("recommendation_rules", "rules"),
        ("bought_together", "bought_together"),
        ("trending_products", "trending"),
    ],
)
def test_tables_have_the_columns_and_keys_of_their_contracts(table: str, part: str) -> None:
    path = TABLES / "models" / f"{table}.yml"
    contract = parse_contract(path.read_text("utf-8"), "models", table, str(path))
    full = shown(RANKED, OTHERS, catalogue(), baskets=together(("p7", "p1")))
    for served in (full, served_to_nobody(NO_BASKETS, pd.Index([]), AS_OF)):
        found = getattr(served, part)
        assert list(found.columns) == [column.name for column in contract.columns]
        assert not found.duplicated(list(contract.key)).any()
    assert last_day(OTHERS) < AS_OF
