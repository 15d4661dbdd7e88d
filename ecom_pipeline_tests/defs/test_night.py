"""What a run is asked for, and what it takes of the machine."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, cast

import dagster as dg
import pytest

from ecom_pipeline.definitions import build_defs
from ecom_pipeline.defs.night import Night, _dates
from ecom_pipeline.settings import Settings, SettingsError
from ecom_pipeline.warehouse.connection import WarehouseError
from ecom_pipeline.warehouse.journal import create_journal
from ecom_pipeline_tests.database import in_memory
from ecom_pipeline_tests.shop.shops import EVENTS, make_shop


def test_a_backfill_has_two_dates_in_order() -> None:
    assert _dates({}) is None
    assert _dates({"start_date": "2024-02-01", "end_date": "2024-02-01"}) == (date(2024, 2, 1), date(2024, 2, 1))


@pytest.mark.parametrize(
    ("configured", "told"),
    [
        ({"start_date": "2024-02-01"}, "found 2024-02-01 and none"),
        ({"end_date": "2024-02-01"}, "found none and 2024-02-01"),
        ({"start_date": "2024-02-02", "end_date": "2024-02-01"}, "found 2024-02-02 and 2024-02-01"),
        ({"start_date": "1 Feb", "end_date": "2024-02-01"}, "1 Feb"),
    ],
)
def test_half_a_backfill_is_no_ordinary_night(configured: dict[str, str], told: str) -> None:
    with pytest.raises(dg.Failure) as refused:
        _dates(configured)
    assert told in str(refused.value.description)


def test_a_schedule_that_is_none_is_named(tmp_path: Path) -> None:
    make_shop(tmp_path, EVENTS)
    with pytest.raises(SettingsError, match="ECOM_SCHEDULE='at two': expected a cron expression"):
        build_defs(Settings(shop=tmp_path, schedule="at two"))


def test_a_step_fails_with_the_words_of_an_expected_error_and_writes_them_down() -> None:
    with in_memory() as connection:
        connection.execute("create schema quarantine")
        create_journal(connection)
        night = Night(connection=connection, settings=Settings(), shop=cast(Any, None), contracts={}, run_id="r1")
        with pytest.raises(dg.Failure) as failed, night.step("told"):
            raise WarehouseError("the disk is full")
        assert (failed.value.description, failed.value.allow_retries) == ("the disk is full", False)
        assert failed.value.__suppress_context__
        with pytest.raises(ZeroDivisionError), night.step("not foreseen"):
            raise ZeroDivisionError("by zero")
        assert connection.execute("select step, status, message from journal.steps").fetchall() == [
            ("told", "failed", "the disk is full"),
            ("not foreseen", "failed", "ZeroDivisionError: by zero"),
        ]


def test_a_journal_that_cannot_be_written_does_not_hide_why_a_step_failed(caplog: pytest.LogCaptureFixture) -> None:
    with in_memory() as connection:
        night = Night(connection=connection, settings=Settings(), shop=cast(Any, None), contracts={}, run_id="r1")
        with pytest.raises(ZeroDivisionError, match="by zero"), night.step("first"):
            raise ZeroDivisionError("by zero")
        assert "first failed, which could not be written down: Catalog Error" in caplog.text
        with pytest.raises(dg.Failure) as failed, night.step("second"):
            pass
        assert "second succeeded, which could not be written down" in str(failed.value.description)
