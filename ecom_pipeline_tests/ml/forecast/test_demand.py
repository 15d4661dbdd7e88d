from __future__ import annotations

import numpy as np

from ecom_pipeline.ml.forecast.demand import recognise, without_stockouts
from ecom_pipeline_tests.ml.forecast.builders import panel_of, weekly


def test_every_kind_of_demand_is_recognised() -> None:
    rare = np.resize([0, 0, 0, 2.0], 200)
    panel = panel_of(
        np.zeros(200), np.concatenate([rare, np.zeros(40)]), weekly(30), np.full(200, 3.0), rare, weekly(200), rare[:30]
    )
    assert recognise(panel) == ("silent", "ended", "new", "constant", "intermittent", "regular", "new")


def test_a_slow_seller_has_not_ended_after_a_month() -> None:
    slow = np.zeros(400)
    slow[::50] = 1.0
    assert recognise(panel_of(slow)) == ("intermittent",)


def test_an_empty_shelf_is_unknown_demand_and_what_it_cost_is_told() -> None:
    seller = np.concatenate([np.full(60, 4.0), np.zeros(10)])
    panel, lost = without_stockouts(panel_of(seller, seller, kind="product"), {("product", "s0")})
    assert np.isnan(panel.values[0, 60:]).all()
    assert (panel.values[1, 60:] == 0).all()
    assert lost.tolist() == [40.0, 0.0]


def test_zeros_that_are_no_surprise_stay_zeros() -> None:
    slow = np.zeros(70)
    slow[::30] = 1.0
    panel, lost = without_stockouts(panel_of(slow, kind="product"), {("product", "s0")})
    assert (panel.values[0, 61:] == 0).all()
    assert lost.tolist() == [0.0]
