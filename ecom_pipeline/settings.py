"""The only reader of the environment: one frozen, validated object that everything else is handed.

Every setting has the variable ``ECOM_<NAME>`` and a default that works on a laptop. Nothing here opens a file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PREFIX = "ECOM_"
SIZE = r"^\d+(\.\d+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$"


class SettingsError(ValueError):
    """A setting that cannot be used: names the variable, its value and what was expected."""


class Settings(BaseModel):
    """Where a shop's data lie and how much of the machine a run may use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Path("data")
    """Work files and releases live below it, one folder per shop."""
    shop: Path = Path("data/shops/sample/shop.yaml")
    """The shop's ``shop.yaml``, or the folder it is in."""
    landing: Path | None = None
    """The folder the globs of ``shop.yaml`` start from; its own folder by default."""
    memory_limit: str = Field(default="2GB", pattern=SIZE)
    """Upper bound of DuckDB's memory; what does not fit goes to ``temp_dir``. The process takes some 0.5 GB more, and what
    the frames need that models learn from. With less than 100MB a CSV file cannot be read."""
    threads: int = Field(default=2, ge=1)
    """Threads of DuckDB."""
    temp_dir: Path | None = None
    """The folder for what does not fit in memory, one below it per shop; the shop's work folder by default."""
    temp_limit: str | None = Field(default=None, pattern=SIZE)
    """Upper bound of what may lie there; nine tenths of the free disk by default."""
    keep_releases: int = Field(default=7, ge=1)
    """Published releases kept for rollback."""
    keep_history_days: int | None = Field(default=None, ge=1)
    """Days after which ``ecom retention`` deletes the history of a run, in ``ops`` and in the Dagster UI; kept for ever by
    default. The last run and the runs that wrote what is live always stay."""
    settle_seconds: float = Field(default=2.0, ge=0)
    """A file younger than this is looked at again before it is loaded, in case it is still being written."""
    wait_seconds: float = Field(default=0.0, ge=0)
    """How long a run waits for another one to release the warehouse before it says who holds it."""
    schedule: str = "0 2 * * *"
    """Cron expression of the nightly job."""
    schedule_timezone: str = "UTC"
    """IANA timezone of the cron expression."""
    stale_hours: float = Field(default=30.0, ge=0.1)
    """Age of the current release above which the stale-release alert fires."""
    webhook_url: str | None = Field(default=None, pattern="^https?://")
    """Receives alerts as JSON by POST; without it they are logged."""
    seed: int = 20240601
    """Seed of all randomness: the sample shop and the models."""
    dagster_home: Path | None = None
    """Folder of ``dagster.yaml`` and of the history of runs; one per shop in the data folder by default. ``DAGSTER_HOME``
    names it too."""

    @field_validator("schedule_timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError("expected an IANA timezone such as Asia/Shanghai") from error
        return value

    @property
    def shop_file(self) -> Path:
        """The ``shop.yaml`` itself."""
        return self.shop / "shop.yaml" if self.shop.is_dir() else self.shop

    @property
    def landing_dir(self) -> Path:
        """Where the exports lie."""
        return self.landing or self.shop_file.parent

    def work_dir(self, shop_name: str) -> Path:
        """Holds the working file of a shop."""
        return self.data_dir / "work" / shop_name

    def temp_folder(self, shop_name: str) -> Path:
        """Holds what does not fit in memory while a shop's run is at work."""
        return self.temp_dir / shop_name if self.temp_dir else self.work_dir(shop_name) / "tmp"

    def bounds(self, shop_name: str) -> dict[str, Any]:
        """How a shop's working file is opened: what it may use of the machine, and how long to wait for it."""
        return {
            "memory_limit": self.memory_limit,
            "threads": self.threads,
            "wait_seconds": self.wait_seconds,
            "temp_folder": self.temp_folder(shop_name),
            "temp_limit": self.temp_limit,
        }

    def dagster_dir(self, shop_name: str) -> Path:
        """Holds the Dagster instance of a shop."""
        return self.dagster_home or self.data_dir / "dagster" / shop_name

    def releases_dir(self, shop_name: str) -> Path:
        """Holds the releases of a shop."""
        return self.data_dir / "releases" / shop_name


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, overridden by keyword.

    Raises
    ------
    SettingsError
        An unknown ``ECOM_`` variable, or a value that does not fit.
    """
    given = {key[len(PREFIX) :].lower(): value for key, value in os.environ.items() if key.startswith(PREFIX) and value}
    if home := os.environ.get("DAGSTER_HOME"):
        given.setdefault("dagster_home", home)
    try:
        return Settings.model_validate(given | {name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(
            f"{PREFIX}{'.'.join(map(str, item['loc'])).upper()}={item.get('input')!r}: {item['msg']}"
            for item in error.errors()
        )
        raise SettingsError(problems) from error


def backfill(start: date | None, end: date | None) -> tuple[date, date] | None:
    """The first and the last business date to rebuild, if any.

    Raises
    ------
    SettingsError
        One without the other, or the last before the first.
    """
    if start is None and end is None:
        return None
    if start is None or end is None or end < start:
        raise SettingsError(
            f"a backfill goes from the first to the last business date to rebuild, found {start or 'none'} and {end or 'none'}"
        )
    return start, end


def environment() -> Mapping[str, str]:
    """What ``${NAME}`` in ``shop.yaml`` is filled in from: passwords stay out of the file."""
    return dict(os.environ)
