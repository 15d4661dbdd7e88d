"""From files to ``raw``: one table per source of ``shop.yaml``, of text, with the ledger of what was loaded."""

from collections.abc import Iterable
from dataclasses import replace

import dagster as dg
import duckdb

from ecom_pipeline.contracts import PROVENANCE, UNDECLARED, Column, Contract, Rule
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import step
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.ledger import LedgerEntry
from ecom_pipeline.shop.loading import LoadReport, load_source
from ecom_pipeline.shop.mapping import routing_select
from ecom_pipeline.sql import quoted
from ecom_pipeline.warehouse.aside import quarantine
from ecom_pipeline.warehouse.candidate import Candidate
from ecom_pipeline.warehouse.connection import WarehouseError
from ecom_pipeline.warehouse.journal import now, record
from ecom_pipeline.warehouse.names import columns_of, rows_of
from ecom_pipeline.warehouse.stage import next_of

RAW_COLUMNS = {
    **{name: (PROVENANCE[name], UNDECLARED[name]) for name in ("_load_id", "_file", "_row")},
    "_problem": ("VARCHAR", "Why the line could not be read as the file's columns; null where it could."),
    "_line": ("VARCHAR", "The line as it stands in the file, where it could not be read."),
}


def raw_contract(shop: Shop, source: str, columns: Iterable[str]) -> Contract:
    """The promise of ``raw.<source>``: the columns of its files, as text, each with what it is read as."""
    read_as: dict[str, list[str]] = {}
    for table, column, name in shop.lineage(source):
        read_as.setdefault(name.lower(), []).append(f"{table}.{column}")
    own = [
        Column(
            name=name,
            type="VARCHAR",
            description=f"Read as {', '.join(read_as[name.lower()])}."
            if name.lower() in read_as
            else "Read by no input.",
        )
        for name in columns
    ]
    leading = [Column(name=name, type=kind, description=words) for name, (kind, words) in RAW_COLUMNS.items()]
    return Contract(
        schema_name="raw",
        table=source,
        description=f"One row per row of the source '{source}', unchanged, as text.",
        domain="shop",
        columns=(*own, *leading),
        rules=(
            Rule(
                name="readable",
                where="_problem is null",
                description="the line has the columns of its file",
                column="_problem",
            ),
        ),
        tolerance=0.05,
        mode="merge",
        merge_on="_file",
    )


def raw_assets(shop: Shop) -> list[dg.AssetsDefinition]:
    """One step per source: loads what is new or changed."""
    return [_raw_asset(shop, source) for source in shop.sources]


def _raw_asset(shop: Shop, source: str) -> dg.AssetsDefinition:
    mapped = mapped_contract(shop, source)
    return step(
        f"raw__{source}",
        [mapped],
        {mapped.name: []},
        lambda night: [load(night, source)],
        kinds={"duckdb", "file"},
        source=load,
    )


def mapped_contract(shop: Shop, source: str) -> Contract:
    """The promise of ``raw.<source>`` before anything was loaded: the columns that are mapped."""
    return raw_contract(shop, source, shop.used_columns(source))


def load(night: Night, source: str) -> Candidate:
    """The rows of a source's new and changed files, which take the place of those of their last versions."""
    mapped = mapped_contract(night.shop, source)
    staged = next_of(mapped)
    try:
        report = load_source(
            night.connection,
            night.shop,
            source,
            night.settings.landing_dir,
            _ledger(night, source),
            _next_load_id(night),
            staged,
            night.settings.settle_seconds,
        )
    except (duckdb.Error, OSError) as error:
        raise WarehouseError(f"raw.{source}: {error}") from error
    plan = night.plan(mapped, ())
    if plan.mode == "unchanged" and not report.entries:
        return Candidate(contract=mapped, plan=plan, together=lambda: _record_loads(night, source, report))
    present = [name for name in columns_of(night.connection, staged) if name not in RAW_COLUMNS]
    whole = plan.mode == "replace"
    if columns_of(night.connection, mapped.name):
        plan = replace(plan, mode="merge", touched=_touched_files(night, source, report))
    return Candidate(
        contract=raw_contract(night.shop, source, present),
        plan=plan,
        is_staged=True,
        together=lambda: _account(night, source, report, whole=whole),
    )


def _touched_files(night: Night, source: str, report: LoadReport) -> str:
    touched = f"staging.{quoted('touched__raw__' + source)}"
    night.connection.execute(f"create or replace table {touched} (_file varchar)")
    if report.entries:
        night.connection.executemany(f"insert into {touched} values (?)", [[entry.file] for entry in report.entries])
    return touched


def _ledger(night: Night, source: str) -> list[LedgerEntry]:
    rows = rows_of(
        night.connection,
        "select load_id, file, size_bytes as size, sha256, modified_at, loaded_at, rows, columns, read_as,"
        " retired_at is not null as is_retired from journal.loads"
        " where source = ? and superseded_by is null",
        [source],
    )
    return [LedgerEntry(**row | {"columns": tuple(row["columns"])}) for row in rows]


def _next_load_id(night: Night) -> int:
    return int(night.connection.execute("select coalesce(max(load_id), 0) + 1 from journal.loads").fetchall()[0][0])


def _record_loads(night: Night, source: str, report: LoadReport) -> None:
    for entry in report.entries:
        night.connection.execute(
            "update journal.loads set superseded_by = ? where source = ? and file = ? and superseded_by is null",
            [entry.load_id, source, entry.file],
        )
    record(
        night.connection,
        "loads",
        [
            (
                entry.load_id,
                source,
                entry.file,
                entry.size,
                entry.sha256,
                entry.rows,
                entry.unreadable,
                entry.encoding,
                entry.dialect,
                entry.modified_at,
                now(),
                night.run_id,
                None,
                list(entry.columns),
                None,
                entry.read_as,
            )
            for entry in report.entries
        ],
    )
    record(night.connection, "notices", [(night.run_id, source, notice, now()) for notice in report.notices])


def _account(night: Night, source: str, report: LoadReport, *, whole: bool) -> None:
    """Write down the loads, quarantine their rows that no input takes, and prove that raw holds what was read.

    Parameters
    ----------
    whole
        Ask again about the rows of earlier loads too: ``shop.yaml`` may say something else about them now.
    """
    _record_loads(night, source, report)
    first = 0 if whole else min((entry.load_id for entry in report.entries), default=0)
    rejects = f"staging.{quoted('unrouted__' + source)}"
    night.connection.execute(
        f"create or replace table {rejects} as select _source, _load_id, _file, _row, _reasons as reasons, null as key"
        f" from ({routing_select(night.shop, source)}) where _reasons is not null and _load_id >= {first}"
    )
    leaves = f"load_id >= {first} or load_id not in (select load_id from journal.current_loads)"
    quarantine(night.connection, f"raw.{source}", rejects, night.run_id, leaves)
    night.connection.execute(f"drop table {rejects}")
    arrived, held, rejected = night.connection.execute(
        f"select (select coalesce(sum(rows), 0) from journal.current_loads where source = ?),"
        f" (select count(*) from raw.{quoted(source)}),"
        f" (select count(*) from quarantine.rows where table_name = ?)",
        [source, f"raw.{source}"],
    ).fetchall()[0]
    counted = (night.run_id, "raw", source, arrived, held - rejected, 0, rejected, f"raw.{source}")
    record(night.connection, "conservation", [counted])
    if arrived != held:
        raise WarehouseError(f"raw.{source}: the files had {arrived} rows, raw has {held}")
