from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
import pytest

from ecom_pipeline.ml.forecast import engine
from ecom_pipeline.ml.forecast.base import ForecastError
from ecom_pipeline.ml.forecast.calendar import EffectKind
from ecom_pipeline.ml.forecast.combination import COMBINATION
from ecom_pipeline.ml.forecast.engine import forecast_panel
from ecom_pipeline.ml.forecast.panel import Panel
from ecom_pipeline.ml.forecast.reconcile import Hierarchy
from ecom_pipeline_tests.ml.forecast.builders import StandIn, effect, panel_of, turned, weekly


class Nothing(StandIn):
    """Takes boosting's place and expects nothing: the median day of a slow product."""

    name: ClassVar[str] = "boosting"


def test_the_days_of_a_slow_product_are_their_middle_and_what_is_expected_is_their_sum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", Nothing)
    sold = np.random.default_rng(0).binomial(1, 0.2, (30, 300)) * 5.0
    found = forecast_panel(panel_of(*sold, kind="product"), horizon=28, seed=1)
    assert found.daily.forecast.mean() < 0.3
    assert found.expected.mean() == pytest.approx(1.0, rel=0.25)
    assert np.nanmean(found.expected_past[1:]) == pytest.approx(1.0, rel=0.25)


def test_series_that_matter_in_sums_are_forecast_with_what_these_are_expected_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", Nothing)
    rate = np.repeat([0.1, 0.2, 0.4], 10)
    sold = np.random.default_rng(0).binomial(1, rate[:, np.newaxis], (30, 300)).astype(float)
    panel = panel_of(*sold, sold.sum(axis=0), kind="product")
    panel = replace(panel, keys=(*panel.keys[:30], ("total", "total")))
    agreed = Hierarchy(parent=np.array([30] * 30 + [-1]), group=np.array(["product"] * 30 + [""]))
    found = forecast_panel(panel, horizon=28, seed=1, hierarchy=agreed, by_sums=np.arange(31) < 30)
    for slow in (0.1, 0.2, 0.4):
        assert found.daily.forecast[:30][rate == slow].mean() == pytest.approx(slow, rel=0.25)
    assert found.daily.forecast[:30].sum(axis=0) == pytest.approx(found.daily.forecast[30])
    assert (found.daily.forecast[:30].sum(axis=1) > 1).all(), "each sells some in four weeks"
    past, actual = found.tested.of(COMBINATION)[1:, :30], found.tested.actual[1:, :30]
    of_days = forecast_panel(panel, horizon=28, seed=1, hierarchy=agreed).tested.of(COMBINATION)[1:, :30]
    missed, missed_by_days = (np.abs(each.sum(axis=2) - actual.sum(axis=2)).mean() for each in (past, of_days))
    assert missed < 0.9 * missed_by_days


@pytest.mark.parametrize(("noise", "source"), [(0.0, "seasonal_naive"), (8.0, "combination")])
def test_only_a_baseline_that_is_clearly_better_takes_the_combinations_place(
    noise: float, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", Nothing)
    found = forecast_panel(panel_of(*(turned(noise, seed) for seed in range(4))), horizon=28, seed=1)
    assert set(found.source) == {source}


def test_what_sells_now_and_then_learns_neither_weights_nor_bands_from_what_sells_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", Nothing)
    rare = np.random.default_rng(0).binomial(1, 0.1, (10, 300)) * 5.0
    regular = [weekly(300, 2, seed) for seed in range(10)]
    found = forecast_panel(panel_of(*rare, *regular), horizon=28, seed=1)
    nothing = found.weight[found.tested.models.index("boosting")]
    assert (nothing[:10] > 0.6).all()
    assert (nothing[10:] < 1e-6).all()
    alone = forecast_panel(panel_of(*rare), horizon=28, seed=1)
    assert found.weight[:, :10] == pytest.approx(alone.weight)
    assert found.tested.of(COMBINATION)[:, :10] == pytest.approx(alone.tested.of(COMBINATION))
    assert found.daily.upper[:, :10] == pytest.approx(alone.daily.upper)
    assert found.covered[:, :10] == pytest.approx(alone.covered)


def test_a_shop_that_is_closed_sells_nothing_and_its_other_days_do_not_suffer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", Nothing)
    closed = [*range(10, 200, 13), 203, 214]
    values = np.full(200, 50.0) + np.random.default_rng(0).normal(0, 1, 200)
    values[closed[:-2]] = 0.0
    panel = panel_of(values, values * 2, effects=effect("closed", closed, 228))
    parts: dict[str, tuple[EffectKind, ...]] = {"holiday": ("holiday", "closed"), "promotion": ("promotion",)}
    found = forecast_panel(panel, horizon=28, seed=1, parts=parts)
    shut = np.isin(np.arange(200, 228), closed)
    assert (found.daily.forecast[:, shut] == 0).all()
    assert (found.daily.upper[:, :, shut] == 0).all()
    assert found.daily.forecast[0, ~shut] == pytest.approx(50, abs=1.5)
    assert found.without["holiday"][0] == pytest.approx(50, abs=1.5)
    assert "promotion" not in found.without


def test_a_shop_that_rests_on_sundays_sells_nothing_on_them_whatever_a_model_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Nothing, "answer", 50.0)
    monkeypatch.setattr(engine, "BoostingForecaster", Nothing)
    values = 50.0 + np.random.default_rng(0).normal(0, 1, 200)
    values[6::7] = 0.0
    panel = panel_of(values, values * 1.01, effects=effect("holiday", [50, 210], 228))
    found = forecast_panel(panel, horizon=28, seed=1, parts={"holiday": ("holiday",)})
    rest = np.arange(200, 228) % 7 == 6
    for each in (
        found.daily.forecast,
        found.daily.upper[1],
        found.without["holiday"],
        found.tested.of("boosting")[2, :, -28:],
    ):
        assert (each[:, rest] == 0).all()
        assert (each[:, ~rest] > 40).all()
    assert found.tested.of("moving_average")[2, 0, 0] == pytest.approx(50, abs=1)


class NeedsAYear(StandIn):
    """Takes boosting's place and cannot be fitted to less than a year."""

    name: ClassVar[str] = "boosting"
    answer: ClassVar[float] = 20.0

    def fit(self, panel: Panel) -> Self:
        if panel.length < 364:
            raise ForecastError("boosting: too short")
        return super().fit(panel)


def test_a_model_that_was_too_young_to_be_tested_but_has_an_answer_tonight_has_not_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", NeedsAYear)
    found = forecast_panel(panel_of(weekly(364, 2)), horizon=28, seed=1)
    assert found.weight[found.tested.models.index("boosting"), 0] > 0
    assert found.failures == {}
    young = forecast_panel(panel_of(weekly(300, 2)), horizon=28, seed=1)
    assert young.failures == {"boosting": {("category", "s0"): "boosting: too short"}}
