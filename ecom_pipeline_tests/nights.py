"""Nights of the real steps, from the files to whichever tables, without the orchestrator.

The judge lets everything pass unless another is given: what comes of a verdict is shown elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.contracts import Contract, load_contracts
from ecom_pipeline.defs.inputs import define_inputs
from ecom_pipeline.defs.landing import load
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.rules import SEGMENTS, segments
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.config import CONDITIONS
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.warehouse.candidate import Judge, Outcome
from ecom_pipeline.warehouse.increment import reads_of

CONTRACTS = load_contracts()


def in_order(*schemas: str) -> list[Contract]:
    """The tables of some schemas that SELECTs keep, and the segments, each after those it reads."""
    waiting = [one for one in CONTRACTS.values() if one.schema_name in schemas and (one.select or one.name == SEGMENTS)]
    reads = {one.name: reads_of(one) if one.select else (CONDITIONS["segments"],) for one in waiting}
    ordered = list[Contract]()
    while waiting:
        done = {one.name for one in ordered}
        ready = [one for one in waiting if set(reads[one.name]) & set(reads) <= done]
        ordered += ready
        waiting = [one for one in waiting if one not in ready]
    return ordered


def lenient(_: object, contract: Contract, __: str, *, scope: str, **___: object) -> list[CheckResult]:
    return [CheckResult(table=contract.name, name=scope, description="", action="warn", passed=True)]


def night(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    run_id: str,
    tables: Sequence[Contract],
    judge: Judge = lenient,
    **options: Any,
) -> list[Outcome]:
    """Load, define the inputs, write the tables; what became of each."""
    one = Night(
        connection=connection,
        settings=settings,
        shop=load_shop(settings.shop_file, {}),
        contracts=CONTRACTS,
        run_id=run_id,
        judge=judge,
        **options,
    )
    outcomes = [outcome for source in one.shop.sources for outcome in one.write([load(one, source)])]
    define_inputs(one)
    for table in tables:
        outcomes += one.write([one.candidate_in_sql(table)] if table.select else segments(one))
    return outcomes
