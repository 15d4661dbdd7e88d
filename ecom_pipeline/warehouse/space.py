"""Room on the disk, asked for before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from ecom_pipeline.warehouse.connection import WarehouseError


def require_space(folder: Path, needed: int) -> None:
    """Fail where a folder that exists has less room than will be needed.

    Parameters
    ----------
    needed
        In bytes.

    Raises
    ------
    WarehouseError
        Says the folder, what is free and what is needed.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise WarehouseError(
            f"{folder}: {_megabytes(free)} free, about {_megabytes(needed)} needed;"
            " make room, or see 'The disk is full' in docs/runbook.md"
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
