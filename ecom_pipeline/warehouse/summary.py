"""What a run built, read back from the journal and the tables: the demo's last page, ``ecom status``, ``--json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from ecom_pipeline.warehouse.names import columns_of, rows_of

Rows = list[dict[str, Any]]

OF_THE_RUN = {
    "tables": "select table_name, rows, outcome from journal.writes where run_id = ? order by written_at, table_name",
    "loads": """
        select source, count(*) as files, coalesce(sum(rows), 0)::bigint as rows
        from journal.loads where run_id = ? group by source order by source
        """,
    "notices": "select source, notice from journal.notices where run_id = ? order by source, notice",
    "conservation": """
        select input, source, routed_rows, clean_rows, duplicate_rows, quarantined_rows
        from journal.conservation where run_id = ? order by input, source
        """,
    "skipped": """
        select table_name, reason from journal.writes where run_id = ? and outcome = 'skipped' order by table_name
        """,
    "warnings": """
        select table_name, check_name, description, rows_failed, rows_checked
        from journal.checks where run_id = ? and not passed and action = 'warn' order by table_name, check_name
        """,
    "refused": """
        select step, message from journal.steps where run_id = ? and status = 'failed' order by started_at
        """,
    "steps": "select step, seconds, peak_memory_bytes, status from journal.steps where run_id = ? order by started_at",
}
OF_A_TABLE = {
    "quarantined": (
        "quarantine.rows",
        "select table_name, reasons, count(*) as rows from quarantine.rows group by all order by table_name, rows desc, reasons",
    ),
    "models": (
        "models.registry",
        "select domain, model, metric, value, baseline, baseline_value, decision, reason from models.registry order by domain",
    ),
    "anomalies": (
        "ops.anomalies",
        "select table_name, metric, column_name, metric_date, value, lower, upper, detail from ops.anomalies"
        " where is_anomaly order by metric_date desc, table_name, metric, column_name",
    ),
}
"""As it is now, which is nothing where the table was never written."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One run.

    Every list holds one mapping per row, so that the same content prints as a table and as JSON.
    """

    run: Mapping[str, Any]
    tables: Rows
    loads: Rows
    notices: Rows
    conservation: Rows
    quarantined: Rows
    models: Rows
    skipped: Rows
    warnings: Rows
    anomalies: Rows
    refused: Rows
    steps: Rows


def summarise(connection: duckdb.DuckDBPyConnection, run_id: str | None = None) -> Summary | None:
    """Summarise a run, the last one by default; None where there was none."""
    runs = rows_of(
        connection,
        "select * from journal.runs where run_id = coalesce(?, run_id) order by rowid desc limit 1",
        [run_id],
    )
    if not runs:
        return None
    told = {name: rows_of(connection, query, [runs[0]["run_id"]]) for name, query in OF_THE_RUN.items()}
    for name, (table, query) in OF_A_TABLE.items():
        told[name] = rows_of(connection, query) if columns_of(connection, table) else []
    return Summary(run=runs[0], **told)
