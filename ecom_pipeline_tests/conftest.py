"""Fixtures that more than one package needs; nothing heavy is imported before one of them is used."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ecom_pipeline_tests.e2e.conftest import House


def pytest_collection() -> None:
    """Collect no garbage while everything is imported: none of it is any."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was imported out of the collection of garbage: it lives to the end, and is gone through all the time."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Let it go at the end: DuckDB names what of it is left."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def after_one_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the mini shop after one good night; tests copy it. Workers share it: the night takes half a minute."""
    import dagster as dg

    from ecom_pipeline.definitions import run_night
    from ecom_pipeline.warehouse.connection import exclusive
    from ecom_pipeline_tests.e2e.conftest import settings_for
    from ecom_pipeline_tests.e2e.mini import write_mini

    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "after-one-night"
    folder, done = shared / "house", shared / "done"
    with exclusive(shared, wait_seconds=600):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            write_mini(folder / "shop")
            with dg.DagsterInstance.ephemeral() as instance:
                _, why = run_night(settings_for(folder), instance=instance)
            assert why is None
            done.touch()
    return folder


@pytest.fixture
def house(after_one_night: Path, tmp_path: Path) -> Iterator[House]:
    """A copy of that night to do with as a test likes."""
    from ecom_pipeline_tests.e2e.conftest import copied

    with copied(after_one_night, tmp_path) as house:
        yield house


@pytest.fixture(scope="module")
def any_mood() -> Iterator[None]:
    """Moods that are learnt and judged with few sentences, unless that is done: for tests that look at none."""
    from ecom_pipeline.ml.support import challenge, mood, written

    few = written.written_sentences()[::20]
    kept = [each for each in (mood.written_mood, challenge.evaluate_sentiment) if not each.cache_info().currsize]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(written, "written_sentences", lambda: few)
        yield
    for each in kept:
        each.cache_clear()


@pytest.fixture(scope="session")
def older_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder from which a DuckDB of another version is imported."""

    @cache
    def installed(version: str) -> Path:
        folder = tmp_path_factory.mktemp(f"duckdb-{version}")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        done = subprocess.run([*command, f"duckdb=={version}"], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"duckdb {version} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
        return folder

    return installed
