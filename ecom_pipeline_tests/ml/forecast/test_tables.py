from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ecom_pipeline.ml.forecast.backtest import Backtested
from ecom_pipeline.ml.forecast.combination import COMBINATION
from ecom_pipeline.ml.forecast.tables import EVALUATION_COLUMNS, evaluation_rows


def test_the_accuracy_of_two_origins_worked_out_by_hand() -> None:
    tested = Backtested(
        models=("theta", COMBINATION),
        origins=(14, 16),
        forecast=np.array([[[[8.0, 2]], [[5, 7]]], [[[10, 1]], [[4, 5]]]]),
        actual=np.array([[[10.0, 0]], [[5, 5]]]),
        scale=np.array([[2.0], [1.0]]),
    )
    each: Any = SimpleNamespace(panel=SimpleNamespace(keys=(("category", "Home"),)), shown=[0])
    outcome: Any = SimpleNamespace(tested=tested, covered=np.array([[0.75], [0.9]]))
    found = evaluation_rows("units", each, outcome, 28)
    assert list(found.columns) == list(EVALUATION_COLUMNS)
    assert set(found[["measure", "series_kind", "series", "origins", "horizon_days"]].itertuples(index=False)) == {
        ("units", "category", "Home", 2, 2)
    }
    told = {name: rows.set_index("metric")["value"].to_dict() for name, rows in found.groupby("model")}
    assert told["theta"] == pytest.approx({"wape": 0.3, "mase": 1.0, "bias": 0.1, "sum_wape": 0.1})
    assert told[COMBINATION] == pytest.approx(
        {"wape": 0.1, "mase": 0.375, "bias": 0.0, "sum_wape": 0.1, "coverage": 0.75, "coverage_95": 0.9}
    )
    assert found.groupby("model")["is_baseline"].all().to_dict() == {COMBINATION: False, "theta": True}
