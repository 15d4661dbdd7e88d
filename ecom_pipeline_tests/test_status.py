"""The command that tells the last run reads the journal alone."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline import cli
from ecom_pipeline.checks import CheckResult
from ecom_pipeline.terminal import MOST_STEPS
from ecom_pipeline.warehouse import release as releases
from ecom_pipeline.warehouse.connection import open_warehouse
from ecom_pipeline.warehouse.journal import close_steps, end_run, now, record, record_checks, start_run
from ecom_pipeline_tests.shop.shops import EVENTS, make_shop


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    make_shop(tmp_path, EVENTS)
    return ["status", "--shop", str(tmp_path), "--data-dir", str(tmp_path / "data")]


def run(connection: duckdb.DuckDBPyConnection, run_id: str, status: str) -> None:
    start_run(connection, run_id, "test", "f")
    checks = [
        CheckResult(table="clean.faq", name=name, description="d", action=action, passed=passed, rows_failed=1)
        for name, action, passed in (("a", "warn", False), ("b", "warn", True), ("c", "fail", False))
    ]
    record_checks(connection, run_id, checks)
    record(connection, "notices", [(run_id, "faq", f"notice of {run_id}")])
    close_steps(connection, run_id, {} if status == "succeeded" else {"faq": "why it failed"})
    end_run(connection, run_id, status)


def test_before_the_first_run_there_is_nothing_to_tell(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(given) == cli.NOTHING
    assert capsys.readouterr().out == "Shop test has not run yet.\n"
    assert cli.main([*given, "--json"]) == cli.NOTHING
    assert json.loads(capsys.readouterr().out) == {"run": None, "release": None}


def test_the_last_run_is_told_with_its_warnings_and_failures(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_warehouse(tmp_path / "data" / "work" / "test", memory_limit="200MB", threads=1) as connection:
        run(connection, "first", "failed")
        run(connection, "second", "succeeded")
    assert cli.main([*given, "--json"]) == cli.OK
    told = json.loads(capsys.readouterr().out)
    assert (told["run"]["run_id"], told["release"], told["models"], told["anomalies"]) == ("second", None, [], [])
    assert [each["check_name"] for each in told["warnings"]] == ["a"]
    assert told["notices"] == [{"source": "faq", "notice": "notice of second"}]

    with open_warehouse(tmp_path / "data" / "work" / "test", memory_limit="200MB", threads=1) as connection:
        run(connection, "third", "failed")
    assert cli.main(given) == cli.FAILED
    shown = capsys.readouterr()
    assert "notice of third" in shown.out
    assert shown.err == "FAILED faq: why it failed\n", "told once"


def test_a_run_that_failed_before_its_first_step_says_why_as_json_too(
    given: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ecom_pipeline.definitions.run_night", lambda *_, **__: ("of no step", ["no room"]))
    assert cli.main(["run", *given[1:], "--json"]) == cli.FAILED
    told = capsys.readouterr()
    assert json.loads(told.out) == {"succeeded": False, "reasons": ["no room"], "release": None}
    assert "FAILED no room\n" in told.err


@pytest.mark.parametrize("verb", ["run", "status", "quarantine list"])
def test_what_ends_a_command_before_it_begins_is_told_as_json_too(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    shop = tmp_path / "shop.yaml"
    shop.write_text(shop.read_text("utf-8").replace("currency: GBP", "currency: pounds").replace("rows:", "ro ws:"))
    assert cli.main([*verb.split(), *given[1:], "--json"]) == cli.FAILED
    told = capsys.readouterr()
    said = json.loads(told.out)
    assert said["succeeded"] is False
    assert len(said["reasons"]) == 2
    assert told.err == "ecom: " + "\n".join(said["reasons"]) + "\n"


def test_a_warehouse_that_another_run_holds_is_told_as_json_too(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_warehouse(tmp_path / "data" / "work" / "test", memory_limit="200MB", threads=1):
        assert cli.main([*given, "--json"]) == cli.BUSY
    (reason,) = json.loads(capsys.readouterr().out)["reasons"]
    assert str(tmp_path / "data" / "work" / "test") in reason


def test_many_tables_and_steps_are_told_in_a_few_lines(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = now()
    with open_warehouse(tmp_path / "data" / "work" / "test", memory_limit="200MB", threads=1) as connection:
        start_run(connection, "only", "test", "f")
        written = [
            ("swapped", "clean.faq", 7, ""),
            ("merged", "clean.events", 5, ""),
            ("refused", "clean.orders", 9, "why"),
        ]
        skipped = [
            ("skipped", f"{schema}.{name}", 0, "no words") for schema in ("models", "marts") for name in ("a", "b")
        ]
        record(
            connection,
            "writes",
            [("only", name, outcome, rows, reason, moment) for outcome, name, rows, reason in [*written, *skipped]],
        )
        steps = [
            ("only", f"step{number}", moment, float(number), number * 2**20, "succeeded", "") for number in range(40)
        ]
        record(connection, "steps", steps)
        end_run(connection, "only", "failed")
    cli.main(given)
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["clean", "3", "21", "1", "1", "0", "1"] in shown
    assert ["no", "words", "marts.a,", "marts.b"] in shown
    assert ["step39", "39", "39"] in shown
    others = range(40 - MOST_STEPS)
    assert [f"{len(others)}", "others", f"{sum(others)}", f"{others[-1]}"] in shown
    assert not any("step3" in line for line in shown)


def test_it_is_told_whether_the_last_run_published_what_is_current(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data" / "releases" / "test"

    def told(run_id: str, status: str, *, publishes: bool) -> str:
        with open_warehouse(tmp_path / "data" / "work" / "test", memory_limit="200MB", threads=1) as connection:
            run(connection, run_id, status)
            if publishes:
                releases.publish(connection, [], folder, run_id=run_id, shop="test", keep=3)
        return shown()

    def shown() -> str:
        cli.main(given)
        printed = capsys.readouterr().out
        assert "make ui SHOP=test " in printed
        (line,) = [line for line in printed.splitlines() if ", content " in line]
        return line.split(" release ")[0]

    assert told("first", "succeeded", publishes=True) == "Published"
    assert told("second", "succeeded", publishes=False) == "The run published nothing; still published is"
    assert told("third", "failed", publishes=False) == "The run failed; still published is"
    assert told("fourth", "succeeded", publishes=True) == "Published"
    releases.rollback(folder)
    assert shown() == "Rolled back; published is"


@pytest.mark.parametrize(("action", "most"), [("list", 0), ("show", 1), ("rollback", 1), ("diff", 2)])
def test_ids_that_a_command_would_not_look_at_are_no_usage(
    action: str, most: int, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["release", action, *"abc"[: most + 1], *given[1:]]) == cli.USAGE
    assert f"ecom: release {action} takes {most} ids at most, found a" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["-1", "0", "1.5", "many"])
def test_rows_are_shown_in_a_number_that_there_can_be(
    number: str, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=str(cli.USAGE)):
        cli.main(["quarantine", "show", *given[1:], "--limit", number])
    assert f"expected a number of rows, found '{number}'" in capsys.readouterr().err


def test_an_empty_quarantine_is_told(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["quarantine", "show", *given[1:], "--limit", "1"]) == cli.OK
    assert capsys.readouterr().out == "Quarantine is empty.\n"
    assert cli.main(["quarantine", "list", "clean.oders", *given[1:]]) == cli.OK
    assert capsys.readouterr().out == "Quarantine holds no row of clean.oders.\n"


@pytest.mark.parametrize("words", [["init", ""], ["doctor", " "], ["status", "--shop", ""], ["run", "--data-dir", ""]])
def test_an_empty_path_is_not_the_folder_in_which_the_command_is_typed(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=str(cli.USAGE)):
        cli.main(words)
    assert "expected a path, found nothing" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
