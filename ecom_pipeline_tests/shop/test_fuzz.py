"""2,000 hostile files: each is refused with a clear message, or every row of it is accounted for.

The way is the real one without the orchestrator: the load, the views of ``input``, the routing, the SELECTs of
``clean``. Whatever a file holds or is called, nothing outside its folder is read, written or changed, and no value
reaches SQL. A failure names seed and number; ``hostile`` writes that file again.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.errors import InputError, one_line
from ecom_pipeline.shop.loading import LoadReport, load_source
from ecom_pipeline.shop.mapping import input_selects, routing_select
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.shop.staging import OWN_COLUMNS
from ecom_pipeline.sql import quoted
from ecom_pipeline_tests.shop.hostile import SECRET, SHOP, SOURCES, Case, make_case
from ecom_pipeline_tests.shop.shops import CONTRACTS
from ecom_pipeline_tests.tables.world import candidate_of

pytestmark = pytest.mark.slow
SEED, FILES, AT_ONCE = 20261126, 2_000, 500
STAGING = 'staging."load__rows"'
INPUTS = ("orders", "order_items", "events")


@dataclass
class Yard:
    """A warehouse with a canary in it, a landing folder, and a secret beside it."""

    folder: Path
    con: duckdb.DuckDBPyConnection
    shops: dict[str, Shop]
    load_id: int = 0
    fates: Counter[str] = field(default_factory=Counter)

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def keep(self, source: str) -> None:
        """Add what was loaded to the rows of other files, as a night does."""
        described = self.con.execute(f"describe {STAGING}").fetchall()
        self.con.execute(f"create table if not exists raw.{source} as from {STAGING} limit 0")
        for name, kind, *_ in described:
            self.con.execute(f"alter table raw.{source} add column if not exists {quoted(name)} {kind}")
        self.con.execute(f"insert into raw.{source} by name from {STAGING}")

    def one(self, query: str, *values: object) -> Any:
        return self.con.execute(query, list(values)).fetchall()[0][0]

    def outside(self) -> dict[str, tuple[int, int]]:
        """Everything outside the landing folder."""
        looks = {path: path.lstat() for path in self.folder.rglob("*") if self.landing not in (path, *path.parents)}
        return {str(path): (look.st_size, look.st_mtime_ns if path.is_file() else 0) for path, look in looks.items()}


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("yard")
    for name in ("landing", "scratch", "here"):
        (folder / name).mkdir()
    (folder / "secret.csv").write_text(f"no,at,kind\n{SECRET},2024-01-01,pv\n")
    shops = {name: make_fuzz_shop(folder, name) for name in SOURCES}
    with duckdb.connect(config={"threads": 1}) as con, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder / "scratch"))
        patch.chdir(folder / "here")
        con.execute("set timezone = 'UTC'")
        con.execute("create table canary as select 'alive' as state")
        for schema in ("staging", "raw", "input", "clean"):
            con.execute(f"create schema {schema}")
        for contract in CONTRACTS.values():
            if contract.schema_name in ("input", "clean"):
                body = ", ".join(f"{quoted(name)} {kind}" for name, kind in contract.types.items())
                con.execute(f"create table {contract.schema_name}.{quoted(contract.table)} ({body})")
        yield Yard(folder, con, shops)


def make_fuzz_shop(folder: Path, name: str) -> Shop:
    source, at = SOURCES[name]
    path = folder / f"{name}.yaml"
    path.write_text(SHOP.replace("FILES", "*[!y].*").replace("SOURCE", f"    {source}").replace("AT", at))
    return load_shop(path, {}, CONTRACTS)


class Telling:
    """Adds to a failure which file it was."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            error.add_note(f"seed {SEED}, number {self.case.number}, {self.case.source}: {self.case.kind}")


def take(yard: Yard, case: Case) -> None:
    """Load one file and account for it."""
    decoy, path = case.write_decoy(yard.landing), case.write(yard.landing)
    before = yard.outside()
    yard.load_id += 1
    refusal: InputError | None = None
    try:
        report = load_source(yard.con, yard.shops[case.source], "rows", yard.landing, (), yard.load_id, STAGING)
    except InputError as error:
        refusal = error
    if refusal is None:
        yard.fates["loaded"] += 1
        account_for_load(yard, case, report)
    else:
        yard.fates["refused"] += 1
        account_for_refusal(yard, case, str(refusal))
    path.unlink()
    decoy.unlink()
    assert yard.con.execute("from canary").fetchall() == [("alive",)]
    assert yard.outside() == before


def account_for_refusal(yard: Yard, case: Case, told: str) -> None:
    """It names the file in one line, and nothing is left of the load."""
    assert one_line(case.name) in told
    assert one_line(told) == told
    assert len(told) < 5_000
    assert yard.one("select count(*) from duckdb_tables() where schema_name = 'staging'") == 0


def account_for_load(yard: Yard, case: Case, report: LoadReport) -> None:
    """The rows are those of the file, and of no other."""
    (entry,) = report.entries
    assert entry.rows == yard.one(f"select count(*) from {STAGING}")
    assert entry.unreadable == yard.one(f"select count(_problem) from {STAGING}")
    account_for_markers(yard, case)
    if case.rows is not None:
        assert entry.rows == case.rows, f"{case.rows} rows were written, {entry.rows} read"
    yard.keep(case.source)


def account_for_markers(yard: Yard, case: Case) -> None:
    rows = yard.con.execute(f"select * exclude (_load_id, _file, _row, _problem) from {STAGING}").fetchall()
    text = "\n".join(str(value) for row in rows for value in row if value is not None)
    assert SECRET not in text
    found = Counter({marker: text.count(marker) for marker in case.markers})
    wrong = {marker: times for marker, times in found.items() if times != 1}
    assert not wrong, f"records found so many times: {wrong}"


def account_for_routes(yard: Yard, source: str) -> None:
    """Every row is in the inputs that want it, once, or has a reason why none does; clean drops none of them."""
    shop, con = yard.shops[source], yard.con
    con.execute(f"create or replace table raw.rows as from raw.{source}")
    columns = [name for (name, *_) in con.execute("describe raw.rows").fetchall() if name not in OWN_COLUMNS]
    selects = input_selects(shop, CONTRACTS, {"rows": columns})
    con.execute(f"create or replace table input.exchange_rates as {selects['exchange_rates']}")
    taken: set[tuple[str, int]] = set()
    for table in INPUTS:
        con.execute(f"create or replace table input.{table} as {selects[table]}")
        routed = con.execute(f"select _file, _row from input.{table}").fetchall()
        assert len(routed) == len(set(routed))
        taken.update(routed)
        contract = CONTRACTS[f"clean.{table}"]
        con.execute(f"create or replace table staging.candidate as from {candidate_of(contract)}")
        judged = con.execute("select _file, _row, _duplicate, _reasons is null from staging.candidate").fetchall()
        assert sorted(routed) == sorted((file, row) for file, row, *_ in judged)
        own = ", ".join(map(quoted, contract.types))
        con.execute(
            f"create or replace table clean.{table} as"
            f" select {own} from staging.candidate where _duplicate = 1 and _reasons is null"
        )
        yard.fates[f"kept in {table}"] += yard.one(f"select count(*) from clean.{table}")
    routing = con.execute(f"select _file, _row, _reasons from ({routing_select(shop, 'rows')})").fetchall()
    assert len(routing) == len({place[:2] for place in routing}) == yard.one("select count(*) from raw.rows")
    assert {(file, row) for file, row, reasons in routing if reasons is None} == taken
    con.execute(f"drop table staging.candidate; drop table raw.rows; drop table raw.{source}")


@pytest.mark.parametrize("first", range(0, FILES, AT_ONCE))
def test_hostile_files(yard: Yard, first: int) -> None:
    for number in range(first, first + AT_ONCE):
        case = make_case(SEED, number)
        with Telling(case):
            take(yard, case)
    for source in SOURCES:
        account_for_routes(yard, source)
    assert yard.con.execute("from canary").fetchall() == [("alive",)]


def test_most_files_are_loaded(yard: Yard) -> None:
    """A shop that refuses everything would be safe too."""
    assert yard.fates["loaded"] > FILES / 2
    assert all(yard.fates[f"kept in {table}"] > 300 for table in INPUTS), yard.fates
