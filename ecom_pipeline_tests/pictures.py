"""Takes the pictures of ``docs/pictures`` from a running ``make ui``: ``python -m ecom_pipeline_tests.pictures``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ecom_pipeline_tests.browser import Page, browser

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"


def lineage(page: Page, url: str) -> None:
    page.open(f"{url}/assets/marts/recommendations?view=lineage&lineageScope=upstream&lineageDepth=2", width=1800)
    page.wait_for("recommendations", "interactions", "product_days")
    time.sleep(6)  # the colours of the tables arrive after their names


def columns(page: Page, url: str) -> None:
    page.open(f"{url}/assets/marts/customer_profiles?view=overview", height=1150)
    page.wait_for("rfm_score", "Metadata", "Freshness policy")
    time.sleep(6)  # so does the time of the last run


def checks(page: Page, url: str) -> None:
    page.open(f"{url}/assets/clean/orders?view=checks&checkDetail=contract")
    page.wait_for("not_a_test", "warned by", "conservation")


def chart(page: Page, url: str) -> None:
    page.open(f"{url}/assets/marts/sales_forecasts?view=overview", width=1000, height=760)
    page.click("[Show Markdown]")
    page.wait_for("Close")


def segments(page: Page, url: str) -> None:
    page.open(f"{url}/assets/marts/customer_profiles?view=overview", width=1000, height=760)
    page.click("[Show Markdown]")
    page.wait_for("Close")


def main(url: str = "http://127.0.0.1:3000") -> None:
    with browser() as page:
        for picture in (lineage, columns, checks, chart, segments):
            picture(page, url)
            page.screenshot(FOLDER / f"{picture.__name__}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
