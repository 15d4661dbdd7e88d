from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from ecom_pipeline.definitions import run_night
from ecom_pipeline.settings import Settings
from ecom_pipeline_tests.e2e.mini import write_mini


@dataclass
class House:
    """A shop, its data folder, and the Dagster instance that records its nights."""

    settings: Settings
    instance: dg.DagsterInstance

    @property
    def landing(self) -> Path:
        return self.settings.shop_file.parent

    @property
    def releases(self) -> Path:
        return self.settings.releases_dir("mini")

    def night(self, **options: object) -> bool:
        return run_night(self.settings, instance=self.instance, **options)[1]  # type: ignore[arg-type]


def settings_for(folder: Path) -> Settings:
    return Settings(data_dir=folder / "data", shop=folder / "shop", settle_seconds=0, memory_limit="1GB", threads=1)


@pytest.fixture(scope="session")
def after_one_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the mini shop after one good night; tests copy it."""
    folder = tmp_path_factory.mktemp("house")
    write_mini(folder / "shop")
    with dg.DagsterInstance.ephemeral() as instance:
        _, succeeded = run_night(settings_for(folder), instance=instance)
    assert succeeded
    return folder


@pytest.fixture
def house(after_one_night: Path, tmp_path: Path) -> House:
    shutil.copytree(after_one_night, tmp_path, dirs_exist_ok=True, symlinks=True)
    return House(settings_for(tmp_path), dg.DagsterInstance.ephemeral())
