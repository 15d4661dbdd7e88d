from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.files import FileError, other_name, read, rows_of
from benchmarks.marketing_data import touches_of
from benchmarks.profile import days_of

DAYS = "customer_id,activity_date,orders,revenue\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "its file.csv"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a,b\n1,2\n", "no column c; it has a, b"),
        ("a,c\n", "no rows"),
        ("a,c\n1,2\n,3\n", "row 2: a is empty, as in 1 rows"),
    ],
)
def test_a_file_that_cannot_be_judged_says_why(tmp_path: Path, text: str, complaint: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(FileError, match=f"^{file}: {complaint}$"):
        read(file, ("a", "c"), whole=("a",))


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("absent.csv", None, "no such file"),
        ("a.docx", b"x", "expected a file that ends in .parquet, .csv, .tsv, .jsonl"),
        ("noise.parquet", b"PAR1 no more", "not readable as parquet"),
        ("empty.csv", b"", "not readable as csv"),
        ("odd.csv", b"a\n\xff\xff\xff\n", "encoded neither in UTF-8 nor in GB 18030"),
    ],
)
def test_what_is_no_table_says_so(tmp_path: Path, name: str, content: bytes | None, complaint: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError) as said:
        rows_of(tmp_path / name)
    assert str(said.value).startswith(f"{tmp_path / name}: {complaint}")


def test_values_are_kept_as_written_where_asked(tmp_path: Path) -> None:
    file = written(tmp_path, "id,other\n007,7\nNone,NA\n,null\n")
    found = rows_of(file, as_written="id".__eq__)
    assert found["id"].tolist()[:2] == ["007", "None"]
    assert found["id"].isna().tolist() == [False, False, True]
    assert found["other"].isna().tolist() == [False, True, True]


def test_days_of_a_customer_are_added_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "7,2024-01-31T23:10:00Z,1,2.5\n7,2024-01-31,1,\n8,soon,1,1\n,2024-01-31,1,1\n"
    found = days_of(written(tmp_path, DAYS + lines))
    assert found.to_dict("records") == [
        {"customer_id": "7", "activity_date": pd.Timestamp("2024-01-31"), "orders": 2.0, "revenue": 2.5}
    ]
    assert "2 of 4 rows without a customer_id or an activity_date" in capsys.readouterr().out


def test_what_is_no_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="row 2: orders is 'two', no number"):
        days_of(written(tmp_path, DAYS + "7,2024-01-31,1,2.5\n7,2024-01-31,two,2.5\n"))
    with pytest.raises(FileError, match="no row is left"):
        days_of(written(tmp_path, DAYS + "7,soon,1,2.5\n"))


def test_a_journey_without_an_order_needs_no_revenue(tmp_path: Path) -> None:
    head = "journey_id,position,channel,days_before,is_converted,revenue\n"
    assert touches_of(written(tmp_path, head + "1,1,email,2,false,\n"))["revenue"].tolist() == [0.0]
    with pytest.raises(FileError, match="row 1: channel is empty"):
        touches_of(written(tmp_path, head + "1,1,,2,true,5\n"))


def test_columns_are_read_by_the_names_that_a_file_has_for_them(tmp_path: Path) -> None:
    file = written(tmp_path, "Customer ID,Day,orders,Amount\n007,2024-01-31,1,2.5\n")
    called = dict(map(other_name, ["customer_id=Customer ID", "activity_date=Day", "revenue=Amount"]))
    assert days_of(file, called).to_dict("records") == [
        {"customer_id": "007", "activity_date": pd.Timestamp("2024-01-31"), "orders": 1.0, "revenue": 2.5}
    ]
    with pytest.raises(FileError, match="no column Amounts; it has Customer ID, Day, orders, Amount"):
        days_of(file, called | {"revenue": "Amounts"})


@pytest.mark.parametrize("pair", ["revenue", "=Amount", "revenue="])
def test_half_a_pair_of_names_is_refused(pair: str) -> None:
    with pytest.raises(ArgumentTypeError, match="expected NAME=ITS_NAME_IN_THE_FILE"):
        other_name(pair)
