"""Running a job in this process: the nightly one recorded as the UI would record it, retention unrecorded."""

from contextlib import nullcontext
from datetime import date
from importlib.resources import files
from pathlib import Path

import dagster as dg
from sqlalchemy.exc import OperationalError

from ecom_pipeline.defs.assemble import JOB
from ecom_pipeline.defs.history import open_instance, why_failed
from ecom_pipeline.defs.retention import Retention, let_go
from ecom_pipeline.settings import Settings, environment
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.warehouse.connection import WarehouseError


def home_of(settings: Settings) -> Path:
    """The folder of the shop's Dagster instance: made, and given a ``dagster.yaml``, where it lacks one."""
    home = settings.dagster_dir(load_shop(settings.shop_file, environment()).name).absolute()
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        home.mkdir(parents=True, exist_ok=True)
        configuration.write_text((files("ecom_pipeline.defs") / "dagster.yaml").read_text("utf-8"), "utf-8")
    return home


def run_job(
    definitions: dg.Definitions,
    home: Path,
    instance: dg.DagsterInstance | None,
    *,
    dates: tuple[date, date] | None,
    full: bool,
) -> tuple[str, list[str] | None]:
    """Run it; the run id, and why it failed, or None where it did not.

    Raises
    ------
    WarehouseError
        The history of runs cannot be written, or its ``dagster.yaml`` is not one.
    """
    backfill = {"start_date": dates[0].isoformat(), "end_date": dates[1].isoformat()} if dates else {}
    try:
        with nullcontext(instance) if instance else open_instance(home) as recorder:
            result = definitions.resolve_job_def(JOB).execute_in_process(
                instance=recorder,
                run_config={
                    "resources": {"night": {"config": backfill | {"full": full}}},
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                raise_on_error=False,
            )
            why = None if result.success else why_failed(recorder, result.run_id)
    except OperationalError as error:
        raise WarehouseError(f"{home}: the history of runs cannot be written: {error.orig}") from error
    return result.run_id, why


def run_retention(settings: Settings) -> Retention:
    """Do what the job ``retention`` does for the shop that the settings name; raises what ``let_go`` does."""
    with open_instance(home_of(settings), kept_open=False) as instance:
        return let_go(settings, load_shop(settings.shop_file, environment()), instance)
