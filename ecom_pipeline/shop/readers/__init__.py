"""What arrives becomes a table of text: one reader per kind of source, one promise for all of them.

The promise: every column of the source as VARCHAR under its own name, ``_row`` (its place in the source), and rows
that could not be read kept beside the others with ``_problem`` and ``_line``, so that ``rows + unreadable`` is what
the source holds. Values are not interpreted; the one change is that empty text becomes null, in every format. Types,
time zones and meaning belong to the mapping of ``shop.yaml``; which files are read, and when, belongs to the load
ledger.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import duckdb

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers.database import read_database
from ecom_pipeline.shop.readers.delimited import read_delimited
from ecom_pipeline.shop.readers.excel import read_excel
from ecom_pipeline.shop.readers.files import format_of, looks_partial
from ecom_pipeline.shop.readers.jsonl import read_json
from ecom_pipeline.shop.readers.parquet import read_parquet
from ecom_pipeline.shop.readers.spread import spread
from ecom_pipeline.shop.readers.table import FileRead, discarded_on_error, table_name

__all__ = ["FileRead", "looks_partial", "read_database", "read_file", "version"]

READERS = {"csv": read_delimited, "jsonl": read_json, "parquet": read_parquet, "excel": read_excel}


@cache
def version() -> str:
    """Of the code in this package and of DuckDB: another one may find other rows in the same file."""
    code = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join([*code, duckdb.__version__.encode()])).hexdigest()[:12]


def read_file(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    table: str,
    *,
    format: str | None = None,
    options: ReadOptions | None = None,
) -> FileRead:
    """Read one file into a new table.

    Parameters
    ----------
    con
        Where the table is made.
    path
        The file; gzip and zstd are unpacked on the way.
    table
        Name of the table, which may carry its schema; an existing one is replaced.
    format
        ``csv``, ``jsonl``, ``parquet`` or ``excel``; by suffix if not given.
    options
        What not to detect.

    Returns
    -------
    FileRead
        What was found.

    Raises
    ------
    InputError
        The file is missing, empty, damaged or not of its format; the table does not exist then.
    """
    chosen = options or ReadOptions()
    kind = format_of(path, format)
    target = table_name(table)
    with discarded_on_error(con, target, path, kind):
        if not path.exists():
            raise InputError(file=path, expected="an existing file")
        if path.stat().st_size == 0:
            raise InputError(file=path, expected="at least a header: the file is empty")
        found = READERS[kind](con, path, target, chosen)
        return spread(con, target, found, chosen.each) if chosen.each else found
