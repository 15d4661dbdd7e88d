"""What is measured, each with its imports before the clock starts: ours, DuckDB alone, pandas, polars, the gate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.events import PRICE
from benchmarks.peers import in_pandas, in_polars

__all__ = ["duckdb_alone", "gate", "in_pandas", "in_polars", "ours"]

MEMORY, THREADS = "1400MB", 2
"""DuckDB's share of the 2 GB that the whole process may take; the rest is what Python and its libraries need."""
Work = Callable[[], dict[str, Any]]


def ours(shop: str, data: str, features: bool) -> Work:
    """The steps of the nightly job from the files to clean events, and to sessions with ``features``.

    A step starts a new peak of memory, so that the largest of the steps is the peak of the whole.
    """
    import dagster as dg
    import duckdb

    import ecom_pipeline.quality.expectations
    import ecom_pipeline.quality.session  # noqa: F401
    from ecom_pipeline.definitions import build_defs
    from ecom_pipeline.settings import Settings

    settings = Settings(data_dir=Path(data), shop=Path(shop), settle_seconds=0, memory_limit=MEMORY, threads=THREADS)
    definitions = build_defs(settings)
    last = "features.sessions" if features else "clean.events"
    selection = dg.AssetSelection.keys(dg.AssetKey(last.split("."))).upstream()
    graph = definitions.resolve_asset_graph()
    keys = selection.required_multi_asset_neighbors().resolve(graph) & graph.executable_asset_keys
    job = definitions.resolve_job_def("nightly")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

    def work() -> dict[str, Any]:
        with dg.DagsterInstance.ephemeral() as instance:
            result = job.execute_in_process(instance=instance, asset_selection=sorted(keys), run_config=quiet)
        with duckdb.connect(str(settings.work_dir("events") / "warehouse.duckdb"), read_only=True) as connection:
            steps = connection.execute(
                "select step, seconds, peak_memory_bytes // 1048576 from journal.steps where run_id = ?",
                [result.run_id],
            ).fetchall()
            counts = connection.execute(
                "select (select count(*) from raw.events), (select count(*) from clean.events),"
                " (select count(*) from quarantine.rows)"
            ).fetchall()[0]
            sessions = connection.execute("select count(*) from features.sessions").fetchall()[0][0] if features else 0
        arrived, clean, rejects = counts
        return {
            "arrived": arrived,
            "clean": clean,
            "duplicates": arrived - clean - rejects,
            "rejects": rejects,
            "sessions": sessions,
            "peak_mb": max(peak for _, _, peak in steps),
            "steps": {step: {"seconds": round(seconds, 2), "peak_mb": peak} for step, seconds, peak in steps},
        }

    return work


def duckdb_alone(file: str, database: str) -> Work:
    """A bare ``create table as select`` with the casts of the clean table; what cannot be cast is lost."""
    import duckdb

    Path(database).unlink(missing_ok=True)

    def work() -> dict[str, Any]:
        with duckdb.connect(database, config={"memory_limit": MEMORY, "threads": THREADS}) as connection:
            source = f"read_csv('{file}', types = {{event_time: 'TIMESTAMP', price: '{PRICE}'}}, ignore_errors = true)"
            if not file.endswith(".csv"):
                casts = f"try_cast(event_time as timestamp) as event_time, price::{PRICE} as price"
                source = f"(select * replace ({casts}) from '{file}')"
            connection.execute(f"create table events as select * from {source}")
            return {"arrived": connection.execute("select count(*) from events").fetchall()[0][0]}

    return work


def gate(rows: int) -> Work:
    from benchmarks.gate import figures

    return lambda: figures(rows)
