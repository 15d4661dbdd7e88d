"""How a delimited file is written, guessed from its beginning: delimiter, quote, escape, header, width.

A guess is made on text alone. Reading the file, and proving that nothing was lost, happens elsewhere.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ecom_pipeline.shop.errors import InputError, shorten
from ecom_pipeline.shop.options import ReadOptions

SPACES, COLONS = " ", "::"
DELIMITERS = (",", "\t", ";", "|", COLONS)
UNQUOTED = (SPACES, COLONS)
"""Delimiters of files in which quotes are signs like any other."""
SAMPLE_RECORDS = 300
FULL = 0.8
"""Share of the fields of the fullest record from which a record may be the header."""
MAX_LINE = 2_000_000
"""Bytes of the longest line, or record of several lines, that is read as data."""
NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar", SPACES: "runs of spaces", COLONS: "double colon"}
TYPED = re.compile(
    r"""\s*(?:[-+]?[£$€¥￥]?\s?[\d.,]*\d[\d.,]*(?:[eE][-+]?\d+)?\s?%?   # number, money, percentage
    |\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?(?:[ T].*)?)\s*""",  # date, with or without time
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a delimited file is written."""

    delimiter: str
    quote: str
    escape: str
    has_header: bool
    names: tuple[str, ...]
    skip: int
    """Lines before the first data row."""
    preamble: tuple[str, ...] = ()
    """The lines above the header that are no part of the table."""

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.names)

    def __str__(self) -> str:
        header = "header" if self.has_header else "no header"
        escaped = ", backslash escapes" if self.escape == "\\" else ""
        return f"{NAMES.get(self.delimiter, repr(self.delimiter))}, quote {self.quote}{escaped}, {header}"

    def fields(self, text: str) -> list[str]:
        """The fields of one record.

        Raises
        ------
        csv.Error
            The quotes do not match.
        """
        if self.delimiter in UNQUOTED:
            return _parted(text, self.delimiter)
        if self.quote not in text:
            return text.split(self.delimiter)
        return next(_parser(io.StringIO(text, newline=""), self.delimiter, self.quote, self.escape, strict=True), [])

    def is_whole(self, values: Sequence[str]) -> bool:
        """Whether every column has a field; empty fields after the last column say nothing, to DuckDB as well."""
        return len(values) >= self.width and not any(values[self.width :])

    def is_sound(self, line: str) -> bool:
        """Whether a line is a whole record by itself."""
        try:
            return self.is_whole(self.fields(line))
        except csv.Error:
            return False


def _parser(lines: io.StringIO, delimiter: str, quote: str, escape: str, *, strict: bool):  # type: ignore[no-untyped-def]
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    doubled = escape == quote
    return csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quote,
        doublequote=doubled,
        escapechar=None if doubled else escape,
        strict=strict,
    )


def _parted(line: str, delimiter: str) -> list[str]:
    return line.split(None if delimiter == SPACES else delimiter)


def _records(sample: str, delimiter: str, quote: str, escape: str) -> list[list[str]]:
    if delimiter in UNQUOTED:
        lines = islice(filter(str.strip, sample.splitlines()), SAMPLE_RECORDS)
        return [_parted(line, delimiter) for line in lines]
    parser = _parser(io.StringIO(sample, newline=""), delimiter, quote, escape, strict=False)
    return [record for record in islice(parser, SAMPLE_RECORDS) if record]


def _consistency(records: list[list[str]]) -> tuple[float, int]:
    """Share of records with the commonest number of fields (at least two), and that number."""
    widths = Counter(len(record) for record in records)
    if not widths:
        return 0.0, 1
    width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
    if width < 2:
        return 0.0, width
    first = 1.0 if len(records[0]) == width else 0.5
    return first * times / len(records), width


def _quote(sample: str) -> str:
    """Single quotes where they stand around fields and pair up on every line: one left over is an apostrophe of a text."""
    around = re.findall(r"(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|\r\n]|$)", sample, re.MULTILINE)
    paired = all(len(re.findall(r"(?<!\\)'", line)) % 2 == 0 for line in sample.splitlines()[:-1])
    return "'" if '"' not in sample and len(around) >= 2 and paired else '"'


def _escape(sample: str, quote: str) -> str:
    """Doubled quotes unless quotes are seen behind a backslash and never doubled inside a value."""
    behind = len(re.findall(rf"\\{quote}(?![,;\t|\r\n]|\Z)", sample))
    doubled = len(re.findall(rf"[^,;\t|\r\n]{quote}{quote}|{quote}{quote}[^,;\t|\r\n]", sample))
    return "\\" if behind > doubled else quote


def _delimiter(sample: str, quote: str, escape: str, suffix: str) -> str:
    order = ("\t", *DELIMITERS) if suffix == ".tsv" else DELIMITERS
    scored = [(*_consistency(_records(sample, delimiter, quote, escape)), delimiter) for delimiter in order]
    best = max(scored, key=lambda item: item[:2])
    if best[0] >= 0.5:
        return best[2]
    share, _ = _consistency(_records(sample, SPACES, quote, escape))
    return SPACES if share >= 0.98 else (best[2] if best[0] > 0 else order[0])


def has_header(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record names the others.

    It does not if one of its fields is a number or a date, if names repeat above nothing but text, or if its values
    turn up again below.

    Examples
    --------
    >>> has_header([["user", "item"], ["1", "2"]]), has_header([["u1", "view"], ["u2", "view"]])
    (True, False)
    """
    first = [field.strip() for field in records[0]]
    named = [field for field in first if field]
    if not named or any(TYPED.fullmatch(field) for field in named):
        return False
    if len(set(named)) < len(named):
        return any(TYPED.fullmatch(field) for record in records[1:] for field in record)
    return not any(
        field and field == record[position].strip()
        for record in records[1:]
        if list(record) != list(records[0])
        for position, field in enumerate(first)
        if position < len(record)
    )


def preamble_length(records: Sequence[Sequence[str]]) -> int:
    """How many of the first records are a title, a period, a note or the names of groups of columns above the header.

    They have at most half of the fields filled, and the first full record below them names the others.

    Examples
    --------
    >>> rows = [["2024-06-18", "Brand", "12.50"], ["2024-06-19", "Brand", "9.75"]]
    >>> preamble_length([["Costs of June", "", ""], ["Day", "Campaign", "Cost"], *rows])
    1
    >>> preamble_length([["When", "", "What", "", ""], ["Day", "Hour", "Brand", "Item", "Cost"], ["1", "2", "A", "B", "3"]])
    1
    >>> preamble_length([["Day", "", ""], *rows])
    0
    """
    filled = [sum(bool(field.strip()) for field in record) for record in records]
    start = next((place for place, count in enumerate(filled) if count >= FULL * max(filled)), 0)
    sparse = all(count <= filled[start] // 2 for count in filled[:start])
    return start if filled[start] >= 3 and sparse and has_header(records[start:]) else 0


def preamble_notice(preamble: Sequence[str]) -> tuple[str, ...]:
    """What is said of lines above the header that were passed over."""
    if not preamble:
        return ()
    shown = " ".join(" ".join(preamble).split())
    lines = "1 line" if len(preamble) == 1 else f"{len(preamble)} lines"
    return (f"{lines} above the header passed over ({shorten(shown)}); state options.skip_rows if not so",)


def detect_dialect(sample: str, options: ReadOptions, file: Path, suffix: str = "") -> Dialect:
    """The dialect of a text from its first lines.

    Raises
    ------
    InputError
        There is nothing to go by, or the options cannot be.
    """
    if options.delimiter is not None and len(options.delimiter) != 1 and options.delimiter != COLONS:
        raise InputError(file=file, value=options.delimiter, expected="options.delimiter of one character, or ::")
    lines = list(io.StringIO(sample, newline=""))
    first = _not_blank(lines, options.skip_rows or 0)
    body = "".join(lines[first:])
    if not body:
        raise InputError(file=file, expected="at least a header: there are only blank lines")
    quote = _quote(body)
    escape = _escape(body, quote)
    delimiter = options.delimiter or _delimiter(body, quote, escape, suffix)
    records = _records(body, delimiter, quote, escape)
    preamble: tuple[str, ...] = ()
    if options.skip_rows is None and options.header is None and (above := preamble_length(records)):
        start = _not_blank(lines, first + _lines_of(above, body, delimiter, quote, escape))
        preamble = tuple(line.strip() for line in lines[first:start] if line.strip())
        first, body = start, "".join(lines[start:])
        records = records[above:]
    headed = options.header if options.header is not None else has_header(records)
    width = len(records[0]) if headed else Counter(map(len, records)).most_common(1)[0][0]
    if options.columns and len(options.columns) != width:
        raise InputError(
            file=file,
            value=", ".join(options.columns),
            expected=f"{width} names in options.columns, one for each column",
        )
    names = options.columns or (tuple(records[0]) if headed else ("",) * width)
    return Dialect(
        delimiter=delimiter,
        quote=quote,
        escape=escape,
        has_header=headed,
        names=names,
        skip=first + (_lines_of(1, body, delimiter, quote, escape) if headed else 0),
        preamble=preamble,
    )


def _not_blank(lines: Sequence[str], start: int) -> int:
    """The first line from there on that holds anything."""
    return next((place for place in range(start, len(lines)) if lines[place].strip()), len(lines))


def _lines_of(records: int, body: str, delimiter: str, quote: str, escape: str) -> int:
    """How many lines the first records take, blank ones between them included."""
    if delimiter in UNQUOTED:
        return records
    parser = _parser(io.StringIO(body, newline=""), delimiter, quote, escape, strict=False)
    for _ in islice(filter(None, parser), records):
        pass
    return int(parser.line_num)
