"""From files to typed inputs: one table per source of ``shop.yaml`` (raw) and one view per input contract.

A view holds no rows, so it is not swapped but defined; it is judged all the same before it replaces the last definition.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import duckdb

from ecom_pipeline.contracts import CheckResult, Column, Contract, Rule
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import EXPECTED, check_result, checks_of, key_of, spec_of, step
from ecom_pipeline.quality import judge
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.loading import LedgerEntry, LoadReport, load_source
from ecom_pipeline.shop.mapping import input_selects, routing_select
from ecom_pipeline.warehouse.connection import WarehouseError
from ecom_pipeline.warehouse.describe import describe
from ecom_pipeline.warehouse.journal import now, record, record_checks
from ecom_pipeline.warehouse.write import Candidate, Outcome, columns_of, literal, quarantine, quoted

RAW_COLUMNS = {
    "_load_id": ("BIGINT", "The load that brought the row."),
    "_file": ("VARCHAR", "The file below the landing folder."),
    "_row": ("BIGINT", "The row of the file, from 1."),
    "_problem": ("VARCHAR", "Why the line could not be read as the file's columns; null where it could."),
    "_line": ("VARCHAR", "The line as it stands in the file, where it could not be read."),
}


def raw_contract(source: str, columns: list[str]) -> Contract:
    """The promise of ``raw.<source>``: the columns of its files, as text."""
    own = [Column(name=name, type="VARCHAR", description=f"Column {name} of the source.") for name in columns]
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
        merge_on=("_file",),
    )


def raw_assets(shop: Shop) -> list[dg.AssetsDefinition]:
    """One step per source: loads what is new or changed."""
    return [_raw_asset(shop, source) for source in shop.sources]


def _raw_asset(shop: Shop, source: str) -> dg.AssetsDefinition:
    mapped = raw_contract(source, list(shop.used_columns(source)))
    staging = f"staging.{quoted('load__' + source)}"
    reports: list[LoadReport] = []

    def compute(night: Night) -> list[Candidate]:
        try:
            report = load_source(
                night.connection,
                shop,
                source,
                night.settings.landing_dir,
                _ledger(night, source),
                _next_load_id(night),
                staging,
                night.settings.settle_seconds,
            )
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(f"raw.{source}: {error}") from error
        reports[:] = [report]
        present = [name for name in columns_of(night.connection, staging) if name not in RAW_COLUMNS]
        return [
            Candidate(
                contract=raw_contract(source, present),
                content=f"select * from {staging}",
                replace_where=f"_file in ({', '.join(literal(entry.file) for entry in report.entries) or 'null'})",
            )
        ]

    def after(night: Night, _outcomes: list[Outcome]) -> None:
        (report,) = reports
        night.connection.execute(f"drop table if exists {staging}")
        _record_loads(night, source, report)
        _account(night, source)

    return step(f"raw__{source}", [mapped], {mapped.name: []}, compute, kinds={"duckdb", "file"}, after=after)


def _ledger(night: Night, source: str) -> list[LedgerEntry]:
    rows = night.connection.execute(
        "select load_id, file, size_bytes, sha256, modified_at, rows, columns from journal.loads"
        " where source = ? and superseded_by is null",
        [source],
    ).fetchall()
    return [
        LedgerEntry(
            load_id=load_id,
            file=file,
            size=size,
            sha256=sha256,
            modified_at=modified,
            rows=count,
            columns=tuple(columns),
        )
        for load_id, file, size, sha256, modified, count, columns in rows
    ]


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
            )
            for entry in report.entries
        ],
    )
    record(night.connection, "notices", [(night.run_id, source, notice, now()) for notice in report.notices])


def _account(night: Night, source: str) -> None:
    """Quarantine the rows that no input takes, and prove that raw holds what the ledger says was read."""
    rejects = f"staging.{quoted('unrouted__' + source)}"
    night.connection.execute(
        f"create or replace table {rejects} as select _source, _load_id, _file, _row, _reasons as reasons"
        f" from ({routing_select(night.shop, source)}) where _reasons is not null"
    )
    quarantine(night.connection, f"raw.{source}", rejects, night.run_id)
    arrived, held, rejected = night.connection.execute(
        f"select (select coalesce(sum(rows), 0) from journal.loads where source = ? and superseded_by is null),"
        f" (select count(*) from raw.{quoted(source)}), (select count(*) from {rejects})",
        [source],
    ).fetchall()[0]
    night.connection.execute(f"drop table {rejects}")
    record(night.connection, "conservation", [(night.run_id, "raw", source, arrived, held - rejected, 0, rejected)])
    if arrived != held:
        raise WarehouseError(f"raw.{source}: the files had {arrived} rows, raw has {held}")


def input_assets(shop: Shop, contracts: Mapping[str, Contract]) -> list[dg.AssetsDefinition]:
    """One step that defines every view of ``input``."""
    views = [contract for contract in contracts.values() if contract.schema_name == "input"]
    feeding = {
        contract.name: [f"raw.{name}" for name, source in shop.sources.items() if contract.table in source.inputs]
        for contract in views
    }

    @dg.multi_asset(
        name="inputs",
        specs=[spec_of(contract, feeding[contract.name], {"duckdb", "view"}) for contract in views],
        check_specs=[spec for contract in views for spec in checks_of(contract)],
        required_resource_keys={"night"},
        can_subset=False,
    )
    def inputs(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
        night: Night = context.resources.night
        with night.step("inputs"):
            try:
                results = list(_define(night, views))
            except EXPECTED as error:
                raise dg.Failure(str(error), allow_retries=False) from None
            yield from (check_result(check) for check in results)
            refused = [f"{check.table}: {check.name}: {check.observed}" for check in results if check.refuses]
            if refused:
                raise dg.Failure("; ".join(refused), allow_retries=False)
            for contract in views:
                yield dg.MaterializeResult(
                    asset_key=key_of(contract.name), metadata={"sources": ", ".join(feeding[contract.name]) or "none"}
                )

    return [inputs]


def _define(night: Night, views: list[Contract]) -> list[CheckResult]:
    """Judge the views as they would be, then define all of them, or none."""
    connection = night.connection
    columns = {
        source: list(found)
        for source in night.shop.sources
        if (found := columns_of(connection, f"raw.{quoted(source)}"))
    }
    selects = input_selects(night.shop, night.contracts, columns)
    results: list[CheckResult] = []
    for contract in views:
        candidate = f"staging.{quoted('input__' + contract.table)}"
        connection.execute(f"create or replace view {candidate} as {selects[contract.table]}")
        results += judge(connection, contract, candidate, scope="table")
    if not any(check.refuses for check in results):
        for contract in views:
            connection.execute(f"create or replace view input.{quoted(contract.table)} as {selects[contract.table]}")
            describe(connection, contract, kind="view")
    for contract in views:
        connection.execute(f"drop view staging.{quoted('input__' + contract.table)}")
    record_checks(connection, night.run_id, results)
    return results
