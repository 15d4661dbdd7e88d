"""Whatever the webhook does, the alert is in the log and nothing else fails; a watch over files stays small."""

from __future__ import annotations

import logging
import os
import socket
import threading
from pathlib import Path

import dagster as dg
import pytest

from ecom_pipeline.definitions import build_defs
from ecom_pipeline.defs.alerts import alert
from ecom_pipeline.settings import Settings
from ecom_pipeline_tests.shop.shops import EVENTS, make_shop


@pytest.mark.parametrize("answer", [b"", b"good evening\r\n\r\n", b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n"])
def test_a_webhook_that_does_not_take_an_alert_is_told_in_the_log(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def serve(listening: socket.socket) -> None:
        taken, _ = listening.accept()
        with taken:
            taken.recv(65536)
            taken.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        settings = Settings(webhook_url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        alert(settings, "run_failed", "the run failed", logging.getLogger("alerts"))
        thread.join()
    assert [record.message.split(": ")[0] for record in caplog.records] == [
        "run_failed",
        "the webhook did not take the alert",
    ]


def test_new_files_are_noticed_once_and_what_is_remembered_of_them_stays_small(tmp_path: Path) -> None:
    make_shop(tmp_path, EVENTS)
    sensor = build_defs(Settings(shop=tmp_path)).get_repository_def().get_sensor_def("run_on_new_files")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        seen = []

        def looked() -> str:
            answer = sensor(context)
            seen.append(str(context.cursor))
            return type(answer).__name__

        assert looked() == "SkipReason"
        for number in range(50):
            (tmp_path / f"{'long' * 20}{number}.csv").write_text("kind,at,who,what\n")
        assert [looked(), looked()] == ["RunRequest", "SkipReason"]
        os.utime(tmp_path / f"{'long' * 20}0.csv", (1, 1))
        assert [looked(), looked()] == ["RunRequest", "SkipReason"]
    assert max(map(len, seen)) < 100
