from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.purchase import ADVICE_COLUMNS, Uncertainty, advise, learn_uncertainty, stock_out_risk

TODAY = dt.date(2024, 3, 10)
ERRORS = np.linspace(-2, 2, 41)


def products(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"product_id": ["p"], "lost_units": [0.0]})
    names = ("stock", "cost", "lead_time_days", "review_days", "service_level", "pack_size", "minimum_order")
    return frame.assign(**{name: [columns.get(name, np.nan)] for name in names})


def uncertain(daily: float = 1.0, products: int = 1) -> Uncertainty:
    return Uncertainty(daily=np.full(products, daily), standard=dict.fromkeys((7, 14, 28), ERRORS))


def advice(daily: float = 2.0, **columns: object) -> pd.Series:
    return advise(products(**columns), np.full((1, 28), daily), uncertain(), TODAY).iloc[0]


def test_what_is_needed_until_the_next_delivery_plus_safety() -> None:
    found = advice(stock=10, lead_time_days=9, review_days=7, service_level=0.95, cost=3)
    safety = np.quantile(ERRORS, 0.95) * np.sqrt(16)
    assert found["protected_days"] == 16
    assert found["expected_demand"] == 32
    assert found["safety_stock"] == pytest.approx(safety)
    assert found["reorder_point"] == pytest.approx(32 + safety)
    assert found["suggested_units"] == np.ceil(32 + safety - 10)
    assert found["suggested_cost"] == 3 * found["suggested_units"]


@pytest.mark.parametrize(("pack", "least", "expected"), [(1, 0, 30), (12, 0, 36), (1, 50, 50), (12, 50, 60)])
def test_orders_are_whole_packs_and_at_least_the_minimum(pack: int, least: int, expected: int) -> None:
    found = advice(stock=2, lead_time_days=9, review_days=7, service_level=0.5, pack_size=pack, minimum_order=least)
    assert found["suggested_units"] == expected


def test_enough_stock_is_not_added_to() -> None:
    found = advice(stock=500, cost=2, minimum_order=24)
    assert found["suggested_units"] == 0
    assert (found["is_overstocked"], found["overstock_units"], found["overstock_value"]) == (True, 320, 640)
    assert found["stock_value"] == 1000
    assert found["days_of_cover"] == 250
    assert found["stock_out_date"] is None


def test_promised_stock_below_zero_is_owed_and_not_worth_anything() -> None:
    found = advice(stock=-4, cost=2, lead_time_days=9, review_days=7, service_level=0.5)
    assert found["suggested_units"] == 36
    assert found["stock_value"] == 0


def test_a_product_of_unknown_stock_and_cost_has_a_reorder_point_alone() -> None:
    found = advice()
    assert found["reorder_point"] > 0
    assert found[["stock", "suggested_units", "suggested_cost", "stock_value", "overstock_units"]].isna().all()
    assert not found["is_overstocked"]
    assert list(found.index) == list(ADVICE_COLUMNS)


def test_the_day_it_runs_out() -> None:
    assert advice(stock=7)["stock_out_date"] == dt.date(2024, 3, 14)


def test_the_forecasts_own_error_decides_and_errs_with_its_bias() -> None:
    random = np.random.default_rng(0)
    forecast = np.full((3, 40, 28), 10.0)
    exact = learn_uncertainty(forecast, forecast + random.normal(0, 4, forecast.shape), np.full(40, 10.0))
    low = learn_uncertainty(forecast, forecast + 3 + random.normal(0, 4, forecast.shape), np.full(40, 10.0))
    assert exact.daily == pytest.approx(np.full(40, 4.0), rel=0.3)
    assert exact.quantile(14, 0.95) == pytest.approx(1.64, abs=0.25)
    assert low.quantile(14, 0.95) > exact.quantile(14, 0.95) + 1


def test_untested_products_are_as_uncertain_as_a_count() -> None:
    found = learn_uncertainty(np.full((0, 2, 28), np.nan), np.full((0, 2, 28), np.nan), np.array([9.0, 0.0]))
    assert found.daily[0] >= 3
    assert found.quantile(14, 0.5) == 0


def test_the_risk_grows_by_the_day_and_falls_with_stock() -> None:
    shop = pd.concat([products(stock=stock) for stock in (0, 10, 60, np.nan)], ignore_index=True)
    shop["product_id"] = ["none", "few", "many", "unknown"]
    found = stock_out_risk(shop, np.full((4, 28), 2.0), uncertain(products=4), TODAY)
    risk = {name: rows["stock_out_risk"].to_numpy() for name, rows in found.groupby("product_id")}
    assert set(risk) == {"none", "few", "many"}
    assert (risk["none"] == 1).all()
    assert all((np.diff(each) >= 0).all() for each in risk.values())
    assert risk["few"][0] == 0
    assert risk["few"][9] == 1
    assert risk["many"].max() < 0.9
