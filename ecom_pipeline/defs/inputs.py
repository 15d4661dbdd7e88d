"""From ``raw`` to typed rows: one view per input contract, as ``shop.yaml`` says.

A view holds no rows, so it is not swapped but defined; it is judged all the same before it replaces the last definition.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.checks import check_of, check_results, key_of
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import LINEAGE, spec_of
from ecom_pipeline.shop.arrivals import unread
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.mapping import input_selects
from ecom_pipeline.sql import quoted
from ecom_pipeline.warehouse.builds import Build, build_of, remember
from ecom_pipeline.warehouse.connection import transaction
from ecom_pipeline.warehouse.describe import describe
from ecom_pipeline.warehouse.increment import load_version
from ecom_pipeline.warehouse.journal import checks_of_run, now, record, record_checks

SHOWN = 5
"""Files that no source reads, named in a notice."""


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
                    asset_key=key_of(contract.name), metadata={LINEAGE: _lineage(shop, contract)}
                )

    return [inputs]


def _lineage(shop: Shop, contract: Contract) -> dg.TableColumnLineage:
    """The columns of the sources that each column of a view is read from."""
    deps: dict[str, list[dg.TableColumnDep]] = {}
    for source in _sources_of(shop, contract):
        for table, column, name in shop.lineage(source):
            if table == contract.table:
                deps.setdefault(column, []).append(dg.TableColumnDep(key_of(f"raw.{source}"), name))
    for column in [name for name in deps if name.endswith("_at")]:
        moment = column.removesuffix("at")
        deps |= {f"{moment}date": deps[column], f"{moment}hour": deps[column]}
    return dg.TableColumnLineage(deps)


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
