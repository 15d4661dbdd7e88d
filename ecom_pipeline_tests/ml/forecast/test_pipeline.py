from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.contracts import TABLES, Contract, parse_contract
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast import pipeline
from ecom_pipeline.ml.forecast.pipeline import ForecastResult, forecast_shop
from ecom_pipeline_tests.ml.forecast.builders import NO_CALENDAR, Failing, StandIn, sales, weekly

LAST = dt.date(2024, 3, 10)
ONLINE_RETAIL = Path(__file__).parents[3].parent / "shared" / "data" / "shops" / "online_retail"

SPIKE = np.zeros(200)
SPIKE[90] = 5000.0
AWKWARD: dict[str, list[float] | np.ndarray] = {
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


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """Prophet replaced by a model that always answers 0."""
    monkeypatch.setattr(pipeline, "ProphetForecaster", StandIn)
    return StandIn


def run(
    series: dict[str, list[float] | np.ndarray],
    horizon: int = 28,
    country: str | None = None,
    seed: int = 1,
    previous_card: ModelCard | None = None,
) -> ForecastResult:
    table = sales(series, LAST)
    return forecast_shop(
        table, NO_CALENDAR, country=country, as_of_date=LAST, horizon=horizon, seed=seed, previous_card=previous_card
    )


def contract(table: str) -> Contract:
    path = TABLES / "models" / f"{table}.yml"
    return parse_contract(path.read_text("utf-8"), "models", table, str(path))


def assert_promises_kept(result: ForecastResult, series: set[str], horizon: int) -> None:
    found = result.forecasts
    assert set(found["series"]) == series
    assert not found.isna().any(axis=None)
    assert ((found["lower"] >= 0) & (found["lower"] <= found["forecast"]) & (found["forecast"] <= found["upper"])).all()
    assert np.isfinite(found[["forecast", "lower", "upper"]].to_numpy()).all()
    coming = [LAST + dt.timedelta(days=day) for day in range(1, horizon + 1)]
    for _, one in found.groupby(["series_kind", "series"]):
        assert one["forecast_date"].tolist() == coming
        assert one["model"].nunique() == 1


def model_of(result: ForecastResult, series: str) -> str:
    return str(result.forecasts.loc[result.forecasts["series"] == series, "model"].iloc[0])


@pytest.mark.slow
def test_every_awkward_series_gets_an_answer_and_a_named_method() -> None:
    result = run(AWKWARD)
    assert_promises_kept(result, set(AWKWARD), 28)
    assert set(result.evaluation["series"]) == set(AWKWARD)
    assert "prophet not tried: 4 too short, 2 constant" in result.card.reason
    constant = result.forecasts[result.forecasts["series"] == "constant"]
    assert constant[["lower", "forecast", "upper"]].to_numpy() == pytest.approx(np.full((28, 3), 7.0))
    for silent in ("zeros", "only refunds"):
        assert (result.forecasts.loc[result.forecasts["series"] == silent, "forecast"] == 0).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_result() -> None:
    series: dict[str, list[float] | np.ndarray] = {"total": weekly(64, noise=4)}
    first, second = run(series, seed=3), run(series, seed=3)
    assert "prophet" in set(first.evaluation["model"])
    pd.testing.assert_frame_equal(first.forecasts, second.forecasts)
    pd.testing.assert_frame_equal(first.evaluation, second.evaluation)
    assert first.card.row() == second.card.row()


def level_change() -> np.ndarray:
    """Long at 500, then for the tested weeks at 50: only a model that knows 50 gets the first of them right."""
    return np.concatenate([np.full(200, 500.0), np.full(85, 50.0)])


def test_the_best_model_of_each_series_is_published(stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in, "answer", 50.0)
    noise = np.random.default_rng(0).uniform(-20, 20, 285)
    result = run({"Odd": level_change() + noise, "Regular": weekly(285, noise=0.1)})
    assert model_of(result, "Odd") == "prophet"
    assert model_of(result, "Regular") in ("seasonal_naive", "exponential_smoothing")
    assert result.card.decision == "published"
    assert result.card.value is not None
    assert result.card.baseline_value is not None
    assert result.card.value < result.card.baseline_value
    assert "prophet published for 1 of 2 series" in result.card.reason


def test_a_choice_no_better_than_one_baseline_is_refused(stand_in: type[StandIn]) -> None:
    result = run({"A": weekly(200), "B": weekly(200) * 3})
    assert result.card.decision == "refused"
    assert set(result.forecasts["model"]) == {result.card.baseline} == {"seasonal_naive"}
    assert result.card.value == result.card.baseline_value == 0


def test_a_published_baseline_has_the_band_of_its_errors(stand_in: type[StandIn]) -> None:
    values = np.concatenate([np.random.default_rng(2).uniform(0, 100, 600), [0.0]])
    result = run({"total": values})
    assert "prophet" not in set(result.forecasts["model"])
    width = (result.forecasts["upper"] - result.forecasts["lower"]).mean()
    assert 60 < width < 100


def test_a_failing_prophet_is_replaced_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "ProphetForecaster", Failing)
    result = run({"Garden": weekly(120, noise=3), "Toys": weekly(120, noise=3, seed=2)})
    assert_promises_kept(result, {"Garden", "Toys"}, 28)
    assert "failed and replaced: category Garden, category Toys" in result.card.reason
    assert result.card.metrics["failures"]["category Toys"] == {"prophet": "prophet: did not converge"}
    assert "prophet" not in set(result.evaluation["model"])


def test_a_prophet_that_fails_only_at_the_end_is_replaced_by_the_next_best(
    stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    class FailsOnAll(StandIn):
        def fit(self, series: pd.Series, calendar: pd.DataFrame) -> FailsOnAll:
            if len(series) == 284:
                return Failing(seed=1).fit(series, calendar)  # type: ignore[return-value]
            return super().fit(series, calendar)

    monkeypatch.setattr(FailsOnAll, "answer", 50.0)
    monkeypatch.setattr(pipeline, "ProphetForecaster", FailsOnAll)
    noise = np.random.default_rng(0).uniform(-20, 20, 285)
    result = run({"Odd": level_change() + noise, "Regular": weekly(285, noise=0.1)})
    assert result.card.decision == "published"
    assert model_of(result, "Odd") in pipeline.BASELINES
    assert "failed and replaced: category Odd" in result.card.reason


def test_prophet_is_tried_on_the_total_and_the_largest_series_only(
    stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "PROPHET_SERIES", 2)
    result = run({"small": weekly(90), "large": weekly(90) * 9, "medium": weekly(90) * 3, "total": weekly(90)})
    tried = result.evaluation.loc[result.evaluation["model"] == "prophet", "series"]
    assert set(tried) == {"large", "total"}
    assert "prophet not tried: 2 beyond the 2 largest" in result.card.reason


def test_yearly_seasonality_is_published_only_if_it_was_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = []

    class Recorder(StandIn):
        def __init__(self, *, seed: int, country: str | None = None, allow_yearly: bool = True) -> None:
            allowed.append(allow_yearly)
            super().__init__(seed=seed)

    monkeypatch.setattr(pipeline, "ProphetForecaster", Recorder)
    run({"total": weekly(800, noise=1)})
    assert not any(allowed)
    allowed.clear()
    run({"total": weekly(820, noise=1)})
    assert all(allowed)


def test_the_evaluation_has_every_model_and_metric(stand_in: type[StandIn]) -> None:
    result = run({"Garden": weekly(120, noise=2), "New": [1.0, 2.0]})
    garden = result.evaluation[result.evaluation["series"] == "Garden"]
    assert set(garden["model"]) == {*pipeline.BASELINES, "prophet"}
    assert set(garden["metric"]) == {"wape", "mase", "bias", "coverage"}
    assert (garden["origins"] == 3).all()
    assert (garden["horizon_days"] == 28).all()
    assert set(garden.loc[~garden["is_baseline"], "model"]) == {"prophet"}
    prophet = garden[garden["model"] == "prophet"].set_index("metric")["value"]
    assert prophet["wape"] == pytest.approx(1.0)
    assert prophet["bias"] == pytest.approx(-1.0)
    new = result.evaluation[result.evaluation["series"] == "New"]
    assert (set(new["model"]), set(new["origins"]), new["value"].isna().all()) == ({"moving_average"}, {0}, True)


def test_the_card_pools_the_categories_and_not_the_total(stand_in: type[StandIn]) -> None:
    categories: dict[str, list[float] | np.ndarray] = {
        "A": weekly(120, noise=3),
        "B": weekly(120, noise=3, seed=1),
    }
    alone = run(categories).card
    both = run(categories | {"total": np.random.default_rng(0).uniform(0, 999, 120)}).card
    assert (both.value, both.baseline_value) == (alone.value, alone.baseline_value)
    assert run({"total": categories["A"]}).card.value is not None


def test_a_worse_run_keeps_the_live_one(stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in, "answer", 50.0)
    series = {"Odd": level_change() + np.random.default_rng(0).uniform(-20, 20, 285), "R": weekly(285, noise=0.1)}
    live = run(series).card
    assert live.value is not None
    better = ModelCard(
        **{**live.__dict__, "metrics": {"live_value": live.value / 2}, "trained_to": LAST - dt.timedelta(days=2)}
    )
    again = run(series, previous_card=better).card
    assert again.decision == "kept"
    assert again.trained_to == LAST - dt.timedelta(days=2)
    assert run(series, previous_card=live).card.decision == "published"


def test_a_shop_that_sold_nothing_gets_empty_tables_and_a_card() -> None:
    empty = sales({"total": [1.0]}, LAST).head(0)
    result = forecast_shop(empty, NO_CALENDAR, country="GB", as_of_date=LAST, seed=1)
    assert result.forecasts.empty
    assert result.evaluation.empty
    assert (result.card.decision, result.card.trained_from, result.card.value) == ("refused", None, None)
    assert result.card.row()["reason"]


def test_tables_have_the_columns_of_their_contracts(stand_in: type[StandIn]) -> None:
    result = run({"total": weekly(90)})
    assert list(result.forecasts.columns) == list(contract("forecasts").types)
    assert list(result.evaluation.columns) == list(contract("forecast_evaluation").types)
    assert list(result.card.row()) == list(contract("forecast_card").types)


def test_a_horizon_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="horizon: 0"):
        run({"total": weekly(90)}, horizon=0)


def test_an_unknown_country_is_named() -> None:
    assert "no statutory holidays known for country 'Atlantis'" in run({"total": [1.0]}, country="Atlantis").card.reason


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(-1e6, 1e9), min_size=1, max_size=90),
    st.lists(st.floats(-100, 100), min_size=1, max_size=40),
    st.integers(1, 40),
)
def test_any_series_is_answered(first: list[float], second: list[float], horizon: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "ProphetForecaster", StandIn)
        result = run({"A": first, "total": second}, horizon=horizon)
    assert_promises_kept(result, {"A", "total"}, horizon)
    values = result.evaluation["value"].dropna()
    assert all(math.isfinite(value) for value in values)


@pytest.mark.slow
def test_real_daily_revenue_of_a_shop() -> None:
    if not ONLINE_RETAIL.exists():
        pytest.skip(f"{ONLINE_RETAIL.name}: the real data are not here")
    import duckdb

    table = duckdb.sql(
        f"""
        select 'total' as series_kind, 'total' as series, cast(InvoiceDate[:10] as date) as sales_date,
            sum(cast(Quantity as double) * cast(UnitPrice as double)) as revenue
        from read_csv('{ONLINE_RETAIL}/*.csv.gz', all_varchar = true) group by 3
        """
    ).df()
    result = forecast_shop(table, NO_CALENDAR, country="GB", as_of_date=dt.date(2011, 12, 9), seed=1)
    found = result.evaluation.pivot(index="metric", columns="model", values="value")
    assert found.loc["wape", "exponential_smoothing"] == pytest.approx(0.290, abs=0.005)
    assert found.loc["wape", "prophet"] < found.loc["wape", "moving_average"]
    closed = pd.to_datetime(result.forecasts["forecast_date"]).dt.dayofweek == 5
    saturdays, others = result.forecasts[closed], result.forecasts[~closed]
    assert saturdays["forecast"].max() < others["forecast"].min()
