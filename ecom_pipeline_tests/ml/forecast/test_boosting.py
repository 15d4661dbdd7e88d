from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecom_pipeline.ml.forecast.boosting import BoostingForecaster, _recurring
from ecom_pipeline.ml.forecast.calendar import Effects
from ecom_pipeline.ml.forecast.period import MONTH
from ecom_pipeline_tests.ml.forecast.builders import effect, panel_of, weekly

DAYS = 300


def small(seed: int = 1) -> BoostingForecaster:
    return BoostingForecaster(seed=seed, rounds=60, leaves=15, rows=6000)


@pytest.fixture(scope="module")
def events() -> list[int]:
    return [*range(20, DAYS, 23), DAYS + 3]


@pytest.fixture(scope="module")
def fitted(events: list[int]) -> BoostingForecaster:
    """Six series of very different size that double on every event."""
    series = []
    for place in range(6):
        values = weekly(DAYS, noise=1, seed=place) * 10.0**place
        values[[day for day in events if day < DAYS]] *= 2
        series.append(values)
    return small().fit(panel_of(*series, effects=effect("event", events, DAYS + 28)))


def test_series_of_any_size_keep_their_weekly_pattern(fitted: BoostingForecaster) -> None:
    found = fitted.predict(28)
    for place in range(6):
        plain = np.delete(found[place] / 10.0**place, 3)
        expected = np.delete(np.resize(np.roll(weekly(7), -(DAYS % 7)), 28), 3)
        assert np.abs(plain - expected).mean() < 3


def test_two_series_of_months_are_enough_to_learn_their_season() -> None:
    months = [level + level / 2 * np.cos(np.arange(120) / 6 * np.pi) for level in (10.0, 900.0)]
    panel = panel_of(*months, period=MONTH)
    found = BoostingForecaster(seed=1, horizon=12).fit(panel).predict(12)
    assert found == pytest.approx(panel.values[:, :12], rel=0.2)


def test_a_known_event_lifts_its_day_and_its_absence_does_not(fitted: BoostingForecaster) -> None:
    with_event = fitted.predict(28)
    without = fitted.predict(28, fitted.panel_.effects.without(("event",), DAYS))
    lift = with_event / without
    assert (lift[:, 3] > 1.3).all()
    assert lift[:, 20:].mean() == pytest.approx(1, abs=0.1)


def test_the_days_before_an_event_are_lifted_and_the_days_after_it_fall() -> None:
    days = [*range(20, DAYS, 31), DAYS + 12]
    series = []
    for place in range(6):
        values = np.random.default_rng(place).normal(40, 1, DAYS)
        for day in days[:-1]:
            values[day - 3 : day] *= 2
            values[day + 1 : day + 4] /= 2
        series.append(values)
    found = small().fit(panel_of(*series, effects=effect("event", days, DAYS + 28))).predict(28).mean(axis=0)
    assert found[9:12].min() > 1.5 * found[:8].mean()
    assert found[13:16].max() < 0.7 * found[20:].mean()


def test_promotions_that_come_again_are_told_apart_series_by_series() -> None:
    """One halves what is sold, one doubles it, each on days of each series' own: their sum says nothing."""
    random = np.random.default_rng(0)
    on = random.random((6, 2, DAYS + 28)) < 0.25
    values = random.normal(40, 1, (6, DAYS)) * np.where(on[:, 0, :DAYS], 0.5, 1) * np.where(on[:, 1, :DAYS], 2, 1)
    effects = Effects(names=("dear", "cheap"), kinds=("promotion", "promotion"), values=on.astype(float))
    found = small().fit(panel_of(*values, effects=effects)).predict(28)
    expected = 40 * np.where(on[:, 0, DAYS:], 0.5, 1) * np.where(on[:, 1, DAYS:], 2, 1)
    assert np.abs(found - expected).mean() < 3


def test_a_promotion_that_came_once_is_no_feature_of_its_own() -> None:
    values = np.zeros((1, 2, 100))
    values[0, 0, 10:20], values[0, 1, ::10] = 1, 1
    several = Effects(names=("once", "often"), kinds=("promotion", "promotion"), values=values)
    assert _recurring(several, 100).tolist() == [1]
    assert _recurring(several, 11).tolist() == []


def test_the_days_before_a_promotion_fall() -> None:
    days = [*range(20, DAYS, 31), DAYS + 12]
    series = [np.random.default_rng(place).normal(40, 1, DAYS) for place in range(6)]
    for values in series:
        for day in days[:-1]:
            values[day - 3 : day] /= 3
    found = small().fit(panel_of(*series, effects=effect("promotion", days, DAYS + 28))).predict(28).mean(axis=0)
    assert found[9:12].max() < 0.7 * found[:8].mean()


def test_a_product_that_became_dearer_is_expected_to_sell_less() -> None:
    random = np.random.default_rng(0)
    changes = [random.integers(0, 28, 2000).cumsum() for _ in range(8)]
    price = np.stack(
        [
            np.array([8.0, 10, 12.5])[(np.searchsorted(each, np.arange(DAYS)) * 7 + place) % 3]
            for place, each in enumerate(changes)
        ]
    )
    price[0, -8:], price[1, -8:] = 12.5, 8.0
    series = [random.poisson(40 * (10 / each) ** 3) for each in price]
    panel = panel_of(*series, kind="product")
    plain, informed = small().fit(panel).predict(7), small().fit(replace(panel, prices=price)).predict(7)
    expected = 40 * (10 / price[:2, -1]) ** 3
    assert np.abs(informed[:2].mean(axis=1) - expected).mean() < 0.9 * np.abs(plain[:2].mean(axis=1) - expected).mean()


def test_the_same_seed_gives_the_same_forecast() -> None:
    panel = panel_of(weekly(120, noise=3), weekly(120, noise=3, seed=1))
    np.testing.assert_array_equal(small().fit(panel).predict(14), small().fit(panel).predict(14))


def test_too_little_to_learn_from_is_said_and_silent_series_are_forecast_zero() -> None:
    model = small().fit(panel_of(weekly(40, noise=1), kind="category"))
    assert np.isnan(model.predict(7)).all()
    assert "training rows, at least 500 needed" in model.failures_[("category", "s0")]
    rare = np.resize([0, 0, 0, 5.0], 400)
    found = small().fit(panel_of(*[rare] * 3, np.zeros(400))).predict(5)
    assert (found[3] == 0).all()
    assert np.isfinite(found).all()


def test_it_knows_nothing_of_the_days_it_is_tested_on() -> None:
    values = weekly(200, noise=2)
    changed = values.copy()
    changed[150:] = 1e9
    first, second = (small().fit(panel_of(each, each).until(150)).predict(28) for each in (values, changed))
    np.testing.assert_array_equal(first, second)
