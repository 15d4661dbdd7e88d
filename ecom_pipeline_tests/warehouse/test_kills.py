"""Nights of the warehouse alone, killed at a hundred random moments: nothing is lost, doubled or left behind.

A night here is what a run does without the orchestrator and the judge: load what is new, write raw, clean (whole and by
slices) and a mart, publish. benchmarks/kills.py does the same to whole nights.
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

from ecom_pipeline.contracts import parse_contract
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse import release as releases
from ecom_pipeline.warehouse.candidate import Candidate
from ecom_pipeline.warehouse.connection import open_warehouse
from ecom_pipeline.warehouse.journal import end_run, start_run
from ecom_pipeline.warehouse.write import Writer
from ecom_pipeline_tests.nights import CONTRACTS, lenient, night
from ecom_pipeline_tests.shop.shops import make_shop
from ecom_pipeline_tests.warehouse.conftest import PRODUCTS
from ecom_pipeline_tests.wholeness import assert_loaded_once, assert_nothing_left, assert_whole

pytestmark = pytest.mark.slow

KILLS = 100
SEED = 20240601
MART = parse_contract(PRODUCTS, "marts", "catalogue", "catalogue.yml")
TABLES = [CONTRACTS[f"clean.{name}"] for name in ("products", "customers", "orders", "events")]
INPUTS = """
      products: {columns: {product_id: id, price: price}}
      events: {columns: {event_id: id, event_type: {value: view}, event_at: {value: "2024-01-01"}, customer_id: id, price: price}}
"""


def one_night(folder: Path) -> str:
    """Run one night; the digest of its release."""
    make_shop(folder, INPUTS)
    settings = Settings(data_dir=folder, shop=folder, settle_seconds=0)
    with open_warehouse(folder / "work", memory_limit="500MB", threads=1) as con:
        run_id = f"run-{time.time_ns()}"
        start_run(con, run_id, "test", "")
        night(con, settings, run_id, TABLES)
        writer = Writer(connection=con, judge=lenient, run_id=run_id)
        writer.write([Candidate(contract=MART, content="select product_id, price from clean.products")])
        done = releases.publish(con, [MART], folder / "releases", run_id=run_id, shop="test", keep=3)
        end_run(con, run_id, "succeeded")
        return done.digest


def nights(folder: Path) -> None:
    while True:
        one_night(folder)


def deliver(folder: Path, number: int) -> None:
    """A new file, with a duplicate and a row for quarantine, and a correction of an older one."""
    rows = [f"P{number}-{row},{row}" for row in range(100)]
    (folder / f"{number:03}.csv").write_text("\n".join(["id,price", *rows, rows[0], f"X{number},-1"]) + "\n")
    corrected = folder / f"{number // 2:03}.csv"
    corrected.write_text(corrected.read_text() + f"C{number},{number}\n")


def assert_all_accounted_for(folder: Path) -> None:
    lines = {path.name: len(path.read_text().splitlines()) - 1 for path in folder.glob("*.csv")}
    with duckdb.connect(str(folder / "work" / "warehouse.duckdb"), read_only=True) as con:
        assert dict(con.execute("select _file, count(*) from raw.rows group by all").fetchall()) == lines
        for table in ("products", "events"):
            assert con.execute(
                f"select (select count(*) from clean.{table}),"
                f" (select count(*) from quarantine.rows where table_name = 'clean.{table}'),"
                f" (select count(*) from quarantine.duplicates where table_name = 'clean.{table}')"
            ).fetchall() == [(sum(lines.values()) - 2 * len(lines), len(lines), len(lines))]


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
    one_night(tmp_path)
    length = time.perf_counter() - started
    draws = random.Random(SEED)
    for number in range(1, KILLS + 1):
        deliver(tmp_path, number)
        killed(context, tmp_path, draws.uniform(0, 2 * length))
        assert_whole(tmp_path / "releases")
        digest = one_night(tmp_path)
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
    assert one_night(undisturbed) == digest
    grown, without = ((folder / "work" / "warehouse.duckdb").stat().st_size for folder in (tmp_path, undisturbed))
    assert grown < 4 * without
