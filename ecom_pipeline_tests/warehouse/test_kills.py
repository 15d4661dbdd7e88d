"""Nights of the warehouse alone, killed at a hundred random moments: nothing is lost, doubled or left behind.

A night here is what a run does without the orchestrator and the judge: load what is new, write raw, clean and marts,
publish. benchmarks/kills.py does the same to whole nights.
"""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.contracts import CheckResult, parse_contract
from ecom_pipeline.shop.loading import LedgerEntry, load_source
from ecom_pipeline.shop.mapping import input_selects
from ecom_pipeline.warehouse import release as releases
from ecom_pipeline.warehouse.connection import open_warehouse
from ecom_pipeline.warehouse.journal import end_run, now, record, start_run
from ecom_pipeline.warehouse.write import Candidate, Writer
from ecom_pipeline_tests.shop.shops import CONTRACTS, make_shop
from ecom_pipeline_tests.warehouse.conftest import PRODUCTS
from ecom_pipeline_tests.wholeness import assert_loaded_once, assert_nothing_left, assert_whole

pytestmark = pytest.mark.slow

KILLS = 100
SEED = 20240601
RAW = parse_contract(
    """
description: One row per row of the source.
domain: shop
mode: merge
merge_on: [_file]
columns:
  - {name: id, type: VARCHAR, description: Id.}
  - {name: price, type: VARCHAR, description: Price.}
  - {name: _load_id, type: BIGINT, description: Load.}
  - {name: _file, type: VARCHAR, description: File.}
  - {name: _row, type: BIGINT, description: Row.}
  - {name: _problem, type: VARCHAR, description: Problem.}
  - {name: _line, type: VARCHAR, description: Line.}
""",
    "raw",
    "rows",
    "rows.yml",
)
CLEAN = parse_contract(
    PRODUCTS + "on_violation: quarantine\ntolerance: 0.5\ninput: products\n", "clean", "products", "products.yml"
)
MART = parse_contract(PRODUCTS, "marts", "products", "products.yml")
INPUTS = """
      products: {columns: {product_id: id, price: price}}
      events: {columns: {event_type: {value: view}, event_at: {value: "2024-01-01"}, customer_id: id}}
"""
SELECT = """
select product_id, price::decimal(18, 2) as price, _source, _load_id, _file, _row, _reasons,
    row_number() over (partition by product_id order by _file, _row) as _duplicate
from input.products
"""


def approve(
    _connection: duckdb.DuckDBPyConnection, _contract: object, _relation: str, *, tolerance: float, scope: str
) -> list[CheckResult]:
    return []


def night(folder: Path) -> str:
    """Run one night; the digest of its release."""
    shop = make_shop(folder, INPUTS)
    with open_warehouse(folder / "work", memory_limit="500MB", threads=1) as con:
        run_id = f"run-{time.time_ns()}"
        start_run(con, run_id, "test", "")
        writer = Writer(connection=con, judge=approve, run_id=run_id)
        known = [
            LedgerEntry(load_id=load_id, file=file, size=size, sha256=sha256, rows=rows, columns=tuple(columns))
            for load_id, file, size, sha256, rows, columns in con.execute(
                "select load_id, file, size_bytes, sha256, rows, columns from journal.loads where superseded_by is null"
            ).fetchall()
        ]
        (following,) = con.execute("select coalesce(max(load_id), 0) + 1 from journal.loads").fetchall()[0]
        loaded = load_source(con, shop, "rows", folder, known, following, "staging.loading").entries
        files = ", ".join(f"'{entry.file}'" for entry in loaded) or "null"
        writer.write(
            [Candidate(contract=RAW, content="select * from staging.loading", replace_where=f"_file in ({files})")]
        )
        con.execute("drop table staging.loading")
        for entry in loaded:
            con.execute(
                "update journal.loads set superseded_by = ? where file = ? and superseded_by is null",
                [entry.load_id, entry.file],
            )
            row = (entry.load_id, "rows", entry.file, entry.size, entry.sha256, entry.rows, entry.unreadable, "", "")
            record(con, "loads", [(*row, entry.modified_at, now(), run_id, None, list(entry.columns))])
        select = input_selects(shop, CONTRACTS, {"rows": ["id", "price"]})["products"]
        con.execute(f"create or replace view input.products as {select}")
        writer.write([Candidate(contract=CLEAN, content=SELECT)])
        writer.write([Candidate(contract=MART, content="select product_id, price from clean.products")])
        done = releases.publish(con, [MART], folder / "releases", run_id=run_id, shop="test", keep=3)
        end_run(con, run_id, "succeeded")
        return done.digest


def nights(folder: Path) -> None:
    while True:
        night(folder)


def deliver(folder: Path, number: int) -> None:
    """A new file, with a duplicate and a row for quarantine, and a correction of an older one."""
    rows = [f"P{number}-{row},{row}" for row in range(500)]
    (folder / f"{number:03}.csv").write_text("\n".join(["id,price", *rows, rows[0], f"X{number},-1"]) + "\n")
    corrected = folder / f"{number // 2:03}.csv"
    corrected.write_text(corrected.read_text() + f"C{number},{number}\n")


def assert_all_accounted_for(folder: Path) -> None:
    lines = {path.name: len(path.read_text().splitlines()) - 1 for path in folder.glob("*.csv")}
    with duckdb.connect(str(folder / "work" / "warehouse.duckdb"), read_only=True) as con:
        assert dict(con.execute("select _file, count(*) from raw.rows group by all").fetchall()) == lines
        assert con.execute(
            "select (select count(*) from clean.products), (select count(*) from quarantine.rows)"
        ).fetchall() == [(sum(lines.values()) - 2 * len(lines), len(lines))]


def killed(context: ForkServerContext, folder: Path, seconds: float) -> None:
    process = context.Process(target=nights, args=(folder,))
    process.start()
    time.sleep(seconds)
    process.kill()
    process.join()
    assert process.exitcode == -9, "it was at work when it was killed"


def test_a_hundred_kills(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    deliver(tmp_path, 0)
    started = time.perf_counter()
    night(tmp_path)
    length = time.perf_counter() - started
    draws = random.Random(SEED)
    for number in range(1, KILLS + 1):
        deliver(tmp_path, number)
        killed(context, tmp_path, draws.uniform(0, 2 * length))
        assert_whole(tmp_path / "releases")
        digest = night(tmp_path)
        assert_whole(tmp_path / "releases")
        assert_nothing_left(tmp_path / "work", tmp_path / "releases")
        assert_loaded_once(tmp_path / "work")
        assert_all_accounted_for(tmp_path)
    with duckdb.connect(str(tmp_path / "work" / "warehouse.duckdb"), read_only=True) as con:
        (interrupted,) = con.execute("select count(*) from journal.runs where status = 'interrupted'").fetchall()[0]
    assert interrupted > KILLS / 3, "most kills met a run at work"
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    for path in tmp_path.glob("*.csv"):
        shutil.copy(path, undisturbed)
    assert night(undisturbed) == digest
    grown, without = ((folder / "work" / "warehouse.duckdb").stat().st_size for folder in (tmp_path, undisturbed))
    assert grown < 4 * without
