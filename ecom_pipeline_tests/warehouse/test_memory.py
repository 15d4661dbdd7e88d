"""Ten times the data that the memory limit lets in: loaded and cleaned all the same, by way of the disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.defs.night import peak_memory, reset_peak_memory
from ecom_pipeline.quality import judge
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse.connection import open_warehouse
from ecom_pipeline_tests.nights import CONTRACTS, night

LIMIT = 100_000_000
"""DuckDB's CSV reader alone takes buffers of 32 MB; with less than this it says that there is not enough."""
BESIDE = 60_000_000
"""What the process may grow beside what DuckDB counts."""
ROWS = 400_000
SHOP = """\
name: big
timezone: UTC
currency: EUR
sources:
  clicks:
    files: clicks.csv
    inputs:
      events:
        columns: {event_id: id, event_type: type, event_at: at, customer_id: customer, product_id: sku, user_agent: agent}
"""


def write_exports(folder: Path, rows: int) -> Path:
    """Clicks with a column that is wide and not mapped; its values are few, so that the disk does not set the pace."""
    (folder / "shop.yaml").write_text(SHOP)
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as con:
        con.execute(
            f"""copy (
                select md5(i::varchar) as id, ['view', 'cart', 'favourite', 'purchase'][1 + i % 4] as type,
                    timestamp '2024-01-01' + to_seconds((hash(i) % 10000000)::bigint) as at,
                    'C' || hash(i * 3) % 1000000 as customer, 'P' || hash(i * 7) % 10000 as sku, md5((-i)::varchar) as agent,
                    repeat('page ' || i % 10 || ' ', 355) as page
                from range({rows}) as numbers(i)
            ) to '{folder / "clicks.csv"}' (header)"""
        )
    return folder / "clicks.csv"


@contextmanager
def most_in(folder: Path) -> Iterator[list[int]]:
    """The most bytes that lay in a folder while this was open."""
    most, enough = [0], threading.Event()

    def watch() -> None:
        while not enough.wait(0.05):
            files = [file for file in folder.glob("*.tmp") if file.exists()] if folder.exists() else []
            most[0] = max(most[0], sum(file.stat().st_size for file in files if file.exists()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        enough.set()
        watcher.join()


@pytest.mark.slow
def test_ten_times_the_memory_limit_is_loaded_and_cleaned(tmp_path: Path) -> None:
    file = write_exports(tmp_path, ROWS)
    assert file.stat().st_size > 10 * LIMIT
    temp, settings = tmp_path / "temp", Settings(data_dir=tmp_path, shop=tmp_path, settle_seconds=0)
    bounds = {"memory_limit": f"{LIMIT // 1_000_000}MB", "threads": 1}
    with most_in(temp) as spilled, open_warehouse(tmp_path / "work", **bounds, temp_folder=temp) as con:
        import_module("ecom_pipeline.quality.session")  # Great Expectations alone takes 250 MB
        reset_peak_memory()
        before = peak_memory()
        tables = [CONTRACTS[f"clean.{name}"] for name in ("customers", "orders", "events")]
        raw, *_, events = night(con, settings, "r1", tables, judge=judge)
        grown = peak_memory() - before
        assert (raw.status, raw.rows) == (events.status, events.rows) == ("swapped", ROWS)
    assert spilled[0] > LIMIT / 2, "it did not need the disk, so it proves nothing"
    assert grown < LIMIT + BESIDE
    assert list(temp.glob("*")) == []


def test_the_disk_that_may_be_used_is_bounded_too(tmp_path: Path) -> None:
    bounds = {"memory_limit": "100MB", "threads": 1, "temp_folder": tmp_path / "temp", "temp_limit": "10MB"}
    with open_warehouse(tmp_path / "work", **bounds) as con:
        told = "select current_setting('temp_directory'), current_setting('max_temp_directory_size')"
        assert con.execute(told).fetchall() == [(str(tmp_path / "temp"), "9.5 MiB")]
