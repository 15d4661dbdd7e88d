"""Fixtures that more than one package needs; nothing heavy is imported before one of them is used."""

from __future__ import annotations

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


@pytest.fixture(scope="session")
def after_one_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the mini shop after one good night; tests copy it."""
    import dagster as dg

    from ecom_pipeline.definitions import run_night
    from ecom_pipeline_tests.e2e.conftest import settings_for
    from ecom_pipeline_tests.e2e.mini import write_mini

    folder = tmp_path_factory.mktemp("house")
    write_mini(folder / "shop")
    with dg.DagsterInstance.ephemeral() as instance:
        _, succeeded = run_night(settings_for(folder), instance=instance)
    assert succeeded
    return folder


@pytest.fixture
def house(after_one_night: Path, tmp_path: Path) -> Iterator[House]:
    """A copy of that night to do with as a test likes."""
    import dagster as dg

    from ecom_pipeline_tests.e2e.conftest import House, settings_for, write_instance

    shutil.copytree(after_one_night, tmp_path, dirs_exist_ok=True, symlinks=True)
    settings = settings_for(tmp_path)
    write_instance(settings.dagster_dir("mini"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield House(settings, instance)


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
