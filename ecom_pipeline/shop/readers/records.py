"""Delimited text, line by line: the reader of last resort, which accounts for every line itself.

It separates records the way a person would: a quote that is never closed spoils its own line, not those below it.
Memory is bounded by the longest line that is accepted.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from ecom_pipeline.shop.readers.dialect import MAX_LINE, Dialect
from ecom_pipeline.shop.readers.files import CHUNK
from ecom_pipeline.shop.readers.table import Row

KEPT = 16 * CHUNK
"""Bytes that are kept of a longer one."""


def physical_lines(path: Path) -> Iterator[bytes]:
    """Lines with their ends (LF, CR LF or CR); of a line beyond all measure only the beginning."""
    with path.open("rb") as file:
        held, overlong = b"", False
        while block := file.read(CHUNK):
            if block.endswith(b"\r"):
                block += file.read(1)
            first, *rest = block.splitlines(keepends=True)
            if not overlong or len(held) < KEPT:
                held += first
            overlong = len(held) > KEPT
            if not first.endswith((b"\n", b"\r")) and not rest:
                continue
            yield held
            held, overlong = b"", False
            if rest:
                held = rest.pop() if not rest[-1].endswith((b"\n", b"\r")) else b""
                yield from rest
        if held:
            yield held


def read_records(path: Path, dialect: Dialect) -> Iterator[Row]:
    """Rows of a UTF-8 file: values, ``_row``, ``_problem``, ``_line``."""
    source = physical_lines(path)
    for _ in range(dialect.skip):
        next(source, None)
    waiting: deque[bytes] = deque()
    place = 0
    while (line := waiting.popleft() if waiting else next(source, None)) is not None:
        if not line.strip(b"\r\n"):
            continue
        place += 1
        values, problem, raw = _record(line, source, waiting, dialect)
        if problem:
            yield (*[None] * dialect.width, place, problem, raw)
        else:
            yield (*[value or None for value in values], place, None, None)


def _record(
    line: bytes, source: Iterator[bytes], waiting: deque[bytes], dialect: Dialect
) -> tuple[list[str], str | None, str]:
    """The fields of the record that starts with this line; or what is wrong with the line, and the line."""
    raw = line.rstrip(b"\r\n").decode("utf-8", errors="backslashreplace")
    if len(line) > MAX_LINE:
        kept = f" (its first {KEPT} are kept)" if len(line) > KEPT else ""
        return [], f"line longer than {MAX_LINE} bytes{kept}", raw
    try:
        return _checked(dialect.fields(line.rstrip(b"\r\n").decode("utf-8")), dialect, raw)
    except UnicodeDecodeError as error:
        return [], f"not UTF-8 at byte {error.start + 1} of the line", raw
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            return [], f"quotes do not match: {error}", raw
    values = _continued(line, source, waiting, dialect)
    return (values, None, raw) if values else ([], "quote is not closed", raw)


def _continued(line: bytes, source: Iterator[bytes], waiting: deque[bytes], dialect: Dialect) -> list[str]:
    """The fields of a record that goes on in the following lines; empty, and those lines put back, if it does not."""
    quote = dialect.quote.encode()
    taken: list[bytes] = []
    size = len(line)
    while size <= MAX_LINE and (following := waiting.popleft() if waiting else next(source, None)) is not None:
        taken.append(following)
        size += len(following)
        if quote not in following:
            continue
        try:
            values = dialect.fields(b"".join([line, *taken]).rstrip(b"\r\n").decode("utf-8"))
        except UnicodeDecodeError:
            break
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                continue
            break
        if dialect.is_whole(values):
            return values[: dialect.width]
        break
    waiting.extendleft(reversed(taken))
    return []


def _checked(values: list[str], dialect: Dialect, raw: str) -> tuple[list[str], str | None, str]:
    if dialect.is_whole(values):
        return values[: dialect.width], None, raw
    return [], f"expected {dialect.width} fields, found {len(values)}", raw
