"""Everything of one shop: its assets, the nightly job, the schedule, the sensors."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import dagster as dg

from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.alerts import sensors
from ecom_pipeline.defs.inputs import input_assets
from ecom_pipeline.defs.landing import raw_assets
from ecom_pipeline.defs.models import forecast, marketing, profile, recommend, support
from ecom_pipeline.defs.models.step import model_step
from ecom_pipeline.defs.night import Progress, night_resource
from ecom_pipeline.defs.release import release_asset
from ecom_pipeline.defs.retention import retention_job, weekly
from ecom_pipeline.defs.rules import rule_steps
from ecom_pipeline.defs.tables import spec_of, sql_step
from ecom_pipeline.settings import Settings, SettingsError
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.warehouse.journal import QUARANTINE

JOB = "nightly"
LEARNING = (recommend, forecast, support, profile, marketing)


def assemble(
    settings: Settings, shop: Shop, contracts: Mapping[str, Contract], progress: Progress | None = None
) -> dg.Definitions:
    """Definitions of a shop.

    Parameters
    ----------
    progress
        Told when a step ends; the command line shows it.
    """
    fresh_within = timedelta(hours=settings.stale_hours)
    in_sql = [contract for contract in contracts.values() if contract.select]
    science = [
        sql_step(contract, fresh_within=fresh_within if contract.schema_name == "marts" else None)
        for contract in in_sql
        if contract.schema_name != "ops"
    ]
    reported_on = [contract.name for contract in in_sql if contract.schema_name in ("clean", "marts")]
    ops = [sql_step(contract, after=reported_on) for contract in in_sql if contract.schema_name == "ops"]
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        description="Loads what is new, rebuilds every table, publishes a release.",
    )
    retention = retention_job(settings, shop)
    return dg.Definitions(
        assets=[
            *raw_assets(shop),
            *input_assets(shop, contracts),
            *(spec_of(contracts[f"quarantine.{table}"], _clean(contracts), {"duckdb"}) for table in QUARANTINE),
            *science,
            *(model_step(model, contracts) for domain in LEARNING for model in domain.MODELS),
            *rule_steps(contracts),
            *ops,
            release_asset(contracts, dg.FreshnessPolicy.time_window(fail_window=fresh_within)),
        ],
        jobs=[job, retention],
        schedules=[_every_night(settings, job), weekly(settings, retention)],
        sensors=sensors(settings, shop, job),
        resources={"night": night_resource(settings, shop, contracts, progress)},
        executor=dg.in_process_executor,
    )


def _every_night(settings: Settings, job: Any) -> dg.ScheduleDefinition:
    try:
        return dg.ScheduleDefinition(
            name="every_night",
            job=job,
            cron_schedule=settings.schedule,
            execution_timezone=settings.schedule_timezone,
            description="The nightly run; off until it is turned on.",
        )
    except dg.DagsterInvalidDefinitionError as error:
        raise SettingsError(
            f"ECOM_SCHEDULE={settings.schedule!r}: expected a cron expression such as 0 2 * * *"
        ) from error


def _clean(contracts: Mapping[str, Contract]) -> list[str]:
    """The tables whose steps write quarantine too, in the same transaction."""
    return [name for name, contract in contracts.items() if contract.schema_name == "clean"]
