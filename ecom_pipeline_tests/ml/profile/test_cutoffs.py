"""What is learned on a day is learned from what the day knew."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.profile import propensity
from ecom_pipeline.ml.profile.cutoffs import Past, TooLittleError, learn
from ecom_pipeline.ml.profile.drawing import drawn
from ecom_pipeline.ml.profile.history import buyers_at
from ecom_pipeline.ml.profile.propensity import PurchasePropensity
from ecom_pipeline_tests.ml.profile.test_outlook import AS_OF, START, shop

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


@pytest.mark.slow
def test_nothing_after_the_day_bears_on_what_is_learned(days: pd.DataFrame) -> None:
    told = pd.to_datetime(days["activity_date"]) <= pd.Timestamp(DAY)
    other = days.assign(orders=np.where(told, days["orders"], 7), revenue=np.where(told, days["revenue"], 1e6))
    now = buyers_at(days[told], DAY)
    first, second = (learn(Past(rows, START, seed=1), DAY, seed=1, trees=5) for rows in (days[told], other))
    np.testing.assert_array_equal(first.model.probability(now), second.model.probability(now))
    np.testing.assert_array_equal(first.model.value(now), second.model.value(now))
    np.testing.assert_array_equal(first.rates.probability(now), second.rates.probability(now))


def test_a_sample_is_one_of_buyers(days: pd.DataFrame) -> None:
    browsers = days.head(200).assign(customer_id=[f"b{number:03d}" for number in range(200)], orders=0, revenue=0.0)
    drawn = Past(pd.concat([days, browsers]), START, seed=1, most=20).days
    assert drawn["customer_id"].nunique() == 20
    assert not drawn["customer_id"].str.startswith("b").any()


def test_a_buyer_less_takes_the_place_of_nobody_else(days: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    names = pd.Index(days["customer_id"].unique())
    chosen, other = (set(names[drawn(names, 100, seed=seed)]) for seed in (1, 2))
    assert len(chosen - other) > 30
    gone = min(chosen)
    less = days[days["customer_id"] != gone]
    assert len(chosen & set(Past(less, START, seed=1, most=100).days["customer_id"])) == 99
    monkeypatch.setattr(propensity, "ROWS", 300)
    day = START + dt.timedelta(days=100)
    now = buyers_at(less, day)
    models = [
        learn(Past(rows, START, seed=1), day, seed=seed, trees=5).model
        for rows, seed in ((days, 1), (less, 1), (days, 2))
    ]
    ours, theirs, redrawn = (model.trees_probability(now) for model in models)
    assert np.abs(theirs - ours).mean() < 0.3 * np.abs(redrawn - ours).mean()


def test_too_short_a_history_says_so(days: pd.DataFrame) -> None:
    with pytest.raises(TooLittleError, match="59 days of orders"):
        learn(Past(days, START, seed=1), START + dt.timedelta(days=59), seed=1)


def test_ninety_days_of_orders_are_enough_to_learn_and_be_judged(days: pd.DataFrame) -> None:
    few = days[pd.to_datetime(days["activity_date"]) <= pd.Timestamp(START + dt.timedelta(days=90))]
    learned = learn(Past(few, START, seed=1), START + dt.timedelta(days=60), seed=1, trees=5)
    assert learned.cutoffs == [START + dt.timedelta(days=30)]
    assert (learned.model.slope_, learned.model.intercept_) == (1.0, 0.0)
    then, outcome = Past(few, START, seed=1).at(START + dt.timedelta(days=30))
    assert learned.model.value(then).sum() == pytest.approx(outcome["value"].sum(), rel=0.02)


@pytest.mark.slow
def test_a_shop_where_nobody_orders_often_is_learned_from(days: pd.DataFrame) -> None:
    twice = days[days.groupby("customer_id").cumcount() < 2]
    learned = learn(Past(twice, START, seed=1), DAY, seed=1, trees=5)
    assert buyers_at(twice, DAY)["gap_spread_days"].isna().all()
    assert np.isfinite(learned.model.probability(buyers_at(days, DAY))).all()


def test_a_feature_that_hardly_varied_does_not_run_away_with_the_line(days: pd.DataFrame) -> None:
    features, outcome = Past(days, START, seed=1).at(DAY)
    alive = 1.0 - 1e-9 * np.random.default_rng(0).random(len(features))
    model = PurchasePropensity(seed=1, trees=5).fit(features.assign(alive_probability=alive), outcome)
    assert features["mean_gap_days"].isna().any()
    assert "mean_gap_days" in model.features_, "what some do not have is learned from all the same"
    strange = model.line_probability(features.assign(alive_probability=0.5))
    assert strange.mean() == pytest.approx(outcome["bought"].mean(), abs=0.2)


def test_few_customers_calibrate_little(days: pd.DataFrame) -> None:
    features, outcome = Past(days, START, seed=1).at(DAY)
    model = PurchasePropensity(seed=1, trees=5).fit(features, outcome)
    before = model.probability(features).mean()
    few = features.index[:20]
    nearly_none = pd.DataFrame({"bought": (np.arange(20) == 0).astype(int), "value": 0.0}, index=few)
    assert 0.8 * before < model.calibrate(features.loc[few], nearly_none).probability(features).mean() < before


@pytest.mark.slow
def test_buyers_who_all_do_alike_teach_nothing() -> None:
    dates = [START + dt.timedelta(days=number) for number in range(200)]
    rows = pd.DataFrame({"customer_id": "a", "activity_date": dates, "orders": 1, "revenue": 1.0})
    with pytest.raises(TooLittleError, match="all did alike"):
        learn(Past(rows, START, seed=1), dates[-1], seed=1)


@pytest.mark.slow
def test_a_shop_without_prices_expects_no_value(days: pd.DataFrame) -> None:
    learned = learn(Past(days.assign(revenue=0.0), START, seed=1), DAY, seed=1, trees=5)
    assert (learned.model.value(buyers_at(days.assign(revenue=0.0), DAY)) == 0).all()


@pytest.mark.slow
def test_the_season_of_the_year_before_is_expected_again() -> None:
    random = np.random.default_rng(0)
    begin, length = dt.date(2020, 1, 1), 3 * 364
    rows = [
        (f"c{number:04d}", begin + dt.timedelta(days=int(day)), 1, 10.0)
        for number in range(250)
        for day in np.flatnonzero(random.random(length) < np.where(np.arange(length) % 364 >= 330, 0.04, 0.005))
    ]
    days = pd.DataFrame(rows, columns=["customer_id", "activity_date", "orders", "revenue"])
    day = begin + dt.timedelta(days=2 * 364 + 329)
    past = Past(days, begin, seed=1)
    now, outcome = past.at(day)
    model = learn(past, day, seed=1, trees=5).model
    assert model.probability(now).mean() == pytest.approx(outcome["bought"].mean(), abs=0.08)
    assert model.value(now).sum() == pytest.approx(outcome["value"].sum(), rel=0.4)


@pytest.mark.slow
def test_who_buys_is_expected_to_spend_an_order_however_unlikely_that_is() -> None:
    random = np.random.default_rng(0)
    rows = [
        (f"c{number:03d}", START + dt.timedelta(days=int(day)), 1, 10.0)
        for number in range(300)
        for day in np.flatnonzero(random.random(100 if number % 2 else 300) < 0.02)
    ]
    past = Past(pd.DataFrame(rows, columns=["customer_id", "activity_date", "orders", "revenue"]), START, seed=1)
    day = START + dt.timedelta(days=270)
    then, outcome = past.at(day)
    model = learn(past, day, seed=1).model
    spent = model.value(then) / model.probability(then)
    assert model.probability(then).min() < 0.05
    assert 10.0 < spent.min() < spent.max() < outcome["value"].max()
