"""Nights one after another: nothing new, late rows, a date range again, two at once, one that is killed."""

from __future__ import annotations

import os
import signal
import time

import dagster as dg
import duckdb
import pytest

from ecom_pipeline import cli
from ecom_pipeline.defs import tables
from ecom_pipeline.warehouse import release as releases
from ecom_pipeline_tests.e2e.conftest import House

pytestmark = pytest.mark.slow


def content(house: House) -> str:
    return releases.show(house.releases).digest


def test_a_second_night_loads_nothing_and_publishes_the_same_content(house: House) -> None:
    before, tables = content(house), house.tables()
    loads = house.query("select count(*), max(load_id) from journal.loads")
    said = house.ecom("run", "--json")
    assert said.code == cli.OK, said.words
    assert said.json["succeeded"] is True
    assert said.json["loads"] == []
    assert house.query("select count(*), max(load_id) from journal.loads") == loads
    assert content(house) == before
    unlike = {name for name, digest in house.tables().items() if tables.get(name) != digest}
    assert {name.split(".")[0] for name in unlike} <= {"ops"}

    listed = house.ecom("release", "list", "--json").json
    assert [one["content"] for one in listed] == [before, before]
    assert [one["current"] for one in listed] == ["", "*"]
    found = house.ecom("release", "diff", "--json").json
    moved = [one["table"] for one in found["tables"] if one["added"] or one["removed"] or one["changed"]]
    assert moved
    assert all(name.startswith("ops.") for name in moved), found
    assert found["answers"]["loads"]["rows"] == []
    assert found["cause"] in house.ecom("release", "diff").words
    assert house.ecom("release", "rollback", "--json").json["release_id"] == listed[0]["release"]
    assert house.ecom("release", "show", "--json").json["release_id"] == listed[0]["release"]
    status = house.ecom("status", "--json")
    assert (status.code, status.json["run"]["status"]) == (cli.OK, "succeeded")


def test_an_unchanged_table_is_vouched_for_again_and_shows_what_it_showed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown() -> tuple[dict[str, object], bool, object, object]:
        result = house.materialize(dg.AssetSelection.assets(["marts", "customer_profiles"]))
        ((event,), (check,)) = result.get_asset_materialization_events(), result.get_asset_check_evaluations()
        return dict(event.materialization.metadata), check.passed, check.metadata, check.severity

    first = shown()
    assert first[0]["outcome"] == dg.TextMetadataValue("unchanged")
    assert {"chart", "dagster/column_lineage"} <= first[0].keys()
    monkeypatch.setattr(tables, "CHARTS", {"marts.customer_profiles": lambda _: "another chart"})
    monkeypatch.setattr(tables, "column_lineage", lambda *_: {})
    assert shown() == first


def test_late_and_corrected_rows_give_the_tables_of_a_load_from_scratch(house: House) -> None:
    first = sorted(house.landing.glob("orders-*.csv"))[0]
    lines = first.read_text("utf-8").splitlines()
    first.write_text("\n".join([lines[0], lines[1].replace("completed", "cancelled"), *lines[3:]]) + "\n", "utf-8")
    assert house.load()
    assert house.query("select count(*) from journal.loads where superseded_by is not null") == [(1,)]
    query = "select columns(* exclude (_load_id)) from clean.orders order by order_id"
    late = house.query(query)
    house.warehouse.unlink()
    assert house.load()
    assert house.query(query) == late
    order = lines[1].split(",")[0]
    assert house.query(f"select status from clean.orders where order_id = '{order}'") == [("cancelled",)]
    removed = lines[2].split(",")[0]
    assert house.query(f"select count(*) from clean.orders where order_id = '{removed}'") == [(0,)]


def test_a_date_range_again_gives_the_same_content(house: House) -> None:
    before = content(house)
    said = house.ecom("run", "--from", "2024-02-01", "--to", "2024-02-07", "--json")
    assert said.code == cli.OK, said.words
    assert content(house) == before
    refused = house.ecom("run", "--from", "2024-02-01")
    assert (refused.code, "found 2024-02-01 and none" in refused.err) == (cli.FAILED, True)


def test_a_second_run_at_once_is_told_who_holds_the_warehouse_and_a_killed_one_leaves_the_release(house: House) -> None:
    with house.release_untouched():
        night = house.start("run")
        try:
            wait_until_held(house, night.pid)
            second = house.ecom("run")
            assert second.code == cli.BUSY, second.words
            assert f"process {night.pid} has held the warehouse since" in second.err
            status = house.ecom("status")
            assert status.code == cli.BUSY
        finally:
            os.kill(night.pid, signal.SIGKILL)
            night.communicate(timeout=30)
    assert house.load()
    assert house.query("select status from journal.runs order by started_at desc limit 2") == [
        ("succeeded",),
        ("interrupted",),
    ]


def wait_until_held(house: House, pid: int) -> None:
    lock = house.settings.work_dir("mini") / "lock"
    for _ in range(400):
        if lock.exists() and f'"pid": {pid}' in lock.read_text():
            return
        time.sleep(0.1)
    raise TimeoutError("the run did not take the lock")


def test_a_table_that_stopped_arriving_is_a_warning_with_the_figure_and_the_band(house: House) -> None:
    """The mini shop's messages end 30 days before its orders do."""
    finding = "clean.messages lag_days on 2024-04-29: 30 (last on 2024-03-30), expected 0 to 1"
    ((passed, action, observed),) = house.query(
        "select passed, action, observed from journal.checks where check_name = 'within_band'"
    )
    assert (passed, action) == (False, "warn")
    assert finding in observed
    (told,) = house.ecom("status", "--json").json["anomalies"]
    assert (told["table_name"], told["metric"], told["value"], told["lower"], told["upper"]) == (
        "clean.messages",
        "lag_days",
        30,
        0,
        1,
    )
    with duckdb.connect(str(house.releases / "current" / "release.duckdb"), read_only=True) as release:
        assert release.execute("select finding from ops.anomalies where is_anomaly").fetchall() == [(finding,)]


def test_quarantine_is_listed_and_emptied_by_a_mended_mapping(house: House) -> None:
    held = house.ecom("quarantine", "list", "--json").json
    assert sum(one["rows"] for one in held) == house.query("select count(*) from quarantine.rows")[0][0]
    path = house.landing / "faq.csv"
    header, *rows = path.read_text("utf-8").splitlines()
    nameless = "," * header.count(",") + "en"
    path.write_text("\n".join([header, *rows, nameless]) + "\n", "utf-8")
    house.load()
    shown = house.ecom("quarantine", "show", "clean.faq", "--json").json
    assert [one["file"] for one in shown] == ["faq.csv"]
    assert shown[0]["row_number"] == len(rows) + 1
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    house.load()
    assert house.ecom("quarantine", "show", "clean.faq", "--json").json == []
