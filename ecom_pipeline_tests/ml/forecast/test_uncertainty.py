from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from ecom_pipeline.ml.forecast.uncertainty import WINDOWS, Uncertainty, learn_uncertainty

NOTHING = np.full((0, 2, 28), np.nan)


def learned(history: np.ndarray, forecast: float, seed: int = 1) -> Uncertainty:
    """Three origins that always forecast the same amount, of demand like the history's."""
    actual = np.random.default_rng(seed).permuted(history[:, -84:], axis=1).reshape(len(history), 3, 28).swapaxes(0, 1)
    return learn_uncertainty(np.full(actual.shape, forecast), actual, history, np.full(len(history), forecast))


def test_safety_covers_the_share_of_demand_that_it_promises() -> None:
    history = np.random.default_rng(0).poisson(2, (200, 420)).astype(float)
    found = learned(history, 2.0)
    share = np.full(200, 0.95)
    for days in (7, 14, 28):
        safety = found.quantile(np.full(200, days), share)
        assert poisson.cdf(days * 2 + safety, days * 2).mean() == pytest.approx(0.95, abs=0.025)


def test_a_product_that_sells_in_bulk_needs_more_than_its_neighbour_of_the_same_mean() -> None:
    random = np.random.default_rng(0)
    even = random.poisson(2, (20, 420)).astype(float)
    bulk = random.binomial(1, 0.02, (20, 420)) * 100.0
    safety = learned(np.concatenate([even, bulk]), 2.0).quantile(np.full(40, 14), np.full(40, 0.95))
    assert safety[20:].mean() > 4 * safety[:20].mean()


def test_a_forecast_that_is_too_low_needs_more() -> None:
    history = np.random.default_rng(0).poisson(10, (40, 420)).astype(float)
    days, share = np.full(40, 14), np.full(40, 0.95)
    assert (learned(history, 7.0).quantile(days, share) > learned(history, 10.0).quantile(days, share) + 5).all()


def test_untested_products_without_a_past_are_as_uncertain_as_a_count() -> None:
    found = learn_uncertainty(NOTHING, NOTHING, np.full((2, 10), 9.0), np.array([9.0, 0.0]))
    assert found.over[28].size == pytest.approx([np.sqrt(28 * 9), 0.0])
    assert found.quantile(np.array([14, 14]), np.array([0.5, 0.9]))[0] == pytest.approx(0, abs=1e-9)
    assert found.exceeded(7, np.array([0.0, 0.0]))[0] == pytest.approx(0.5, abs=0.02)


def test_unknown_days_teach_nothing() -> None:
    history = np.random.default_rng(0).poisson(2, (2, 420)).astype(float)
    holes = history.copy()
    holes[:, 300:330] = np.nan
    found = learn_uncertainty(NOTHING, NOTHING, holes, np.full(2, 2.0))
    whole = learned(history, 2.0).over[7]
    assert whole.count.tolist() == [358, 358]
    assert (found.over[7].count < 358 - 30).all()
    assert found.over[7].size == pytest.approx(whole.size, rel=0.15)


def test_the_chance_of_more_is_the_other_side_of_the_quantile() -> None:
    history = np.random.default_rng(0).gamma(2, 2, (30, 420))
    found = learned(history, 4.0)
    for days in WINDOWS:
        units = found.quantile(np.full(30, days), np.full(30, 0.9))
        assert found.exceeded(days, units).mean() == pytest.approx(0.1, abs=0.02)
