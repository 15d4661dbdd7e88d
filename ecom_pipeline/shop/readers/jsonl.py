"""JSON, an object a line or one array of objects: the union of the keys becomes the columns.

DuckDB takes the objects apart wherever it gives back exactly what the line says; it holds numbers as doubles, so
lines whose numbers would change (``1.10``, twenty digits) are taken apart by Python, which keeps them as they are
written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers import encoding as text
from ecom_pipeline.shop.readers.dialect import MAX_LINE
from ecom_pipeline.shop.readers.files import CHUNK, refuse_what_is_no_text, unpacked
from ecom_pipeline.shop.readers.records import physical_lines
from ecom_pipeline.shop.readers.table import (
    BATCH,
    FileRead,
    append,
    column_names,
    create,
    file_read,
    scratch_folder,
    scratch_name,
)
from ecom_pipeline.sql import file_literal, literal, quoted

MOST_OBJECTS = 1 << 28
"""Bytes of a file of objects that are not one a line: it is held in memory."""


class _Number(str):
    """A number as it is written."""


def read_json(con: duckdb.DuckDBPyConnection, path: Path, target: str, options: ReadOptions) -> FileRead:
    """Read one file of JSON objects into a new table."""
    lines = scratch_name("lines")
    with scratch_folder(con) as scratch, unpacked(path, scratch) as plain:
        refuse_what_is_no_text(plain, path)
        encoding, notices, plain = text.as_utf8(plain, scratch, options.encoding)
        with plain.open("rb") as file:
            start = file.read(CHUNK).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not start:
            raise InputError(file=path, expected="at least one object: there are only blank lines")
        is_array = start.startswith(b"[")
        if is_array and not _tail(plain).endswith(b"]"):
            raise InputError(file=path, expected="a complete array: it does not end with ']'")
        try:
            con.execute(
                f"create temp table {lines} (line varchar, _row bigint, _problem varchar, _line varchar)"
            ).fetchall()
            if is_array or goes_over_lines(plain):
                size = plain.stat().st_size
                if not is_array and size > MOST_OBJECTS:
                    raise InputError(
                        file=path, expected=f"an object a line, or objects of {MOST_OBJECTS >> 20} MiB in all"
                    )
                form = "format = 'array'" if is_array else f"format = 'unstructured', maximum_object_size = {size + 1}"
                objects = f"read_json_objects({file_literal(plain)}, {form})"
                con.execute(
                    f"insert into {lines} select json, row_number() over (), null, null from {objects}"
                ).fetchall()
            else:
                append(con, lines, ("line",), _lines(plain))
            columns, renamed = _load(con, path, target, lines, options)
        finally:
            con.execute(f"drop table if exists {lines}").fetchall()
    dialect = "json array" if is_array else "json lines"
    return file_read(con, target, columns, encoding=encoding, dialect=dialect, notices=notices + renamed)


def goes_over_lines(plain: Path) -> bool:
    """Whether the first object ends on another line than it begins, or is longer than a line may be."""
    filled = (text for line in physical_lines(plain) if (text := line.removeprefix(b"\xef\xbb\xbf").strip()))
    first, second = next(filled, b""), next(filled, b"")
    if not first.startswith(b"{") or second.startswith(b"{"):
        return False
    opened, closed = (sum(map(first.count, marks)) for marks in ((b"{", b"["), (b"}", b"]")))
    return len(first) > MAX_LINE or (opened > closed and bool(second))


def _tail(plain: Path) -> bytes:
    """The end of a file, without blanks: DuckDB takes an array that is cut off behind a comma for a whole one."""
    with plain.open("rb") as file:
        file.seek(max(plain.stat().st_size - CHUNK, 0))
        return file.read().rstrip()


def _lines(plain: Path) -> Iterator[tuple[str | None, int, str | None, str | None]]:
    place = 0
    for raw in physical_lines(plain):
        line = raw.removeprefix(b"\xef\xbb\xbf") if place == 0 else raw
        if not line.strip():
            continue
        place += 1
        content = line.strip().decode("utf-8", errors="backslashreplace")
        if len(line) > MAX_LINE:
            yield None, place, f"line longer than {MAX_LINE} bytes", content
        elif not _is_utf8(line):
            yield None, place, "not UTF-8", content
        else:
            yield content, place, None, None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _load(
    con: duckdb.DuckDBPyConnection, path: Path, target: str, lines: str, options: ReadOptions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fill the table from lines of JSON; its columns, and notices."""
    con.execute(
        f"""update {lines} set _line = line, line = null, _problem = case
            when not json_valid(line) then 'not valid JSON'
            else 'expected an object, found ' || lower(json_type(line)) end
        where line is not null and (not json_valid(line) or json_type(line) <> 'OBJECT')"""
    ).fetchall()
    keys = _keys(con, lines)
    if not keys:
        first = con.execute(f"select coalesce(_line, line) from {lines} order by _row limit 1").fetchall()
        value = first[0][0] if first else "[]"
        raise InputError(file=path, row=1, value=value, expected="an object on every line, or one array of objects")
    if options.columns:
        keys = list(options.columns)
    columns, notices = column_names(keys)
    create(con, target, columns)
    pointers = ", ".join(literal("/" + key.replace("~", "~0").replace("/", "~1")) for key in keys)
    exact = "replace(json(line), ' ', '') = replace(line, ' ', '')"
    values = ", ".join(f"nullif(parts[{position}], '')" for position in range(1, len(keys) + 1))
    con.execute(
        f"""insert into {target} select {values}, _row, null, null
        from (
            select json_extract_string(line, [{pointers}]) as parts, _row
            from {lines} where line is not null and {exact}
        )"""
    ).fetchall()
    own = ", ".join(map(quoted, ("_row", "_problem", "_line")))
    con.execute(f"insert into {target} ({own}) select {own} from {lines} where _problem is not null").fetchall()
    append(con, target, columns, _exactly(con, lines, exact, keys))
    return columns, notices


def _keys(con: duckdb.DuckDBPyConnection, lines: str) -> list[str]:
    """The keys of all objects in the order of their appearance; an object with a key given twice is refused."""
    shapes = scratch_name("shapes")
    con.execute(
        f"""create temp table {shapes} as
        select json_keys(line) as keys, min(_row) as first from {lines} where line is not null group by keys"""
    ).fetchall()
    try:
        if con.execute(f"select count(*) from {shapes} where {_repeats('keys')}").fetchall()[0][0]:
            con.execute(
                f"""update {lines} set _line = line, line = null, _problem = 'expected every key once'
                where line is not null and {_repeats("json_keys(line)")}"""
            ).fetchall()
        found = con.execute(
            f"""select key from (
                select unnest(keys) as key, generate_subscripts(keys, 1) as position, first
                from {shapes} where not {_repeats("keys")}
            ) group by key order by min(first), arg_min(position, first)"""
        ).fetchall()
    finally:
        con.execute(f"drop table {shapes}").fetchall()
    return [str(key) for (key,) in found]


def _repeats(keys: str) -> str:
    return f"(len(list_distinct({keys})) < len({keys}))"


def _exactly(con: duckdb.DuckDBPyConnection, lines: str, exact: str, keys: list[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of the lines that DuckDB would not give back as they are written."""
    after = 0
    while batch := con.execute(
        f"""select _row, line from {lines} where line is not null and not ({exact}) and _row > {after}
        order by _row limit {BATCH}"""
    ).fetchall():
        after = batch[-1][0]
        for place, line in batch:
            content = json.loads(line, parse_float=_Number, parse_int=_Number, parse_constant=_Number)
            yield (*[_text(content.get(key)) for key in keys], place, None, None)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return str(value)
    return _written(value)


def _written(value: Any) -> str:
    """JSON with every number as it was written."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_written(key)}:{_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)
