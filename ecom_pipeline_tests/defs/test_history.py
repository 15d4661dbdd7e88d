"""Dagster's history as a night writes it is the one that the UI reads, and waits for the disk at checkpoints only."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from ecom_pipeline.defs.history import KeptOpenEvents, KeptOpenRuns, open_instance
from ecom_pipeline.warehouse.connection import WarehouseError


@dg.asset
def one() -> None: ...


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n", "utf-8")
    return tmp_path


def test_what_is_written_is_read_by_the_stock_instance_then_and_after(home: Path) -> None:
    with open_instance(home) as instance, dg.DagsterInstance.from_config(str(home)) as stock:
        result = dg.materialize([one], instance=instance)
        assert [run.run_id for run in stock.get_runs()] == [result.run_id]
        assert stock.get_latest_materialization_event(one.key) is not None
        told = [event.dagster_event_type for event in instance.all_logs(result.run_id) if event.is_dagster_event]
    with dg.DagsterInstance.from_config(str(home)) as stock:
        assert [event.dagster_event_type for event in stock.all_logs(result.run_id) if event.is_dagster_event] == told
    assert told[-1] == dg.DagsterEventType.RUN_SUCCESS


def test_a_file_keeps_its_log_until_the_end(home: Path) -> None:
    with open_instance(home) as instance:
        run_id = dg.materialize([one], instance=instance).run_id
        logs = [home / "history" / "runs.db-wal"]
        logs += [home / "history" / "runs" / f"{name}.db-wal" for name in (run_id, "index")]
        assert all(log.stat().st_size > 0 for log in logs)
        for storage in (instance.event_log_storage, instance.run_storage):
            assert isinstance(storage, KeptOpenEvents | KeptOpenRuns)
        with instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
            assert connection.execute(sa.text("pragma synchronous")).scalar_one() == 1
    assert not [log for log in logs if log.exists()]


def test_a_history_that_is_kept_elsewhere_stays_there(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (home / "dagster.yaml").write_text(f"storage: {{sqlite: {{base_dir: {elsewhere}}}}}\n", "utf-8")
    with open_instance(home) as instance:
        dg.materialize([one], instance=instance)
    assert (elsewhere / "history" / "runs.db").exists()
    assert not (home / "history" / "runs.db").exists()


@pytest.mark.parametrize("kept_open", [True, False])
@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("telemetry: [1\n", "expected ',' or ']'"),
        ("- 1\n", "expected settings by name, found [1]"),
        ("colour: red\n", 'unexpected config entry "colour" at the root.'),
        ("storage: \udcff", "can't decode byte"),
    ],
)
def test_a_configuration_that_is_none_is_named(home: Path, stated: str, told: str, kept_open: bool) -> None:
    (home / "dagster.yaml").write_text(stated, "utf-8", errors="surrogateescape")
    with pytest.raises(WarehouseError, match=r"dagster\.yaml: ") as refused, open_instance(home, kept_open=kept_open):
        pass
    assert told in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_file_that_is_no_database_fails_as_it_does_elsewhere(home: Path) -> None:
    (home / "history" / "runs.db").mkdir(parents=True)
    with pytest.raises(OperationalError), open_instance(home):
        pass
