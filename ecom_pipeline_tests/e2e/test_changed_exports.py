"""The export changes its shape from one night to the next: what the tables hold then, and what a person is told.

Three loads of the mini shop, from raw to clean: as it was, changed in every way that may go on, changed so that it may
not.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ecom_pipeline_tests.e2e.conftest import House, settings_for, write_instance
from ecom_pipeline_tests.e2e.mini import edit, write_mini

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Loaded:
    """What one load left: whether it went well, what it noticed, which steps failed and why."""

    went_well: bool
    notices: list[str]
    failures: dict[str, str]
    tables: dict[str, str]


@dataclass(frozen=True)
class Changes:
    """A shop after its exports have changed twice."""

    house: House
    before: dict[str, list[tuple[Any, ...]]]
    shifted: Loaded
    refused: Loaded

    def told(self, start: str) -> str:
        (notice,) = [notice for notice in self.shifted.notices if notice.startswith(start)]
        return notice


def load(house: House) -> Loaded:
    went_well = house.load()
    last = "run_id = (select arg_max(run_id, started_at) from journal.runs)"
    notices = house.query(f"select notice from journal.notices where {last} order by notice")
    failures = house.query(f"select step, message from journal.steps where {last} and status = 'failed'")
    return Loaded(went_well, [notice for (notice,) in notices], dict(failures), house.tables())


def shift(shop: Path) -> None:
    """Everything that a night may live with, and one table whose values are of another type."""
    orders = shop / "orders-3.csv"
    edit(shop / "orders-1.csv", lambda rows: [rows[0], ["N1", *rows[-1][1:]], ["N2", *rows[-2][1:]]], orders)
    edit(orders, lambda rows: [[*row, f"g{number}" if number else "gift"] for number, row in enumerate(rows)])
    edit(shop / "orders-2.csv", lambda rows: [[row[2], row[0], row[1], row[4], row[3]] for row in rows])
    edit(shop / "refunds.csv", lambda rows: [rows[0], [*rows[1][:5], "7.25"], *rows[2:-1]])
    edit(shop / "products.csv", lambda rows: [rows[0], *([*row[:4], "cheap", *row[5:]] for row in rows[1:])])
    clicks = gzip.decompress((shop / "clicks.jsonl.gz").read_bytes()).decode()
    clicks = clicks.replace('"type": "pv"', '"type": "page_seen"', 3)
    (shop / "clicks.jsonl.gz").write_bytes(gzip.compress(clicks.encode()))


def take_away(shop: Path) -> None:
    """What rows cannot do without."""
    edit(shop / "lines.csv", lambda rows: [[*row[:2], *row[3:]] for row in rows])
    edit(shop / "refunds.csv", lambda rows: [["id", "order_id", "sku", "customer", "at", "amounts"], *rows[1:]])


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changes]:
    folder = tmp_path_factory.mktemp("changes")
    settings = settings_for(folder)
    write_mini(folder / "shop")
    write_instance(settings.dagster_dir("mini"))
    with dg.DagsterInstance.ephemeral() as instance:
        house = House(settings, instance)
        assert house.load()
        before = {table: house.query(f"from {table} order by 1") for table in ("clean.refunds", "clean.products")}
        shift(folder / "shop")
        shifted = load(house)
        take_away(folder / "shop")
        yield Changes(house, before, shifted, load(house))


def test_a_missing_optional_column_is_empty_and_told(changes: Changes) -> None:
    told = changes.told("orders-2.csv: has no column")
    assert told == (
        "orders-2.csv: has no column 'channel', which shop.yaml:11 maps: orders.channel is empty in these rows"
    )
    found = "select _file, count(*) > 100, count(channel) > 0 from clean.orders group by all order by all limit 2"
    assert changes.house.query(found) == [("orders-1.csv", True, True), ("orders-2.csv", True, False)]


def test_the_order_of_columns_does_not_matter(changes: Changes) -> None:
    found = "select distinct left(order_id, 1), left(customer_id, 1), status, year(ordered_at) from clean.orders"
    assert changes.house.query(f"{found} where _file = 'orders-2.csv'") == [("O", "C", "completed", 2024)]


def test_a_new_column_is_in_raw_and_null_in_what_came_before(changes: Changes) -> None:
    assert changes.told("orders-3.csv: has columns") == "orders-3.csv: has columns that earlier files do not have: gift"
    gifts = "select _file, list(distinct gift order by gift) from raw.orders group by _file order by _file"
    assert changes.house.query(gifts) == [
        ("orders-1.csv", [None]),
        ("orders-2.csv", [None]),
        ("orders-3.csv", ["g1", "g2"]),
    ]


def test_corrected_and_deleted_rows_correct_the_past(changes: Changes) -> None:
    before = changes.before["clean.refunds"]
    assert changes.told("refunds.csv: ") == (
        f"refunds.csv: has {len(before) - 1} rows, its last version had {len(before)}: the others are gone"
    )
    after = changes.house.query("select refund_id, original_amount from clean.refunds order by refund_id")
    gone = f"R{len(before) - 1}"
    assert [name for name, _ in after] == [row[0] for row in before if row[0] != gone]
    assert {name: str(amount) for name, amount in after if str(amount) != "10.5000"} == {"R0": "7.2500"}


def test_a_changed_file_is_told(changes: Changes) -> None:
    assert changes.told("orders-2.csv: has changed") == "orders-2.csv: has changed: its 214 rows replace 214"


def test_a_changed_type_refuses_the_table_and_names_the_value(changes: Changes) -> None:
    assert not changes.shifted.went_well
    told = changes.shifted.failures["clean__products"]
    assert "clean.products was refused: within_tolerance: 12 of 12 rows" in told
    assert "most often (12 rows) price: 'cheap' is not a number that fits DECIMAL(18,4)" in told
    assert changes.house.query("from clean.products order by 1") == changes.before["clean.products"]


def test_a_renamed_event_is_quarantined_with_its_name(changes: Changes) -> None:
    rejects = "select reasons, count(*) from quarantine.rows where table_name = 'clean.events' group by all"
    assert changes.house.query(rejects) == [("event_type: 'page_seen' is not one of pv, addcart, fav, buy", 3)]


def test_a_missing_needed_column_refuses_the_load_and_changes_nothing(changes: Changes) -> None:
    failures = changes.refused.failures
    assert failures["raw__lines"].startswith(
        "lines.csv, column 'sku': expected a column of this name, which shop.yaml:16 maps"
    )
    assert "refunds.csv, column 'amount': expected a column of this name" in failures["raw__refunds"]
    assert "did you mean 'amounts'?" in failures["raw__refunds"]
    assert not changes.refused.went_well
    assert changes.refused.tables == changes.shifted.tables
