from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.purchase import ADVICE_COLUMNS, advise, stock_out_risk
from ecom_pipeline.ml.forecast.uncertainty import WINDOWS, Errors, Uncertainty

TODAY = dt.date(2024, 3, 10)
ERRORS = np.linspace(-2, 2, 41)


def products(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"product_id": ["p"], "lost_units": [0.0]})
    names = ("stock", "cost", "lead_time_days", "review_days", "service_level", "pack_size", "minimum_order")
    return frame.assign(**{name: [columns.get(name, np.nan)] for name in names})


def uncertain(products: int = 1) -> Uncertainty:
    """One unit a day, growing with the root of the days; no product has errors of its own."""
    nobody = np.full((products, 1), np.inf), np.zeros(products, dtype=int)
    return Uncertainty(
        over={
            window: Errors(size=np.full(products, window**0.5), own=nobody[0], count=nobody[1], pooled=ERRORS)
            for window in WINDOWS
        }
    )


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


@pytest.mark.parametrize("lead", [0, -2])
def test_what_comes_at_once_and_is_looked_at_daily_covers_a_day(lead: int) -> None:
    found = advice(stock=0, lead_time_days=lead, review_days=1, service_level=0.5)
    assert (found["protected_days"], found["expected_demand"], found["suggested_units"]) == (1, 2, 2)


@pytest.mark.parametrize(
    ("stock", "pack", "least", "expected"),
    [(2, 1, 0, 30), (2, 12, 0, 36), (2, 1, 50, 50), (2, 12, 50, 60), (31.5, 1, 0, 1), (31.5, 1, 5, 5), (32, 12, 50, 0)],
)
def test_orders_are_whole_packs_and_at_least_the_minimum(stock: float, pack: int, least: int, expected: int) -> None:
    found = advice(stock=stock, lead_time_days=9, review_days=7, service_level=0.5, pack_size=pack, minimum_order=least)
    assert found["suggested_units"] == expected


def test_after_the_forecast_its_last_week_goes_on_and_what_sells_nothing_needs_no_safety() -> None:
    rising = np.repeat([[0.0, 2.0, 3.0]], [2, 19, 7], axis=1)
    shop = products(stock=9, lead_time_days=28, review_days=7)
    found = advise(shop, rising, uncertain(), TODAY).iloc[0]
    assert (found["expected_demand"], found["daily_demand"]) == (38 + 21 + 21, 59 / 28)
    risk = stock_out_risk(shop, rising, uncertain(), TODAY)
    assert risk["risk_date"].tolist() == [TODAY + dt.timedelta(days=day) for day in range(1, 29)]
    assert risk["expected_stock"].tolist()[:7] == [9, 9, 7, 5, 3, 1, 0]
    assert advise(shop.assign(stock=0.5), rising, uncertain(), TODAY)["stock_out_date"].iloc[0] == dt.date(2024, 3, 13)
    assert (stock_out_risk(shop.assign(stock=0.6), rising, uncertain(), TODAY)["stock_out_risk"].iloc[:2] == 0).all()
    none = advice(daily=0.0, stock=0)
    assert (none["safety_stock"], none["reorder_point"], none["stock_out_risk"]) == (0, 0, 1)
    assert np.isnan(none["days_of_cover"])


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
    usual = ["lead_time_days", "review_days", "service_level", "pack_size", "minimum_order"]
    assert found[usual].tolist() == [14, 7, 0.95, 1, 0]
    assert list(found.index) == list(ADVICE_COLUMNS)


def test_the_day_it_runs_out() -> None:
    assert advice(stock=7)["stock_out_date"] == dt.date(2024, 3, 14)
    assert advice(stock=180)["stock_out_date"] == TODAY + dt.timedelta(days=90)
    assert advice(stock=181)["stock_out_date"] is None
    assert advice(stock=0)["stock_out_date"] == advice(stock=-3)["stock_out_date"] == TODAY
    assert advice(stock=0, daily=0.0)["stock_out_date"] == TODAY
    assert advice()["stock_out_date"] is None


def test_part_of_a_piece_is_no_overstock() -> None:
    for stock, pieces in ((181, 0), (182, 1)):
        found = advice(stock=stock, daily=2.001)
        assert (found["overstock_units"], found["is_overstocked"]) == (pieces, pieces > 0)


def test_the_risk_until_an_order_arrives_is_that_of_the_day_and_known_for_any_lead_time() -> None:
    shop = pd.concat([products(stock=21, lead_time_days=lead) for lead in (0, 9, 45)], ignore_index=True)
    shop = shop.assign(product_id=["now", "soon", "late"], lost_units=0.0)
    sold = np.full((3, 28), 2.0)
    found = advise(shop, sold, uncertain(3), TODAY).set_index("product_id")["stock_out_risk"]
    by_day = stock_out_risk(shop, sold, uncertain(3), TODAY).set_index(["product_id", "risk_date"])["stock_out_risk"]
    assert found["now"] == by_day["now", dt.date(2024, 3, 11)]
    assert found["soon"] == by_day["soon", dt.date(2024, 3, 19)]
    assert found["soon"] == pytest.approx((ERRORS > (20.5 - 18) / 3).mean())
    assert found["late"] == 1
    assert np.isnan(advice(lead_time_days=9)["stock_out_risk"])
    at_once = advice(stock=3, daily=2.25, lead_time_days=0)["stock_out_risk"]
    assert at_once == pytest.approx((ERRORS > 0.25).mean())


def test_the_last_piece_goes_with_a_demand_of_one() -> None:
    # twenty cases in which nobody asks for it, and twenty-one in which one does
    errors = np.repeat([-0.5, 0.5], [20, 21])
    shape = Errors(size=np.ones(1), own=np.full((1, 1), np.inf), count=np.zeros(1, dtype=int), pooled=errors)
    often = Uncertainty(over=dict.fromkeys(WINDOWS, shape))
    found = stock_out_risk(products(stock=1), np.full((1, 7), 0.5 / 7), often, TODAY)
    assert found["stock_out_risk"].iloc[-1] == pytest.approx(21 / 41)


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
