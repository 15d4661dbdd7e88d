"""What BI drivers ship, DuckDB 1.4, reads the release before, during and after a night, and never sees half of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ecom_pipeline_tests.e2e.conftest import House

pytestmark = pytest.mark.slow

BI_VERSION = "1.4.5"
READER = """
import duckdb, json, sys, time
release, views, stop = sys.argv[1:]
seen, views_seen, reads = [], [], 0
while True:
    last = __import__("pathlib").Path(stop).exists()
    with duckdb.connect(release, read_only=True) as con:
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where not internal order by 1"
        ).fetchall()
        ids = set()
        for (table,) in tables:
            ids.update(one for (one,) in con.execute(f"select distinct _release_id from {table}").fetchall())
        assert len(ids) == 1, ids
        assert con.execute("select count(*) from marts.customer_profiles").fetchone()[0] > 0
        comment = con.execute("select comment from duckdb_tables() where table_name = 'customer_profiles'").fetchone()[0]
        assert comment.startswith("One row per customer"), comment
    with duckdb.connect(views, read_only=True) as con:
        (one,) = con.execute("select distinct _release_id from marts.customer_profiles").fetchone()
        views_seen.append(one)
    reads += 1
    seen.append(ids.pop())
    if last:
        break
    time.sleep(0.5)
print(json.dumps({"version": duckdb.__version__, "reads": reads, "tables": len(tables), "seen": sorted(set(seen)), "first": seen[0], "last": seen[-1], "views": sorted(set(views_seen))}))
"""


def test_readers_never_wait_and_never_see_half_a_release(
    house: House, older_duckdb: Callable[[str], Path], tmp_path: Path
) -> None:
    before = os.readlink(house.releases / "current")
    stop, script = tmp_path / "stop", tmp_path / "reader.py"
    script.write_text(READER)
    files = (house.releases / "current" / "release.duckdb", house.releases / "views.duckdb")
    with subprocess.Popen(
        [sys.executable, str(script), *map(str, files), str(stop)],
        env=os.environ | {"PYTHONPATH": str(older_duckdb(BI_VERSION))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        try:
            night = house.start("run")
            printed, complaints = night.communicate(timeout=500)
            assert night.returncode == 0, printed + complaints
        finally:
            stop.touch()
        out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    told = json.loads(out)
    after = os.readlink(house.releases / "current")
    assert told["version"] == BI_VERSION
    assert told["reads"] > 20
    assert told["tables"] > 30
    assert (told["first"], told["last"]) == (Path(before).name, Path(after).name)
    assert told["seen"] == told["views"] == sorted([Path(before).name, Path(after).name])
