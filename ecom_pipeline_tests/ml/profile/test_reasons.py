from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.profile.reasons import facts_of, groups_of, in_words

BUYERS = pd.DataFrame(
    {
        "recency_days": [0.0, 45.0, 1.0],
        "orders": [1.0, 7.0, 2.0],
        "orders_90": [1.0, 3.0, 1.0],
        "mean_gap_days": [np.nan, 20.4, 0.5],
        "average_order_value": [9.5, 30.0, 1.0],
        "last_seen_days": [np.nan, 1.0, 3.0],
        "messages_90": [0.0, 1.0, 0.0],
        "refunds_90": [0.0, 12.5, 0.0],
        "revenue": [9.5, 210.0, 2.0],
    },
    index=["new", "old", "weak"],
)


def test_the_three_strongest_effects_are_told_with_the_way_they_point() -> None:
    effects = pd.DataFrame(
        {
            "orders": [0.9, -2.0, 0.09],
            "value": [-0.1, 0.2, 0.0],
            "browsing": [0.3, 0.4, -0.09],
            "service": [0.05, 0.3, 0.0],
        },
        index=BUYERS.index,
    )
    told = in_words(BUYERS, effects)
    assert told.loc["new"].tolist() == [
        "1 order, today (raises it); no visit on record (raises it); 9.50 per order on average (lowers it)",
        "仅 1 单，在今天（提高）；没有到访记录（提高）；平均每单 9.50（降低）",
    ]
    assert told.loc["old"].tolist() == [
        "7 orders, 3 of them in the last 90 days, the last 45 days ago, one every 20 days on average (lowers it);"
        " last seen 1 day ago (raises it);"
        " 1 message to support and 12.50 given back in the last 90 days (raises it)",
        "共 7 单，其中近 90 天 3 单，最近一单在 45 天前，平均 20 天一单（降低）；最近一次到访在 1 天前（提高）；"
        "近 90 天咨询客服 1 次、退款 12.50（提高）",
    ]
    assert told.loc["weak"].isna().all()


@pytest.mark.parametrize(
    ("unknown", "english", "chinese"),
    [
        ("messages_90", "12.50 given back in the last 90 days (raises it)", "近 90 天退款 12.50（提高）"),
        ("refunds_90", "1 message to support in the last 90 days (raises it)", "近 90 天咨询客服 1 次（提高）"),
    ],
)
def test_of_service_only_what_the_shop_knows_is_told(unknown: str, english: str, chinese: str) -> None:
    told = in_words(BUYERS.loc[["old"]].drop(columns=unknown), pd.DataFrame({"service": [0.3]}, index=["old"]))
    assert told.loc["old"].tolist() == [english, chinese]


def test_the_baseline_tells_orders_and_what_they_came_to() -> None:
    told = facts_of(BUYERS)
    assert told.loc["new"].tolist() == ["1 order, today, 9.50 in all", "仅 1 单，在今天，累计 9.50"]
    assert told.loc["weak", "reasons_en"] == "2 orders, 1 of them in the last 90 days, the last 1 day ago, 2.00 in all"


def test_who_was_last_seen_when_they_ordered_is_told_so_once() -> None:
    assert groups_of(["recency_days", "refunds_90", "last_seen_days"]) == {
        "orders": ["recency_days", "last_seen_days"],
        "service": ["refunds_90"],
    }
    assert groups_of(["recency_days", "views_7", "last_seen_days"])["browsing"] == ["views_7", "last_seen_days"]
