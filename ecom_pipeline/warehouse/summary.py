"""What a run built, read back from the journal and the tables: the demo's last page, ``ecom status``, ``--json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from ecom_pipeline.warehouse.names import columns_of, rows_of


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One run.

    Every list holds one mapping per row, so that the same content prints as a table and as JSON.
    """

    run: Mapping[str, Any]
    tables: list[dict[str, Any]]
    loads: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    conservation: list[dict[str, Any]]
    quarantined: list[dict[str, Any]]
    models: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    anomalies: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    steps: list[dict[str, Any]]


def summarise(connection: duckdb.DuckDBPyConnection, run_id: str | None = None) -> Summary | None:
    """Summarise a run, the last one by default; None where there was none."""
    runs = rows_of(
        connection,
        "select * from journal.runs where run_id = coalesce(?, run_id) order by rowid desc limit 1",
        [run_id],
    )
    if not runs:
        return None
    run = runs[0]
    this = [run["run_id"]]
    return Summary(
        run=run,
        tables=rows_of(
            connection,
            "select table_name, rows, outcome from journal.writes where run_id = ? order by written_at, table_name",
            this,
        ),
        loads=rows_of(
            connection,
            "select source, count(*) as files, coalesce(sum(rows), 0)::bigint as rows from journal.loads where run_id = ?"
            " group by source order by source",
            this,
        ),
        notices=rows_of(
            connection, "select source, notice from journal.notices where run_id = ? order by source, notice", this
        ),
        conservation=rows_of(
            connection,
            "select input, source, routed_rows, clean_rows, duplicate_rows, quarantined_rows from journal.conservation"
            " where run_id = ? order by input, source",
            this,
        ),
        quarantined=rows_of(
            connection,
            "select table_name, reasons, count(*) as rows from quarantine.rows group by all order by table_name, rows desc, reasons",
        ),
        models=rows_of(
            connection,
            "select domain, model, metric, value, baseline, baseline_value, decision, reason from models.registry order by domain",
        )
        if columns_of(connection, "models.registry")
        else [],
        skipped=rows_of(
            connection,
            "select table_name, reason from journal.writes where run_id = ? and outcome = 'skipped' order by table_name",
            this,
        ),
        warnings=rows_of(
            connection,
            "select table_name, check_name, description, rows_failed, rows_checked from journal.checks"
            " where run_id = ? and not passed and action = 'warn' order by table_name, check_name",
            this,
        ),
        anomalies=rows_of(
            connection,
            "select table_name, metric, column_name, metric_date, value, lower, upper, detail from ops.anomalies"
            " where is_anomaly order by metric_date desc, table_name, metric, column_name",
        )
        if columns_of(connection, "ops.anomalies")
        else [],
        refused=rows_of(
            connection,
            "select step, message from journal.steps where run_id = ? and status = 'failed' order by started_at",
            this,
        ),
        steps=rows_of(
            connection,
            "select step, seconds, peak_memory_bytes, status from journal.steps where run_id = ? order by started_at",
            this,
        ),
    )
