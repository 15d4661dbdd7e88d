"""A house to live in for one test: the ways a person gets at a shop. The fixtures are in the conftest above."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from ecom_pipeline import cli
from ecom_pipeline.definitions import build_defs, run_night
from ecom_pipeline.settings import Settings

QUIET: dict[str, object] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Everything that was printed, with the line breaks of the terminal's width taken out."""
        return " ".join((self.out + self.err).split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class House:
    """A shop, its data folder, and the Dagster instance that records its nights."""

    settings: Settings
    instance: dg.DagsterInstance

    @property
    def landing(self) -> Path:
        return self.settings.shop_file.parent

    @property
    def releases(self) -> Path:
        return self.settings.releases_dir("mini")

    @property
    def warehouse(self) -> Path:
        return self.settings.work_dir("mini") / "warehouse.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        """What ``ecom`` needs to work on this house, and nothing of the machine's own settings."""
        home = self.settings.dagster_dir("mini")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ECOM_", "DAGSTER_"))}
        hook = {"ECOM_WEBHOOK_URL": self.settings.webhook_url} if self.settings.webhook_url else {}
        return (
            kept
            | hook
            | {
                "DAGSTER_HOME": str(home),
                "ECOM_SHOP": str(self.settings.shop),
                "ECOM_DATA_DIR": str(self.settings.data_dir),
                "ECOM_SETTLE_SECONDS": str(self.settings.settle_seconds),
                "ECOM_MEMORY_LIMIT": self.settings.memory_limit,
                "ECOM_THREADS": str(self.settings.threads),
                "COLUMNS": "1000",
                "PYTHONPATH": str(ROOT),
            }
        )

    def ecom(self, *arguments: str) -> Said:
        """Run ``ecom`` in this process."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name in [name for name in os.environ if name not in self.environment]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            code = cli.main(arguments)
        return Said(code, out.getvalue(), err.getvalue())

    def start(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Start ``ecom`` in a process of its own."""
        return subprocess.Popen(
            [*before, sys.executable, "-m", "ecom_pipeline.cli", *arguments],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def night(self, **options: Any) -> bool:
        """A whole night."""
        return run_night(self.settings, instance=self.instance, **options)[1] is None

    def materialize(
        self, selection: dg.AssetSelection, *, full: bool = False, dates: tuple[date, date] | None = None
    ) -> dg.ExecuteInProcessResult:
        """A part of a night, as somebody would start it from the UI."""
        definitions = build_defs(self.settings)
        backfill = {"start_date": str(dates[0]), "end_date": str(dates[1])} if dates else {}
        return materialize(definitions, selection, self.instance, {"full": full} | backfill)

    def load(self) -> bool:
        """The part of a night from the files to the clean tables."""
        return self.materialize(dg.AssetSelection.key_prefixes(["raw"], ["input"], ["clean"])).success

    def query(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def tables(self) -> dict[str, str]:
        """Digest of every live table and the text of every view, the pipeline's own bookkeeping apart."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            names = connection.execute(
                "select schema_name || '.\"' || table_name || '\"' from duckdb_tables()"
                " where schema_name not in ('journal', 'quarantine', 'staging')"
            ).fetchall()
            digests = {
                name: str(
                    connection.execute(f"select count(*), sum(hash(one)::hugeint) from (from {name}) as one").fetchall()
                )
                for (name,) in names
            }
            views = connection.execute(
                "select schema_name || '.' || view_name, sql from duckdb_views() where not internal"
            ).fetchall()
            return digests | dict(views)

    def release_bytes(self) -> dict[str, str]:
        """The current release's id, and a hash of every file of every release."""
        files = {
            path.relative_to(self.releases).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.releases.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }
        return files | {"current": os.readlink(self.releases / "current")}

    @contextmanager
    def release_untouched(self) -> Iterator[None]:
        """Whatever happens meanwhile, the releases are the same to the byte."""
        before = self.release_bytes()
        assert any(name.endswith("release.duckdb") for name in before)
        yield
        assert self.release_bytes() == before


@contextmanager
def copied(house: Path, folder: Path, *, settle_seconds: float = 0) -> Iterator[House]:
    """A copy of a shop and all that its nights made, to do with as a test likes."""
    shutil.copytree(house, folder, dirs_exist_ok=True, symlinks=True)
    settings = settings_for(folder).model_copy(update={"settle_seconds": settle_seconds})
    write_instance(settings.dagster_dir("mini"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield House(settings, instance)


def materialize(
    definitions: dg.Definitions,
    selection: dg.AssetSelection,
    instance: dg.DagsterInstance,
    night: Mapping[str, object] | None = None,
) -> dg.ExecuteInProcessResult:
    """Run a selection of the nightly job, with the other tables of the steps it touches."""
    graph = definitions.resolve_asset_graph()
    keys = selection.required_multi_asset_neighbors().resolve(graph) & graph.executable_asset_keys
    return definitions.resolve_job_def("nightly").execute_in_process(
        instance=instance,
        asset_selection=sorted(keys),
        run_config=QUIET | {"resources": {"night": {"config": dict(night or {})}}},
        raise_on_error=False,
    )


def settings_for(folder: Path) -> Settings:
    return Settings(
        data_dir=folder / "data",
        shop=folder / "shop",
        settle_seconds=0,
        memory_limit="1GB",
        threads=1,
    )


def write_instance(home: Path) -> None:
    """A Dagster instance that forgets its events: SQLite syncs each of some 2,000 to the disk, which takes a minute."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(
        f"""
telemetry: {{enabled: false}}
event_log_storage: {{module: dagster._core.storage.event_log, class: InMemoryEventLogStorage}}
run_storage: {{module: dagster._core.storage.runs, class: SqliteRunStorage, config: {{base_dir: {home}}}}}
schedule_storage: {{module: dagster._core.storage.schedules, class: SqliteScheduleStorage, config: {{base_dir: {home}}}}}
"""
    )
