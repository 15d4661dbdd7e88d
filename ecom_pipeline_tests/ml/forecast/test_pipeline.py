from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.contracts import TABLES, Contract, parse_contract
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast import engine
from ecom_pipeline.ml.forecast.boosting import BoostingForecaster
from ecom_pipeline.ml.forecast.pipeline import ForecastResult, forecast_shop
from ecom_pipeline.ml.forecast.series import MEMORY_DAYS
from ecom_pipeline.ml.live import live_of
from ecom_pipeline_tests.ml.forecast.builders import (
    Failing,
    NoAnswer,
    StandIn,
    Values,
    calendar,
    sales,
    shop_of,
    turned,
    weekly,
)

pytestmark = pytest.mark.slow

LAST = dt.date(2024, 3, 10)
ONLINE_RETAIL = Path(__file__).parents[3].parent / "shared" / "data" / "shops" / "online_retail"

SPIKE = np.zeros(200)
SPIKE[90] = 5000.0
AWKWARD: dict[str, Values] = {
    "one day": [5],
    "three days": [3, 0, 6],
    "two weeks": list(range(14)),
    "four weeks": weekly(28),
    "zeros": np.zeros(200),
    "spike": SPIKE,
    "refunds": weekly(200, noise=30),
    "only refunds": -weekly(200),
    "constant": np.full(200, 7.0),
    "died": np.concatenate([weekly(150), np.zeros(50)]),
    "huge": weekly(200, noise=2) * 1e12,
}


class Quick(BoostingForecaster):
    """Boosting in a tenth of the time."""

    def __init__(self, *, seed: int, horizon: int = 28) -> None:
        super().__init__(seed=seed, horizon=horizon, rounds=10, leaves=7, rows=2000)


class NoBoosting(NoAnswer):
    """Takes boosting's place and has no answer."""

    name: ClassVar[str] = "boosting"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prophet stands in with an answer of 0, boosting with none."""
    monkeypatch.setattr(engine, "ProphetForecaster", StandIn)
    monkeypatch.setattr(engine, "BoostingForecaster", NoBoosting)


def run(
    series: dict[str, Values],
    horizon: int = 28,
    country: str | None = None,
    seed: int = 1,
    previous_card: ModelCard | None = None,
) -> ForecastResult:
    shop = shop_of(sales(series, LAST), LAST, country=country)
    return forecast_shop(shop, horizon=horizon, seed=seed, previous_card=previous_card)


def contract(table: str) -> Contract:
    path = TABLES / "models" / f"{table}.yml"
    return parse_contract(path.read_text("utf-8"), "models", table, str(path))


def assert_promises_kept(result: ForecastResult, series: set[str], horizon: int) -> None:
    found = result.frames["forecasts"]
    assert set(found["series"]) == series
    assert not found.isna().any(axis=None)
    ends = found[["lower_95", "lower", "forecast", "upper", "upper_95"]].to_numpy()
    assert (ends >= 0).all()
    assert (np.diff(ends, axis=1) >= 0).all()
    assert np.isfinite(ends).all()
    coming = [LAST + dt.timedelta(days=day) for day in range(1, horizon + 1)]
    for _, one in found.groupby(["measure", "series_kind", "series"]):
        assert one["forecast_date"].tolist() == coming
        assert one["model"].nunique() == 1
    assert len(result.frames["forecast_series"]) == 2 * len(series)


def test_every_awkward_series_gets_an_answer_and_a_named_method() -> None:
    result = run(AWKWARD)
    assert_promises_kept(result, set(AWKWARD), 28)
    demand = (
        result.frames["forecast_series"][result.frames["forecast_series"]["measure"] == "revenue"]
        .set_index("series")["demand"]
        .to_dict()
    )
    assert demand == {
        "one day": "new",
        "three days": "new",
        "two weeks": "new",
        "four weeks": "new",
        "zeros": "silent",
        "spike": "intermittent",
        "refunds": "regular",
        "only refunds": "regular",
        "constant": "constant",
        "died": "ended",
        "huge": "regular",
    }
    assert all(json.loads(weights) for weights in result.frames["forecast_series"]["weights"])
    revenue = result.frames["forecasts"][result.frames["forecasts"]["measure"] == "revenue"].set_index("series")
    assert revenue.loc["constant", ["lower", "forecast", "upper"]].to_numpy() == pytest.approx(7.0, rel=0.01)
    for silent in ("zeros", "only refunds"):
        assert (revenue.loc[silent, "forecast"] == 0).all()
    assert revenue.loc["died", "forecast"].max() < 1


def test_twenty_years_and_a_series_with_one_day() -> None:
    result = run({"old": weekly(20 * 365, noise=2), "new": [4.0]})
    assert_promises_kept(result, {"old", "new"}, 28)
    known = result.frames["forecast_series"].set_index(["measure", "series"])["days_known"]
    assert known["revenue", "old"] == MEMORY_DAYS


def test_the_same_seed_gives_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", Quick)
    series: dict[str, Values] = {"total": weekly(120, noise=4), "A": weekly(120, noise=4, seed=1)}
    first, second = run(series, seed=3), run(series, seed=3)
    assert {"prophet", "boosting"} <= set(first.frames["forecast_evaluation"]["model"])
    for table, frame in first.frames.items():
        pd.testing.assert_frame_equal(frame, second.frames[table])
    assert first.card.row() == second.card.row()


def falling() -> dict[str, Values]:
    """Long at 500, then for the tested weeks at 50: only a model that knows 50 gets the first of them right."""
    random = np.random.default_rng(0)
    return {
        name: np.concatenate([np.full(200, 500.0), np.full(85, 50.0)]) + random.uniform(-20, 20, 285) for name in "AB"
    }


@pytest.mark.usefixtures("quick")
def test_a_combination_that_is_no_better_is_refused_and_the_baseline_published() -> None:
    result = run({"A": turned(), "B": turned() * 3})
    assert result.card.decision == "refused"
    assert set(result.frames["forecasts"]["model"]) == {result.card.baseline} == {"seasonal_naive"}
    revenue = result.frames["forecasts"][
        (result.frames["forecasts"]["measure"] == "revenue") & (result.frames["forecasts"]["series"] == "A")
    ]
    assert sorted(set(revenue["forecast"])) == sorted(set(weekly(7)))


def test_a_combination_that_beats_every_baseline_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", NoBoosting)
    monkeypatch.setattr(engine, "ProphetForecaster", StandIn)
    monkeypatch.setattr(StandIn, "answer", 50.0)
    result = run(falling())
    assert result.card.decision == "published"
    assert result.card.value is not None
    assert result.card.baseline_value is not None
    assert result.card.value < result.card.baseline_value
    weights = result.frames["forecast_series"][result.frames["forecast_series"]["measure"] == "revenue"]["weights"].map(
        json.loads
    )
    assert all(each["prophet"] == max(each.values()) for each in weights)


def test_a_failing_prophet_is_named_and_the_others_step_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ProphetForecaster", Failing)
    monkeypatch.setattr(engine, "BoostingForecaster", NoBoosting)
    result = run({"Garden": weekly(120, noise=3), "Toys": weekly(120, noise=3, seed=2)})
    assert_promises_kept(result, {"Garden", "Toys"}, 28)
    assert "without an answer: revenue: prophet for 2 series" in result.card.reason
    failures = result.frames["forecast_series"].set_index(["measure", "series"])["failures"].map(json.loads)
    assert failures["revenue", "Toys"] == {"prophet": "prophet: did not converge"}
    assert failures["units", "Toys"] == {}


@pytest.mark.usefixtures("quick")
def test_prophet_is_tried_on_the_total_and_the_largest_series_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecom_pipeline.ml.forecast.series.PROPHET_SERIES", 2)
    result = run({"small": weekly(90), "large": weekly(90) * 9, "medium": weekly(90) * 3, "total": weekly(90)})
    tried = result.frames["forecast_evaluation"][result.frames["forecast_evaluation"]["model"] == "prophet"]
    assert set(tried["series"]) == {"large", "total"}
    assert set(tried["measure"]) == {"revenue"}


@pytest.mark.usefixtures("quick")
def test_the_card_pools_the_categories_and_not_the_total() -> None:
    categories: dict[str, Values] = {"A": weekly(120, noise=3), "B": weekly(120, noise=3, seed=1)}
    total = {"total": np.asarray(categories["A"]) + np.asarray(categories["B"])}
    card = run(categories | total).card
    assert card.metrics["series_scored"] == 2
    assert run(total).card.value is not None


@pytest.mark.usefixtures("quick")
def test_a_worse_run_keeps_the_live_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StandIn, "answer", 50.0)
    series = falling()
    live = run(series).card
    assert live.value is not None
    better = ModelCard(
        **{**live.__dict__, "metrics": {"live_value": live.value / 2}, "trained_to": LAST - dt.timedelta(days=2)}
    )
    again = run(series, previous_card=better).card
    assert again.decision == "kept"
    assert again.trained_to == LAST - dt.timedelta(days=2)
    assert live_of(again) == (live.value / 2, LAST - dt.timedelta(days=2))
    assert run(series, previous_card=live).card.decision == "published"


@pytest.mark.usefixtures("quick")
def test_a_shop_that_sold_nothing_gets_empty_tables_and_a_card() -> None:
    result = forecast_shop(shop_of(sales({"total": [1.0]}, LAST).head(0), LAST, country="GB"), seed=1)
    for name, frame in result.frames.items():
        assert list(frame.columns) == list(contract(name).types), name
        assert frame.empty, name
    assert (result.card.decision, result.card.trained_from, result.card.value) == ("refused", None, None)
    assert result.card.row()["reason"]


def shop(days: int = 150) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Two categories; three products with a series in the first, of which two sell out; the rest has none."""
    random = np.random.default_rng(5)
    sold = {name: random.poisson(rate, days).astype(float) for name, rate in (("a", 6), ("b", 3), ("c", 1))}
    sold["b"][-12:] = 0
    rest, other = random.poisson(4, days), random.poisson(8, days)
    table = sales({"total": sum(sold.values()) + rest + other, "Home": sum(sold.values()) + rest, "Toys": other}, LAST)
    by_product = pd.concat(
        [
            pd.DataFrame(
                {
                    "product_id": name,
                    "sales_date": pd.date_range(end=LAST, periods=days, freq="D"),
                    "revenue": values,
                    "units": values / 10,
                }
            )[lambda frame: frame["units"] > 0]
            for name, values in sold.items()
        ]
    )
    products = pd.DataFrame(
        {"product_id": ["a", "b", "c"], "category": "Home", "stock": [9.0, 0.0, np.nan], "cost": 2.0}
    )
    for name in ("lead_time_days", "review_days", "service_level", "pack_size", "minimum_order"):
        products[name] = np.nan
    return table, by_product, products


def forecast_with_products(days: int) -> ForecastResult:
    table, by_product, products = shop(days)
    return forecast_shop(shop_of(table, LAST, product_sales=by_product, products=products), seed=1)


@pytest.mark.usefixtures("quick")
def test_sums_agree_and_products_get_purchase_advice() -> None:
    result = forecast_with_products(150)
    for measure in ("revenue", "units"):
        found = result.frames["forecasts"][result.frames["forecasts"]["measure"] == measure]
        by_day = found.pivot_table(index="forecast_date", columns=["series_kind", "series"], values="forecast")
        total = by_day["total"]["total"]
        assert by_day["category"].sum(axis=1).to_numpy() == pytest.approx(total.to_numpy())
        assert (by_day["product"].sum(axis=1) < by_day["category"]["Home"]).all()
    assert set(found["series_kind"]) == {"total", "category", "product"}
    advice = result.frames["purchase_advice"].set_index("product_id")
    assert advice.loc["b", "lost_units"] == pytest.approx(0.3 * 11, rel=0.3)
    assert advice.loc["b", "daily_demand"] == pytest.approx(0.3, rel=0.3)
    assert advice.loc["b", "suggested_units"] >= advice.loc["b", "expected_demand"]
    assert np.isnan(advice.loc["c", "suggested_units"])
    assert set(result.frames["stock_out_risk"]["product_id"]) == {"a", "b"}


@pytest.mark.usefixtures("quick")
def test_what_sells_now_and_then_is_forecast_with_what_its_month_brings_whatever_its_kind() -> None:
    rare = np.random.default_rng(0).binomial(1, 0.2, (8, 300)) * 50.0
    result = run({f"rare {place}": values for place, values in enumerate(rare)})
    found = result.frames["forecasts"]
    months = found[found["measure"] == "revenue"].groupby("series")["forecast"].sum()
    assert months.mean() == pytest.approx(28 * 0.2 * 50, rel=0.25)
    assert (months > 100).all()


@pytest.mark.usefixtures("quick")
def test_weeks_are_the_sums_of_their_days_with_bands_of_their_own() -> None:
    result = run({"total": weekly(200, noise=6), "A": weekly(200, noise=6)}, horizon=31)
    key = ["measure", "series_kind", "series"]
    days, weeks = result.frames["forecasts"].set_index(key), result.frames["weekly_forecasts"].set_index(key)
    assert weeks.groupby(level=key).size().tolist() == [4] * 4
    for name in weeks.index.unique():
        assert weeks.loc[name, "week_start"].tolist() == days.loc[name, "forecast_date"].tolist()[:28:7]
        by_week = {end: days.loc[name, end].to_numpy()[:28].reshape(4, 7).sum(axis=1) for end in ("forecast", "upper")}
        assert weeks.loc[name, "forecast"].to_numpy() == pytest.approx(by_week["forecast"])
        assert (weeks.loc[name, "upper"] < by_week["upper"]).all()
    ends = weeks[["lower_95", "lower", "forecast", "upper", "upper_95"]].to_numpy()
    assert (np.diff(ends, axis=1) >= 0).all()
    assert run({"total": weekly(60)}, horizon=5).frames["weekly_forecasts"].empty


@pytest.mark.usefixtures("quick")
def test_the_shelf_of_earlier_nights_says_which_days_were_empty() -> None:
    table, by_product, products = shop()
    by_product = by_product[
        ~((by_product["product_id"] == "a") & by_product["sales_date"].between("2024-02-10", "2024-02-19"))
    ]

    def tonight(previous: pd.DataFrame | None) -> ForecastResult:
        known = shop_of(table, LAST, product_sales=by_product, products=products)
        return forecast_shop(known, seed=1, previous_stock=previous)

    looks = pd.date_range("2024-02-09", "2024-02-19")
    remembered = pd.DataFrame({"product_id": "a", "stock_date": looks, "stock": 0.0})
    alone, informed = tonight(None), tonight(remembered)
    assert alone.frames["stock_days"]["product_id"].tolist() == ["a", "b"]
    assert len(informed.frames["stock_days"]) == 13
    lost = [each.frames["purchase_advice"].set_index("product_id").loc["a", "lost_units"] for each in (alone, informed)]
    assert lost[0] == 0
    assert lost[1] == pytest.approx(10 * 0.6, rel=0.2)
    demand = [
        each.frames["purchase_advice"].set_index("product_id").loc["a", "daily_demand"] for each in (alone, informed)
    ]
    assert demand[1] > 1.1 * demand[0]


@pytest.mark.usefixtures("quick")
def test_parts_add_up_to_the_published_forecast_and_the_move_is_told() -> None:
    table = sales({"total": weekly(120, noise=2), "A": weekly(120, noise=2)}, LAST)
    first = forecast_shop(shop_of(table, LAST), seed=1)
    summed = first.frames["forecast_parts"].groupby(["series", "forecast_date"])["value"].sum()
    revenue = first.frames["forecasts"][first.frames["forecasts"]["measure"] == "revenue"].set_index(
        ["series", "forecast_date"]
    )["forecast"]
    assert summed.sort_index().to_numpy() == pytest.approx(revenue.sort_index().to_numpy())
    before = first.frames["forecast_parts"].assign(
        value=first.frames["forecast_parts"]["value"] * 2,
        forecast_date=pd.to_datetime(first.frames["forecast_parts"]["forecast_date"]),  # as the database gives it
    )
    second = forecast_shop(shop_of(table, LAST), seed=1, previous_parts=before)
    assert second.frames["forecast_moves"]["sentence_en"].str.startswith("Down 50%").all()


def test_an_event_of_the_shop_is_a_part_of_its_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", NoBoosting)
    values = weekly(300, noise=1)
    days = [dt.date(2024, 3, 10) - dt.timedelta(days=back) for back in range(5, 290, 19)]
    for day in days:
        values[299 - (LAST - day).days] *= 4
    own = calendar(*[(str(day), "sale", "event", None) for day in (*days, dt.date(2024, 3, 20))])
    result = forecast_shop(shop_of(sales({"total": values}, LAST), LAST, calendar=own), seed=1)
    holiday = result.frames["forecast_parts"][result.frames["forecast_parts"]["part"] == "holiday"].set_index(
        "forecast_date"
    )["value"]
    assert holiday.idxmax() == dt.date(2024, 3, 20)
    assert holiday.max() > 5 * holiday.drop(dt.date(2024, 3, 20)).abs().max()


@pytest.mark.usefixtures("quick")
def test_tables_have_the_columns_of_their_contracts() -> None:
    result = forecast_with_products(90)
    for name, frame in result.frames.items():
        assert list(frame.columns) == list(contract(name).types), name
        required = [column.name for column in contract(name).columns if column.required]
        assert not frame[required].isna().any(axis=None), name
        assert not frame.duplicated(list(contract(name).key)).any(), name
    assert list(result.card.row()) == list(contract("forecast_card").types)


def test_a_horizon_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="horizon: 0"):
        run({"total": weekly(90)}, horizon=0)


@pytest.mark.usefixtures("quick")
def test_an_unknown_country_is_named() -> None:
    assert "no statutory holidays known for country 'Atlantis'" in run({"total": [1.0]}, country="Atlantis").card.reason


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.floats(-1e6, 1e9), min_size=1, max_size=90),
    st.lists(st.floats(-100, 100), min_size=1, max_size=40),
    st.integers(1, 40),
)
def test_any_series_is_answered(first: list[float], second: list[float], horizon: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "ProphetForecaster", StandIn)
        patch.setattr(engine, "BoostingForecaster", NoBoosting)
        result = run({"A": first, "total": second}, horizon=horizon)
    assert_promises_kept(result, {"A", "total"}, horizon)
    values = result.frames["forecast_evaluation"]["value"].dropna()
    assert all(math.isfinite(value) for value in values)


def test_real_daily_revenue_of_a_shop() -> None:
    if not ONLINE_RETAIL.exists():
        pytest.skip(f"{ONLINE_RETAIL.name}: the real data are not here")
    import duckdb

    table = duckdb.sql(
        f"""
        select 'total' as series_kind, 'total' as series, cast(InvoiceDate[:10] as date) as sales_date,
            sum(cast(Quantity as double) * cast(UnitPrice as double)) as revenue, sum(cast(Quantity as double)) as units
        from read_csv('{ONLINE_RETAIL}/*.csv.gz', all_varchar = true) group by 3
        """
    ).df()
    result = forecast_shop(shop_of(table, dt.date(2011, 12, 9), country="GB"), seed=1)
    revenue = result.frames["forecast_evaluation"][result.frames["forecast_evaluation"]["measure"] == "revenue"]
    found = revenue.pivot(index="metric", columns="model", values="value")
    assert found.loc["wape", "exponential_smoothing"] == pytest.approx(0.2485, abs=0.005)
    assert found.loc["wape", "combination"] < found.loc["wape", "moving_average"]
    forecasts = result.frames["forecasts"][result.frames["forecasts"]["measure"] == "revenue"]
    dates = pd.to_datetime(forecasts["forecast_date"])
    closed = (dates.dt.dayofweek == 5) | dates.between("2011-12-24", "2012-01-03")
    rest, others = forecasts[closed], forecasts[~closed]
    assert (rest[["forecast", "upper_95"]] == 0).all(axis=None), (
        "no sale on any Saturday, nor around the last Christmas"
    )
    assert others["forecast"].min() > 0
