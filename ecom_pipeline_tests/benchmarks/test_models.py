from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import marketing, profile
from benchmarks.report import Goal, report


def goals(printed: str) -> dict[str, dict[str, Any]]:
    return {goal["name"]: goal for goal in json.loads(printed.splitlines()[-1])["goals"]}


def test_a_goal_is_met_within_its_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    report([("Title", "table")], [Goal(name="a", value=1.0, at_least=2.0), Goal(name="b", value=1.0, at_most=1.0)])
    printed = capsys.readouterr().out
    assert "NOT met" in printed
    assert {name: goal["met"] for name, goal in goals(printed).items()} == {"a": False, "b": True}


@pytest.mark.slow
def test_any_file_of_days_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ecom_pipeline_tests.ml.profile.test_outlook import shop

    shop(500).to_parquet(tmp_path / "days.parquet")
    profile.main(["--days", f"mine={tmp_path / 'days.parquet'}", "--rows", "20000"])
    printed = capsys.readouterr().out
    found = goals(printed)
    assert found["mine: lead in AUC over the RFM score"]["value"] > -0.1
    assert found["covariance: distance from NumPy x 1e12"]["met"]
    assert all(peer in printed for peer in ("ours", "logistic regression", "RFM score", "constant"))


@pytest.mark.slow
def test_an_email_test_is_read_beside_its_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "segment": random.choice(["Mens E-Mail", "Womens E-Mail", "No E-Mail"], 9000),
            "mens": random.integers(0, 2, 9000),
            "womens": random.integers(0, 2, 9000),
            "recency": random.integers(1, 12, 9000),
        }
    )
    rows["visit"] = (random.random(9000) < 0.1 + 0.08 * (rows["segment"] != "No E-Mail")).astype(int)
    rows.to_parquet(tmp_path / "test.parquet")
    marketing.main(["--journeys", "2000", "--shops", "1", "--experiment", str(tmp_path / "test.parquet")])
    found = goals(capsys.readouterr().out)
    assert found["attribution: different sums of revenue over the methods"]["met"]
    assert found["Mens E-Mail: lift counted on all, inside the interval of one half"]["met"]


@pytest.mark.slow
def test_customers_who_all_do_alike_are_told_without_a_ranking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    months = pd.date_range("2023-01-01", "2023-09-01", freq="MS")
    rows = [(number, month + pd.Timedelta(days=number % 28), 1, 9.0) for number in range(90) for month in months]
    days = pd.DataFrame(rows, columns=["customer_id", "activity_date", "orders", "revenue"])
    days.to_csv(tmp_path / "all.csv", index=False)
    profile.main(["--days", str(tmp_path / "all.csv")])
    printed = capsys.readouterr().out
    assert "100.0% bought: all did alike, so that nobody can be ranked" in printed
    assert "NaN" not in printed.splitlines()[-1]
    assert not any(name.endswith("AUC") for name in goals(printed))
