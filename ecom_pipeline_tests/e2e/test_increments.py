"""A night builds only what changed, and the tables are those of a whole rebuild, row for row.

The nights here are those of :mod:`ecom_pipeline_tests.nights`, from the files to the features.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.night import Night
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse.connection import open_warehouse
from ecom_pipeline_tests.e2e.conftest import settings_for
from ecom_pipeline_tests.e2e.mini import CUSTOMERS, PRODUCTS, write_mini
from ecom_pipeline_tests.nights import CONTRACTS, in_order, night

pytestmark = pytest.mark.slow

Change = Callable[[Path, np.random.Generator], None]


class Nights:
    """One warehouse, night after night."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings, self.count = folder, settings, 0
        self.tables = in_order("clean", "features")

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_warehouse(self.folder, memory_limit="500MB", threads=1) as connection:
            yield connection

    def run(self, *, until: str = "features.", **options: Any) -> dict[str, str]:
        """One night; what became of each table."""
        self.count += 1
        tables = [one for one in self.tables if one.name < until or until == "features."]
        with self.open() as connection:
            outcomes = night(connection, self.settings, f"r{self.count}", tables, **options)
        assert not [one for one in outcomes if one.refused]
        return {one.contract.name: one.status for one in outcomes}

    def held(self) -> dict[str, str]:
        """Digests of all tables; when and by which run a row was rejected does not count."""
        columns = "table_name, source, file, row_number, load_id, reasons, original"
        relations = {one.name: one.name for one in self.tables} | {
            "quarantine.rows": f"(select {columns} from quarantine.rows)",
            "quarantine.duplicates": "quarantine.duplicates",
        }
        with self.open() as connection:
            return {
                name: str(
                    connection.execute(
                        f"select count(*), sum(hash(one)::hugeint)::varchar from (from {relation}) as one"
                    ).fetchall()
                )
                for name, relation in relations.items()
            }

    def whole(self) -> dict[str, str]:
        """The tables of a whole rebuild, in a copy of the warehouse."""
        copy = self.folder.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.folder, copy)
        other = Nights(copy, self.settings)
        other.count = 1000
        assert set(other.run(full=True).values()) == {"swapped", "merged"}, "raw merges, everything else is swapped"
        return other.held()

    def is_like_whole(self) -> None:
        held = self.held()
        unlike = {table for table, digest in self.whole().items() if held[table] != digest}
        assert not unlike


@pytest.fixture(scope="module")
def after_the_first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose events come in several files, and its warehouse after its first night; tests copy it."""
    folder = tmp_path_factory.mktemp("first")
    shop = write_mini(folder / "shop")
    text = shop.read_text("utf-8").replace("clicks.jsonl.gz", "clicks*.jsonl.gz")
    text = text.replace(
        "          channel: channel\n          campaign_id",
        "          session_id: session\n          order_id: order\n          contact_hash: hash\n"
        "          channel: channel\n          campaign_id",
    )
    shop.write_text(text, "utf-8")
    with gzip.open(folder / "shop" / "clicks.jsonl.gz", "rt", encoding="utf-8") as file:
        clicks(folder / "shop", "", [json.loads(line) for line in file])
    Nights(folder / "work", settings_for(folder)).run()
    return folder


@pytest.fixture
def nights(after_the_first: Path, tmp_path: Path) -> Nights:
    """A copy of that night to do with as a test likes."""
    shutil.copytree(after_the_first, tmp_path, dirs_exist_ok=True)
    nights = Nights(tmp_path / "work", settings_for(tmp_path))
    nights.count = 1
    return nights


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def write(path: Path, content: list[str]) -> None:
    path.write_text("\n".join(content) + "\n", "utf-8")


def clicks(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """A file of events; those that name no session may get one, in which not everybody has signed in.

    Some name an order, and others an address, in the place of the customer.
    """
    with gzip.open(folder / f"clicks{name}.jsonl.gz", "wt", encoding="utf-8") as file:
        for row in rows:
            number = int(row["id"][1:])
            drawn = {
                "session": f"S{number // 5}" if number % 3 == 0 else None,
                "order": f"O{number % 400:05d}" if number % 7 == 0 else None,
                "hash": hashlib.sha256(f"c{number % 30}@example.com".encode()).hexdigest()
                if number % 11 == 0
                else None,
            }
            signed = {"user": None if any(drawn.values()) and number % 2 else row["user"]}
            told = row if "session" in row else row | drawn | signed
            file.write(json.dumps({"channel": None, "campaign": None, "order": None, "hash": None} | told) + "\n")


def new_day(folder: Path, random: np.random.Generator) -> None:
    number = len(list(folder.glob("orders-*.csv"))) + 1
    day = f"2024-05-{number:02d}"
    orders, items, events = [lines(folder / "orders-1.csv")[0]], [], []
    for n in range(1 + int(random.integers(4))):
        customer, product = int(random.integers(CUSTOMERS)), int(random.integers(PRODUCTS))
        orders.append(f"N{number}{n},C{customer},{day} 1{n}:00:00,completed,CNY,ads")
        items.append(f"N{number}{n}-0,N{number}{n},P{product},2,11.50,")
        events.append(event(random, f"E{number}{n}000", f"{day}T0{n}:00", customer))
    write(folder / f"orders-{number}.csv", orders)
    write(folder / "lines.csv", [*lines(folder / "lines.csv"), *items])
    clicks(folder, f"-{number}", events)


def event(random: np.random.Generator, name: str, when: str, customer: int) -> dict[str, Any]:
    kind = ("pv", "addcart", "fav", "buy", "what")[int(random.integers(5))]
    seconds = int(np.datetime64(when, "s").astype(int)) + int(random.integers(3600))
    return {
        "id": name,
        "type": kind,
        "ts": seconds,
        "user": f"C{customer}",
        "sku": f"P{int(random.integers(PRODUCTS))}",
    }


def late_events(folder: Path, random: np.random.Generator) -> None:
    """Events of long ago: new ones, copies, other versions of known ones, sessions that they bridge or split."""
    rows = [
        event(
            random,
            f"E{int(random.integers(1500))}",
            f"2024-0{1 + int(random.integers(4))}-15T04:00",
            int(random.integers(9)),
        )
        | ({"session": f"S{int(random.integers(300))}"} if n % 2 else {})
        for n in range(16)
    ]
    clicks(folder, f"-late{int(random.integers(3))}", [*rows, *rows[:3]])


def corrected_orders(folder: Path, random: np.random.Generator) -> None:
    """Orders cancelled, moved to another day, gone, or unreadable; lines and refunds lose their order."""
    path = folder / f"orders-{1 + int(random.integers(2))}.csv"
    head, *rows = lines(path)
    place = int(random.integers(len(rows) - 5))
    rows[place] = rows[place].replace("completed", "cancelled")
    rows[place + 1] = rows[place + 1].replace("2024-0", "2024-1")
    rows[place + 2] = rows[place + 2].replace("2024-", "2924-")
    write(path, [head, *rows[: place + 3], *rows[place + 4 :]])


def late_order(folder: Path, random: np.random.Generator) -> None:
    """Orders that were gone come back in a file of their own, and one that was not comes again."""
    head = lines(folder / "orders-1.csv")[0]
    wanted = {line.split(",")[1] for line in lines(folder / "lines.csv")[1:]}
    there = {line.split(",")[0] for path in folder.glob("orders-?.csv") for line in lines(path) if "2924-" not in line}
    found = [*sorted(wanted - there)[:5], f"O{int(random.integers(400)):05d}"]
    write(
        folder / "orders-9.csv",
        [head, *(f"{order},C{n},2024-02-0{n + 1} 12:00:00,completed,CNY,mail" for n, order in enumerate(found))],
    )


def other_products(folder: Path, random: np.random.Generator) -> None:
    """Products leave the catalogue or come back, others change their stock only."""
    head = lines(folder / "products.csv")[0]
    rows = [
        f"P{n},Product {n},Home > Part {n % 3},Brand {n % 2},{10 + n}.50,5.00,{int(random.integers(9))},7"
        for n in range(PRODUCTS)
    ]
    write(folder / "products.csv", [head, *(row for row in rows if random.random() < 0.8)])


def no_products(folder: Path, _: np.random.Generator) -> None:
    """A catalogue without one readable row: empty is not like missing one."""
    head, *rows = lines(folder / "products.csv")
    write(folder / "products.csv", [head, *("," + row.split(",", 1)[1] for row in rows)])


def other_addresses(folder: Path, random: np.random.Generator) -> None:
    """Customers change their address; some take that of another, which then names neither."""
    head, *rows = lines(folder / "customers.csv")
    write(
        folder / "customers.csv",
        [
            head,
            *(re.sub(r"c\d+@", f"c{int(random.integers(30))}@", row) if random.random() < 0.3 else row for row in rows),
        ],
    )


def fewer_messages(folder: Path, random: np.random.Generator) -> None:
    head, *rows = lines(folder / "messages.csv")
    write(folder / "messages.csv", [head, *rows[: 1 + int(random.integers(len(rows)))]])


def refunds(folder: Path, random: np.random.Generator) -> None:
    path = folder / "refunds.csv"
    content = lines(path)
    write(
        path,
        [
            *content,
            f"R{len(content)}9,O{int(random.integers(400)):05d},P1,,2024-03-0{1 + int(random.integers(8))} 09:00:00,4.50",
        ],
    )


CHANGES: list[Change] = [
    new_day,
    late_events,
    corrected_orders,
    late_order,
    other_products,
    no_products,
    other_addresses,
    fewer_messages,
    refunds,
]


@pytest.mark.parametrize("seed", range(2))
def test_every_night_gives_the_tables_of_a_whole_rebuild(nights: Nights, seed: int) -> None:
    random = np.random.default_rng(seed)
    merged = set[str]()
    for _ in range(4):
        for change in random.choice(len(CHANGES), size=3, replace=False):
            CHANGES[change](nights.settings.landing_dir, random)
        merged |= {table for table, outcome in nights.run().items() if outcome == "merged"}
        nights.is_like_whole()
    assert merged >= {"clean.events", "clean.order_items", "features.sessions", "features.customer_days"}


def test_an_order_or_an_address_that_becomes_known_late_names_the_visitor(nights: Nights) -> None:
    folder = nights.settings.landing_dir
    address = hashlib.sha256(b"new@example.com").hexdigest()
    visit = {"type": "pv", "ts": 1_711_000_000, "user": None, "sku": "P1", "order": None, "hash": None}
    clicks(
        folder,
        "-unknown",
        [
            visit | {"id": "E50001", "session": "by-order"},
            visit | {"id": "E50002", "session": "by-order", "type": "buy", "order": "O77777"},
            visit | {"id": "E50003", "session": "by-address", "hash": address},
        ],
    )
    nights.run()
    asked = "select session_id, customer_id, identified_by from features.session_owners where session_id like 'by-%' order by 1"
    with nights.open() as connection:
        assert connection.execute(asked).fetchall() == [("by-address", None, None), ("by-order", None, None)]
    head = lines(folder / "orders-1.csv")[0]
    write(folder / "orders-8.csv", [head, "O77777,C1,2024-03-21 06:00:00,completed,CNY,mail"])
    write(folder / "customers.csv", [*lines(folder / "customers.csv"), "C99,Ann,new@example.com,,CN,en,2024-03-21"])
    assert nights.run()["clean.events"] == "merged"
    with nights.open() as connection:
        assert connection.execute(asked).fetchall() == [("by-address", "C99", "contact"), ("by-order", "C1", "order")]
    nights.is_like_whole()


def test_a_night_without_news_writes_nothing(nights: Nights) -> None:
    before = nights.held()
    assert set(nights.run().values()) == {"unchanged"}
    assert nights.held() == before


def test_only_what_a_change_touches_is_written(nights: Nights) -> None:
    new_day(nights.settings.landing_dir, np.random.default_rng(1))
    written = nights.run()
    assert written["clean.customers"] == written["clean.messages"] == "unchanged"
    assert {written[f"clean.{name}"] for name in ("events", "orders", "order_items")} == {"merged"}
    growing = ("sales", "sessions", "customer_days", "product_days", "interactions")
    assert {written[f"features.{name}"] for name in growing} == {"merged"}


def test_a_night_after_one_that_failed_in_the_middle_catches_up(nights: Nights) -> None:
    """Clean tables went live and their features did not: those that missed the change are built whole."""
    random = np.random.default_rng(2)
    new_day(nights.settings.landing_dir, random)
    nights.run(until="d")
    late_events(nights.settings.landing_dir, random)
    assert nights.run()["features.customer_days"] == "swapped"
    nights.is_like_whole()


def test_another_shop_yaml_builds_everything_anew(nights: Nights) -> None:
    path = nights.settings.shop_file
    path.write_text(path.read_text("utf-8").replace("USD: 7.2", "USD: 7.3"), "utf-8")
    assert set(nights.run().values()) == {"swapped", "merged"}


def test_a_row_of_tomorrow_is_let_through_when_its_day_has_come(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Night, "fingerprint", lambda *_: "the same, whatever the rule says")
    clicks(
        nights.settings.landing_dir,
        "-soon",
        [{"id": "E77777", "type": "pv", "ts": 4_000_000_000, "user": "C1", "sku": "P1"}],
    )
    nights.run()
    assert nights.run()["clean.events"] == "unchanged", "its day has not come"
    waiting = "select count(*) from quarantine.rows where contains(reasons, 'a time that has passed')"
    with nights.open() as connection:
        assert connection.execute(waiting).fetchall() == [(1,)]
    events = CONTRACTS["clean.events"]
    later = [one.model_copy(update={"where": one.where.replace("1 day", "100 year")}) for one in events.rules]
    changed = Contract.model_validate(events.model_dump() | {"rules": later})
    nights.tables = [changed if one is events else one for one in nights.tables]
    assert nights.run()["clean.events"] == "merged"
    with nights.open() as connection:
        assert connection.execute(waiting).fetchall() == [(0,)]
    assert nights.run()["clean.events"] == "unchanged"


def test_a_backfill_builds_its_dates_again(nights: Nights) -> None:
    before = nights.held()
    with nights.open() as connection:
        connection.execute("delete from features.customer_days where activity_date in ('2024-02-02', '2024-03-03')")
    nights.run(dates=(date(2024, 2, 1), date(2024, 2, 7)))
    with nights.open() as connection:
        found = connection.execute(
            "select distinct activity_date::varchar from features.customer_days"
            " where activity_date in ('2024-02-02', '2024-03-03')"
        ).fetchall()
    assert found == [("2024-02-02",)]
    nights.run(full=True)
    assert nights.held() == before
