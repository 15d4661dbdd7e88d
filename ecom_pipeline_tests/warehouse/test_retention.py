from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.warehouse import retention
from ecom_pipeline.warehouse.connection import WarehouseError, exclusive, open_warehouse
from ecom_pipeline.warehouse.journal import now, record
from ecom_pipeline.warehouse.retention import compact, forget_runs, retire, runs_to_keep, trusted_now

BOUNDS = {"memory_limit": "500MB", "threads": 1}


def land(con: duckdb.DuckDBPyConnection, source: str, *ages: int, first: int = 1) -> None:
    """One load per age of its file in days, each of two rows, the second of which is in quarantine."""
    con.execute(f"create table raw.{source} (id varchar, _load_id bigint, _file varchar, _row bigint)")
    for load_id, age in enumerate(ages, start=first):
        written = now() - timedelta(days=age)
        entry = (
            load_id,
            source,
            f"{load_id}.csv",
            9,
            "hash",
            2,
            0,
            "utf-8",
            "comma",
            written,
            now(),
            "r1",
            None,
            ["id"],
        )
        record(con, "loads", [entry])
        con.execute(f"insert into raw.{source} values ('a', $1, $2, 1), ('b', $1, $2, 2)", [load_id, f"{load_id}.csv"])
        con.execute(
            "insert into quarantine.rows by name select 'clean.x' as table_name, ? as source, ? as load_id",
            [source, load_id],
        )


def loads(con: duckdb.DuckDBPyConnection, table: str, column: str = "_load_id") -> list[int]:
    return [load for (load,) in con.execute(f"select distinct {column} from {table} order by 1").fetchall()]


def assert_conserved(con: duckdb.DuckDBPyConnection, source: str) -> None:
    """Raw holds what the ledger says, of the loads that were neither replaced nor retired."""
    counts = con.execute(
        f"select (select sum(rows) from journal.loads where source = ? and superseded_by is null and retired_at is null),"
        f" (select count(*) from raw.{source})",
        [source],
    ).fetchall()[0]
    assert counts[0] == counts[1]


def test_loads_older_than_their_source_keeps_leave_and_stay_in_the_ledger(con: duckdb.DuckDBPyConnection) -> None:
    land(con, "clicks", 500, 401, 399, 1)
    land(con, "orders", 500, 400, first=11)
    retired = retire(con, {"clicks": 400}, now())
    assert [(one.source, one.load_id, one.file, one.rows) for one in retired] == [
        ("clicks", 1, "1.csv", 2),
        ("clicks", 2, "2.csv", 2),
    ]
    assert loads(con, "raw.clicks") == [3, 4]
    assert loads(con, "raw.orders") == [11, 12]
    assert loads(con, "quarantine.rows", "load_id") == [3, 4, 11, 12]
    assert loads(con, "journal.loads", "load_id") == [1, 2, 3, 4, 11, 12], "else the files would be loaded again"
    assert loads(con, "(from journal.loads where retired_at is not null)", "load_id") == [1, 2]
    assert_conserved(con, "clicks")
    assert retire(con, {"clicks": 400}, now()) == []


def test_the_newest_load_of_a_source_stays_however_old(con: duckdb.DuckDBPyConnection) -> None:
    land(con, "clicks", 900, 800)
    assert [one.load_id for one in retire(con, {"clicks": 1}, now())] == [1]
    assert loads(con, "raw.clicks") == [2]
    assert retire(con, {"clicks": 1, "never_loaded": 1}, now()) == []


def test_a_version_that_was_replaced_is_not_retired(con: duckdb.DuckDBPyConnection) -> None:
    land(con, "clicks", 500, 1, 1)
    con.execute("update journal.loads set superseded_by = 2 where load_id = 1")
    con.execute("delete from raw.clicks where _load_id = 1")
    assert retire(con, {"clicks": 400}, now()) == []
    assert_conserved(con, "clicks")


def test_a_retirement_that_fails_leaves_everything_as_it_was(con: duckdb.DuckDBPyConnection) -> None:
    land(con, "clicks", 500, 1)
    land(con, "visits", 500, 1, first=11)
    con.execute("drop table raw.visits")
    with pytest.raises(WarehouseError, match=r"no load was retired: .*visits"):
        retire(con, {"clicks": 400, "visits": 400}, now())
    assert loads(con, "raw.clicks") == [1, 2]
    assert_conserved(con, "clicks")


def history(con: duckdb.DuckDBPyConnection, run_id: str, age: int, **writes: str) -> None:
    """A run of so many days ago, and the outcome of every table it wrote."""
    moment = now() - timedelta(days=age)
    record(con, "runs", [(run_id, moment, moment, "succeeded", "s", "f")])
    record(con, "steps", [(run_id, "step", moment, 1.0, 1, "succeeded", "")])
    record(con, "writes", [(run_id, table, outcome, 1, "", moment) for table, outcome in writes.items()])


def test_runs_that_wrote_what_is_live_outlive_the_others(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "forgotten", 500, a="swapped", b="swapped", c="refused")
    history(con, "wrote a", 450, a="swapped")
    history(con, "tried b last", 440, b="refused")
    history(con, "old", 430)
    history(con, "wrote b and c", 420, b="skipped", c="swapped", d="swapped")
    history(con, "young", 10, d="swapped")
    history(con, "refused", 5, b="refused", c="refused")
    assert runs_to_keep(con) == {"wrote a", "wrote b and c", "young", "refused"}
    assert forget_runs(con, now() - timedelta(days=400), runs_to_keep(con)) == 3
    left = runs_to_keep(con)
    for table in ("runs", "steps", "writes"):
        assert {run for (run,) in con.execute(f"select run_id from journal.{table}").fetchall()} == left


def test_the_last_run_is_the_one_written_down_last_where_the_clock_was_set_back(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "by a fast clock", 1, a="swapped", b="swapped")
    history(con, "later", 500, a="swapped", b="refused")
    assert runs_to_keep(con) == {"by a fast clock", "later"}
    history(con, "last", 490, a="swapped", b="swapped")
    assert runs_to_keep(con) == {"last"}


def test_the_last_run_stays_however_old(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "first", 900)
    history(con, "last", 800)
    assert forget_runs(con, now(), runs_to_keep(con)) == 1
    assert con.execute("select run_id from journal.runs").fetchall() == [("last",)]
    con.execute("delete from journal.runs")
    assert runs_to_keep(con) == set()


def test_a_clock_that_leapt_is_believed_the_next_day(con: duckdb.DuckDBPyConnection) -> None:
    def ahead() -> int:
        trusted = trusted_now(con)
        return (now() - trusted).days

    assert ahead() == 0, "nothing is known of the clock before the first run"
    history(con, "tonight, by the clock that leapt", 0)
    assert ahead() == 0
    history(con, "last night", 1500)
    history(con, "and the one before", 1501)
    assert ahead() == 1500
    history(con, "the leap was a day ago", 1)
    assert ahead() == 0
    con.execute("delete from journal.runs where run_id = 'the leap was a day ago'")
    history(con, "by a clock that was set back since", -90)
    history(con, "a week ago", 6)
    assert ahead() == 0


def test_loads_that_a_leap_of_the_clock_made_old_stay(con: duckdb.DuckDBPyConnection) -> None:
    land(con, "clicks", 1900, 1600, 1501)
    history(con, "last night", 1500)
    history(con, "tonight", 0)
    assert [one.load_id for one in retire(con, {"clicks": 300}, trusted_now(con))] == [1]


def fill(folder: Path, share_deleted: float) -> Path:
    with open_warehouse(folder, **BOUNDS) as con:
        con.execute("create table raw.big as select i, hash(i)::varchar as text from range(400000) t(i)")
        con.execute("comment on table raw.big is 'It''s big.'; comment on column raw.big.text is 'A hash.'")
        con.execute("create view input.big as select i from raw.big")
        con.execute("comment on view input.big is 'A view.'")
        con.execute("checkpoint")
        con.execute("delete from raw.big where i < ?", [int(400000 * share_deleted)])
    return folder / "warehouse.duckdb"


def said_of(folder: Path) -> list[tuple[object, ...]]:
    with open_warehouse(folder, **BOUNDS) as con:
        return con.execute(
            "select count(*), sum(hash(big)) from raw.big union all"
            " select count(*), count(comment) from duckdb_columns() where not internal union all"
            " select count(*), min(comment) = 'It''s big.' from duckdb_tables() where table_name = 'big' union all"
            " select count(*), min(comment) = 'A view.' from duckdb_views() where view_name = 'big'"
        ).fetchall()


def test_a_file_that_is_mostly_unused_is_rewritten(tmp_path: Path) -> None:
    file = fill(tmp_path, 0.9)
    before, said = file.stat().st_size, said_of(tmp_path)
    (tmp_path / "warehouse.duckdb.rewritten").write_text("left by one that was killed")
    assert compact(tmp_path, **BOUNDS)
    assert file.stat().st_size < before / 2
    assert said_of(tmp_path) == said
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"lock", "warehouse.duckdb"}
    assert not compact(tmp_path, **BOUNDS)


def test_a_file_that_is_mostly_used_is_left_alone(tmp_path: Path) -> None:
    file = fill(tmp_path, 0.1)
    before = file.stat().st_ino
    assert not compact(tmp_path, **BOUNDS)
    assert file.stat().st_ino == before


def test_a_file_that_lost_something_is_not_put_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fill(tmp_path, 0.9)
    before, said = file.stat().st_ino, said_of(tmp_path)
    content = retention._content
    monkeypatch.setattr(retention, "_content", lambda con, name: content(con, name)[: -1 if name == "new" else None])
    with pytest.raises(WarehouseError, match="does not hold the same tables"):
        compact(tmp_path, **BOUNDS)
    assert (file.stat().st_ino, said_of(tmp_path)) == (before, said)
    assert not (tmp_path / "warehouse.duckdb.rewritten").exists()


def test_a_file_without_room_for_its_successor_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fill(tmp_path, 0.9)
    before = file.stat().st_ino
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(WarehouseError, match="0 MB are free, about"):
        compact(tmp_path, **BOUNDS)
    assert file.stat().st_ino == before


def test_one_at_a_time(tmp_path: Path) -> None:
    fill(tmp_path, 0.9)
    with exclusive(tmp_path), pytest.raises(RuntimeError, match="has held the warehouse since"):
        compact(tmp_path, **BOUNDS)


def test_a_warehouse_of_an_earlier_version_gains_what_is_new(tmp_path: Path) -> None:
    tmp_path.joinpath("work").mkdir()
    with duckdb.connect(str(tmp_path / "work" / "warehouse.duckdb")) as con:
        con.execute("create schema journal")
        con.execute("create table journal.loads (load_id bigint, source varchar)")
        con.execute("insert into journal.loads values (1, 'clicks')")
    with open_warehouse(tmp_path / "work", **BOUNDS) as con:
        assert con.execute("select load_id, source, superseded_by, retired_at from journal.loads").fetchall() == [
            (1, "clicks", None, None)
        ]
        record(con, "loads", [(2, "clicks")])
        assert con.execute("select count(*) from journal.loads where retired_at is null").fetchall() == [(2,)]
