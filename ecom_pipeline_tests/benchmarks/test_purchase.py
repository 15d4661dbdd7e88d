"""What the purchase benchmark makes of products that are odd, and what it says of files that it cannot use."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import purchase
from benchmarks.purchase import FIXED, FIXED_YEAR, PROPHET, targets
from ecom_pipeline_tests.ml.forecast.builders import NoAnswer, panel_of


@pytest.mark.parametrize(
    ("days", "freq", "value", "words"),
    [
        (150, "7D", 1.0, "column date: expected days, found weeks"),
        (100, "D", 1.0, "column date: 100 days, expected at least 42 before the 84 simulated and the 0 skipped"),
        (200, "D", 0.0, "column value: none of 1 series sold in the simulated days and before"),
    ],
)
def test_a_file_it_cannot_use_is_refused(tmp_path: Path, days: int, freq: str, value: float, words: str) -> None:
    dates = pd.date_range("2024-01-01", periods=days, freq=freq)
    pd.DataFrame({"series_id": "a", "date": dates, "value": value}).to_parquet(tmp_path / "file.parquet")
    with pytest.raises(SystemExit, match=words):
        purchase.main([str(tmp_path / "file.parquet"), "--only", FIXED])


def test_products_left_out_are_told_and_returns_are_no_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dates = pd.date_range("2024-01-01", periods=200)
    values = {"sold": np.resize([5.0, -2.0], 200), "never": np.zeros(200)}
    rows = [pd.DataFrame({"series_id": name, "date": dates, "value": each}) for name, each in values.items()]
    pd.concat(rows).to_parquet(tmp_path / "file.parquet")
    told = argparse.Namespace(data=str(tmp_path / "file.parquet"), country=None, series=0, days=84, skip=0)
    panel, _ = purchase._products(told)
    assert panel.values[0, :2].tolist() == [5, 0]
    purchase.main([str(tmp_path / "file.parquet"), "--only", FIXED])
    printed = capsys.readouterr().out
    assert "1 series left out" in printed
    assert "1 products, 84 days" in printed
    assert "nan" not in printed


def test_a_rule_has_a_target_after_a_gap_of_months_and_where_prophet_has_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(purchase, "ProphetForecaster", NoAnswer)
    gone = np.concatenate([np.full(200, 3.0), np.full(120, np.nan)])
    found = targets(panel_of(gone, np.full(320, 2.0)), 21, (FIXED, FIXED_YEAR, PROPHET))
    assert all(np.isfinite(each).all() for each in found.values())
    assert found[FIXED][2] == pytest.approx([63, 42])
    assert (found[PROPHET][0] >= 42).all()
