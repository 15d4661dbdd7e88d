"""What is learned on a day is learned from what the day knew."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.profile import cutoffs
from ecom_pipeline.ml.profile.cutoffs import Past, TooLittleError, learn
from ecom_pipeline.ml.profile.history import buyers_at
from ecom_pipeline_tests.ml.profile.test_outlook import AS_OF, START, shop

pytestmark = pytest.mark.slow

DAY = AS_OF - dt.timedelta(days=40)


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    return shop(250)


def test_every_outcome_that_is_learned_was_known_on_the_day(days: pd.DataFrame) -> None:
    found = Past(days, START, seed=1).before(DAY)
    assert found[0] == DAY - dt.timedelta(days=30)
    assert {later - earlier for later, earlier in pairwise(found)} == {dt.timedelta(days=10)}
    assert len(found) == 9
    assert Past(days, DAY - dt.timedelta(days=65), seed=1).before(DAY) == [DAY - dt.timedelta(days=30)]


def test_nothing_after_the_day_bears_on_what_is_learned(days: pd.DataFrame) -> None:
    told = pd.to_datetime(days["activity_date"]) <= pd.Timestamp(DAY)
    other = days.assign(orders=np.where(told, days["orders"], 7), revenue=np.where(told, days["revenue"], 1e6))
    now = buyers_at(days[told], DAY)
    first, second = (learn(Past(rows, START, seed=1), DAY, seed=1, trees=5) for rows in (days[told], other))
    np.testing.assert_array_equal(first.model.probability(now), second.model.probability(now))
    np.testing.assert_array_equal(first.model.value(now), second.model.value(now))
    np.testing.assert_array_equal(first.rates.probability(now), second.rates.probability(now))


def test_a_sample_is_one_of_buyers(days: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutoffs, "CUSTOMERS", 20)
    browsers = days.head(200).assign(customer_id=[f"b{number:03d}" for number in range(200)], orders=0, revenue=0.0)
    drawn = Past(pd.concat([days, browsers]), START, seed=1).days
    assert drawn["customer_id"].nunique() == 20
    assert not drawn["customer_id"].str.startswith("b").any()


def test_too_short_a_history_says_so(days: pd.DataFrame) -> None:
    with pytest.raises(TooLittleError, match="59 days of orders"):
        learn(Past(days, START, seed=1), START + dt.timedelta(days=59), seed=1)


def test_buyers_who_all_do_alike_teach_nothing() -> None:
    dates = [START + dt.timedelta(days=number) for number in range(200)]
    rows = pd.DataFrame({"customer_id": "a", "activity_date": dates, "orders": 1, "revenue": 1.0})
    with pytest.raises(TooLittleError, match="all did alike"):
        learn(Past(rows, START, seed=1), dates[-1], seed=1)


def test_a_shop_without_prices_expects_no_value(days: pd.DataFrame) -> None:
    learned = learn(Past(days.assign(revenue=0.0), START, seed=1), DAY, seed=1, trees=5)
    assert (learned.model.value(buyers_at(days.assign(revenue=0.0), DAY)) == 0).all()
