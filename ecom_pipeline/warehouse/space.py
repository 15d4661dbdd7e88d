"""Room on the disk, and leave to write there, asked for before anything is written."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from ecom_pipeline.warehouse.connection import WarehouseError

LOADED = 5
"""Bytes on the disk per byte of a new file: raw and clean, each as candidate and live, and what is built from them."""


def require_space_for_a_night(work: Path, releases: Path, landing: Path) -> None:
    """Fail before a run starts where the disk could not hold what it writes beside what is there.

    That is about half of the working file (candidates beside live tables), twice the current release (the new one, and
    its log while it is written) and five times the files that are newer than the working file.

    Raises
    ------
    WarehouseError
        Says the folder, what is free and what is needed; or that it cannot be written.
    """
    require_writable(releases)
    file = work / "warehouse.duckdb"
    try:
        live, since = (file.stat().st_size, file.stat().st_mtime) if file.exists() else (0, 0.0)
    except OSError as error:
        raise WarehouseError(f"{work}: cannot be written: {error.strerror}") from error
    arrived = sum(seen.st_size for seen in files_in(landing) if seen.st_ctime > since)
    released = sum(seen.st_size for seen in files_in(releases / "current"))
    require_space(releases, live // 2 + 2 * released + LOADED * arrived)


def require_writable(folder: Path) -> None:
    """Fail where a folder cannot be made or written, with a WarehouseError that says why."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise WarehouseError(f"{folder}: cannot be written: {error.strerror}") from error


def require_space(folder: Path, needed: int) -> None:
    """Fail where the disk of a folder has less room than will be needed.

    Parameters
    ----------
    needed
        In bytes.

    Raises
    ------
    WarehouseError
        Says the folder, what is free and what is needed.
    """
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise WarehouseError(
            f"{folder}: {free / 1e6:,.1f} MB are free, about {needed / 1e6:,.1f} MB are needed;"
            " docs/runbook.md, 'The disk is full', says how to make room"
        )


def files_in(folder: Path) -> Iterator[os.stat_result]:
    """What the disk says of each file below a folder; one that goes while it is looked for is not there."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            seen = path.stat()
            if stat.S_ISREG(seen.st_mode):
                yield seen
