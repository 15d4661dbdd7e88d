"""Files of texts and labels that are not as they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.texts import check_pair, drawn, read_labelled, sentiments

TABLE = pd.DataFrame({"text": ["where is it", "退款", "my bill"], "label": ["delivery", "refund", "bill"]})


def written(folder: Path, name: str) -> Path:
    path = folder / name
    if ".parquet" in name:
        TABLE.to_parquet(path)
    elif ".jsonl" in name:
        TABLE.to_json(path, orient="records", lines=True, force_ascii=False)
    else:
        encoding = "gb18030" if "gbk" in name else "utf-8-sig"
        TABLE.to_csv(path, index=False, sep="\t" if ".tsv" in name else ",", encoding=encoding)
    return path


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.csv.gz", "a.v2.tsv", "a.jsonl", "gbk.csv"])
def test_every_format_says_the_same(tmp_path: Path, name: str) -> None:
    pd.testing.assert_frame_equal(read_labelled(written(tmp_path, name)), TABLE)


def test_a_label_is_the_same_as_number_and_as_word(tmp_path: Path) -> None:
    labels = {"whole": [1, 2], "float": [1.0, 2.0], "word": ["1", " 2 "]}
    for name, values in labels.items():
        pd.DataFrame({"Text": ["a", "b"], "LABEL": values}).to_parquet(tmp_path / f"{name}.parquet")
        assert read_labelled(tmp_path / f"{name}.parquet")["label"].tolist() == ["1", "2"]


def test_a_label_called_none_is_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nhi,None\nho,NA\n")
    assert read_labelled(tmp_path / "a.csv")["label"].tolist() == ["None", "NA"]


def test_what_has_no_text_or_label_is_left_out_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts, labels = ["a", None, "  ", "👍", "b"], ["x", "x", "x", "x", None]
    pd.DataFrame({"text": texts, "label": labels}).to_parquet(tmp_path / "a.parquet")
    assert read_labelled(tmp_path / "a.parquet")["text"].tolist() == ["a", "👍"]
    assert read_labelled(tmp_path / "a.parquet", only_words=True)["text"].tolist() == ["a"]
    told = capsys.readouterr().err
    assert "2 rows have no text" in told
    assert "1 rows have no label" in told
    assert "1 rows have no letter or digit" in told


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("b.csv", b"utterance,label\na,b\n", "no column text; it has utterance, label"),
        ("c.csv", b"text,label\n,b\n", "no row with text and label"),
    ],
)
def test_what_a_file_should_have_been_is_said(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SystemExit, match=expected) as said:
        read_labelled(tmp_path / name)
    assert str(tmp_path / name) in str(said.value)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["0", "1"], "- +"),
        (["1", "2"], "- +"),
        (["0", "4"], "- +"),
        (["-1", "0", "1"], "- 0 +"),
        (["0", "1", "2"], "- 0 +"),
        (["1", "2", "3", "4", "5"], "- - 0 + +"),
        (["0", "1", "3", "4"], "- - + +"),
        (["2.5", "4.5", "1"], "0 + -"),
        (["Positive", "NEGATIVE", "neutral"], "+ - 0"),
        (["好评", "差评"], "+ -"),
        (["1", "4", "5", "7", "10"], "- - 0 + +"),
        (["0", "50", "100"], "- 0 +"),
        (["1", "2", "3"], "- 0 +"),
        (["True", "False"], "+ -"),
        (["5 stars", "1 star", "3星"], "+ - 0"),
        (["__label__2", "__label__1"], "+ -"),
        (["Extremely Negative", "Neutral", "very positive"], "- 0 +"),
    ],
)
def test_labels_state_a_sentiment(labels: list[str], expected: str) -> None:
    names = {"-": "negative", "0": "neutral", "+": "positive"}
    assert sentiments(Path("r.csv"), pd.Series(labels)).tolist() == [names[each] for each in expected.split()]


@pytest.mark.parametrize(
    "labels",
    [["happy", "1"], ["1", "2", "9", "30"], ["1", "1"], ["4", "4.5", "5"], ["positive", "sad"], ["0", "1", "2", "3"]],
)
def test_labels_that_state_none_are_named(labels: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"r\.csv: .*expected"):
        sentiments(Path("r.csv"), pd.Series(labels))


def test_a_pair_of_files_must_fit(capsys: pytest.CaptureFixture[str]) -> None:
    def pair(labels: list[str], told: list[str], unknown: str | None = None) -> None:
        early, late = (pd.DataFrame({"text": each, "label": each}) for each in (labels, told))
        check_pair((Path("a"), early), (Path("b"), late), unknown)

    with pytest.raises(SystemExit, match="a: rows of 1 label, expected two"):
        pair(["x", "x"], ["x"])
    with pytest.raises(SystemExit, match="b: labels z; expected some of x, y"):
        pair(["x", "y"], ["z"])
    pair(["x", "y"], ["x", "z", "oos"], "oos")
    assert "b: 1 rows have labels that a lacks, so no model gets them right: z" in capsys.readouterr().err
    pair(["x", "y"], ["x"], "oos")
    assert "b: no row has the label oos" in capsys.readouterr().err


def test_large_files_are_drawn_from(capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"text": np.arange(100).astype(str)})
    assert drawn(Path("a"), table, 100, 1) is table
    found = drawn(Path("a"), table, 10, 1)
    assert found["text"].nunique() == 10
    assert "10 of 100 rows are used" in capsys.readouterr().err
