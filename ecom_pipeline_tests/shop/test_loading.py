"""The load ledger's rules: new files only, each once, whole or not at all."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ecom_pipeline.shop import loading
from ecom_pipeline.shop.arrivals import files_of, unread
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.ledger import LedgerEntry
from ecom_pipeline.shop.loading import LoadReport, load_source
from ecom_pipeline.shop.mapping import input_selects
from ecom_pipeline.shop.readers import read_file
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.shop.staging import OWN_COLUMNS
from ecom_pipeline_tests.database import in_memory
from ecom_pipeline_tests.shop.shops import CONTRACTS, EVENTS, make_shop, shop_text

HEADER = "kind,at,who,what\n"
OLD = 1_300_000_000.0
STAGING = 'staging."load__rows"'


class Clock:
    """A clock that stands still but for sleeping, and lets something happen meanwhile."""

    def __init__(self, now: float, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.now, self.meanwhile, self.slept = now, meanwhile, 0.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds
        self.slept += seconds
        self.meanwhile()


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with in_memory() as connection:
        connection.execute("create schema staging")
        yield connection


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make_shop(tmp_path, EVENTS)


def drop(folder: Path, name: str, rows: str, header: str = HEADER, modified: float = OLD) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + rows, "utf-8")
    os.utime(path, (modified, modified))
    return path


def load(
    con: duckdb.DuckDBPyConnection, shop: Shop, landing: Path, ledger: tuple[LedgerEntry, ...] = (), **more: Any
) -> LoadReport:
    first = max((entry.load_id for entry in ledger), default=0) + 1
    return load_source(con, shop, "rows", landing, ledger, first, STAGING, **more)


def staged(con: duckdb.DuckDBPyConnection, columns: str = "who, _load_id, _file, _row") -> list[tuple[Any, ...]]:
    return con.execute(f"select {columns} from {STAGING} order by _load_id, _row").fetchall()


def gone(con: duckdb.DuckDBPyConnection) -> bool:
    return con.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_files_are_loaded_once(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "b.csv", "pv,2011-01-02,2,p\n")
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\nbuy,2011-01-01,1,p\n")
    first = load(con, shop, tmp_path)
    assert staged(con) == [("1", 1, "a.csv", 1), ("1", 1, "a.csv", 2), ("2", 2, "b.csv", 1)]
    a, b = first.entries
    assert (a.load_id, a.file, a.rows, a.unreadable) == (1, "a.csv", 2, 0)
    assert a.columns == ("kind", "at", "who", "what")
    assert a.size == (tmp_path / "a.csv").stat().st_size
    assert a.modified_at == datetime(2011, 3, 13, 7, 6, 40)
    assert (a.encoding, len(a.sha256)) == ("utf-8", 64)

    again = load(con, shop, tmp_path, first.entries)
    assert again.entries == ()
    assert staged(con) == []
    assert [row[0] for row in con.execute(f"describe {STAGING}").fetchall()] == [
        "kind",
        "at",
        "who",
        "what",
        *OWN_COLUMNS,
    ]

    drop(tmp_path, "c.csv", "pv,2011-01-03,3,p\n")
    os.utime(tmp_path / "a.csv")
    third = load(con, shop, tmp_path, first.entries)
    assert staged(con) == [("3", 3, "c.csv", 1)], "a file that was only touched is not new"
    assert [entry.file for entry in third.entries] == ["c.csv"]
    assert b in first.entries


def test_a_changed_file_supersedes_its_last_load(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    ledger = load(con, shop, tmp_path).entries
    drop(tmp_path, "a.csv", "pv,2011-01-01,9,p\n")
    ledger += load(con, shop, tmp_path, ledger).entries
    assert staged(con) == [("9", 2, "a.csv", 1)]
    assert (ledger[1].file, ledger[1].size) == ("a.csv", ledger[0].size)
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    (again,) = load(con, shop, tmp_path, tuple(reversed(ledger))).entries
    assert (again.load_id, again.sha256) == (3, ledger[0].sha256), "what it was once is not what it is"


AGAIN = "read again: the options of its source, or the version of the project, have changed"


def test_a_file_is_read_again_when_its_options_change(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\npv,2011-01-01,2,p\n")
    first = load(con, make_shop(tmp_path, EVENTS), tmp_path)
    again = make_shop(tmp_path, EVENTS, source="options: {header: false, columns: [kind, at, who, what]}")
    second = load(con, again, tmp_path, first.entries)
    assert [entry.rows for entry in second.entries] == [3]
    assert second.notices == (f"a.csv: {AGAIN}",)
    assert load(con, again, tmp_path, second.entries).entries == ()
    retired = [replace(entry, is_retired=True) for entry in first.entries]
    assert load(con, again, tmp_path, tuple(retired)).entries == ()
    of_an_earlier_version = [replace(entry, read_as=None) for entry in first.entries]
    assert [entry.rows for entry in load(con, again, tmp_path, tuple(of_an_earlier_version)).entries] == [3]


def test_files_are_read_again_by_other_readers_in_the_order_of_their_first_loads(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(tmp_path, "orders.csv", "pv,2011-01-01,1,p\n")
    first = load(con, shop, tmp_path).entries
    drop(tmp_path, "mended.csv", "pv,2011-01-01,2,p\n")
    first += load(con, shop, tmp_path, first).entries
    monkeypatch.setattr(loading, "version", lambda: "another")
    drop(tmp_path, "late.csv", "pv,2011-01-01,3,p\n")
    second = load(con, shop, tmp_path, first)
    assert [(entry.load_id, entry.file) for entry in second.entries] == [
        (3, "orders.csv"),
        (4, "mended.csv"),
        (5, "late.csv"),
    ]
    assert second.notices == (f"orders.csv: {AGAIN} (and 1 more files)",)
    assert load(con, shop, tmp_path, (*first, *second.entries)).entries == ()


def test_a_file_that_the_pattern_no_longer_finds_is_told(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for name in ("events.csv", "other.csv", "moved.csv"):
        drop(tmp_path, name, "pv,2011-01-01,1,p\n")
    wide = load(con, make_shop(tmp_path, EVENTS), tmp_path)
    (tmp_path / "moved.csv").unlink()
    path = tmp_path / "narrow.yaml"
    path.write_text(shop_text(EVENTS).replace("'*.csv'", "'events*.csv'"), "utf-8")
    again = load(con, load_shop(path, {}, CONTRACTS), tmp_path, wide.entries)
    assert again.notices == ("other.csv: was loaded, and events*.csv no longer finds it: its rows stay",)
    asked = LedgerEntry(load_id=9, file="query", size=0, sha256="", columns=("kind",))
    told = load(con, load_shop(path, {}, CONTRACTS), tmp_path, [*again.entries, asked]).notices
    assert "query: was loaded, and events*.csv no longer finds it: its rows stay" in told
    retired = [replace(entry, is_retired=entry.file == "other.csv") for entry in wide.entries]
    assert load(con, load_shop(path, {}, CONTRACTS), tmp_path, tuple(retired)).notices == ()


def test_files_that_no_source_means_are_named(shop: Shop, tmp_path: Path) -> None:
    for name in (
        "rows-1.csv",
        "rows (1).txt",
        "more/b.parquet",
        ".hidden.csv",
        ".old/c.csv",
        "half.csv.part",
        "notes.md",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")).touch()
    source = next(iter(shop.sources.values())).model_copy(update={"files": "rows-*.csv"})
    assert unread([source], tmp_path) == [r"caf\xe9.csv", "more/b.parquet", "rows (1).txt"]


def test_a_file_that_nobody_wrote_to_is_not_read_for_its_hash(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(tmp_path, "a.csv", "v,2024-01-01,c1,p1\n")
    (entry,) = load(con, shop, tmp_path).entries
    later = replace(entry, loaded_at=datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=1))
    monkeypatch.setattr(loading, "hash_of_file", lambda path: pytest.fail(f"{path} was read"))
    assert load(con, shop, tmp_path, (later,)).entries == ()
    monkeypatch.undo()
    drop(tmp_path, "a.csv", "v,2024-01-01,c2,p1\n")
    assert (path.stat().st_size, path.stat().st_mtime) == (entry.size, OLD), "only the system knows that it was written"
    assert len(load(con, shop, tmp_path, (entry, replace(entry, loaded_at=entry.modified_at))).entries) == 1


def test_columns_are_united_by_name(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    drop(tmp_path, "b.csv", "7,2,p,pv,2011-01-02\n", header="coupon,WHO,what,kind,at\n")
    drop(tmp_path, "c.csv", "pv,2011-01-03,3,p\n")
    report = load(con, shop, tmp_path)
    assert staged(con, 'who, "at", coupon') == [
        ("1", "2011-01-01", None),
        ("2", "2011-01-02", "7"),
        ("3", "2011-01-03", None),
    ]
    assert report.notices == ("b.csv: has columns that earlier files do not have: coupon",)
    types = {row[1] for row in con.execute(f"describe select * exclude (_load_id, _row) from {STAGING}").fetchall()}
    assert types == {"VARCHAR"}


def test_a_new_column_is_told_against_the_ledger(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    ledger = load(con, shop, tmp_path).entries
    drop(tmp_path, "b.csv", "pv,2011-01-01,1,p,x\n", header="kind,at,who,what,coupon\n")
    assert load(con, shop, tmp_path, ledger).notices == ("b.csv: has columns that earlier files do not have: coupon",)


def test_a_renamed_column_that_rows_need_refuses_the_load(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path
) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    drop(tmp_path, "b.csv", "pv,2011-01-02,2,p\n", header="kinds,when,who,item\n")
    with pytest.raises(InputError) as refused:
        load(con, shop, tmp_path)
    assert str(refused.value) == (
        "b.csv, column 'kind': expected a column of this name, which shop.yaml:9 maps; did you mean 'kinds'?"
        "; it lacks 'at', 'what' too"
    )
    assert (refused.value.file, refused.value.column) == ("b.csv", "kind")
    assert gone(con)


def test_a_column_that_rows_can_do_without_is_null_and_told(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path
) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    drop(tmp_path, "b.csv", "pv,2011-01-02,2,p\n", header="kind,at,whom,what\n")
    drop(tmp_path, "c.csv", "pv,2011-01-03,4,p\n", header="kind,at,whom,what\n")
    report = load(con, shop, tmp_path)
    assert staged(con, "who, whom, what") == [("1", None, "p"), (None, "2", "p"), (None, "4", "p")]
    assert report.notices == (
        "b.csv: has no column 'who', which shop.yaml:9 maps: events.customer_id is empty in these rows; the id of events"
        " is made of all columns, so the same row in a file that has it counts twice; did you mean 'whom'?"
        " (and 1 more files)",
        "b.csv: has columns that earlier files do not have: whom",
    )
    assert report.entries[1].columns == ("kind", "at", "whom", "what"), "the ledger has what the file had"


NEEDED = """
      orders:
        where: "part = 'main' or part is null"
        columns:
          order_id: no
          ordered_at: at
          status: state
          currency: money
          is_test: {sql: "upper(staff) = 'Y'"}
          customer_id: {sql: "coalesce(mail, phone)"}
          channel: way
      order_items:
        columns: {order_item_id: line, order_id: no, product_id: sku, quantity: n, unit_price: price, line_amount: paid}
"""
NEEDED_HEADER = "part,no,at,state,money,staff,mail,phone,way,line,sku,n,price,paid"


@pytest.mark.parametrize(
    ("column", "line"),
    [
        ("part", 9),
        ("no", 11),
        ("at", 12),
        ("state", 13),
        ("money", 14),
        ("staff", 15),
        ("line", 19),
        ("sku", 19),
        ("n", 19),
    ],
)
def test_what_rows_need(con: duckdb.DuckDBPyConnection, tmp_path: Path, column: str, line: int) -> None:
    """A key, a condition, and what would be taken for an answer: a status, a currency, a truth value."""
    shop = make_shop(tmp_path, NEEDED)
    names = [name for name in NEEDED_HEADER.split(",") if name != column]
    drop(tmp_path, "a.csv", ",".join("1" * len(names)) + "\n", header=",".join(names) + "\n")
    with pytest.raises(InputError, match=rf"^a\.csv, column '{column}': expected a column .* shop\.yaml:{line} maps"):
        load(con, shop, tmp_path)
    assert gone(con)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (("way",), ("'way', which shop.yaml:17 maps: orders.channel is empty in these rows",)),
        (("phone",), ("'phone', which shop.yaml:16 maps: orders.customer_id is computed without it",)),
        (("price",), ("'price', which shop.yaml:19 maps: order_items.unit_price is empty in these rows",)),
        (("paid",), ("'paid', which shop.yaml:19 maps: order_items.line_amount is empty in these rows",)),
        (("mail", "phone"), ("'mail'", "'phone'")),
    ],
)
def test_what_rows_can_do_without(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, columns: tuple[str, ...], told: tuple[str, ...]
) -> None:
    shop = make_shop(tmp_path, NEEDED)
    names = [name for name in NEEDED_HEADER.split(",") if name not in columns]
    drop(tmp_path, "a.csv", ",".join("a" * len(names)) + "\n", header=",".join(names) + "\n")
    notices = load(con, shop, tmp_path).notices
    assert len(notices) == len(told)
    for notice, words in zip(notices, told, strict=True):
        assert notice.startswith(f"a.csv: has no column {words}")
    assert staged(con, "no, " + ", ".join(columns)) == [("a", *[None] * len(columns))]


def test_a_column_that_is_filled_down_is_needed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,2,p\n")
    shop = make_shop(tmp_path, EVENTS, source="fill_down: [who, whoever]")
    with pytest.raises(InputError, match=r"a.csv, column 'whoever': expected a column .* which shop.yaml:7 maps"):
        load(con, shop, tmp_path)


def test_a_line_without_any_amount_cannot_be(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    shop = make_shop(tmp_path, NEEDED)
    header = NEEDED_HEADER.removesuffix(",price,paid")
    drop(tmp_path, "a.csv", ",".join("a" * 12) + "\n", header=header + "\n")
    with pytest.raises(InputError, match=r"column 'price': expected .*; it lacks 'paid' too"):
        load(con, shop, tmp_path)
    (tmp_path / "one").mkdir()
    alone = make_shop(tmp_path / "one", NEEDED.replace(", line_amount: paid", ""))
    drop(tmp_path, "a.csv", ",".join("a" * 13) + "\n", header=header + ",paid\n")
    with pytest.raises(InputError, match=r"column 'price': expected"):
        load(con, alone, tmp_path)


def test_an_expression_sees_null_for_a_column_that_is_gone(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    shop = make_shop(tmp_path, NEEDED)
    con.execute("create schema raw")
    names = [name for name in NEEDED_HEADER.split(",") if name != "mail"]
    row = "main,1,2024-01-02,completed,GBP,n,555,web,1-1,p,1,2,2"
    drop(tmp_path, "a.csv", row + "\n", header=",".join(names) + "\n")
    load_source(con, shop, "rows", tmp_path, (), 1, "raw.rows")
    columns = [row[0] for row in con.execute("describe raw.rows").fetchall()]
    orders = input_selects(shop, CONTRACTS, {"rows": columns})["orders"]
    assert con.execute(f"select order_id, customer_id, channel from ({orders})").fetchall() == [("1", "555", "web")]


def test_one_column_in_two_spellings(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    shop = make_shop(tmp_path, EVENTS.replace("columns:", "where: \"KIND <> 'x'\"\n        columns:"))
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    load(con, shop, tmp_path)
    assert staged(con, "kind") == [("pv",)]


def test_a_column_that_no_file_has_is_told_every_time(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path
) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p,x\n", header="kind,at,who,what,coupon\n")
    ledger = load(con, shop, tmp_path).entries
    assert load(con, shop, tmp_path, ledger).notices == ()
    later = make_shop(tmp_path, EVENTS.replace("{", "{channel: coupons, "))
    told = load(con, later, tmp_path, ledger).notices
    assert len(told) == 1
    assert told[0].startswith("the source 'rows': has no column 'coupons', which shop.yaml:9 maps: events.channel")
    assert told[0].endswith("; did you mean 'coupon'?")
    wrong = make_shop(tmp_path, EVENTS.replace("event_at: at", "event_at: on"))
    with pytest.raises(InputError, match="the source 'rows', column 'on': expected a column of this name"):
        load(con, wrong, tmp_path, ledger)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (1, "a.csv: has 1 rows, its last version had 2: the others are gone"),
        (2, "a.csv: has changed: its 2 rows replace 2"),
        (1200, "a.csv: has changed: its 1,200 rows replace 2"),
    ],
)
def test_a_changed_file_is_told_with_both_counts(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path, rows: int, told: str
) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n" * 2)
    ledger = load(con, shop, tmp_path).entries
    drop(tmp_path, "a.csv", "pv,2011-01-02,1,p\n" * rows)
    assert load(con, shop, tmp_path, ledger).notices == (told,)


def test_many_changed_files_are_told_in_one_line_a_kind(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path
) -> None:
    for name in "abcde":
        drop(tmp_path, f"{name}.csv", f"pv,2011-01-01,{name},p\n" * 2)
    ledger = load(con, shop, tmp_path).entries
    for number, name in enumerate("abcd"):
        drop(tmp_path, f"{name}.csv", f"pv,2011-01-02,{name},p\n" * (1 + 2 * (number % 2)))
    assert load(con, shop, tmp_path, ledger).notices == (
        "a.csv: has 1 rows, its last version had 2: the others are gone (and 1 more files)",
        "b.csv: has changed: its 3 rows replace 2 (and 1 more files)",
    )


def test_unreadable_rows_are_kept_and_counted(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    rows = "".join(f"pv,2011-01-01,{number},p\n" for number in range(20))
    drop(tmp_path, "a.csv", rows + "pv,2011-01-01,20,p,surplus,surplus\n")
    (entry,) = load(con, shop, tmp_path).entries
    assert (entry.rows, entry.unreadable) == (21, 1)
    (torn,) = [row for row in staged(con, "_row, _problem, _line") if row[1]]
    assert torn[0] == 21
    assert "surplus" in torn[2]


def test_a_header_without_rows_is_told(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "")
    report = load(con, shop, tmp_path)
    assert report.entries[0].rows == 0
    assert "a.csv: has no rows" in report.notices
    assert staged(con) == []


def test_a_file_that_lost_all_its_rows_is_refused(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    ledger = load(con, shop, tmp_path).entries
    drop(tmp_path, "a.csv", "")
    with pytest.raises(InputError, match=r"a\.csv: expected rows below the header: its last version had 1"):
        load(con, shop, tmp_path, ledger)
    assert gone(con)


def test_a_file_that_breaks_off_is_refused(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    rows = "".join(f"pv,2011-01-01,{number},茶\n" for number in range(20))
    whole = drop(tmp_path, "a.csv", rows).read_bytes()
    ledger = load(con, shop, tmp_path).entries
    (tmp_path / "a.csv").write_bytes(whole[: whole.index(b"1,14,") + 2])
    why = r"a\.csv, row 15: expected a whole row, since it is the last of 15 and its last version had 20: expected 4"
    with pytest.raises(InputError, match=why):
        load(con, shop, tmp_path, ledger)
    assert gone(con)
    drop(tmp_path, "a.csv", "pv,2011-01-01\n" + rows[: rows.index("pv,2011-01-01,14,")])
    assert load(con, shop, tmp_path, ledger).entries[0].unreadable == 1, "a bad row in the middle is quarantined"


def test_equal_content_is_loaded_and_told(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        drop(tmp_path, name, "pv,2011-01-01,1,p\n")
    report = load(con, shop, tmp_path)
    assert len(staged(con)) == 2
    assert report.notices == ("b.csv: has the same content as a.csv; both are loaded",)
    retired = replace(report.entries[0], is_retired=True)
    assert load(con, shop, tmp_path, (retired,)).notices == ()


def test_a_file_is_compared_with_what_others_hold_tonight(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path
) -> None:
    drop(tmp_path, "a.csv", "pv,2024-01-01,u,i\n")
    drop(tmp_path, "b.csv", "pv,2024-01-02,u,i\n")
    ledger = load(con, shop, tmp_path).entries
    drop(tmp_path, "a.csv", "pv,2024-01-02,u,i\n", modified=OLD + 1)
    drop(tmp_path, "b.csv", "pv,2024-01-03,u,i\n", modified=OLD + 1)
    drop(tmp_path, "c.csv", "pv,2024-01-01,u,i\n")
    both_changed = load(con, shop, tmp_path, ledger)
    assert not any("same content" in notice for notice in both_changed.notices)
    drop(tmp_path, "c.csv", "pv,2024-01-02,u,i\n", modified=OLD + 1)
    told = load(con, shop, tmp_path, (*ledger, *both_changed.entries)).notices
    assert "c.csv: has the same content as a.csv; both are loaded" in told


def test_what_the_reader_has_to_say_is_told(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p,2\n", header="kind,at,who,what,who\n")
    assert load(con, shop, tmp_path).notices == ("a.csv: column 5 repeats 'who': 'who_2'",)


def test_equal_notices_are_told_once(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    for number in range(3):
        drop(tmp_path, f"{number}.csv", "", header=HEADER + "\n" * number)
    told = [notice for notice in load(con, shop, tmp_path).notices if "has no rows" in notice]
    assert told == ["0.csv: has no rows (and 2 more files)"]


def test_no_file_is_an_error(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "orders.txt", "")
    with pytest.raises(InputError, match=r"\*\.csv: expected at least one file of the source 'rows'"):
        load(con, shop, tmp_path)
    assert gone(con)


def test_an_empty_file_is_an_error(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    drop(tmp_path, "b.csv", "", header="")
    with pytest.raises(InputError, match=r"b\.csv: expected .*empty"):
        load(con, shop, tmp_path)
    assert gone(con)


def test_a_damaged_file_is_an_error(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    shop = make_shop(tmp_path, EVENTS)
    packed = gzip.compress((HEADER + "pv,2011-01-01,1,p\n" * 1000).encode())
    (tmp_path / "a.csv").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match=r"a\.csv"):
        load(con, shop, tmp_path)
    assert gone(con)


def test_a_folder_that_cannot_be_read_is_an_error(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="expected a readable folder: No such file"):
        load(con, shop, tmp_path / "nowhere")
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")

    def refuse(_path: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(InputError, match="expected a readable folder: Permission denied"):
        load(con, shop, tmp_path)


def test_a_file_that_cannot_be_read_is_an_error(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")

    def refuse(_path: Path, *_rest: object, **_more: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"a\.csv: expected a readable file: Permission denied"):
        load(con, shop, tmp_path)


def test_a_young_file_is_looked_at_twice(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n", modified=OLD)
    clock = Clock(OLD + 0.5)
    assert len(load(con, shop, tmp_path, settle_seconds=2.0, clock=clock).entries) == 1
    assert clock.slept == pytest.approx(1.5)
    settled = Clock(OLD + 3)
    load(con, shop, tmp_path, settle_seconds=2.0, clock=settled)
    assert settled.slept == 0


def test_a_file_that_grows_meanwhile_is_refused(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    path = drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")

    def grow() -> None:
        with path.open("a") as file:
            file.write("pv,2011-01-01,2,p\n")

    with pytest.raises(
        InputError, match=r"a\.csv: expected a finished file: it is still being written \(35 and then 53 bytes\)"
    ):
        load(con, shop, tmp_path, settle_seconds=2.0, clock=Clock(OLD, grow))
    assert gone(con)


def test_a_file_that_changes_while_it_is_read_is_refused(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")

    def read_slowly(*given: Any, **more: Any) -> Any:
        found = read_file(*given, **more)
        path.write_text("other", "utf-8")
        return found

    monkeypatch.setattr(loading, "read_file", read_slowly)
    with pytest.raises(InputError, match="still being written"):
        load(con, shop, tmp_path)
    assert gone(con)


def test_unfinished_names_are_left_alone(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(shop_text(EVENTS).replace("*.csv", "in/*"))
    shop = load_shop(tmp_path / "shop.yaml", {}, CONTRACTS)
    drop(tmp_path, "in/b.csv.part", "pv,2011-01-01,1,p\n")
    with pytest.raises(InputError, match=r"expected at least one file .*; in/b\.csv\.part is not finished"):
        load(con, shop, tmp_path)
    drop(tmp_path, "in/a.csv", "pv,2011-01-01,1,p\n")
    report = load(con, shop, tmp_path)
    assert [entry.file for entry in report.entries] == ["in/a.csv"]
    assert report.notices == ("in/b.csv.part: left alone: its name says that it is not finished",)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.csv", ["a.csv"]),
        ("**/*.csv", ["a.csv", "x/b.csv", "x/y/c.csv"]),
        ("x/*.csv", ["x/b.csv"]),
        ("x/**", ["x/b.csv", "x/d.txt", "x/y/c.csv"]),
        ("*/[bd].*", ["x/b.csv", "x/d.txt"]),
        ("?.csv", ["a.csv"]),
        ("none/*.csv", []),
    ],
)
def test_globs(tmp_path: Path, pattern: str, found: list[str]) -> None:
    text = make_shop(tmp_path, EVENTS)
    for name in ("a.csv", "x/b.csv", "x/y/c.csv", "x/d.txt", ".hidden/e.csv"):
        drop(tmp_path / "landing", name, "")
    source = text.sources["rows"].model_copy(update={"files": pattern})
    landing = tmp_path / "landing"
    (landing / "x" / "round").symlink_to(landing, target_is_directory=True)
    assert [path.relative_to(landing).as_posix() for path in files_of(source, landing)] == found


@pytest.mark.parametrize("pattern", ["in/*.csv", "*/*.csv", "**/*.csv", "in/../*.csv", "../outside/*.csv", "*/../../*"])
def test_no_pattern_leads_out_of_the_landing_folder(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path, pattern: str
) -> None:
    """``shop.yaml`` refuses the last three itself; nothing is found even if they come this far."""
    drop(tmp_path / "outside", "secret.csv", "pv,2011-01-01,1,p\n")
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "in").symlink_to(tmp_path / "outside")
    source = shop.sources["rows"].model_copy(update={"files": pattern})
    wandering = shop.model_copy(update={"sources": {"rows": source}})
    with pytest.raises(InputError, match=r"expected (a file below the landing folder|at least one file)"):
        load(con, wandering, landing)
    assert gone(con)


def test_a_name_that_is_no_text_is_refused(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\xfe.csv")).write_text(HEADER)
    with pytest.raises(InputError, match=r"\\xff\\xfe\.csv: expected a file with a name in UTF-8"):
        load(con, shop, tmp_path)
    assert gone(con)


def test_what_a_terminal_would_obey_is_shown(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "pv,2011-01-01,1,p\n")
    drop(tmp_path, "b\x1b[31m.csv", "pv,2011-01-01,1,p,x\n", header="kind,at,who,what,\x1b]0;owned\x07\n")
    (notice,) = load(con, shop, tmp_path).notices
    assert notice == r"b\x1b[31m.csv: has columns that earlier files do not have: \x1b]0;owned\x07"
    drop(tmp_path, "b\x1b[31m.csv", "", header="\x1b[31m,\x07,c\n")
    with pytest.raises(InputError) as refused:
        load(con, shop, tmp_path)
    assert str(refused.value).isprintable()


def test_a_thousand_columns_are_not_listed(con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "", header=",".join(f"{number}_{'x' * 200}" for number in range(1000)) + "\nk,\n")
    with pytest.raises(InputError, match="and 960 more") as refused:
        load(con, shop, tmp_path)
    assert len(str(refused.value)) < 5_000


def test_a_link_out_of_the_landing_folder_is_refused(
    con: duckdb.DuckDBPyConnection, shop: Shop, tmp_path: Path
) -> None:
    outside = drop(tmp_path / "outside", "secret.csv", "pv,2011-01-01,1,p\n")
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "a.csv").symlink_to(outside)
    with pytest.raises(InputError, match="expected a file below the landing folder"):
        load(con, shop, landing)


def database_shop(folder: Path) -> Shop:
    path = folder / "shop.yaml"
    database = 'database: {url: "sqlite:///shop.db", table: events}'
    path.write_text(shop_text(EVENTS).replace("files: '*.csv'", database))
    return load_shop(path, {}, CONTRACTS)


def write_database(path: Path, *people: str) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("create table events (kind text, at text, who text, what text)")
        database.executemany("insert into events values ('pv', '2011-01-01', ?, 'p')", [(who,) for who in people])
    database.close()


def test_a_database_is_loaded_again_only_when_its_rows_changed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    shop = database_shop(tmp_path)
    landing = tmp_path / "landing"
    landing.mkdir()
    write_database(landing / "shop.db", "1", "2", "2")
    first = load(con, shop, landing)
    (entry,) = first.entries
    assert (entry.file, entry.rows, entry.size, entry.modified_at) == ("sqlite:///shop.db#events", 3, 0, None)
    assert staged(con) == [("1", 1, entry.file, 1), ("2", 1, entry.file, 2), ("2", 1, entry.file, 3)]

    write_database(landing / "shop.db", "2", "1", "2")
    again = load(con, shop, landing, first.entries)
    assert again.entries == ()
    assert staged(con) == []

    for people in (("1", "2"), ("1", "1", "2"), ("1", "2", "3")):
        write_database(landing / "shop.db", *people)
        (changed,) = load(con, shop, landing, first.entries).entries
        assert (changed.file, changed.load_id) == (entry.file, 2)


def test_a_database_that_is_not_there(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"shop\.db"):
        load(con, database_shop(tmp_path), tmp_path)
    assert gone(con)


def test_a_database_may_lie_elsewhere(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_database(tmp_path / "else where.db", "1")
    path = tmp_path / "shop.yaml"
    place = f"{tmp_path}/else%20where.db"
    path.write_text(
        shop_text(EVENTS).replace("files: '*.csv'", f'database: {{url: "sqlite:///{place}", table: events}}')
    )
    (entry,) = load(con, load_shop(path, {}, CONTRACTS), tmp_path / "landing").entries
    assert entry.rows == 1


def test_a_database_has_no_files(tmp_path: Path) -> None:
    assert files_of(database_shop(tmp_path).sources["rows"], tmp_path) == []
