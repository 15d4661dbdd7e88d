"""Writing the export files: CSV and JSON lines, gzip without a clock in it, and the torn lines of real transfers."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

_JSON = json.JSONEncoder(ensure_ascii=False)


def write_csv(*, encoding: str = "utf-8", delimiter: str = ",") -> Callable[[Path, str, pd.DataFrame], None]:
    """A writer of one CSV file per ``_part`` (``{}`` in the pattern); a torn line ends after its third field."""

    def write(folder: Path, pattern: str, table: pd.DataFrame) -> None:
        columns = _columns(table)
        for name, part in table.groupby("_part", sort=True):
            buffer = io.StringIO()
            writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
            writer.writerow(columns)
            for row, torn in zip(part[columns].itertuples(index=False, name=None), part["_broken"], strict=True):
                writer.writerow(row[:3] if torn else row)
            _write(folder / pattern.format(name), buffer.getvalue().encode(encoding))

    return write


def write_jsonl(folder: Path, pattern: str, table: pd.DataFrame) -> None:
    """Write one file of JSON lines per ``_part``; empty fields are left out, a torn line ends in the middle."""
    columns = _columns(table)
    for name, part in table.groupby("_part", sort=True):
        lines = []
        for row, torn in zip(part[columns].itertuples(index=False, name=None), part["_broken"], strict=True):
            line = _JSON.encode({key: value for key, value in zip(columns, row, strict=True) if value != ""})
            lines.append(line[: len(line) // 2] if torn else line)
        _write(folder / pattern.format(name), ("\n".join(lines) + "\n").encode())


def _columns(table: pd.DataFrame) -> list[str]:
    return [column for column in table.columns if not column.startswith("_")]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if path.suffix == ".gz" else content)
