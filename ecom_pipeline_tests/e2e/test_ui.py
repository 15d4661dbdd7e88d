"""The Dagster UI as a person sees it: a refused table, its check, the lineage, the columns, a chart."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import dagster as dg
import pytest

from ecom_pipeline.definitions import build_defs, home_of
from ecom_pipeline.defs.checks import REFUSED
from ecom_pipeline_tests.browser import CHROMIUM, Page, browser
from ecom_pipeline_tests.e2e.conftest import ROOT, House, materialize
from ecom_pipeline_tests.postgres import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"),
]


@pytest.fixture
def ui(house: House) -> Iterator[str]:
    """The UI of a house in which every order of tonight's export is bad, after that night."""
    (house.settings.dagster_dir("mini") / "dagster.yaml").unlink()
    with dg.DagsterInstance.from_config(str(home_of(house.settings))) as instance:
        shown = dg.AssetSelection.assets(["marts", "customer_profiles"])
        assert materialize(build_defs(house.settings), shown, instance).success
    for path in house.landing.glob("orders-*.csv"):
        header, *rows = path.read_text("utf-8").splitlines()
        at = header.split(",").index("at")
        spoilt = [",".join("yesterday" if i == at else value for i, value in enumerate(row.split(","))) for row in rows]
        path.write_text("\n".join([header, *spoilt]) + "\n", "utf-8")
    with dg.DagsterInstance.from_config(str(home_of(house.settings))) as instance:
        to_clean = dg.AssetSelection.key_prefixes(["raw"], ["input"]) | dg.AssetSelection.assets(["clean", "orders"])
        assert not materialize(build_defs(house.settings), to_clean, instance).success
    yield from served(house)


def served(house: House) -> Iterator[str]:
    port = free_port()
    environment = house.environment | {"DAGSTER_HOME": str(home_of(house.settings)), "DAGSTER_DISABLE_TELEMETRY": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            wait_until_up(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            end(process.pid)


def wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert process.poll() is None, "dagster dev ended"
        try:
            urllib.request.urlopen(f"{url}/server_info", timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    raise TimeoutError("dagster dev did not come up in two minutes")


def end(group: int) -> None:
    """End ``dagster dev`` and the servers it started: they are one session, and it ignores SIGTERM in the background."""
    os.killpg(group, signal.SIGTERM)
    time.sleep(3)
    os.killpg(group, signal.SIGKILL)


def test_the_ui_shows_what_happened(ui: str) -> None:
    with browser() as page:
        a_refused_table_names_its_check(page, ui)
        a_table_has_its_columns_and_its_chart(page, ui)
        lineage_leads_back_to_the_source(page, ui)
        the_sensor_for_new_files_and_the_schedule_are_off(page, ui)


def a_refused_table_names_its_check(page: Page, ui: str) -> None:
    page.open(f"{ui}/assets/clean/orders?view=checks&checkDetail=contract")
    seen = page.wait_for(
        "This is a blocking asset check.", "% of the rows go to quarantine", "Latest execution", "refused by", REFUSED
    )
    latest = seen[seen.index("Latest execution") :]
    assert "Failed" in latest
    assert re.search(r"refused by\s+within_tolerance: ([\d,]+) of \1 rows", latest), latest


def a_table_has_its_columns_and_its_chart(page: Page, ui: str) -> None:
    page.open(f"{ui}/assets/marts/customer_profiles?view=overview")
    page.wait_for("One row per customer", "rfm_score", "side by side", "Freshness policy", "Metadata")
    page.click("[Show Markdown]")
    page.wait_for("Close")
    drawn = page.ask("[...document.querySelectorAll('img')].some(one => one.src.startsWith('data:image/png'))")
    assert drawn is True


def lineage_leads_back_to_the_source(page: Page, ui: str) -> None:
    page.open(f"{ui}/assets/clean/orders?view=lineage&lineageScope=upstream&lineageDepth=3", width=1800)
    page.wait_for("clean", "orders", "exchange_rates")


def the_sensor_for_new_files_and_the_schedule_are_off(page: Page, ui: str) -> None:
    page.open(f"{ui}/automation")
    page.wait_for("every_night", "run_on_new_files", "alert_on_failure")
    switches = page.ask(
        "[...document.querySelectorAll('tr, [class*=Row]')].filter(one => one.innerText && one.innerText.includes('run_on_new_files'))"
        ".map(one => one.querySelector('input[type=checkbox]')).filter(Boolean).map(one => one.checked)"
    )
    assert not any(switches or [])
