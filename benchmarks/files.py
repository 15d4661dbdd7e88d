"""Reading the files that a benchmark is given: Parquet, CSV, tab-separated or JSON lines, the last three also packed by gzip.

The columns of a CSV file are parted by commas or semicolons. What cannot be used ends the program with the name of the file
and what was expected of it. What does not belong here: what the columns mean.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

FORMATS = ("parquet", "csv", "tsv", "jsonl")
ENCODINGS = ("utf-8-sig", "gb18030")
EMPTY = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")
"""What stands for no value in a column of a text file, unless its values are taken as they are written."""


class FileError(SystemExit):
    """A file is not what was expected: says which, where and what was."""


def rows_of(file: Path, *, as_written: Callable[[str], bool] = lambda name: False) -> pd.DataFrame:
    """The rows of a file; in a text file, columns of such a name keep their values as they are written: 007, None.

    Raises
    ------
    FileError
        It is absent, of another kind, or cannot be read.
    """
    kind = next((ending for suffix in reversed(file.suffixes) if (ending := suffix[1:].lower()) != "gz"), "")
    if not file.is_file():
        raise FileError(f"{file}: no such file")
    if kind not in FORMATS:
        raise FileError(f"{file}: expected a file that ends in .{', .'.join(FORMATS)}, the last three also .gz")
    try:
        if kind == "parquet":
            return pd.read_parquet(file)
        if kind == "jsonl":
            return pd.read_json(file, lines=True, dtype=False)
        return _separated(file, "\t" if kind == "tsv" else ",", as_written)
    except (OSError, ValueError) as error:
        raise FileError(f"{file}: not readable as {kind}: {str(error).splitlines()[0]}") from error


def read(
    file: Path,
    needed: Sequence[str],
    *,
    ids: Sequence[str] = (),
    whole: Sequence[str] = (),
    called: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """The rows of a file that has these columns, ids as they are written; some columns have a value in all rows.

    Columns that the file calls otherwise get the name that ``called`` has them under.

    Raises
    ------
    FileError
        The file cannot be read, has no rows, or lacks a column or a value: says which, and where.
    """
    rows = rows_of(file, as_written=lambda name: name in {*ids, *(called.get(one) for one in ids)})
    expect(file, rows, list(called.values()))
    rows = rows.rename(columns={theirs: ours for ours, theirs in called.items()})
    expect(file, rows, needed, whole=whole)
    return rows


def expect(file: Path, rows: pd.DataFrame, needed: Sequence[str], *, whole: Sequence[str] = ()) -> None:
    """Make sure that there are rows, and columns of these names, some of them with a value in all rows.

    Raises
    ------
    FileError
        There are none, or a column or a value is lacking: says which, and where.
    """
    absent = [name for name in needed if name not in rows]
    if absent:
        raise FileError(f"{file}: no column {', '.join(absent)}; it has {', '.join(map(str, rows.columns))}")
    if rows.empty:
        raise FileError(f"{file}: no rows")
    for name in whole:
        if (empty := rows[name].isna().to_numpy()).any():
            raise FileError(f"{file}: row {int(empty.argmax()) + 1}: {name} is empty, as in {empty.sum():,} rows")


def other_name(pair: str) -> tuple[str, str]:
    """Name of a column, and what a file calls it.

    >>> other_name("spend=Cost")
    ('spend', 'Cost')
    """
    ours, sign, theirs = pair.partition("=")
    if not (ours and sign and theirs):
        raise ArgumentTypeError(f"expected NAME=ITS_NAME_IN_THE_FILE, such as spend=Cost, not {pair!r}")
    return ours, theirs


def numbers(file: Path, rows: pd.DataFrame, name: str) -> pd.Series:
    """A column of numbers; nothing where a row has none.

    Raises
    ------
    FileError
        A value is no number: says where.
    """
    amounts = pd.to_numeric(rows[name], errors="coerce")
    if (wrong := (rows[name].notna() & ~np.isfinite(amounts)).to_numpy()).any():
        raise FileError(f"{file}: row {wrong.argmax() + 1}: {name} is {rows[name].iloc[wrong.argmax()]!r}, no number")
    return amounts.astype(float)


def dates(rows: pd.DataFrame, name: str) -> pd.Series:
    """A column of days or moments as moments of no timezone; nothing where a row has none, or it is not like 2024-01-31."""
    return pd.to_datetime(rows[name], errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)


def _separated(file: Path, separator: str, as_written: Callable[[str], bool]) -> pd.DataFrame:
    for encoding in ENCODINGS:
        try:
            names = pd.read_csv(file, sep=separator, encoding=encoding, nrows=0).columns
            if len(names) == 1 and separator == "," and ";" in names[0]:
                return _separated(file, ";", as_written)
            return pd.read_csv(
                file,
                sep=separator,
                encoding=encoding,
                dtype={name: str for name in names if as_written(name)},
                na_values={name: "" if as_written(name) else EMPTY for name in names},
                keep_default_na=False,
                low_memory=False,
            )
        except UnicodeDecodeError:
            continue
    raise FileError(f"{file}: encoded neither in UTF-8 nor in GB 18030")
