"""What leaves with ``ecom retention``, and what stays, in a shop after its first night."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb
import pytest

from ecom_pipeline import cli
from ecom_pipeline.definitions import build_defs
from ecom_pipeline.defs.retention import let_go
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.warehouse.connection import exclusive
from ecom_pipeline_tests.e2e.conftest import QUIET, House

pytestmark = pytest.mark.slow
LONG_AGO, YESTERDAY = ((datetime.now(UTC) - timedelta(days=days)).replace(tzinfo=None) for days in (500, 1.5))


def change(house: House, statement: str, *values: object) -> None:
    with duckdb.connect(str(house.warehouse)) as connection:
        connection.execute(statement, list(values))


def keep_refunds(house: House, days: int) -> None:
    """Say how long refunds are kept, and bring a second file of them, so that the first may leave."""
    path = house.settings.shop_file
    text = path.read_text("utf-8")
    path.write_text(text.replace("files: refunds.csv", f"files: refunds*.csv\n    keep_days: {days}"), "utf-8")
    first = house.landing / "refunds.csv"
    header, *rows = first.read_text("utf-8").splitlines()
    (house.landing / "refunds-2.csv").write_text(
        "\n".join([header, *(f"later-{row}" for row in rows[:2])]) + "\n", "utf-8"
    )
    assert house.load()
    change(house, "update journal.loads set modified_at = ? where file = 'refunds.csv'", LONG_AGO)


def test_an_old_file_leaves_and_stays_in_the_ledger(house: House) -> None:
    keep_refunds(house, 400)
    (rows,) = house.query("select count(*) from raw.refunds where _file = 'refunds.csv'")
    said = house.ecom("retention", "--json")
    assert said.code == cli.OK, said.words
    assert [(one["source"], one["file"], one["rows"]) for one in said.json["retired"]] == [
        ("refunds", "refunds.csv", *rows)
    ]
    assert house.query("select distinct _file from raw.refunds") == [("refunds-2.csv",)]
    assert house.query("select file from journal.loads where retired_at is not null") == [("refunds.csv",)]
    assert "Loads retired: 0." in house.ecom("retention").words
    assert house.load(), "though its file still lies in the landing folder"
    assert house.query("select distinct _file from clean.refunds") == [("refunds-2.csv",)]
    assert house.query("select count(*) from quarantine.duplicates where file = 'refunds.csv'") == [(0,)]


def test_a_clock_that_leapt_retires_nothing_and_is_told(house: House) -> None:
    keep_refunds(house, 400)
    change(house, "update journal.runs set started_at = ?", LONG_AGO)
    said = house.ecom("retention")
    assert "The clock is 500 days ahead of the last run before today: age was counted to" in said.words
    assert "Loads retired: 0." in said.words
    assert house.query("select count(distinct _file) from raw.refunds") == [(2,)]


def test_nothing_leaves_where_nothing_says_how_long_it_is_kept(house: House) -> None:
    tables = house.tables()
    with house.release_untouched():
        said = house.ecom("retention", "--json")
    assert (said.code, said.json["retired"], said.json["journal_runs"], said.json["dagster_runs"]) == (0, [], 0, 0)
    assert house.tables() == tables


def test_a_warehouse_that_is_held_is_left_alone(house: House) -> None:
    with exclusive(house.settings.work_dir("mini")):
        said = house.ecom("retention")
        with dg.DagsterInstance.ephemeral() as instance:
            run = build_defs(house.settings).resolve_job_def("retention")
            done = run.execute_in_process(instance=instance, run_config=QUIET, raise_on_error=False)
    assert said.code == cli.BUSY
    assert f"process {os.getpid()} has held the warehouse since" in said.err
    assert not done.success


def test_the_history_of_old_runs_leaves_dagster_and_the_warehouse(house: House) -> None:
    home = house.settings.dagster_dir("mini") / "real"
    settings = house.settings.model_copy(update={"keep_history_days": 400, "dagster_home": home})
    shop = load_shop(settings.shop_file)
    home.mkdir()
    home.joinpath("dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        job = build_defs(settings).resolve_job_def("retention")
        runs = [job.execute_in_process(instance=instance, run_config=QUIET) for _ in range(3)]
        assert all(run.success for run in runs)
        first, wrote, last = (run.run_id for run in runs)
        with sqlite3.connect(home / "history" / "runs.db") as connection:
            connection.execute("update runs set create_timestamp = '2020-01-01' where run_id <> ?", [last])
        change(house, "insert into journal.runs by name select ? as run_id, ? as started_at", first, LONG_AGO)
        change(house, "insert into journal.runs by name select ? as run_id, ? as started_at", wrote, LONG_AGO)
        change(house, "insert into journal.runs by name select ? as run_id, ? as started_at", last, YESTERDAY)
        change(house, "update journal.writes set run_id = ? where table_name = 'marts.products'", wrote)
        assert (home / "history" / "runs" / f"{first}.db").exists()

        done = let_go(settings, shop, instance)
        assert (done.journal_runs, done.dagster_runs) == (1, 1)
        assert {record.dagster_run.run_id for record in instance.get_run_records()} == {wrote, last}
        assert house.query(
            "select count(*) filter (run_id = ?), count(*) from journal.runs".replace("?", f"'{first}'")
        ) == [(0, 3)]
        assert not list(home.rglob(f"{first}*"))
        assert list(home.rglob(f"{wrote}.db"))
        assert done.bytes_after < done.bytes_before
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.all_logs(first) == []
        assert instance.all_logs(wrote) != []
