"""Assembles everything; what ``workspace.yaml`` and ``[tool.dg]`` point at.

``build_defs`` takes overrides, so that tests and the command line get the same objects as the UI.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date
from importlib.resources import files
from pathlib import Path

import dagster as dg
from sqlalchemy.exc import OperationalError

from ecom_pipeline.contracts import Contract, load_contracts
from ecom_pipeline.defs.assemble import JOB, assemble
from ecom_pipeline.defs.night import Progress
from ecom_pipeline.settings import Settings, environment, load_settings
from ecom_pipeline.shop.config import load_shop
from ecom_pipeline.warehouse.connection import WarehouseError


def build_defs(
    settings: Settings | None = None,
    *,
    contracts: Mapping[str, Contract] | None = None,
    progress: Progress | None = None,
) -> dg.Definitions:
    """Definitions of the shop that the settings name."""
    settings = settings or load_settings()
    return assemble(settings, load_shop(settings.shop_file, environment()), contracts or load_contracts(), progress)


def home_of(settings: Settings) -> Path:
    """The folder of the shop's Dagster instance: made, and given a ``dagster.yaml``, where it lacks one."""
    home = settings.dagster_dir(load_shop(settings.shop_file, environment()).name).absolute()
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        home.mkdir(parents=True, exist_ok=True)
        configuration.write_text((files("ecom_pipeline.defs") / "dagster.yaml").read_text("utf-8"), "utf-8")
    return home


def run_night(
    settings: Settings,
    *,
    contracts: Mapping[str, Contract] | None = None,
    dates: tuple[date, date] | None = None,
    progress: Progress | None = None,
    instance: dg.DagsterInstance | None = None,
) -> tuple[str, bool]:
    """Run the nightly job in this process, as the UI would.

    Parameters
    ----------
    dates
        First and last business date of a backfill.
    instance
        Where the run is recorded, left open; the shop's own instance by default.

    Returns
    -------
    tuple
        The run id, and whether the run succeeded.

    Raises
    ------
    WarehouseError
        The history of runs cannot be written.
    """
    configured = build_defs(settings, contracts=contracts, progress=progress)
    config = {"start_date": dates[0].isoformat(), "end_date": dates[1].isoformat()} if dates else {}
    home = home_of(settings)
    try:
        with nullcontext(instance) if instance else dg.DagsterInstance.from_config(str(home)) as recorder:
            result = configured.resolve_job_def(JOB).execute_in_process(
                instance=recorder,
                run_config={
                    "resources": {"night": {"config": config}},
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                raise_on_error=False,
            )
    except OperationalError as error:
        raise WarehouseError(f"{home}: the history of runs cannot be written: {error.orig}") from error
    return result.run_id, result.success


@dg.definitions
def defs() -> dg.Definitions:
    """What the UI and the daemon load."""
    return build_defs()
