from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from ecom_pipeline.ml.forecast import engine
from ecom_pipeline.ml.forecast.engine import forecast_panel, sums_over
from ecom_pipeline_tests.ml.forecast.builders import StandIn, panel_of


class Nothing(StandIn):
    """Takes boosting's place and expects nothing: the median day of a slow product."""

    name: ClassVar[str] = "boosting"


def test_the_days_of_a_slow_product_are_their_middle_and_what_is_expected_is_their_sum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "BoostingForecaster", Nothing)
    sold = np.random.default_rng(0).binomial(1, 0.2, (30, 300)) * 5.0
    found = forecast_panel(panel_of(*sold, kind="product"), horizon=28, seed=1)
    assert found.forecast.mean() < 0.3
    assert found.expected.mean() == pytest.approx(1.0, rel=0.25)
    assert np.nanmean(found.expected_past[1:]) == pytest.approx(1.0, rel=0.25)


def test_sums_over_whole_blocks_are_unknown_where_a_period_is() -> None:
    np.testing.assert_array_equal(sums_over(np.array([[1.0, 2, np.nan, 4, 5]]), 2), [[3.0, np.nan]])
