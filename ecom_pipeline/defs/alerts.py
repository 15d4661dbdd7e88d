"""What tells people: a failed run, a release that has gone stale, new files (off until somebody turns it on)."""

import hashlib
import json
import logging
import urllib.request
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any

import dagster as dg

from ecom_pipeline.defs.history import why_failed
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.arrivals import files_of
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.warehouse.release import current_id, show


def alert(settings: Settings, event: str, message: str, log: logging.Logger) -> None:
    """Log an alert, and post it."""
    log.error("%s: %s", event, message)
    post(settings, event, message, log)


def post(settings: Settings, event: str, message: str, log: logging.Logger) -> None:
    """Post an alert as JSON to the webhook, if there is one, and log that it did not answer."""
    if settings.webhook_url is None:
        return
    body = json.dumps({"event": event, "text": message, "at": datetime.now(UTC).isoformat()}).encode()
    request = urllib.request.Request(settings.webhook_url, data=body, headers={"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except (OSError, HTTPException) as error:
        log.error("the webhook did not take the alert: %s", error)


def about_run(settings: Settings, shop: str, run_id: str, why: Iterable[str]) -> str:
    """That a run failed, why, and what is published all the same."""
    current = current_id(settings.releases_dir(shop))
    stays = f"Still published is release {current}." if current else "Nothing has been published yet."
    return "\n".join([f"{shop}: run {run_id} failed", *why, stays])


def sensors(settings: Settings, shop: Shop, job: Any) -> list[dg.SensorDefinition]:
    """The three sensors of a shop."""

    @dg.run_failure_sensor(
        name="alert_on_failure",
        description="Sends an alert when a run fails.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
        run_id = context.dagster_run.run_id
        why = why_failed(context.instance, run_id)
        alert(settings, "run_failed", about_run(settings, shop.name, run_id, why), context.log)

    @dg.sensor(
        name="alert_on_stale_release",
        description="Sends an alert when the current release is older than ECOM_STALE_HOURS.",
        minimum_interval_seconds=3600,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def alert_on_stale_release(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        folder = settings.releases_dir(shop.name)
        if current_id(folder) is None:
            return dg.SkipReason("nothing has been published yet")
        current = show(folder)
        age = datetime.now(UTC) - datetime.fromisoformat(current.published_at).replace(tzinfo=UTC)
        if age <= timedelta(hours=settings.stale_hours):
            return dg.SkipReason(f"release {current.release_id} is {age.total_seconds() / 3600:.1f} hours old")
        if context.cursor == current.release_id:
            return dg.SkipReason(f"already alerted about release {current.release_id}")
        alert(
            settings,
            "release_stale",
            f"{shop.name}: release {current.release_id} is {age.total_seconds() / 3600:.1f} hours old",
            context.log,
        )
        context.update_cursor(current.release_id)
        return dg.SkipReason(f"alerted about release {current.release_id}")

    @dg.sensor(
        name="run_on_new_files",
        job=job,
        description="Starts the nightly job when files arrived or changed. Off until it is turned on.",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def run_on_new_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        found = [
            f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}"
            for source in shop.sources.values()
            for path in files_of(source, settings.landing_dir)
        ]
        seen = hashlib.sha256("\n".join(found).encode()).hexdigest() if found else ""
        if seen == (context.cursor or ""):
            return dg.SkipReason("no new or changed files")
        context.update_cursor(seen)
        return dg.RunRequest()

    return [alert_on_failure, alert_on_stale_release, run_on_new_files]
