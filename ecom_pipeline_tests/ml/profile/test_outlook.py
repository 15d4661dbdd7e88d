from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.contracts import TABLES, parse_contract
from ecom_pipeline.ml.profile.history import buyers_at
from ecom_pipeline.ml.profile.outlook import Propensity, propensity_shop
from ecom_pipeline.ml.profile.propensity import RfmRates
from ecom_pipeline.ml.profile.worth import lifetime_shop

pytestmark = pytest.mark.slow

START = dt.date(2023, 1, 1)
LENGTH = 330
TREES = 25
AS_OF = START + dt.timedelta(days=LENGTH - 1)


def shop(customers: int, seed: int = 0, *, like: str = "habits") -> pd.DataFrame:
    """Customers with a rhythm of their own who may leave (``habits``), or who all order by the same chance (``chance``)."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        rate = random.gamma(1.0, 0.05) if like == "habits" else 0.02
        leaves = random.exponential(200) if like == "habits" else 1e9
        begins = random.integers(0, LENGTH // 2)
        for day in range(begins, LENGTH):
            if day == begins or (day - begins < leaves and random.random() < rate):
                rows.append((f"c{number:05d}", START + dt.timedelta(days=int(day)), 1, float(random.gamma(4, 10))))
    frame = pd.DataFrame(rows, columns=["customer_id", "activity_date", "orders", "revenue"])
    return frame.assign(refunds=0.0, views=3, carts=0, favourites=0, searches=0, messages=0)


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    return shop(800)


@pytest.fixture(scope="module")
def result(days: pd.DataFrame) -> Propensity:
    return propensity_shop(days, as_of_date=AS_OF, seed=1, trees=TREES)


def test_nothing_after_the_cutoff_bears_on_a_feature(days: pd.DataFrame) -> None:
    cutoff = AS_OF - dt.timedelta(days=60)
    past = days[days["activity_date"] <= cutoff]
    pd.testing.assert_frame_equal(buyers_at(days, cutoff), buyers_at(past, cutoff))
    future = days.assign(revenue=np.where(days["activity_date"] > cutoff, 1e9, days["revenue"]))
    pd.testing.assert_frame_equal(buyers_at(future, cutoff), buyers_at(days, cutoff))


def test_habits_are_learned_and_published(result: Propensity) -> None:
    figures = result.evaluation.set_index(["model", "metric"])["value"]
    assert result.card.decision == "published"
    assert figures["gradient_boosting", "auc"] > figures["rfm_score", "auc"] > figures["constant", "auc"]
    assert figures["gradient_boosting", "calibration_error"] < 0.05
    assert set(result.customers["source"]) == {"gradient_boosting"}
    assert result.customers["customer_id"].is_unique
    assert result.customers["buy_probability"].between(0, 1).all()


def test_chance_is_refused_and_the_baseline_published() -> None:
    refused = propensity_shop(shop(900, 3, like="chance"), as_of_date=AS_OF, seed=1, trees=TREES)
    assert refused.card.decision == "refused"
    assert set(refused.customers["source"]) == {"rfm_score"}
    assert "lead" in refused.card.reason
    assert refused.customers["reasons_en"].str.endswith(" in all").all()


def test_what_is_said_of_orders_agrees_with_the_probability(result: Propensity) -> None:
    told = result.customers.dropna(subset=["reasons_en"])
    raised, lowered = (
        told.loc[told["reasons_en"].str.contains(rf"orders?,[^;]* ago[^;]*\({word} it\)"), "buy_probability"]
        for word in ("raises", "lowers")
    )
    assert raised.quantile(0.1) > lowered.quantile(0.9)


def test_every_reason_is_told_in_both_languages(result: Propensity) -> None:
    told = result.customers.dropna(subset=["reasons_en"])
    assert len(told) > 0.9 * len(result.customers)
    assert (told["reasons_en"].str.count(";") == told["reasons_zh"].str.count("；")).all()
    assert told["reasons_en"].str.contains("raises it|lowers it").all()
    assert told["reasons_zh"].str.contains("提高|降低").all()
    assert not told["reasons_en"].str.contains("nan").any()
    assert told["reasons_en"].str.contains(r"\b1 (?:day|order)\b").any()
    assert not told["reasons_en"].str.contains(r"\b1 (?:day|order)s\b").any()


def test_the_same_days_and_seed_give_the_same_result(days: pd.DataFrame, result: Propensity) -> None:
    again = propensity_shop(days.sample(frac=1, random_state=2), as_of_date=AS_OF, seed=1, trees=TREES)
    pd.testing.assert_frame_equal(again.customers, result.customers)


@pytest.mark.parametrize("rows", [0, 3, 2000])
def test_too_little_says_so(days: pd.DataFrame, rows: int) -> None:
    few = days.head(rows) if rows < 2000 else days[days["activity_date"] > AS_OF - dt.timedelta(days=50)]
    for found in (
        propensity_shop(few, as_of_date=AS_OF, seed=1, trees=TREES),
        lifetime_shop(few, as_of_date=AS_OF, seed=1),
    ):
        assert (found.card.decision, found.card.value) == ("refused", None)
        assert found.customers.empty
        assert any(word in found.card.reason for word in ("too few", "no order yet"))


def test_lifetime_value_beats_going_on_as_before_where_customers_leave(days: pd.DataFrame) -> None:
    found = lifetime_shop(days, as_of_date=AS_OF, seed=1)
    assert found.card.decision == "published"
    assert found.customers["alive_probability"].between(0, 1).all()
    year, later = (found.customers[f"expected_value_{span}"] for span in ("365", "later"))
    assert later.between(0.85 * year, 335 / 365 * year).all()


def test_half_of_what_comes_back_is_not_expected_next(days: pd.DataFrame, result: Propensity) -> None:
    found = propensity_shop(days.assign(refunds=days["revenue"] / 2), as_of_date=AS_OF, seed=1, trees=TREES).customers
    assert found["expected_value_30"].sum() == pytest.approx(result.customers["expected_value_30"].sum() / 2, rel=0.03)


def test_who_gave_back_more_than_they_bought_are_expected_to_bring_nothing(days: pd.DataFrame) -> None:
    then = buyers_at(days, AS_OF)
    outcome = pd.DataFrame({"bought": 0, "value": -1.0}, index=then.index)
    assert (RfmRates().fit(then, outcome).value(then) == 0).all()
    found = lifetime_shop(days.assign(refunds=2 * days["revenue"]), as_of_date=AS_OF, seed=1)
    assert found.card.decision == "refused"
    assert (found.customers["expected_value_365"] >= 0).all()


def test_half_of_what_comes_back_is_not_expected_in_a_year(days: pd.DataFrame) -> None:
    whole, halved = (
        lifetime_shop(one, as_of_date=AS_OF, seed=1).customers["expected_value_365"].sum()
        for one in (days, days.assign(refunds=days["revenue"] / 2))
    )
    assert halved == pytest.approx(whole / 2, rel=0.03)


@pytest.mark.parametrize(
    "table", ["purchase_propensity", "propensity_evaluation", "propensity_calibration", "lifetime_values"]
)
def test_tables_have_the_columns_of_their_contracts(table: str, days: pd.DataFrame, result: Propensity) -> None:
    path = TABLES / "models" / f"{table}.yml"
    frames = {
        "purchase_propensity": result.customers,
        "propensity_evaluation": result.evaluation,
        "propensity_calibration": result.calibration,
        "lifetime_values": lifetime_shop(days.head(0), as_of_date=AS_OF, seed=1).customers,
    }
    assert list(frames[table].columns) == list(
        parse_contract(path.read_text("utf-8"), "models", table, str(path)).types
    )
