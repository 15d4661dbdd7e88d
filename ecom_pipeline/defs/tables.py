"""Contracts become assets: the gate is inside the step.

A step builds the candidates of one or more tables, has them judged, and yields every check result, then one
``MaterializeResult`` per table, or a failure that is not retried. A blocking ``@asset_check`` would run after the live
table had been overwritten (docs/decisions/0001-the-gate-is-inside-the-step.md).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.charts import CHARTS
from ecom_pipeline.defs.checks import check_of, check_results, key_of
from ecom_pipeline.defs.night import Night
from ecom_pipeline.warehouse.candidate import Candidate, Outcome
from ecom_pipeline.warehouse.increment import reads_of
from ecom_pipeline.warehouse.journal import QUARANTINE
from ecom_pipeline.warehouse.lineage import column_lineage
from ecom_pipeline.warehouse.names import count

LINEAGE = "dagster/column_lineage"
PROJECT = Path(__file__).parents[2]
OWNERS = ("team:data",)
"""Whoever runs the nights answers for every table."""


def spec_of(
    contract: Contract,
    deps: Iterable[str],
    kinds: set[str],
    fresh_within: timedelta | None = None,
    source: Callable[..., object] | None = None,
) -> dg.AssetSpec:
    """Everything the UI shows before the first run; ``source`` is the function that computes a table without a SELECT."""
    return dg.AssetSpec(
        key=key_of(contract.name),
        deps=[key_of(name) for name in deps],
        description=contract.description,
        group_name=contract.domain,
        owners=OWNERS,
        kinds=kinds,
        code_version=_code_version(contract),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=fresh_within) if fresh_within else None,
        tags={"layer": contract.schema_name},
        metadata={
            "dagster/column_schema": _column_schema(contract),
            "dagster/table_name": contract.name,
            **_made_from(contract, source),
        },
    )


def _made_from(contract: Contract, source: Callable[..., object] | None) -> dict[str, dg.MetadataValue]:
    """Where in the project the table is promised, and how it is computed: by which SELECT, or where the function stands."""

    def place(path: str | Path) -> str:
        return str(path).removeprefix(f"{PROJECT}/")

    made: dict[str, dg.MetadataValue] = {}
    if contract.path.exists():
        made["contract"] = dg.MetadataValue.path(place(contract.path))
    if contract.select:
        made["select"] = dg.MetadataValue.md(f"```sql\n{contract.select}\n```")
    if source:
        made["function"] = dg.MetadataValue.path(
            f"{place(source.__code__.co_filename)}:{source.__code__.co_firstlineno}"
        )
    return made


def _code_version(contract: Contract) -> str:
    promise = contract.model_dump_json() + (contract.select or "")
    return hashlib.sha256(promise.encode()).hexdigest()[:12]


def _column_schema(contract: Contract) -> dg.TableSchema:
    required = {column.name for column in contract.columns if column.required}
    personal = {column.name for column in contract.columns if column.pii}
    words = contract.descriptions
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type=kind,
                description=words[name],
                constraints=dg.TableColumnConstraints(nullable=name not in required),
                tags={"pii": ""} if name in personal else None,
            )
            for name, kind in contract.types.items()
        ]
    )


def step(
    name: str,
    contracts: Sequence[Contract],
    deps: Mapping[str, Iterable[str]],
    compute: Callable[[Night], list[Candidate]],
    *,
    kinds: set[str],
    fresh_within: timedelta | None = None,
    source: Callable[..., object] | None = None,
) -> dg.AssetsDefinition:
    """One Dagster step that writes tables through the gate.

    Parameters
    ----------
    deps
        Tables read, per table written.
    compute
        Gives the candidates, in the order of ``contracts``.
    source
        The function to look at, where there is no SELECT.
    """

    @dg.multi_asset(
        name=name,
        specs=[spec_of(contract, deps[contract.name], kinds, fresh_within, source) for contract in contracts],
        check_specs=[check_of(contract) for contract in contracts],
        required_resource_keys={"night"},
        can_subset=False,
    )
    def materialize(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
        night: Night = context.resources.night
        with night.step(name):
            outcomes = night.write(compute(night))
            yield from check_results(contracts, [check for outcome in outcomes for check in outcome.checks])
            if any(outcome.conservation and outcome.status != "unchanged" for outcome in outcomes):
                _show_quarantine(context, night)
            refused = [outcome for outcome in outcomes if outcome.refused]
            if refused:
                words = "; ".join(f"{outcome.contract.name} was refused: {outcome.reason}" for outcome in refused)
                raise dg.Failure(f"{words}. The live table is as it was.", allow_retries=False)
            for outcome in outcomes:
                yield dg.MaterializeResult(
                    asset_key=key_of(outcome.contract.name), metadata=metadata_of(night, outcome, context.instance)
                )

    return materialize


def _show_quarantine(context: dg.AssetExecutionContext, night: Night) -> None:
    """Record that quarantine was written, which every clean table does in its own transaction, live or refused."""
    for table in (f"quarantine.{name}" for name in QUARANTINE):
        rows = {"dagster/row_count": count(night.connection, table)}
        context.log_event(dg.AssetMaterialization(key_of(table), metadata=rows))


def metadata_of(night: Night, outcome: Outcome, instance: dg.DagsterInstance) -> dict[str, Any]:
    """Rows, lineage, quarantine and the chart of a table that went live; an unchanged one keeps its lineage and chart."""
    contract = outcome.contract
    last = _last_metadata(instance, contract) if outcome.status == "unchanged" else {}
    metadata: dict[str, Any] = {
        "dagster/row_count": outcome.rows,
        "outcome": outcome.status,
        LINEAGE: last.get(LINEAGE) or _lineage(night, contract),
    }
    if outcome.reason:
        metadata["skipped"] = outcome.reason
    if outcome.quarantined:
        metadata["quarantined"] = _table(
            ("rows", "reasons"), [(rows, told) for told, rows in outcome.quarantined.items()]
        )
    if outcome.conservation:
        columns = ("source", "arrived", "clean", "duplicates", "quarantined")
        metadata["conservation"] = _table(columns, outcome.conservation)
    chart = CHARTS.get(contract.name)
    if chart and outcome.rows:
        metadata["chart"] = last.get("chart") or dg.MetadataValue.md(chart(night))
    return metadata


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table([dg.TableRecord(dict(zip(columns, row, strict=True))) for row in rows])


def _last_metadata(instance: dg.DagsterInstance, contract: Contract) -> Mapping[str, Any]:
    """What the table's last materialization showed; empty before the first."""
    event = instance.get_latest_materialization_event(key_of(contract.name))
    shown = event.asset_materialization if event else None
    return shown.metadata if shown else {}


def _lineage(night: Night, contract: Contract) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        deps_by_column={
            column: [dg.TableColumnDep(asset_key=key_of(table), column_name=source) for table, source in sources]
            for column, sources in column_lineage(contract, night.contracts).items()
        }
    )


def sql_step(
    contract: Contract, fresh_within: timedelta | None = None, after: Iterable[str] = ()
) -> dg.AssetsDefinition:
    """The step of a table that a SELECT keeps.

    Parameters
    ----------
    after
        Tables that must have been written before, although the SELECT does not read them: what ``ops`` reports on.
    """
    return step(
        contract.name.replace(".", "__"),
        [contract],
        {contract.name: [*reads_of(contract), *after]},
        lambda night: [night.candidate_in_sql(contract)],
        kinds={"duckdb", "sql"},
        fresh_within=fresh_within,
    )
