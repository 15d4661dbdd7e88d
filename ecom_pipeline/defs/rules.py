"""Steps whose SQL the shop writes in part: segments and audiences, by the conditions of ``shop.yaml``."""

from collections.abc import Mapping

import dagster as dg

from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import step
from ecom_pipeline.shop.config import CONDITIONS
from ecom_pipeline.shop.rules import audiences_select, segments_select
from ecom_pipeline.sql import file_literal
from ecom_pipeline.warehouse.candidate import Candidate
from ecom_pipeline.warehouse.release import current_id, show

SEGMENTS, AUDIENCES = "features.segments", "marts.audience_members"


def rule_steps(contracts: Mapping[str, Contract]) -> list[dg.AssetsDefinition]:
    """The two steps."""
    return [
        step(name, [contracts[table]], {table: [CONDITIONS[name]]}, compute, kinds={"duckdb", "sql"}, source=compute)
        for name, table, compute in (("segments", SEGMENTS, segments), ("audiences", AUDIENCES, audiences))
    ]


def segments(night: Night) -> list[Candidate]:
    """Every customer with the first segment whose condition holds."""
    contract, about = night.contracts[SEGMENTS], CONDITIONS["segments"]
    return [
        night.candidate(contract, segments_select(night.shop, night.contracts[about]), night.plan(contract, [about]))
    ]


def audiences(night: Night) -> list[Candidate]:
    """The members of every audience, and those who left it, against the release that is current."""
    contract, about = night.contracts[AUDIENCES], CONDITIONS["audiences"]
    if not night.shop.audiences:
        plan = night.plan(contract, [about])
        return [Candidate(contract=contract, skipped="shop.yaml has no audiences", plan=plan)]
    released, version = _released(night)
    plan = night.plan(contract, [about], beside=version)
    return [night.candidate(contract, audiences_select(night.shop, night.contracts[about], released), plan)]


def _released(night: Night) -> tuple[str | None, str]:
    """The members as last released, as a relation, and the version of its rows."""
    folder = night.settings.releases_dir(night.shop.name)
    published = {table.name: table for table in show(folder).tables} if current_id(folder) else {}
    if AUDIENCES not in published:
        return None, ""
    file = folder / "current" / "parquet" / f"{AUDIENCES}.parquet"
    return f"read_parquet({file_literal(file)})", published[AUDIENCES].digest
