"""What the mechanism writes about itself: runs, steps, loads, checks, writes, conservation, skips.

The journal is plain inserts, since it cannot be judged by the mechanism it records; the tables of ``ops`` are SELECTs
over it and are judged and published like every other table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import UTC, datetime

import duckdb

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.warehouse.builds import code_fingerprint
from ecom_pipeline.warehouse.names import rows_of

TABLES = {
    "runs": "run_id varchar, started_at timestamp, ended_at timestamp, status varchar, shop varchar, shop_fingerprint varchar,"
    " code_fingerprint varchar",
    "steps": "run_id varchar, step varchar, started_at timestamp, seconds double, peak_memory_bytes bigint, status varchar,"
    " message varchar",
    "checks": "run_id varchar, table_name varchar, check_name varchar, description varchar, action varchar, passed boolean,"
    " rows_failed bigint, rows_checked bigint, observed varchar, checked_at timestamp",
    "loads": "load_id bigint, source varchar, file varchar, size_bytes bigint, sha256 varchar, rows bigint,"
    " unreadable_rows bigint, encoding varchar, dialect varchar, modified_at timestamp, loaded_at timestamp, run_id varchar,"
    " superseded_by bigint, columns varchar[], retired_at timestamp, read_as varchar",
    "notices": "run_id varchar, source varchar, notice varchar, noticed_at timestamp",
    "conservation": "run_id varchar, input varchar, source varchar, routed_rows bigint, clean_rows bigint,"
    " duplicate_rows bigint, quarantined_rows bigint, table_name varchar",
    "writes": "run_id varchar, table_name varchar, outcome varchar, rows bigint, reason varchar, written_at timestamp",
    "builds": "table_name varchar, version varchar, built_from varchar, fingerprint varchar, run_id varchar",
}
QUARANTINE = {
    "rows": "table_name varchar, source varchar, file varchar, row_number bigint, load_id bigint, reasons varchar,"
    " original varchar, run_id varchar, quarantined_at timestamp, key varchar",
    "duplicates": "table_name varchar, source varchar, file varchar, row_number bigint, load_id bigint, key varchar,"
    " differs boolean",
}
CURRENT_LOADS = "select * from journal.loads where superseded_by is null and retired_at is null"
"""The loads whose rows stand in raw."""


def now() -> datetime:
    """The time of day in UTC, without an offset, as every ``_at`` column has it."""
    return datetime.now(UTC).replace(tzinfo=None)


def create_journal(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the journal and of the quarantine, which the mechanism writes by itself.

    A column that a later version added, always as the last one, is added to a table of an earlier version too.
    """
    connection.execute("create schema if not exists journal")
    for schema, tables in (("quarantine", QUARANTINE), ("journal", TABLES)):
        for table, columns in tables.items():
            connection.execute(f"create table if not exists {schema}.{table} ({columns})")
            held = {name for name, *_ in connection.execute(f"describe {schema}.{table}").fetchall()}
            for column in columns.split(", "):
                if column.split(" ")[0] not in held:
                    connection.execute(f"alter table {schema}.{table} add column {column}")
    connection.execute(f"create or replace view journal.current_loads as {CURRENT_LOADS}")


def record(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Sequence[object]]) -> None:
    """Append rows, in the order of the table's columns; columns at the end that a row does not have are null."""
    rows = list(rows)
    if rows:
        names = [column.split(" ")[0] for column in TABLES[table].split(", ")][: len(rows[0])]
        marks = ", ".join(f"({', '.join('?' for _ in names)})" for _ in rows)
        connection.execute(
            f"insert into journal.{table} ({', '.join(names)}) values {marks}", [value for row in rows for value in row]
        )


def record_checks(connection: duckdb.DuckDBPyConnection, run_id: str, checks: Iterable[CheckResult]) -> None:
    """Append verdicts; a :class:`CheckResult` has its fields in the order of the table's columns."""
    record(connection, "checks", [(run_id, *astuple(check), now()) for check in checks])


def checks_of_run(connection: duckdb.DuckDBPyConnection, run_id: str, table: str) -> list[CheckResult]:
    """The verdicts that a run gave about a table."""
    found = rows_of(
        connection,
        "select table_name as table, check_name as name, description, action, passed, rows_failed, rows_checked, observed"
        " from journal.checks where run_id = ? and table_name = ?",
        [run_id, table],
    )
    return [CheckResult(**row) for row in found]


def start_run(connection: duckdb.DuckDBPyConnection, run_id: str, shop: str, shop_fingerprint: str) -> None:
    """Open a run; runs that a killed process left open are closed as failed."""
    connection.execute("update journal.runs set status = 'interrupted', ended_at = ? where status = 'running'", [now()])
    record(connection, "runs", [(run_id, now(), None, "running", shop, shop_fingerprint, code_fingerprint())])


def close_steps(connection: duckdb.DuckDBPyConnection, run_id: str, failures: Mapping[str, str]) -> None:
    """Mark as failed the steps that failed after they had ended their work, or before they began it."""
    known = connection.execute(
        "select step from journal.steps where run_id = ? and status = 'failed'", [run_id]
    ).fetchall()
    for step, message in failures.items():
        if (step,) not in known:
            record(connection, "steps", [(run_id, step, now(), 0.0, 0, "failed", message)])


def end_run(connection: duckdb.DuckDBPyConnection, run_id: str, status: str) -> None:
    """Close a run as ``succeeded`` or ``failed``."""
    connection.execute("update journal.runs set status = ?, ended_at = ? where run_id = ?", [status, now(), run_id])
