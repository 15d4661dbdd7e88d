"""Whole nights that are killed; warehouse/test_kills.py has the hundred, benchmarks/kills.py as many as one likes."""

from __future__ import annotations

import random
import shutil
import time

import pytest

from ecom_pipeline import cli
from ecom_pipeline.warehouse import release as releases
from ecom_pipeline_tests.e2e.conftest import House
from ecom_pipeline_tests.e2e.test_night import wait_until_held
from ecom_pipeline_tests.wholeness import assert_loaded_once, assert_nothing_left, assert_whole

pytestmark = pytest.mark.slow

KILLS = 3


def test_nights_that_are_killed_end_as_one_that_was_not(house: House) -> None:
    expected = releases.show(house.releases).digest
    (length,) = house.query("select epoch(ended_at) - epoch(started_at) from journal.runs")[0]
    work = house.settings.work_dir("mini")
    shutil.rmtree(work)
    draws = random.Random(7)
    for _ in range(KILLS):
        with house.start("run") as night:
            wait_until_held(house, night.pid)
            time.sleep(draws.uniform(0, length))
            night.kill()
        assert_whole(house.releases)
    said = house.ecom("run", "--json")
    assert said.code == cli.OK, said.words
    assert releases.show(house.releases).digest == expected
    assert_whole(house.releases)
    assert_nothing_left(work, house.releases)
    assert_loaded_once(work)
    statuses = house.query("select status from journal.runs order by rowid")
    assert statuses[-1] == ("succeeded",)
    assert ("interrupted",) in statuses
