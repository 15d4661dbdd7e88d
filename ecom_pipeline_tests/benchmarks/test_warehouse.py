"""The benchmark counts before it times: a ratio of two programs that do different things says nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks import empty_night, warehouse
from benchmarks.events import write_events
from benchmarks.measure import Measured, alone, here

SECONDS = {"ours": 8.0, "duckdb_alone": 4.0, "in_pandas": 16.0, "in_polars": 6.0, "gate": 1.0}


def told(job: str, **_: Any) -> Measured:
    """A run that takes no time: fixed seconds for every job."""
    counts = dict.fromkeys(warehouse.COUNTS, 7)
    return {"seconds": SECONDS[job], "peak_mb": 100, "ratio": 1.5, "fixed_seconds": 0.1} | counts


def figures(printed: str) -> dict[str, dict[str, Any]]:
    return {figure["name"]: figure for figure in json.loads(printed.splitlines()[-1])["figures"]}


def test_every_figure_has_its_goal(capsys: pytest.CaptureFixture[str]) -> None:
    warehouse.main(["--rows", "200", "1000", "--parts", "load", "peers", "gate", "night"], run=told)
    found = {name: (figure["value"], figure["met"]) for name, figure in figures(capsys.readouterr().out).items()}
    assert found == {
        **{f"load and clean, {kind}, {rows} rows / DuckDB": (2.0, True) for kind in ("csv", "parquet") for rows in ("200", "1,000")},
        **{f"load and clean, {kind}, {rows} rows: peak MB": (100, True) for kind in ("csv", "parquet") for rows in ("200", "1,000")},
        **{f"load and clean, {kind}, growth 200 to 1,000 rows": (1.0, True) for kind in ("csv", "parquet")},
        "clean and sessionise, 200 rows: pandas / ours": (2.0, False),
        "clean and sessionise, 200 rows: memory, ours / pandas": (1.0, True),
        "clean and sessionise, 200 rows: polars / ours": (0.75, False),
        "clean and sessionise, 200 rows: memory, ours / polars": (1.0, True),
        "the gate, 200 rows, without its fixed overhead / plain SQL": (1.5, True),
        "the gate: fixed overhead per table, s": (0.1, True),
        "a night with 1 % new rows on 1,000 / full rebuild": (1.0, False),
    }  # fmt: skip


def test_a_peer_that_finds_something_else_is_no_peer() -> None:
    def wrong(job: str, **arguments: Any) -> Measured:
        return told(job, **arguments) | ({"rejects": 8} if job == "in_polars" else {})

    with pytest.raises(SystemExit, match="rejects: ours found 7, polars 8"):
        warehouse.main(["--rows", "200", "--parts", "peers"], run=wrong)


def test_a_peer_that_is_not_installed_is_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    def without(job: str, **arguments: Any) -> Measured:
        return {"skipped": "polars is not installed"} if job == "in_polars" else told(job, **arguments)

    warehouse.main(["--rows", "200", "--parts", "peers"], run=without)
    printed = capsys.readouterr().out
    assert "polars is not installed" in printed
    assert not [name for name in figures(printed) if "polars" in name]


def test_the_second_run_is_the_empty_night(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []

    def ecom(verb: str, *_: str) -> str:
        said.append(verb)
        run = {"started_at": "2024-06-30 02:00:00", "ended_at": "2024-06-30 02:00:04"}
        steps = [{"step": "raw__orders", "seconds": 0.25, "peak_memory_bytes": 1 << 20}]
        return json.dumps({"loads": [], "run": run, "steps": steps})

    monkeypatch.setattr(empty_night, "_ecom", ecom)
    warehouse.main(["--parts", "empty"])
    printed = capsys.readouterr().out
    assert said == ["init", "run", "run"]
    assert json.loads(printed.splitlines()[-1])["measured"]["empty night"]["steps"] == {"raw__orders": 0.25}
    assert figures(printed)["an empty night, from command to prompt, s"]["met"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_same_rows_whichever_part_is_written(kind: str, tmp_path: Path) -> None:
    whole, part = tmp_path / f"whole.{kind}", tmp_path / f"part.{kind}"
    write_events(whole, 0, 3000)
    write_events(part, 2000, 1000)
    with duckdb.connect() as connection:
        ((same, copies),) = connection.execute(
            f"select (select count(*) from (from '{whole}' intersect all from '{part}')),"
            f" (select count(*) - count(distinct event_id) from '{whole}')"
        ).fetchall()
    assert (same, copies) == (1000, 60)


def test_a_job_alone_says_what_it_took(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    write_events(file, 0, 1000)
    found = alone("duckdb_alone", file=str(file), database=str(tmp_path / "floor.duckdb"))
    assert found["arrived"] > 900
    assert min(found["seconds"], found["cpu_seconds"], found["peak_mb"]) > 0


@pytest.mark.slow
def test_ours_and_pandas_find_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    warehouse.main(["--rows", "3000", "--parts", "load", "peers", "gate", "night"], run=here)
    measured = json.loads(capsys.readouterr().out.splitlines()[-1])["measured"]
    ours, later = measured["clean 3000: ours"], measured["night 3000: 1 % new"]
    assert ours["duplicates"] == 60
    assert 0 < ours["sessions"] < ours["clean"] < 3000
    assert later["arrived"] == 3030
    for name in ("load csv 3000: ours", "load parquet 3000: ours", "clean 3000: pandas"):
        assert {count: measured[name][count] for count in ("clean", "duplicates", "rejects")} == {
            count: ours[count] for count in ("clean", "duplicates", "rejects")
        }
