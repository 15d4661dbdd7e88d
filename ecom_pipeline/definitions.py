"""Assembles everything; what ``workspace.yaml`` and ``[tool.dg]`` point at.

``build_defs`` takes overrides, so that tests and the command line get the same objects as the UI.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date

import dagster as dg

from ecom_pipeline.contracts import Contract, load_contracts
from ecom_pipeline.defs.alerts import about_run, post
from ecom_pipeline.defs.assemble import assemble
from ecom_pipeline.defs.night import Progress
from ecom_pipeline.defs.run import home_of, run_job
from ecom_pipeline.defs.run import run_retention as run_retention
from ecom_pipeline.settings import Settings, environment, load_settings
from ecom_pipeline.shop.reading import load_shop


def build_defs(
    settings: Settings | None = None,
    *,
    contracts: Mapping[str, Contract] | None = None,
    progress: Progress | None = None,
) -> dg.Definitions:
    """Definitions of the shop that the settings name."""
    settings = settings or load_settings()
    return assemble(settings, load_shop(settings.shop_file, environment()), contracts or load_contracts(), progress)


def run_night(
    settings: Settings,
    *,
    dates: tuple[date, date] | None = None,
    full: bool = False,
    progress: Progress | None = None,
    instance: dg.DagsterInstance | None = None,
) -> tuple[str, list[str] | None]:
    """Run the nightly job in this process, as the UI would; the webhook is told that it failed, the caller why.

    Parameters
    ----------
    dates
        First and last business date of a backfill.
    full
        Build every table whole, whatever has changed.
    instance
        Where the run is recorded, left open; the shop's own instance by default.

    Returns
    -------
    tuple
        The run id, and why the run failed, or None where it succeeded.

    Raises
    ------
    WarehouseError
        The history of runs cannot be written.
    """
    configured = build_defs(settings, progress=progress)
    run_id, why = run_job(configured, home_of(settings), instance, dates=dates, full=full)
    if why is not None:
        shop = load_shop(settings.shop_file, environment()).name
        post(settings, "run_failed", about_run(settings, shop, run_id, why), logging.getLogger(__name__))
    return run_id, why


@dg.definitions
def defs() -> dg.Definitions:
    """What the UI and the daemon load."""
    return build_defs()
