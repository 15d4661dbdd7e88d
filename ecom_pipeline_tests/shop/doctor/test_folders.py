"""What lies in a folder is grouped and named; nothing but the proposal is written; nonsense gets clear words."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline import cli
from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline_tests.shop.doctor.exports import ENGLISH, examined, lines, write_csv
from ecom_pipeline_tests.shop.shops import CONTRACTS


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as con, con:
        con.execute("pragma journal_mode = wal")
        con.execute("create table people (customer_id text, email text, city text)")
        con.executemany(
            "insert into people values (?, ?, 'Leeds')", [(f"u{i}", f"u{i}@example.org") for i in range(15)]
        )


def test_nothing_but_the_proposal_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    write_csv(folder / "lines.csv", ENGLISH, lines())
    write_database(folder / "people.db")
    before = content(folder)
    assert cli.main(["doctor", str(folder), "--output", str(tmp_path / "proposed.yaml")]) == cli.OK
    said = " ".join(capsys.readouterr().out.split())
    assert "Assumed, since no file says it: timezone UTC, currency USD." in said
    assert content(folder) == before
    assert set(load_shop(tmp_path / "proposed.yaml", {}, CONTRACTS).sources) == {"lines", "people"}
    assert "order_id: InvoiceNo" in said
    assert cli.main(["doctor", str(folder), "--json"]) == cli.OK
    assert set(content(folder)) - set(before) == {"shop.proposed.yaml"}
    assert json.loads(capsys.readouterr().out)["diagnosis"]["name"] == "in"


def junk(folder: Path) -> None:
    for name in ("a.csv", "b.jsonl", "c.xlsx", "d.parquet", "e.db", "f.csv.gz"):
        (folder / name).write_bytes(bytes(range(256)) * 200)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda folder: None, "found none: there are no files"),
    "pdf": (lambda folder: (folder / "a.pdf").write_bytes(b"%PDF-1.7\n\xe2\xe3"), "a.pdf: left alone, no table"),
    "a PDF called csv": (lambda folder: (folder / "a.csv").write_bytes(b"%PDF-1.7\n%\xe2\xe3\n1 0 obj"), "this is a PDF"),
    "bytes": (junk, "c.xlsx: left alone; expected a complete workbook; d.parquet: left alone; expected a complete P"),
    "no bytes": (lambda folder: (folder / "a.csv").touch(), "a.csv: left alone; expected at least a header"),
    "one long line": (lambda folder: (folder / "a.csv").write_bytes(b"x" * 10_000_000), "a.csv: left alone; expected lines"),
    "many fields": (lambda folder: (folder / "a.csv").write_bytes(b"abc,def," * 1_250_000), "a.csv: left alone; expected l"),
    "unfinished": (lambda folder: (folder / "a.csv.part").write_text("a,b\n1,2\n"), "a.csv.part: left alone, it looks unf"),
    "about nothing": (lambda folder: (folder / "a.csv").write_text("foo,bar\n1,2\n"), "its columns are foo, bar"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_nonsense_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    make, words = BAD[kind]
    (tmp_path / "in").mkdir()
    make(tmp_path / "in")
    assert cli.main(["doctor", str(tmp_path / "in"), "--output", str(tmp_path / "proposed.yaml")]) == cli.FAILED
    said = capsys.readouterr().err
    assert words in said
    assert said.startswith(f"ecom: {tmp_path / 'in'}: expected exports of a shop")
    assert not (tmp_path / "proposed.yaml").exists()


def test_what_the_database_cannot_do_is_told_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")

    write_csv(tmp_path / "lines.csv", ENGLISH, lines())
    monkeypatch.setattr("ecom_pipeline.shop.doctor.diagnosis.profile", refuse)
    with pytest.raises(InputError, match="exports that can be looked at, found 'Out of Memory Error: could not all"):
        examined(tmp_path)


def test_what_cannot_be_run_yet_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(tmp_path / "products.csv", ("sku", "title", "brand"), [[f"s{n}", f"Cup {n}", "Acme"] for n in range(20)])
    assert cli.main(["doctor", str(tmp_path)]) == cli.OK
    assert "It cannot be run yet: bring orders with their lines, or events, then: ecom doctor" in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_folder_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="absent: expected a folder that can be read"):
        examined(tmp_path / "absent")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="expected a folder that can be read"):
        examined(tmp_path)


def test_files_that_cannot_be_read_do_not_hide_the_others(tmp_path: Path) -> None:
    for day in (1, 3):
        write_csv(tmp_path / f"lines_{day}.csv", ENGLISH, lines())
    (tmp_path / "lines_2.csv").touch()
    (tmp_path / "notes.docx").touch()
    found = examined(tmp_path)
    assert [source.place for source in found.sources] == [{"files": "lines_1.csv"}, {"files": "lines_3.csv"}]
    assert found.notices == (
        "notes.docx: left alone, no table: save what is in it as CSV or .xlsx",
        "lines_2.csv: left alone; expected at least a header: the file is empty",
    )


def test_a_header_alone(tmp_path: Path) -> None:
    write_csv(tmp_path / "lines.csv", ENGLISH, [])
    (source,) = examined(tmp_path).sources
    assert source.rows == 0
    assert [given.table for given in source.inputs] == ["orders", "order_items"]
    assert max(given.confidence for given in source.inputs) < 0.6


def test_files_that_belong_together(tmp_path: Path) -> None:
    for month in range(1, 31):
        write_csv(tmp_path / "orders" / f"lines1_2024-{month:02}.csv", ENGLISH, lines(2))
    write_csv(tmp_path / "orders" / "lines2_2024-01.csv", (*ENGLISH, "discount"), [[*row, "0"] for row in lines(2)])
    found = examined(tmp_path)
    assert [(source.name, source.place, source.files) for source in found.sources] == [
        ("lines1", {"files": "orders/lines1_*.csv"}, 30),
        ("lines2", {"files": "orders/lines2_[0-9]*.csv"}, 1),
    ]
    assert found.sources[0].rows == 24 * 4
    assert found.sources[0].notices == ("24 of 30 files opened; the others are taken to have the same columns",)


def test_a_glob_never_finds_another_export(tmp_path: Path) -> None:
    for name in ("lines.csv", "lines_old.csv"):
        write_csv(tmp_path / name, ENGLISH, lines())
    write_csv(
        tmp_path / "lines_refunds.csv", ("refund_no", "refund_time", "amount"), [["r1", "2024-03-01", "4.20"]] * 9
    )
    places = {source.place["files"] for source in examined(tmp_path).sources}
    assert places == {"lines.csv", "lines_old.csv", "lines_refunds.csv"}


def test_tables_of_a_duckdb_file(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("create table people as select 'u' || i as customer_id, 'Leeds' as city from range(20) r(i)")
        con.execute("create view sales as select 'o' || i as order_id, timestamp '2024-03-01' as order_date,"
                    " 'p' || i % 7 as product_id, 2 as quantity, 1.25 as unit_price from range(40) r(i)")  # fmt: skip
    url = "duckdb:///shop.duckdb"
    assert {source.name: source.place for source in examined(tmp_path).sources} == {
        "people": {"database": {"url": url, "table": "people"}},
        "sales": {"database": {"url": url, "table": "sales"}},
    }
