from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ecom_pipeline.warehouse.connection import WarehouseBusyError, WarehouseError, exclusive, open_warehouse
from ecom_pipeline.warehouse.journal import start_run
from ecom_pipeline.warehouse.summary import summarise

HOLDER = """
import sys, time
from pathlib import Path
from ecom_pipeline.warehouse.connection import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(folder: Path, seconds: float) -> subprocess.Popen[str]:
    """A process that holds the lock of the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_says_who_holds_the_warehouse_and_for_how_long(tmp_path: Path) -> None:
    with hold(tmp_path, 60) as holder:
        told = re.escape(f"{tmp_path}: process {holder.pid} has held the warehouse since ")
        with (
            pytest.raises(WarehouseBusyError, match=told + r"[0-9-]{10} [0-9:]{8} UTC \([0-9]\.[0-9] min\)$"),
            open_warehouse(tmp_path, memory_limit="500MB", threads=1),
        ):
            pass
        holder.kill()
    with open_warehouse(tmp_path, memory_limit="500MB", threads=1) as con:
        assert con.execute("select 1").fetchall() == [(1,)]


def test_a_second_run_that_waits_runs_when_the_first_has_ended(tmp_path: Path) -> None:
    with (
        hold(tmp_path, 1) as holder,
        open_warehouse(tmp_path, memory_limit="500MB", threads=1, wait_seconds=60) as con,
    ):
        assert con.execute("select 1").fetchall() == [(1,)]
        assert holder.wait(10) == 0


def test_the_lock_is_not_held_for_less_than_no_time_where_the_clock_was_set_back(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        (tmp_path / "lock").write_text(json.dumps({"pid": 1, "since": "2999-01-01T00:00:00+00:00"}))
        with pytest.raises(WarehouseBusyError, match=r"\(0\.0 min\)"), exclusive(tmp_path):
            pass


def test_a_disk_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_handle: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(WarehouseError, match=r"cannot be locked: No locks available"), exclusive(tmp_path):
        pass


def test_the_last_run_is_the_one_that_was_started_last_where_the_clock_was_set_back(tmp_path: Path) -> None:
    with open_warehouse(tmp_path, memory_limit="500MB", threads=1) as con:
        start_run(con, "early", "s", "")
        con.execute("update journal.runs set started_at = '2999-01-01'")
        start_run(con, "late", "s", "")
        summary = summarise(con)
    assert summary is not None
    assert summary.run["run_id"] == "late"


def test_what_a_killed_run_left_is_gone_when_the_warehouse_is_opened(tmp_path: Path) -> None:
    with open_warehouse(tmp_path, memory_limit="500MB", threads=1) as con:
        con.execute("create table staging.half as select 1 as one")
        con.execute("create view staging.seen as from staging.half")
        con.execute('create table marts."products__next" as select 1 as one')
        con.execute("create table marts.products as select 1 as one")
    (tmp_path / "tmp").mkdir(exist_ok=True)
    (tmp_path / "tmp" / "duckdb_temp_1_0_storage_DEFAULT-0.tmp").write_bytes(b"spilled")
    (tmp_path / ".ecom-read-1").mkdir()
    (tmp_path / ".ecom-read-1" / "text").write_bytes(b"unpacked")
    with open_warehouse(tmp_path, memory_limit="500MB", threads=1) as con:
        assert con.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name not in ('journal', 'quarantine')"
        ).fetchall() == [("marts", "products")]
        assert con.execute("select count(*) from duckdb_views() where schema_name = 'staging'").fetchall() == [(0,)]
    assert not list(tmp_path.glob("tmp/*"))
    assert not list(tmp_path.glob(".ecom-read-*"))


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"no database" * 1000)
    with (
        pytest.raises(WarehouseError, match=r"warehouse\.duckdb: cannot be opened"),
        open_warehouse(tmp_path, memory_limit="500MB", threads=1),
    ):
        pass


def test_what_the_database_cannot_do_is_told_of_its_file(tmp_path: Path) -> None:
    with (
        pytest.raises(WarehouseError, match=r"warehouse\.duckdb: cannot be read or written: .*the disk is full"),
        open_warehouse(tmp_path, memory_limit="500MB", threads=1) as con,
    ):
        con.execute("select error('the disk is full')")
