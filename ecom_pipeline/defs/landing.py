"""From files to typed inputs: one table per source of ``shop.yaml`` (raw) and one view per input contract.

A view holds no rows, so it is not swapped but defined; it is judged all the same before it replaces the last definition.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import dagster as dg
import duckdb

from ecom_pipeline.contracts import CheckResult, Column, Contract, Rule
from ecom_pipeline.defs.checks import check_of, check_results, key_of
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import spec_of, step
from ecom_pipeline.shop.arrivals import unread
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.ledger import LedgerEntry
from ecom_pipeline.shop.loading import LoadReport, load_source
from ecom_pipeline.shop.mapping import input_selects, routing_select
from ecom_pipeline.sql import quoted
from ecom_pipeline.warehouse.aside import quarantine
from ecom_pipeline.warehouse.builds import Build, build_of, remember
from ecom_pipeline.warehouse.candidate import Candidate
from ecom_pipeline.warehouse.connection import WarehouseError, transaction
from ecom_pipeline.warehouse.describe import describe
from ecom_pipeline.warehouse.increment import load_version
from ecom_pipeline.warehouse.journal import checks_of_run, now, record, record_checks
from ecom_pipeline.warehouse.names import columns_of
from ecom_pipeline.warehouse.stage import next_of

SHOWN = 5
"""Files that no source reads, named in a notice."""
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
        merge_on="_file",
    )


def raw_assets(shop: Shop) -> list[dg.AssetsDefinition]:
    """One step per source: loads what is new or changed."""
    return [_raw_asset(shop, source) for source in shop.sources]


def _raw_asset(shop: Shop, source: str) -> dg.AssetsDefinition:
    mapped = mapped_contract(shop, source)
    return step(
        f"raw__{source}", [mapped], {mapped.name: []}, lambda night: [load(night, source)], kinds={"duckdb", "file"}
    )


def mapped_contract(shop: Shop, source: str) -> Contract:
    """The promise of ``raw.<source>`` before anything was loaded: the columns that are mapped."""
    return raw_contract(source, list(shop.used_columns(source)))


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
    if night.exists(mapped.name):
        plan = replace(plan, mode="merge", touched=_touched_files(night, source, report))
    return Candidate(
        contract=raw_contract(source, present),
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
    rows = night.connection.execute(
        "select load_id, file, size_bytes, sha256, modified_at, loaded_at, rows, columns,"
        " case when retired_at is null then read_as end from journal.loads"
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
            loaded_at=loaded,
            rows=count,
            columns=tuple(columns),
            read_as=read_as,
        )
        for load_id, file, size, sha256, modified, loaded, count, columns, read_as in rows
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


def input_assets(shop: Shop, contracts: Mapping[str, Contract]) -> list[dg.AssetsDefinition]:
    """One step that defines every view of ``input``."""
    views = _views(contracts)

    def feeding(contract: Contract) -> list[str]:
        return [f"raw.{source}" for source in _sources_of(shop, contract)]

    @dg.multi_asset(
        name="inputs",
        specs=[spec_of(contract, feeding(contract), {"duckdb", "view"}) for contract in views],
        check_specs=[check_of(contract) for contract in views],
        required_resource_keys={"night"},
        can_subset=False,
    )
    def inputs(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
        night: Night = context.resources.night
        with night.step("inputs"):
            _tell_unread(night)
            results = define_inputs(night)
            yield from check_results(views, results)
            refused = [f"{check.table}: {check.name}: {check.observed}" for check in results if check.refuses]
            if refused:
                raise dg.Failure("; ".join(refused), allow_retries=False)
            for contract in views:
                yield dg.MaterializeResult(
                    asset_key=key_of(contract.name), metadata={"sources": ", ".join(feeding(contract)) or "none"}
                )

    return [inputs]


def _tell_unread(night: Night) -> None:
    """Write down which files of the landing folder no source reads: a name that fits no pattern would go unseen."""
    files = unread(night.shop.sources.values(), night.settings.landing_dir)
    if files:
        more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
        notice = f"no source reads {', '.join(files[:SHOWN])}{more}"
        record(night.connection, "notices", [(night.run_id, "shop.yaml", notice, now())])


def define_inputs(night: Night) -> list[CheckResult]:
    """Judge the views that read otherwise than before, then define all of them, or none."""
    connection, views = night.connection, _views(night.contracts)
    selects = input_selects(night.shop, night.contracts, night.raw_columns)
    marks = {
        one.name: hashlib.sha256((selects[one.table] + one.model_dump_json()).encode()).hexdigest() for one in views
    }
    results = [check for one in views for check in _judge_view(night, one, selects[one.table], marks[one.name])]
    accepted = [] if any(check.refuses for check in results) else views
    with transaction(connection):
        for contract in accepted:
            select, mark = selects[contract.table], marks[contract.name]
            before = build_of(connection, contract.name)
            if before is None or before.fingerprint != mark:
                connection.execute(f"create or replace view input.{quoted(contract.table)} as {select}")
                describe(connection, contract, kind="view")
            version = load_version(connection, _sources_of(night.shop, contract), mark)
            build = Build(version=version, built_from={}, fingerprint=mark, run_id=night.run_id)
            remember(connection, contract.name, build)
        record_checks(connection, night.run_id, results)
    return results


def _judge_view(night: Night, contract: Contract, select: str, mark: str) -> list[CheckResult]:
    before = build_of(night.connection, contract.name)
    if before and before.fingerprint == mark and not night.full:
        told = checks_of_run(night.connection, before.run_id, contract.name)
        if told:
            return told
    candidate = f"staging.{quoted('input__' + contract.table)}"
    night.connection.execute(f"create or replace view {candidate} as {select}")
    results = night.judge(night.connection, contract, candidate, tolerance=0.0, scope="table")
    night.connection.execute(f"drop view {candidate}")
    return results


def _views(contracts: Mapping[str, Contract]) -> list[Contract]:
    return [contract for contract in contracts.values() if contract.schema_name == "input"]


def _sources_of(shop: Shop, contract: Contract) -> list[str]:
    return [name for name, source in shop.sources.items() if contract.table in source.inputs]
