"""Whether the stated error holds is measured on any files, for few intents and many."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import abstention
from ecom_pipeline_tests.benchmarks.test_support import TEXTS, UNKNOWN


def test_what_is_answered_and_what_of_it_is_wrong_is_told_by_share_of_unknown_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(text, label) for label, texts in TEXTS.items() for text in texts]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "train.csv", index=False)
    unknown = [(text, "oos") for text in UNKNOWN]
    pd.DataFrame(rows + unknown, columns=["text", "label"]).to_csv(tmp_path / "test.csv", index=False)
    monkeypatch.setattr(abstention, "EXAMPLES", (4,))
    files = [str(tmp_path / name) for name in ("train.csv", "test.csv")]
    monkeypatch.setattr(sys, "argv", ["abstention", *files, "--unknown", "oos", "--draws", "1"])
    abstention.main()
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].split(", ")[1] for line in told] == ["  0% unknown", " 10% unknown", " 50% unknown"]
    assert all("wrong 0.000 (0.000 to " in line or "none given" in line for line in told)


def test_draws_without_answers_say_nothing_of_the_error() -> None:
    draws = pd.DataFrame({"answers": [10, 0, 30], "wrong": [1, 0, 1]})
    assert abstention.wrong(draws) == "0.050 (0.033 to 0.100)"
    assert abstention.wrong(draws.iloc[1:2]) == "none given"
