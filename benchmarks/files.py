"""Reading the files that a benchmark is given: any Parquet or CSV file with the columns it states."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd

from ecom_pipeline.sql import literal


def read(file: Path, needed: Sequence[str], *, whole: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a file; some of the columns it needs have a value in all of them.

    Raises
    ------
    SystemExit
        The file cannot be read, has no rows, or lacks a column or a value: says which, and where.
    """
    if not file.is_file():
        raise SystemExit(f"{file}: no such file")
    with duckdb.connect() as con:
        try:
            rows = con.execute(f"from {literal(str(file))}").df()
        except duckdb.Error as error:
            raise SystemExit(f"{file}: expected a Parquet or CSV file: {str(error).splitlines()[0]}") from error
    absent = [name for name in needed if name not in rows]
    if absent:
        raise SystemExit(f"{file}: no column {', '.join(absent)}; it has {', '.join(map(str, rows.columns))}")
    if rows.empty:
        raise SystemExit(f"{file}: no rows")
    for name in whole:
        if (empty := rows[name].isna()).any():
            raise SystemExit(f"{file}: row {int(empty.argmax()) + 1}: {name} is empty, as in {empty.sum():,} rows")
    return rows
