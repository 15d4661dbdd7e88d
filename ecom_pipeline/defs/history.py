"""Dagster's history of runs, in its own SQLite files, with one connection to each for the length of a run.

Dagster makes an engine, opens the file and closes it again for each of the thousands of small transactions of a run, so
that every statement is compiled anew, and every transaction and every close waits for the disk. Kept open, with
``synchronous = normal``, the file is whole after any crash; the failure of the power alone can lose the last events, none
of which is among the data of the shop (docs/decisions/0012-one-dagster-check-per-table.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import dagster as dg
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster_shared.error import SerializableErrorInfo
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from ecom_pipeline.warehouse.connection import WarehouseError

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData

WAIT_SECONDS = 60
"""How long a transaction waits for another process, such as the UI, that writes the same file."""


def _engine(url: str) -> Engine:
    """An engine that keeps one connection open, and opens others while that one is in use."""
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        connect_args={"timeout": WAIT_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = normal"))
    return engine


class KeptOpenEvents(SqliteEventLogStorage):
    """The events of runs: a file for each run and one that sums them up."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept: dict[str | None, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Make it as ``dagster.yaml`` says."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def run_connection(self, run_id: str | None = None) -> Iterator[Connection]:
        """A transaction in the file of a run, which is made where there is none."""
        if run_id not in self._kept:
            with super().run_connection(run_id):
                self._kept[run_id] = _engine(self.conn_string_for_shard(str(run_id)))
        with self._kept[run_id].begin() as connection:
            yield connection

    def index_connection(self) -> Any:
        """A transaction in the file that sums them up."""
        return self.run_connection("index")

    def dispose(self) -> None:
        """Close what is open."""
        for engine in self._kept.values():
            engine.dispose()
        super().dispose()


class KeptOpenRuns(SqliteRunStorage):
    """The runs."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._kept = _engine(conn_string)
        super().__init__(conn_string, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Make it as ``dagster.yaml`` says."""
        return cls.from_local(inst_data=inst_data, **config_value)

    def connect(self) -> Any:
        """A transaction."""
        return self._kept.begin()

    def dispose(self) -> None:
        """Close what is open."""
        self._kept.dispose()
        super().dispose()


def open_instance(home: Path, *, kept_open: bool = True) -> dg.DagsterInstance:
    """The shop's instance, as its ``dagster.yaml`` says.

    Parameters
    ----------
    kept_open
        Keep the files of the history open, unless the history is kept elsewhere.

    Raises
    ------
    WarehouseError
        The ``dagster.yaml`` is not one.
    """
    file = home / "dagster.yaml"
    try:
        stated = yaml.safe_load(file.read_text("utf-8")) or {}
        if not isinstance(stated, dict):
            raise WarehouseError(f"{file}: expected settings by name, found {stated!r}")
        is_elsewhere = any(str(name).endswith("storage") for name in stated)
        overrides = _keeping_open(home / "history") if kept_open and not is_elsewhere else None
        return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=overrides))
    except (UnicodeDecodeError, yaml.YAMLError, dg.DagsterInvalidConfigError) as error:
        wrong = str(error).split(" Expected:")[0]  # Dagster goes on to name all that it knows
        raise WarehouseError(f"{file}: {' '.join(wrong.split())}") from error


def failed_steps(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """Steps of a run that failed, with their messages."""
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    failed = {one.step_key: one.dagster_event.step_failure_data for one in events if one.step_key and one.dagster_event}
    return {
        step: (data.user_failure_data and data.user_failure_data.description) or _innermost(data.error)
        for step, data in failed.items()
    }


def why_failed(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """A sentence or two per step that failed; what Dagster says of the run where none did, such as before the first."""
    steps = [f"{step}: {message}" for step, message in failed_steps(instance, run_id).items()]
    events = [] if steps else instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    runs = [one.dagster_event for one in events if one.dagster_event]
    return steps or [f"{one.message} {_innermost(one.job_failure_data.error)}".strip() for one in runs]


def _innermost(error: SerializableErrorInfo | None) -> str:
    """The message of the error that caused the others."""
    while error and error.cause:
        error = error.cause
    return error.message.strip() if error else ""


def _keeping_open(history: Path) -> dict[str, Any]:
    return {
        name: {"module": __name__, "class": kind.__name__, "config": {"base_dir": str(folder)}}
        for name, kind, folder in (
            ("run_storage", KeptOpenRuns, history),
            ("event_log_storage", KeptOpenEvents, history / "runs"),
        )
    }
