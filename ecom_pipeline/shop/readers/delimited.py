"""Delimited text, at DuckDB's speed, with nothing lost.

DuckDB parses; the lines it refuses come back through its reject table with their place. It can still lose lines
without a word (a line longer than its buffer) or swallow many into one (a quote never closed), so what it returned is
held against an independent count of the file's lines. Where the two do not agree to the line, the file is read again
by ``records``, which is slower and counts every line itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import duckdb

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers import encoding as text
from ecom_pipeline.shop.readers.dialect import MAX_LINE, UNQUOTED, Dialect, detect_dialect, preamble_notice
from ecom_pipeline.shop.readers.files import CHUNK, refuse_what_is_no_text, suffix_of, unpacked
from ecom_pipeline.shop.readers.records import KEPT, read_records
from ecom_pipeline.shop.readers.table import (
    BATCH,
    SMALL,
    FileRead,
    add_own_columns,
    append,
    column_names,
    create,
    create_texts,
    file_read,
    insertion_order,
    scratch_folder,
    scratch_name,
    varied_columns,
    without_empty_rows,
)
from ecom_pipeline.sql import file_literal, literal, quoted

SAMPLE = 1 << 18
MAX_COLUMNS = 4_096
"""More fields than this in the first line are no header; DuckDB needs minutes to be told of a million columns."""
SHOWN = 9_900
"""DuckDB shows some 10,000 bytes of a line it refuses; longer ones are fetched from the file."""


@dataclass
class Lines:
    """Line ends of a file, counted."""

    lf: int = 0
    crlf: int = 0
    cr: int = 0
    ends_open: bool = False
    size: int = 0

    @property
    def total(self) -> int:
        """Lines of the file, the last one included if it has no end."""
        return self.lf + self.crlf + self.cr + self.ends_open

    @property
    def is_uniform(self) -> bool:
        """Whether all lines end alike."""
        return sum(count > 0 for count in (self.lf, self.crlf, self.cr)) <= 1


def count_lines(path: Path) -> Lines:
    """Count line ends without looking at anything else."""
    found, last = Lines(), b""
    with path.open("rb", buffering=0) as file:
        while block := file.read(CHUNK):
            found.size += len(block)
            feeds = block.count(b"\n")
            if b"\r" in block or last == b"\r":
                pairs = block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
                found.crlf += pairs
                found.lf += feeds - pairs
                found.cr += block.count(b"\r") - pairs
            else:
                found.lf += feeds
            last = block[-1:]
    found.ends_open = last not in (b"\n", b"\r")
    return found


def read_delimited(con: duckdb.DuckDBPyConnection, path: Path, target: str, options: ReadOptions) -> FileRead:
    """Read one delimited file into a new table."""
    with scratch_folder(con) as scratch, unpacked(path, scratch) as plain:
        refuse_what_is_no_text(plain, path)
        encoding, notices, plain = text.as_utf8(plain, scratch, options.encoding)
        found, wrong = _load(con, plain, path, target, options, encoding)
        if wrong and encoding == "utf-8":
            encoding = _reconsidered(plain, path, options)
            if encoding != "utf-8":
                copy = scratch / "utf-8"
                notices += text.to_utf8(plain, encoding, copy, stated=False)
                found, _ = _load(con, copy, path, target, options, encoding)
        return replace(found, notices=notices + found.notices)


def _reconsidered(plain: Path, path: Path, options: ReadOptions) -> str:
    """What the encoding is once DuckDB has met bytes that are not UTF-8."""
    if options.encoding is None:
        return text.detect(plain)
    text.refuse_if_wrong(path, options.encoding, text.damage_as(plain, "utf-8"), stated=True)
    return "utf-8"


def _load(
    con: duckdb.DuckDBPyConnection, plain: Path, path: Path, target: str, options: ReadOptions, encoding: str
) -> tuple[FileRead, bool]:
    """Load a UTF-8 file; the result, and whether some of its bytes are not UTF-8."""
    with plain.open("rb") as file:
        head = file.read(SAMPLE)
    cut = max(head.rfind(b"\n"), head.rfind(b"\r")) + 1 if len(head) == SAMPLE else 0
    if len(head) == SAMPLE and not cut:
        raise InputError(file=path, expected=f"lines; the first {SAMPLE:,} bytes hold no end of one")
    sample = (head[:cut] if cut else head).removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    dialect = detect_dialect(sample, options, path, suffix_of(path))
    if len(dialect.names) > MAX_COLUMNS:
        fields = f"its first line has {len(dialect.names):,} fields"
        raise InputError(file=path, expected=f"at most {MAX_COLUMNS:,} columns; {fields}")
    columns, notices = column_names(dialect.names)
    notices += preamble_notice(dialect.preamble)
    lines = count_lines(plain)
    hides_rowid = any(column.lower() == "rowid" for column in columns)
    fast = lines.is_uniform and dialect.delimiter not in UNQUOTED and len(columns) > 1 and not hides_rowid
    wrong = _fast(con, plain, target, columns, dialect, lines) if fast else None
    if wrong is None:
        create(con, target, columns)
        append(con, target, columns, read_records(plain, dialect))
        wrong = bool(con.execute(f"select count(*) from {target} where _problem like '%not UTF-8%'").fetchall()[0][0])
        notices += ("read line by line: DuckDB's reader could not account for every line",) if fast else ()
    notices += without_empty_rows(con, target, columns)
    return file_read(con, target, columns, encoding=encoding, dialect=str(dialect), notices=notices), wrong


def _fast(
    con: duckdb.DuckDBPyConnection, plain: Path, target: str, columns: tuple[str, ...], dialect: Dialect, lines: Lines
) -> bool | None:
    """Let DuckDB read; None if it cannot be shown that every line is there."""
    errors, scans = scratch_name("errors"), scratch_name("scans")
    declared = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    scan = f"""read_csv({file_literal(plain)}, columns = {{{declared}}}, auto_detect = false, header = false,
        skip = {dialect.skip}, delim = {literal(dialect.delimiter)}, quote = {literal(dialect.quote)},
        escape = {literal(dialect.escape)}, max_line_size = {MAX_LINE}"""
    refused = f"""select line - {dialect.skip} as place, min(error_type) as kind,
            case min(error_type) when 'MISSING COLUMNS' then min(column_idx) else max(column_idx) end as fields,
            any_value(error_message) as message, any_value(ltrim(csv_line, chr(10) || chr(13))) as line,
            min(line_byte_position) as position, count(distinct line_byte_position) as positions
        from {errors} group by line"""
    try:
        with insertion_order(con):
            varied = varied_columns(con, f"{scan}, ignore_errors = true)", columns) if lines.size > SMALL else set()
            create_texts(con, target, columns, varied)
            con.execute(
                f"""insert into {target} select * from {scan},
                    store_rejects = true, rejects_table = '{errors}', rejects_scan = '{scans}')"""
            ).fetchall()
            add_own_columns(con, target)
        unreadable, swallowed = con.execute(
            f"select count(*), coalesce(bool_or(regexp_matches(line, '[\\r\\n]')), false) from ({refused})"
        ).fetchall()[0]
        if swallowed or not _accounted(con, target, columns, plain, lines, dialect, unreadable):
            return None
        if unreadable and not _shown_as_they_are(con, plain, dialect, refused):
            return None
        if not unreadable:
            con.execute(f"update {target} set _row = rowid + 1").fetchall()
            return False
        return _with_refused(con, plain, target, columns, refused)
    except duckdb.InvalidInputException:
        return None
    finally:
        con.execute(f"drop table if exists {errors}").fetchall()
        con.execute(f"drop table if exists {scans}").fetchall()


def _accounted(
    con: duckdb.DuckDBPyConnection,
    target: str,
    columns: tuple[str, ...],
    plain: Path,
    lines: Lines,
    dialect: Dialect,
    unreadable: int,
) -> bool:
    """Whether rows, refused lines, blank lines and line ends inside values add up to the lines of the file."""
    rows = con.execute(f"select count(*) from {target}").fetchall()[0][0]
    missing = lines.total - dialect.skip - rows - unreadable
    if missing == 0:
        return True
    end = "chr(13)" if lines.cr else "chr(10)"
    inside = " + ".join(
        f"coalesce(sum(length({name}) - length(replace({name}, {end}, ''))), 0)" for name in map(quoted, columns)
    )
    embedded = con.execute(f"select ({inside})::bigint from {target}").fetchall()[0][0]
    if missing in (embedded, embedded + _trailing_blank_lines(plain)):
        return True
    return embedded == 0 and unreadable == 0 and missing == _blank_lines(plain, dialect.skip)


def _shown_as_they_are(con: duckdb.DuckDBPyConnection, plain: Path, dialect: Dialect, refused: str) -> bool:
    """Whether the refused lines are what DuckDB shows for them.

    Where quotes do not match it has shown the line before, which is sound, or the end of the line only.
    """
    delimiter, quote = literal(dialect.delimiter), literal(dialect.quote)
    shared, sound = con.execute(
        f"""select count(*) - count(distinct position) + count(*) filter (positions > 1),
            count(*) filter (kind <> 'INVALID ENCODING' and not contains(line, {quote})
                and length(line) - length(replace(line, {delimiter}, '')) = {dialect.width - 1})
        from ({refused})"""
    ).fetchall()[0]
    if shared or sound:
        return False
    with_quotes = con.execute(
        f"select position, line from ({refused}) where contains(line, {quote}) order by place limit {BATCH}"
    ).fetchall()
    if len(with_quotes) == BATCH:
        return False
    with plain.open("rb") as file:
        return not any(_is_inside(file, place) or dialect.is_sound(line) for place, line in with_quotes)


def _is_inside(file: BinaryIO, position: int) -> bool:
    """Whether the place (counted from 1, sometimes at the end of the line before) is in the middle of a line."""
    file.seek(max(position - 2, 0))
    around = file.read(2)
    return position > 1 and not any(end in around for end in (b"\n", b"\r"))


def _trailing_blank_lines(plain: Path) -> int:
    with plain.open("rb") as file:
        file.seek(max(plain.stat().st_size - CHUNK, 0))
        tail = file.read()
    return max(len(tail[len(tail.rstrip(b"\r\n")) :].splitlines()) - 1, 0)


def _blank_lines(plain: Path, skip: int) -> int:
    with plain.open("rb") as file:
        return sum(position >= skip and not line.strip(b"\r\n") for position, line in enumerate(file))


def _with_refused(
    con: duckdb.DuckDBPyConnection, plain: Path, target: str, columns: tuple[str, ...], refused: str
) -> bool:
    """Add the refused lines and give every row its place among them; whether some are not UTF-8."""
    con.execute(
        f"""update {target} set _row = numbered.place
        from (
            with refused as (select place - row_number() over (order by place) as before from ({refused})),
            shifts as (select before, sum(count(*)) over (order by before) as shift from refused group by before)
            select rows.rowid as id, rows.rowid + 1 + coalesce(shifts.shift, 0) as place
            from {target} as rows asof left join shifts on rows.rowid >= shifts.before
        ) as numbered
        where {target}.rowid = numbered.id"""
    ).fetchall()
    problems = f"""select place, position, line,
            kind = 'INVALID ENCODING' or strlen(line) >= {SHOWN} as is_altered, case
            when kind = 'INVALID ENCODING' then 'not UTF-8'
            when kind = 'LINE SIZE OVER MAXIMUM' then 'line longer than {MAX_LINE} bytes'
            when kind in ('MISSING COLUMNS', 'TOO MANY COLUMNS') then 'expected {len(columns)} fields, found ' || fields
            else message end as problem
        from ({refused})"""
    con.execute(
        f"""insert into {target} by name
        select place as _row, problem as _problem, line as _line from ({problems}) where not is_altered"""
    ).fetchall()
    altered = con.execute(
        f"select place, problem, position from ({problems}) where is_altered order by place"
    ).fetchall()
    blanks = [None] * len(columns)
    with plain.open("rb") as file:
        rows = ((*blanks, place, problem, _line_at(file, position)) for place, problem, position in altered)
        append(con, target, columns, rows)
    return any(problem == "not UTF-8" for _, problem, _ in altered)


def _line_at(file: BinaryIO, position: int) -> str:
    """The line that DuckDB says starts there (counted from 1, sometimes at the end of the line before)."""
    file.seek(position - 1)
    line = file.read(CHUNK).lstrip(b"\r\n")
    while len(line.splitlines()) == 1 and len(line) < KEPT and (more := file.read(CHUNK)):
        line += more
    return line.splitlines()[0].decode("utf-8", errors="backslashreplace")
