from __future__ import annotations

import datetime as dt

import pandas as pd

from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.trending import TREND_COLUMNS, trending
from ecom_pipeline_tests.ml.recommend.builders import FIRST_DAY, bought

DAYS = 120
STEADY = [(f"s{day}-{number}", "steady", day) for day in range(DAYS) for number in range(3)]
RISING = [(f"r{day}-{number}", "rising", day) for day in range(DAYS - 10, DAYS) for number in range(2)]
FALLING = [(f"f{day}-{number}", "falling", day) for day in range(DAYS - 20) for number in range(4)]
FEW = [("only", "few", day) for day in range(DAYS - 10, DAYS)]
PRODUCTS = pd.DataFrame({"product_id": ["falling", "few", "rising", "steady"], "category": ["a", "a", "b", "b"]})


def rows(*parts: list[tuple[str, str, int]], available: str = "falling few rising steady") -> pd.DataFrame:
    return trending(
        checked(bought(*(row for part in parts for row in part))),
        PRODUCTS,
        as_of_date=FIRST_DAY + dt.timedelta(days=DAYS - 1),
        available=pd.Index(available.split()),
    )


def test_what_rises_is_first_and_what_sells_steadily_or_falls_is_not_there() -> None:
    found = rows(STEADY, RISING, FALLING)
    overall = found[found["scope"] == "all"]
    assert overall["product_id"].tolist()[0] == "rising"
    assert "falling" not in set(found["product_id"])
    assert overall.iloc[0][["recent_customers", "earlier_customers"]].tolist() == [20, 0]
    assert found[found["scope"] == "category"][["category", "rank", "product_id"]].iloc[0].tolist() == [
        "b",
        1,
        "rising",
    ]


def test_what_rose_weeks_ago_and_falls_again_is_not_there() -> None:
    first, last = DAYS - 28, DAYS - 14
    rose = [
        (f"w{day}-{number}", "falling", day) for day in range(first, DAYS) for number in range(6 if day < last else 5)
    ]
    grows = [(*row[:2], row[2] + 14) for row in rose if row[2] < last] + [row for row in rose if row[2] < last][:70]
    assert "falling" not in set(rows(STEADY, rose)["product_id"])
    found = rows(STEADY, grows)
    assert found[found["scope"] == "all"].iloc[0][["product_id", "recent_customers", "earlier_customers"]].tolist() == [
        "falling",
        84,
        70,
    ]


def test_products_without_a_category_are_ranked_among_all_alone() -> None:
    unknown = PRODUCTS.replace({"category": {"b": "unknown"}})
    found = trending(
        checked(bought(*STEADY, *RISING)), unknown, as_of_date=FIRST_DAY + dt.timedelta(days=DAYS - 1), available=pd.Index(["rising"])
    )  # fmt: skip
    assert found["scope"].tolist() == ["all"]
    assert found["category"].isna().all()


def test_one_customer_is_no_trend() -> None:
    assert "few" not in set(rows(STEADY, FEW)["product_id"])


def test_a_busy_week_of_the_whole_shop_lifts_nobody() -> None:
    busy = [
        (f"b{day}-{number}", product, day)
        for product in ("steady", "other")
        for day in range(DAYS)
        for number in range(30 if day >= DAYS - 7 else 3)
    ]
    found = rows(busy)
    assert found.empty or found["score"].max() < 1e-6


def test_only_what_a_list_may_hold_is_listed() -> None:
    found = rows(STEADY, RISING, available="steady")
    assert "rising" not in set(found["product_id"])
    assert tuple(found.columns) == TREND_COLUMNS
