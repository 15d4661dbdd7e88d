"""Somebody hears of a failed run and of a release that has gone stale: by the webhook, or in the log where there is none."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dagster as dg
import pytest

from ecom_pipeline import definitions
from ecom_pipeline.definitions import build_defs
from ecom_pipeline.settings import Settings
from ecom_pipeline_tests.e2e.conftest import House

pytestmark = pytest.mark.slow


@dataclass
class Webhook:
    """What takes alerts, and those it has taken."""

    url: str
    taken: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            hook.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook = Webhook(f"http://127.0.0.1:{server.server_port}/alerts")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield hook
        server.shutdown()
        thread.join()


def with_settings(house: House, **values: object) -> House:
    return replace(house, settings=Settings.model_validate(house.settings.model_dump() | values))


def sensor(house: House, name: str) -> dg.SensorDefinition:
    found = build_defs(house.settings).get_repository_def().get_sensor_def(name)
    assert isinstance(found, dg.SensorDefinition)
    return found


def fail(house: House, *heard: logging.Handler) -> str:
    """A run that fails because an export is missing, and what the sensor makes of it; the run's id."""
    (house.landing / "faq.csv").unlink()
    result = house.materialize(dg.AssetSelection.assets(["raw", "faq"]))
    assert not result.success
    failed = house.instance.get_run_by_id(result.run_id)
    assert failed is not None
    context = dg.build_run_status_sensor_context(
        sensor_name="alert_on_failure",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=house.instance,
        dagster_run=failed,
    ).for_run_failure()
    for handler in heard:
        context.log.addHandler(handler)
    sensor(house, "alert_on_failure")(context)
    return result.run_id


def age(house: House, hours: float) -> str:
    """Make the current release older; its id."""
    manifest = house.releases / "current" / "manifest.json"
    published = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=hours)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"published_at": published.isoformat()}))
    return os.readlink(house.releases / "current")


def stale(house: House, *heard: logging.Handler, cursor: str | None = None) -> tuple[str, str | None]:
    """What the sensor says about the release, and what it remembers."""
    with dg.build_sensor_context(instance=house.instance, cursor=cursor) as context:
        for handler in heard:
            context.log.addHandler(handler)
        said = sensor(house, "alert_on_stale_release")(context)
        assert isinstance(said, dg.SkipReason)
        return str(said.skip_message), context.cursor


def test_a_failed_run_reaches_the_webhook(house: House, webhook: Webhook) -> None:
    run = fail(with_settings(house, webhook_url=webhook.url))
    (alert,) = webhook.taken
    assert alert["event"] == "run_failed"
    failed, why, stays = alert["text"].splitlines()
    assert failed == f"mini: run {run} failed"
    assert re.fullmatch(r"raw__faq: .*faq\.csv.*", why), "the step is named, and what it misses"
    assert stays == f"Still published is release {os.readlink(house.releases / 'current')}."
    assert alert["at"].endswith("+00:00")


def test_a_red_ecom_run_reaches_the_webhook(house: House, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "run_job", lambda *_, **__: ("the-run", ["release: the disk is full"]))
    said = with_settings(house, webhook_url=webhook.url).ecom("run")
    assert (said.code, said.err) == (1, "FAILED release: the disk is full\n")
    assert "the disk is full" not in said.out, "told once"
    (alert,) = webhook.taken
    assert alert["event"] == "run_failed"
    assert alert["text"].splitlines()[:2] == ["mini: run the-run failed", "release: the disk is full"]


def test_a_failed_run_is_logged_without_a_webhook(house: House, caplog: pytest.LogCaptureFixture) -> None:
    run = fail(house, caplog.handler)
    assert [
        record.levelname for record in caplog.records if f"run_failed: mini: run {run} failed" in record.message
    ] == ["ERROR"]


def test_a_webhook_that_does_not_answer_is_logged_and_does_no_harm(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        url = f"http://127.0.0.1:{closed.server_port}/"
    fail(with_settings(house, webhook_url=url), caplog.handler)
    assert "run_failed: mini" in caplog.text
    assert "the webhook did not take the alert: " in caplog.text


def test_a_stale_release_reaches_the_webhook_once(house: House, webhook: Webhook) -> None:
    late = with_settings(house, webhook_url=webhook.url)
    current = age(house, hours=31)
    said, remembered = stale(late)
    assert (said, remembered) == (f"alerted about release {current}", current)
    (alert,) = webhook.taken
    assert alert["event"] == "release_stale"
    assert f"mini: release {current} is 31.0 hours old" in alert["text"]
    assert stale(late, cursor=remembered)[0] == f"already alerted about release {current}"
    assert len(webhook.taken) == 1


def test_a_stale_release_is_logged_without_a_webhook(house: House, caplog: pytest.LogCaptureFixture) -> None:
    age(house, hours=31)
    stale(house, caplog.handler)
    assert "release_stale: mini: release " in caplog.text


def test_a_fresh_release_and_none_at_all_are_no_alerts(house: House, webhook: Webhook) -> None:
    watched = with_settings(house, webhook_url=webhook.url)
    assert stale(watched)[0].endswith(" hours old")
    (house.releases / "current").unlink()
    assert stale(watched)[0] == "nothing has been published yet"
    assert webhook.taken == []


def test_new_files_ask_for_a_run_once(house: House) -> None:
    files = sensor(house, "run_on_new_files")
    assert files.default_status is dg.DefaultSensorStatus.STOPPED

    def look(cursor: str | None) -> tuple[bool, str | None]:
        with dg.build_sensor_context(instance=house.instance, cursor=cursor) as context:
            return isinstance(files(context), dg.RunRequest), context.cursor

    asked, seen = look(None)
    assert asked
    assert look(seen) == (False, seen)
    (house.landing / "orders-3.csv.part").write_text("order_id,customer\n")
    assert look(seen) == (False, seen), "a file that is not finished is not new"
    (house.landing / "orders-3.csv.part").rename(house.landing / "orders-3.csv")
    assert look(seen)[0]
