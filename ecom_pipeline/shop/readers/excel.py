"""Sheets of workbooks (Excel of any age, OpenDocument): what a cell holds, as text that gives the value back.

python-calamine was preferred to openpyxl: 100,000 rows of five columns took it 1.2 s and openpyxl's read-only mode 22
s; it tells dates from numbers by itself; and Excel's limit of 1,048,576 rows bounds what it holds in memory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers.dialect import SAMPLE_RECORDS, has_header, preamble_length, preamble_notice
from ecom_pipeline.shop.readers.table import FileRead, Row, append, column_names, create, file_read

EXACT_INTEGERS = 2**53


def cell_text(value: Any) -> str | None:
    """A cell as text: whole numbers without a point, others as short as exact, dates ISO.

    Examples
    --------
    >>> cell_text(17850.0), cell_text(2.55), cell_text(dt.datetime(2011, 1, 31)), cell_text("007")
    ('17850', '2.55', '2011-01-31', '007')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT_INTEGERS else repr(value)
    if isinstance(value, dt.datetime):
        return (value.date() if value.time() == dt.time() else value).isoformat()
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value) or None


def read_excel(con: duckdb.DuckDBPyConnection, path: Path, target: str, options: ReadOptions) -> FileRead:
    """Read one sheet into a new table."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            names = book.sheet_names
            wanted = options.sheet or names[0]
            if wanted not in names:
                raise InputError(file=path, value=wanted, expected=f"a sheet among {', '.join(names)}")
            cells = book.get_sheet_by_name(wanted).to_python()
    except CalamineError as error:
        raise InputError(file=path, value=str(error), expected="a complete workbook") from error
    filled = [row for row in cells[options.skip_rows or 0 :] if any(value != "" for value in row)]
    if not filled:
        raise InputError(file=path, expected=f"at least a header: the sheet '{wanted}' is empty")
    start = [[cell_text(value) or "" for value in row] for row in filled[:SAMPLE_RECORDS]]
    above = preamble_length(start) if options.skip_rows is None and options.header is None else 0
    preamble = [" ".join(filter(None, row)) for row in start[:above]]
    start, filled = start[above:], filled[above:]
    headed = options.header if options.header is not None else has_header(start)
    header = start[0] if headed else [""] * len(start[0])
    if options.columns and len(options.columns) != len(header):
        raise InputError(
            file=path, value=", ".join(options.columns), expected=f"{len(header)} names in options.columns"
        )
    columns, notices = column_names(options.columns or header)
    notices += preamble_notice(preamble)
    create(con, target, columns)
    append(con, target, columns, _rows(filled[1:] if headed else filled))
    if options.sheet is None and len(names) > 1:
        notices += (f"sheet '{wanted}' of {', '.join(names)}; state options.sheet for another",)
    dialect = f"excel, sheet {wanted}, {'header' if headed else 'no header'}"
    return file_read(con, target, columns, dialect=dialect, notices=notices)


def _rows(filled: list[list[Any]]) -> Iterator[Row]:
    for place, row in enumerate(filled, start=1):
        yield (*[cell_text(value) for value in row], place, None, None)
