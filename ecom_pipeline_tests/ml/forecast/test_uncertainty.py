from __future__ import annotations

import numpy as np
import pytest

from ecom_pipeline.ml.forecast.uncertainty import WINDOWS, Errors, Uncertainty, learn_uncertainty

NOTHING = np.full((0, 2, 28), np.nan)


def learned(history: np.ndarray, forecast: float, seed: int = 1) -> Uncertainty:
    """Three origins that always forecast the same amount, of demand like the history's."""
    actual = np.random.default_rng(seed).permuted(history[:, -84:], axis=1).reshape(len(history), 3, 28).swapaxes(0, 1)
    return learn_uncertainty(np.full(actual.shape, forecast), actual, history, np.full(len(history), forecast))


def untested(history: np.ndarray, mean: np.ndarray) -> Uncertainty:
    nothing = np.full((0, len(history), 28), np.nan)
    return learn_uncertainty(nothing, nothing, history, mean)


def of_a_year(size: float) -> Errors:
    """One product that is known for a year, with errors of nothing and of one; all others' are nothing and three."""
    own, pooled = np.repeat([[0.0, 1.0]], 182, axis=1), np.repeat([0.0, 3.0], 5)
    return Errors(size=np.array([size]), own=own, count=np.array([364]), pooled=pooled)


def test_after_a_year_own_errors_shape_half_of_what_is_expected() -> None:
    errors = of_a_year(2.0)
    assert errors.quantile(np.array([0.9])).tolist() == [2 * (0.5 * 1 + 0.5 * 3)]
    found = [errors.exceeded(np.array([units]))[0] for units in (-1.0, 1.0, 2.0, 6.0)]
    assert found == [1.0, 0.5, 0.25, 0.0]


@pytest.mark.parametrize(("days", "window"), [(1, 7), (10, 7), (11, 14), (21, 14), (22, 28), (90, 28)])
def test_other_days_take_the_errors_of_the_nearest_and_grow_with_the_root(days: int, window: int) -> None:
    found = Uncertainty(over={each: of_a_year(float(each)) for each in WINDOWS})
    units = window * 2 * (days / window) ** 0.5
    assert found.quantile(np.array([days]), np.array([0.9])) == pytest.approx(units)
    assert found.exceeded(days, np.array([units * 0.51]))[0] == 0.25
    assert found.exceeded(days, np.array([units * 0.49]))[0] == 0.5


def test_the_size_of_errors_is_that_of_the_mean_of_four_weeks_over_a_year_and_of_the_others_where_nobody_knows() -> (
    None
):
    history = np.random.default_rng(0).normal(100, 30, (60, 420))
    history[-20:] = np.nan
    found = untested(history, np.full(60, 100.0))
    for window in WINDOWS:
        size = 30 * np.sqrt(window + window**2 / 28)
        assert found.over[window].size[:40].mean() == pytest.approx(size, rel=0.1)
        assert found.over[window].size[40:] == pytest.approx(size, rel=0.1)
        assert found.over[window].count[[0, -1]].tolist() == [392 - window - 28 + 1, 0]


def test_safety_covers_the_share_of_demand_that_it_promises() -> None:
    from scipy.stats import poisson

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


def test_one_bulk_order_is_not_expected_to_come_again_as_surely_as_daily_sales() -> None:
    random = np.random.default_rng(0)
    even = random.poisson(2, (21, 420)).astype(float)
    once = even.copy()
    once[0, 200] = 500.0
    alone, among = (untested(rows, np.full(len(rows), 2.0)).over[28].size[0] for rows in (once[:1], once))
    usual = untested(even, np.full(21, 2.0)).over[28].size[0]
    assert among == pytest.approx(alone ** (2 / 3) * usual ** (1 / 3), rel=0.1)


def test_a_product_of_twice_the_level_is_usually_wrong_by_twice_as_much() -> None:
    steady = np.random.default_rng(0).poisson(50, (20, 420)).astype(float)
    wild = np.random.default_rng(1).gamma(0.5, 100, (20, 420))
    history = np.concatenate([steady, wild, 2 * wild])
    means = np.repeat([50.0, 50.0, 100.0], 20)
    size = untested(history, means).over[14].size.reshape(3, 20).mean(axis=1)
    assert size[2] == pytest.approx(2 * size[1], rel=0.01)
