"""Readers of every supported DuckDB read without a pause while one release after another is published."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.contracts import Contract
from ecom_pipeline.warehouse import release as releases

pytestmark = pytest.mark.slow

PUBLICATIONS = 200
TABLES = ("one", "two", "three")
READER = """
import duckdb, json, pathlib, sys, time
release, views, stop, *tables = sys.argv[1:]
told = {"version": duckdb.__version__, "reads": 0, "errors": [], "torn": [], "seen": {}}

def look(con, file):
    ids = set()
    for table in tables:
        try:
            rows = con.execute(
                f"select _release_id, min(number), max(number), count(*), max(rows) from marts.{table} group by 1"
            ).fetchall()
        except duckdb.Error as error:
            told["errors"].append(f"{file}: {table}: {error}")
            continue
        told["reads"] += 1
        if len(rows) != 1 or rows[0][1] != rows[0][2] or rows[0][3] != rows[0][4]:
            told["torn"].append([file, table, rows])
        for one, number, *_ in rows:
            ids.add(one)
            if told["seen"].setdefault(one, number) != number:
                told["torn"].append([file, table, rows])
    return ids

while True:
    last = pathlib.Path(stop).exists()
    for file in (release, views):
        with duckdb.connect(file, read_only=True) as con:
            ids = look(con, file)
            told["torn"] += [[file, sorted(ids)]] if len(ids) > 1 else []
    if last:
        break
    time.sleep(0.05)
told["newest"] = max(ids)
print(json.dumps(told))
"""


def fill(con: duckdb.DuckDBPyConnection, number: int) -> None:
    for table in TABLES:
        rows = 1000 + 7 * number
        con.execute(
            f"create or replace table marts.{table} as"
            f" select range * {number + 1} as id, {number}::bigint as number, {rows}::bigint as rows from range({rows})"
        )


@pytest.fixture
def marts(mart: Contract) -> list[Contract]:
    columns = tuple(
        mart.columns[0].model_copy(update={"name": name, "type": "BIGINT"}) for name in ("id", "number", "rows")
    )
    return [
        mart.model_copy(update={"table": table, "columns": columns, "key": ("id",), "rules": ()}) for table in TABLES
    ]


def test_readers_see_one_whole_release_after_another(
    con: duckdb.DuckDBPyConnection, marts: list[Contract], older_duckdb: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, stop, script = tmp_path / "releases", tmp_path / "stop", tmp_path / "reader.py"
    script.write_text(READER)
    paths = {version: str(older_duckdb(version)) for version in ("1.4.5", "1.5.6")} | {duckdb.__version__: ""}

    def publish(number: int) -> str:
        fill(con, number)
        return releases.publish(con, marts, folder, run_id="r", shop="s", keep=2).release_id

    published = {publish(0): 0}
    files = (folder / "current" / "release.duckdb", folder / "views.duckdb", stop)
    readers = [
        subprocess.Popen(
            [sys.executable, str(script), *map(str, files), *TABLES],
            env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        for path in paths.values()
    ]
    try:
        for number in range(1, PUBLICATIONS + 1):
            published[publish(number)] = number
    finally:
        stop.touch()
        told = [json.loads(reader.communicate(timeout=60)[0]) for reader in readers]
    assert [one["version"] for one in told] == list(paths)
    for one in told:
        assert (one["errors"], one["torn"]) == ([], []), one["version"]
        assert one["reads"] > PUBLICATIONS
        assert len(one["seen"]) > PUBLICATIONS / 10
        assert one["newest"] == max(published)
        assert one["seen"].items() <= published.items()
