"""Experiments with a known truth: who was drawn, what it changed, and whom it pays to treat."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.contracts import TABLES, parse_contract
from ecom_pipeline.ml.marketing.experiment import mean_difference
from ecom_pipeline.ml.marketing.readout import FEATURES, Experiments, read_experiments

AS_OF = dt.date(2024, 3, 31)


def people(size: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:05d}" for number in range(size)],
            "orders": random.integers(0, 6, size),
            "revenue": random.gamma(2, 50, size),
            "recency_days": random.integers(1, 400, size).astype(float),
            "first_order_days": random.integers(1, 700, size).astype(float),
            "views": random.integers(0, 40, size),
            "carts": random.integers(0, 5, size),
            "average_order_value": 40.0,
        }
    )


def drawn(size: int, *, uplift: float | str, control: float = 0.5, seed: int = 0) -> pd.DataFrame:
    """Customers drawn into mail or control; the mail works the same for all, or for those lately here alone."""
    random = np.random.default_rng(seed + 1)
    rows = people(size, seed)
    left = random.random(size) < control
    recent = rows["recency_days"].to_numpy() < 200
    effect = np.where(recent, 0.3, -0.1) if uplift == "recent" else np.full(size, float(uplift))
    ordered = random.random(size) < 0.25 + effect * ~left
    return rows.assign(
        experiment_id="spring",
        arm=np.where(left, "control", "mail"),
        is_control=left,
        planned_share=np.where(left, control, 1 - control),
        cost=1.0,
        assigned_date=dt.date(2024, 2, 1),
        is_complete=True,
        segment=np.where(recent, "recent", "away"),
        has_ordered=ordered,
        revenue_after=np.where(ordered, 40.0, 0.0),
    )


def read(assigned: pd.DataFrame, customers: pd.DataFrame | None = None) -> Experiments:
    today = people(300, 9) if customers is None else customers
    return read_experiments(assigned, today, margin_share=0.5, as_of_date=AS_OF, seed=1)


@pytest.mark.slow
def test_a_treatment_that_works_for_all_is_read_and_pays_for_all() -> None:
    found = read(drawn(3000, uplift=0.15))
    (row,) = found.results.to_dict("records")
    assert row["lower"] < 0.15 < row["upper"]
    assert row["revenue_lower"] < 0.15 * 40 < row["revenue_upper"]
    assert row["is_readable"]
    assert "mail works" in row["sentence_en"]
    assert "Nobody is shown to respond better" in row["sentence_en"]
    assert row["coupons"] == len(found.coupons) == 300
    assert set(found.coupons["source"]) == {"mean_lift"}
    assert found.coupons["expected_gain"].iloc[0] == pytest.approx(row["lift"] * 20 - 1)


@pytest.mark.slow
def test_whom_it_works_for_is_found_and_only_they_are_listed() -> None:
    customers = people(400, 9)
    found = read(drawn(4000, uplift="recent"), customers)
    (row,) = found.results.to_dict("records")
    assert row["qini_lower"] > 0
    assert "Some respond better than others. It pays for" in row["sentence_en"]
    lift = found.segments.set_index("segment")["lift"]
    assert lift["recent"] == pytest.approx(0.3, abs=0.06)
    assert lift["away"] == pytest.approx(-0.1, abs=0.06)
    listed = customers["customer_id"].isin(found.coupons["customer_id"])
    recent = customers["recency_days"] < 200
    assert set(found.coupons["source"]) == {"uplift_model"}
    assert listed[recent].mean() > 0.95
    assert listed[~recent].mean() < 0.05


@pytest.mark.slow
def test_the_qini_interval_is_as_wide_as_chance_moves_it() -> None:
    rows = pd.concat([read(drawn(1000, uplift=0.1, seed=10 * seed)).results for seed in range(24)])
    width = rows["qini_upper"].astype(float) - rows["qini_lower"].astype(float)
    assert width.mean() > 0.8 * 2 * 1.96 * rows["qini"].astype(float).std()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_where_nothing_works_nobody_is_listed(seed: int) -> None:
    found = read(drawn(2000, uplift=0.0, seed=10 * seed).assign(cost=0.0))
    (row,) = found.results.to_dict("records")
    assert row["lower"] < 0 < row["upper"]
    assert row["qini_lower"] < 0
    assert "no effect shown" in row["sentence_en"]
    assert row["sentence_en"].endswith("It pays for nobody today.")
    assert row["sentence_zh"].endswith("对谁都不划算。")
    assert (row["coupons"], len(found.coupons)) == (0, 0)


@pytest.mark.slow
def test_what_costs_more_than_it_brings_pays_for_nobody() -> None:
    assert read(drawn(3000, uplift=0.15).assign(cost=15.0)).coupons.empty


def test_groups_that_are_not_as_planned_are_not_read() -> None:
    assigned = drawn(2000, uplift=0.3).assign(planned_share=lambda rows: np.where(rows["is_control"], 0.2, 0.8))
    found = read(assigned)
    (row,) = found.results.to_dict("records")
    assert not row["is_readable"]
    assert row["sample_ratio_p_value"] < 0.001
    assert "not as large as planned" in row["sentence_en"]
    assert found.coupons.empty
    assert found.segments.empty


def test_without_a_plan_the_ratio_is_not_judged() -> None:
    (row,) = read(drawn(2000, uplift=0.3, control=0.1).assign(planned_share=np.nan)).results.to_dict("records")
    assert row["is_readable"]
    assert pd.isna(row["sample_ratio_p_value"])


def test_customers_whose_days_have_not_passed_are_waited_for() -> None:
    assigned = drawn(1000, uplift=0.3)
    late = assigned.assign(is_complete=np.arange(1000) < 700)
    (row,) = read(late).results.to_dict("records")
    assert (row["waiting_customers"], row["customers"] + row["control_customers"]) == (300, 700)
    (row,) = read(assigned.assign(is_complete=False)).results.to_dict("records")
    assert not row["is_readable"]
    assert "1000 customers are waited for" in row["sentence_en"]
    assert "1000 位客户" in row["sentence_zh"]
    first = assigned[~assigned["is_control"]].head(1)
    (row,) = read(first.assign(is_complete=False)).results.to_dict("records")
    assert row["sentence_en"].endswith("; 1 customer is waited for.")


@pytest.mark.slow
def test_every_treatment_is_read_beside_the_same_control_group() -> None:
    one = drawn(2000, uplift=0.2)
    other = one[~one["is_control"]].assign(arm="gift", customer_id=lambda rows: "g" + rows["customer_id"])
    found = read(pd.concat([one, other]).assign(planned_share=np.nan)).results
    assert found["treatment"].tolist() == ["gift", "mail"]
    assert found["control_customers"].nunique() == 1


def test_an_experiment_without_a_second_group_says_so() -> None:
    assigned = drawn(500, uplift=0.2)
    for rows, treatment in ((assigned[assigned["is_control"]], "none"), (assigned[~assigned["is_control"]], "mail")):
        (row,) = read(rows).results.to_dict("records")
        assert (row["treatment"], row["is_readable"]) == (treatment, False)
        assert "not every group" in row["sentence_en"]


def test_few_customers_are_read_without_a_model() -> None:
    (row,) = read(drawn(150, uplift=0.4)).results.to_dict("records")
    assert pd.isna(row["qini"])
    assert "Too few customers" in row["sentence_en"]


def test_what_a_treatment_earns_with_a_customer_by_hand() -> None:
    """60 of 100 ordered with it, 30 of 100 without: 0.3 orders more each, of which the shop keeps half, at a cost of 1."""
    assigned = drawn(200, uplift=0.0).assign(
        is_control=np.arange(200) < 100,
        arm=np.where(np.arange(200) < 100, "control", "mail"),
        planned_share=0.5,
        has_ordered=np.arange(200) % 100 < np.where(np.arange(200) < 100, 30, 60),
    )
    found = read(assigned, people(4).assign(average_order_value=[40.0, 8.0, 4.0, np.nan]))
    (row,) = found.results.to_dict("records")
    assert (row["rate"], row["control_rate"], row["coupons"]) == (0.6, 0.3, 3)
    gain = found.coupons.set_index("customer_id")["expected_gain"]
    assert gain.to_dict() == pytest.approx({"c00000": 5.0, "c00001": 0.2, "c00003": 0.3 * 0.5 * 52 / 3 - 1})
    assert found.coupons["as_of_date"].eq(AS_OF).all()


@pytest.mark.parametrize(
    ("table", "attribute"),
    [("experiment_results", "results"), ("experiment_segments", "segments"), ("coupon_candidates", "coupons")],
)
def test_tables_have_the_columns_of_their_contracts(table: str, attribute: str) -> None:
    path = TABLES / "models" / f"{table}.yml"
    contract = parse_contract(path.read_text("utf-8"), "models", table, str(path))
    for rows in (0, 300):
        found = getattr(read(drawn(1000, uplift=0.3).head(rows)), attribute)
        assert list(found.columns) == list(contract.types)


def test_the_interval_of_means_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        _, lower, upper = mean_difference(random.gamma(2, 2, 200), random.gamma(1, 2, 100))
        held += lower <= 2 <= upper
    assert 0.92 <= held / 300 <= 0.98


def test_features_are_those_of_the_table_of_customers_drawn() -> None:
    path = TABLES / "features" / "experiment_customers.yml"
    contract = parse_contract(path.read_text("utf-8"), "features", "experiment_customers", str(path))
    assert set(FEATURES) <= set(contract.types)
