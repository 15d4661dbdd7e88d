"""The benchmark of the desk judges any files of texts and labels."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import support

TEXTS = {
    "delivery": [
        "where is my parcel",
        "has my parcel been sent",
        "when will my parcel arrive",
        "my parcel is not here",
    ],
    "refund": ["I want my money back", "refund me please", "when do I get the money", "give me my money"],
    "invoice": ["I need an invoice", "send me the bill", "the invoice is wrong", "a bill for my company please"],
}
UNKNOWN = ["how tall is the Eiffel tower", "who won the football match"]


def printed(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, dict]:
    monkeypatch.setattr(sys, "argv", ["support", *arguments])
    support.main()
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.slow
def test_any_files_are_judged_beside_the_peers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(text, label) for label, texts in TEXTS.items() for text in texts]
    pd.DataFrame(rows * 2, columns=["text", "label"]).to_parquet(tmp_path / "train.parquet")
    unknown = [(text, "oos") for text in UNKNOWN]
    pd.DataFrame(rows + unknown, columns=["text", "label"]).to_parquet(tmp_path / "test.parquet")
    given = [str(tmp_path / "train.parquet"), str(tmp_path / "test.parquet"), "--unknown", "oos"]
    found = printed(given, monkeypatch, capsys)
    assert set(found["models"]) == set(support.MODELS)
    assert found["models"]["ours"]["accuracy"] == 1.0
    assert found["models"]["ours"]["unknown_auroc"] == 1.0
    assert [row["examples"] for row in found["curve"]] == list(support.CURVE)


@pytest.mark.slow
def test_reviews_are_read_beside_a_peer_that_learnt_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(f"{word} {thing}", word == "flomig") for word in ("flomig", "krunk") for thing in range(50)]
    pd.DataFrame(rows, columns=["text", "label"]).to_parquet(tmp_path / "reviews.parquet")
    found = printed(["--reviews", str(tmp_path / "reviews.parquet")], monkeypatch, capsys)["reviews"]
    assert found["ours, learnt from reviews"] == {"accuracy": 1.0, "macro_f1": 1.0, "auroc": 1.0}
    assert found["pieces, logistic"]["accuracy"] == 1.0
    assert found["words of the lexicon"]["accuracy"] < 0.8


@pytest.mark.slow
def test_reviews_with_stars_are_judged_on_three_sentiments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(f"{word} {thing}", star) for word, star in (("flomig", 5), ("so", 3), ("krunk", 1)) for thing in range(50)]
    pd.DataFrame(rows, columns=["said", "stars"]).to_csv(tmp_path / "reviews.csv", index=False)
    given = ["--reviews", str(tmp_path / "reviews.csv"), "--text", "said", "--label", "stars"]
    found = printed(given, monkeypatch, capsys)["reviews"]
    assert found["ours, learnt from reviews"] == {"accuracy": 1.0, "macro_f1": 1.0, "auroc": 1.0}
    assert found["pieces, logistic"]["accuracy"] == 1.0
    assert found["words of the lexicon"]["macro_f1"] < 0.6


def test_a_file_that_does_not_fit_ends_with_what_was_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pd.DataFrame({"text": ["good", "fine"], "label": [1, 1]}).to_parquet(tmp_path / "reviews.parquet")
    with pytest.raises(SystemExit, match="every label says"):
        printed(["--reviews", str(tmp_path / "reviews.parquet")], monkeypatch, capsys)
    with pytest.raises(SystemExit, match="no such file"):
        printed([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], monkeypatch, capsys)
    with pytest.raises(SystemExit):
        printed([str(tmp_path / "reviews.parquet")], monkeypatch, capsys)
    assert "TRAIN TEST" in capsys.readouterr().err


@pytest.mark.slow
def test_a_handful_of_rows_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("where is my parcel", "delivery"), ("refund me please", "refund"), ("give me my money", "refund")]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "few.csv", index=False)
    found = printed([str(tmp_path / "few.csv")] * 2, monkeypatch, capsys)
    assert found["models"]["ours"]["accuracy"] == 1.0
    assert found["models"]["words + pieces, SVM"]["answered_of_all"] == 0.0
