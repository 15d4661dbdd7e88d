"""What a query makes of several files arrives like the rows of one: all of it as text, nothing lost, nothing else in reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ecom_pipeline.shop import loading
from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.ledger import LedgerEntry
from ecom_pipeline.shop.loading import LoadReport, load_source
from ecom_pipeline.shop.queries import read_query
from ecom_pipeline.shop.readers import FileRead
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline_tests.database import in_memory

SHOP = """
name: joined
timezone: UTC
currency: CNY
sources:
  orders:
    tables: {{orders: "orders-*.csv", people: {{files: people.csv, options: {{delimiter: ";"}}}}}}
    query: {query}
    inputs:
      orders: {{columns: {{order_id: id, customer_id: person, ordered_at: day}}}}
      order_items: {{columns: {{order_id: id, product_id: sku, quantity: {{value: "1"}}, unit_price: {{value: "1"}}}}}}
"""
JOIN = "select orders.*, person from orders left join people using (customer)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders-1.csv").write_text("id,customer,day\n007,c1,2024-01-02\n8,c2,2024-01-01\n", "utf-8")
    (tmp_path / "orders-2.csv").write_text("id,customer,day,sku\n9,c1,2024-01-03,a\n10,c1\n", "utf-8")
    (tmp_path / "people.csv").write_text("customer;person\nc1;p1\n", "utf-8")
    return tmp_path


def load(folder: Path, query: str = JOIN, ledger: Any = ()) -> tuple[LoadReport, list[tuple[Any, ...]]]:
    (folder / "shop.yaml").write_text(SHOP.format(query=query), "utf-8")
    shop = load_shop(folder / "shop.yaml")
    with in_memory() as con:
        report = load_source(con, shop, "orders", folder, ledger, 1, "staged")
        return report, con.execute("select id, day, sku, person, _line from staged order by _row").fetchall()


def test_rows_of_several_files_and_lines_that_could_not_be_read(folder: Path) -> None:
    report, found = load(folder)
    assert found == [
        ("007", "2024-01-02", None, "p1", None),
        ("8", "2024-01-01", None, None, None),
        ("9", "2024-01-03", "a", "p1", None),
        (None, None, None, None, "10,c1"),
    ]
    (entry,) = report.entries
    assert (entry.file, entry.rows, entry.unreadable) == ("query", 4, 1)


def test_it_runs_again_when_a_file_or_the_query_changes(folder: Path) -> None:
    first, _ = load(folder)
    assert load(folder, ledger=first.entries)[0].entries == ()
    assert load(folder, f"{JOIN} where true", first.entries)[0].entries
    (folder / "people.csv").write_text("customer;person\nc1;p2\n", "utf-8")
    again, found = load(folder, ledger=first.entries)
    assert len(again.entries) == 1
    assert {person for *_, person, _ in found} == {"p2", None}


def test_a_file_that_changes_while_it_is_asked_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_slowly(*given: Any) -> FileRead:
        found = read_query(*given)
        (folder / "people.csv").write_text("other", "utf-8")
        return found

    monkeypatch.setattr(loading, "read_query", read_slowly)
    with pytest.raises(InputError, match=r"people\.csv: expected a finished file: it is still being written"):
        load(folder)


def test_rows_that_its_files_brought_by_themselves_are_told(folder: Path) -> None:
    known = [LedgerEntry(load_id=0, file=name, size=9, sha256="") for name in ("orders-1.csv", "moved-away.csv")]
    assert load(folder, ledger=known)[0].notices == (
        "orders-1.csv: was loaded, and a query has taken its place: its rows stay",
    )


@pytest.mark.parametrize(
    "query",
    ["select * from read_csv('people.csv')", "select * from read_text('/etc/hostname')", "select * from raw.orders"],
)
def test_nothing_but_its_tables_is_in_reach(folder: Path, query: str) -> None:
    with pytest.raises(InputError, match="query"):
        load(folder, query)


def test_a_file_that_is_not_there_is_told(folder: Path) -> None:
    (folder / "people.csv").unlink()
    with pytest.raises(InputError, match=r"people\.csv: expected at least one file of the source 'orders'"):
        load(folder)
