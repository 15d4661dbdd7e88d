"""The whole night of three real shops; the release says what a plain reading of the source files says, to the cent."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from ecom_pipeline.definitions import run_night
from ecom_pipeline.settings import Settings

SHOPS = Path(__file__).parents[1] / "shops"
DATA = Path(__file__).parents[3] / "shared" / "data" / "shops"
CENT = Decimal("0.01")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the real shops are not here: {DATA} does not exist"),
]


@dataclass
class Release:
    """The release of a shop, after one night."""

    connection: duckdb.DuckDBPyConnection

    def all(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def one(self, query: str) -> Any:
        return self.all(query)[0][0]


def one_night(name: str, folder: Path) -> Iterator[Release]:
    settings = Settings(data_dir=folder, shop=SHOPS / name, landing=DATA / name, settle_seconds=0)
    with dg.DagsterInstance.ephemeral() as instance:
        _, why = run_night(settings, instance=instance)
    assert why is None
    with duckdb.connect(str(settings.releases_dir(name) / "current" / "release.duckdb"), read_only=True) as connection:
        yield Release(connection)


def cents(amounts: dict[str, Decimal]) -> dict[str, Decimal]:
    return {day: amount.quantize(CENT, ROUND_HALF_UP) for day, amount in amounts.items() if amount}


@pytest.fixture(scope="module")
def online_retail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    yield from one_night("online_retail", tmp_path_factory.mktemp("online_retail"))


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    yield from one_night("cdnow", tmp_path_factory.mktemp("cdnow"))


@pytest.fixture(scope="module")
def taobao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    yield from one_night("taobao", tmp_path_factory.mktemp("taobao"))


def test_online_retail_reconciles(online_retail: Release) -> None:
    """An exported line that repeats another one in every column counts once; cancelled invoices are refunds."""
    rows, invoices, customers, orphans = 0, set(), set(), 0
    sold, refunded = set(), set()
    for path in sorted((DATA / "online_retail").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines):
                rows += 1
                if line["CustomerID"]:
                    customers.add(line["CustomerID"])
                if line["InvoiceNo"].startswith("C"):
                    refunded.add(tuple(line.items()))
                elif int(line["Quantity"]) > 0 and not line["InvoiceNo"].startswith("A"):
                    sold.add(tuple(line.items()))
                    invoices.add(line["InvoiceNo"])
                elif not line["CustomerID"]:
                    orphans += 1
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    refunds: dict[str, Decimal] = defaultdict(Decimal)
    for given, sums in ((sold, revenue), (refunded, refunds)):
        for items in given:
            line = dict(items)
            sums[line["InvoiceDate"][:10]] += abs(int(line["Quantity"])) * Decimal(line["UnitPrice"])
    assert online_retail.one("select sum(rows_loaded) from ops.loads") == rows == 541_909
    assert online_retail.one("select sum(quarantined_rows) from ops.quarantine_summary") == orphans
    assert online_retail.one("select sum(orders) from marts.sales_daily") == len(invoices)
    assert online_retail.one("select count(*) from marts.customer_profiles") == len(customers) == 4_372
    found = online_retail.all("select sales_date::varchar, gross_revenue, refunds from marts.sales_daily")
    assert {day: amount for day, amount, _ in found if amount} == cents(revenue)
    assert {day: amount for day, _, amount in found if amount} == cents(refunds)
    assert online_retail.one("select sum(revenue) from marts.channel_performance") == sum(revenue.values()).quantize(
        CENT, ROUND_HALF_UP
    )


def test_cdnow_reconciles(cdnow: Release) -> None:
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    orders: Counter[str] = Counter()
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for line in (DATA / "cdnow" / "CDNOW_master.txt").read_text("utf-8").splitlines()[1:]:
        customer, day, _, dollars = line.split()
        revenue[f"{day[:4]}-{day[4:6]}-{day[6:]}"] += Decimal(dollars)
        orders[customer] += 1
        spent[customer] += Decimal(dollars)
    assert sum(revenue.values()) == Decimal("2500315.63")
    assert cdnow.one("select sum(rows_loaded) from ops.loads") == orders.total() == 69_659
    assert cdnow.one("select count(*) from ops.quarantine_summary") == 0
    found = cdnow.all("select sales_date::varchar, gross_revenue from marts.sales_daily where gross_revenue <> 0")
    assert dict(found) == cents(revenue)
    profiles = cdnow.all("select customer_id, orders, revenue from marts.customer_profiles")
    assert {customer: (number, amount) for customer, number, amount in profiles} == {
        customer: (orders[customer], amount) for customer, amount in spent.items()
    }


def test_taobao_reconciles(taobao: Release) -> None:
    with gzip.open(DATA / "taobao" / "UserBehavior.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        events = [tuple(line) for line in csv.reader(lines)]
    kinds = Counter(kind for *_, kind, _ in events)
    buyers = {user for user, _, _, kind, _ in events if kind == "buy"}
    assert taobao.one("select sum(rows_loaded) from ops.loads") == len(events) == 110_300
    assert taobao.one("select count(*) from ops.quarantine_summary") == 0
    assert taobao.one("select count(*) from marts.customer_profiles") == len({user for user, *_ in events}) == 66_454
    assert taobao.all("select views, carts, orders from marts.funnel_daily") == [
        (kinds["pv"], kinds["cart"], kinds["buy"])
    ]
    assert taobao.one("select count(*) from marts.customer_profiles where orders > 0") == len(buyers)
    assert taobao.all("select sum(orders), sum(gross_revenue) from marts.sales_daily") == [(kinds["buy"], 0)]


@pytest.mark.parametrize("shop", ["online_retail", "cdnow", "taobao"])
def test_every_skipped_table_says_which_input_it_lacks(shop: str, request: pytest.FixtureRequest) -> None:
    release: Release = request.getfixturevalue(shop)
    skipped = dict(release.all("select table_name, reason from ops.skipped"))
    assert "shop.yaml maps no source to messages" in skipped["marts.support_messages"]
    for table in skipped:
        schema, name = table.split(".")
        if schema == "marts":
            assert release.one(f"select count(*) from {schema}.{name}") == 0
