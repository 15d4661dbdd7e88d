"""What lies in a folder: files that belong together, each kind as one table of sample rows.

Files with the same columns and similar names (a date, a number or a word that differs) are one export. What the
columns mean is not asked here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ecom_pipeline.shop.doctor.nested import lists_of, opened
from ecom_pipeline.shop.doctor.patterns import common_start, escaped, pattern_of, shape_of
from ecom_pipeline.shop.doctor.sampling import KINDS, Sample, samples_of
from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.readers import FileRead, looks_partial
from ecom_pipeline.shop.readers.files import suffix_of
from ecom_pipeline.shop.readers.spread import spread
from ecom_pipeline.shop.readers.table import scratch_name

BUDGET = 1 << 22
"""Bytes of text that are read of one export."""
SAMPLED_FILES = 24
"""Files of one export that are looked at; the others are taken to be like the one before them."""
NO_READER = "no reader for files of this kind"
TO_DO = {
    ".zip .rar .7z .tar .tgz": "an archive: unpack it and put its files here",
    ".bz2 .xz .br": "packed in a way that has no reader: unpack it, or pack it by gzip or zstd",
    ".numbers .doc .docx .pdf .html .htm": "no table: save what is in it as CSV or .xlsx",
    ".xml": "no reader for XML: export it as CSV or JSON",
    ".sql": "a dump: load it into a database, or export its tables as CSV",
}
"""What to do about files of which there is no reader, by suffixes."""
SHARED_KEYS = 0.7
"""Share of columns that files of one export have in common, where these may differ: an object of JSON leaves out what it
has not, and of exports that only a number tells apart the later ones have grown."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """Files, sheets or a table that are one source.

    Attributes
    ----------
    name
        What it is called in words: its pattern, and its sheet or table.
    place
        As ``shop.yaml`` says it: ``files`` or ``database``.
    files
        Relative to the folder.
    columns
        As in the file; ``column_N`` where there is no header.
    options
        As ``shop.yaml`` says them.
    table
        The sample rows, in the database that was handed over.
    """

    name: str
    place: dict[str, Any]
    files: tuple[str, ...]
    columns: tuple[str, ...]
    has_header: bool
    options: dict[str, Any]
    table: str
    rows: int
    notices: tuple[str, ...] = ()
    lines: str = ""
    """The list whose elements are the rows, where they are the lines of something."""
    coverage: float = 1.0
    """About the share of it that was read."""
    inside: Mapping[str, str] = field(default_factory=dict)
    """Columns that stand for what SQL makes of others, and that SQL: a value inside JSON, a time of a day and a clock."""


@dataclass(frozen=True)
class _Seen:
    """A sample, and the files of its shape of name that were not opened and are taken to be like it."""

    sample: Sample
    unopened: tuple[Path, ...] = ()


def survey(con: duckdb.DuckDBPyConnection, folder: Path) -> tuple[list[Export], list[str]]:
    """The exports of a folder, and what was left alone and why.

    Raises
    ------
    InputError
        The folder is none, or may not be read.
    """
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        raise InputError(file=folder, expected="a folder that can be read")
    paths, notices = find_files(folder)
    by_shape: dict[str, list[Path]] = {}
    for path in paths:
        by_shape.setdefault(shape_of(str(path)), []).append(path)
    groups: list[list[_Seen]] = []
    for alike in by_shape.values():
        for seen in _sampled(con, folder, alike, notices):
            home = next((group for group in groups if _belongs(seen.sample, group[0].sample)), None)
            if home is None:
                groups.append([seen])
            else:
                home.append(seen)
    exports = [export for group in groups for export in _exports(con, folder, group, paths)]
    return sorted(exports, key=lambda export: export.name), notices


def find_files(folder: Path) -> tuple[list[Path], list[str]]:
    """Files that may be exports, and a line for every other one but those of the shop itself."""
    found: list[Path] = []
    left: list[str] = []

    def refused(error: OSError) -> None:
        left.append(f"{Path(error.filename).relative_to(folder).as_posix()}: left alone, it cannot be read")

    for parent, folders, names in os.walk(folder, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(parent, name) for name in sorted(names) if not name.startswith(".")):
            shown = path.relative_to(folder).as_posix()
            if looks_partial(path):
                left.append(f"{shown}: left alone, it looks unfinished")
            elif suffix_of(path) in KINDS:
                found.append(path)
            elif path.suffix not in (".yaml", ".yml", ".md"):
                told = (told for suffixes, told in TO_DO.items() if path.suffix.lower() in suffixes.split())
                left.append(f"{shown}: left alone, {next(told, NO_READER)}")
    return found, left


def _sampled(
    con: duckdb.DuckDBPyConnection, folder: Path, alike: Sequence[Path], notices: list[str]
) -> Iterator[_Seen]:
    """Files of one shape of name: those that were opened, each with those after it that were not."""
    step = max(len(alike) / SAMPLED_FILES, 1)
    starts = [int(number * step) for number in range(min(len(alike), SAMPLED_FILES))]
    orphans: tuple[Path, ...] = ()
    for start, end in zip(starts, [*starts[1:], len(alike)], strict=True):
        path, unopened = alike[start], (*orphans, *alike[start + 1 : end])
        try:
            samples = list(samples_of(con, path, BUDGET // len(starts)))
        except (InputError, OSError) as error:
            why = error.expected if isinstance(error, InputError) else error.strerror
            notices.append(f"{path.relative_to(folder).as_posix()}: left alone; expected {why}")
            orphans = unopened
            continue
        yield from (_Seen(sample, unopened) for sample in samples)
        orphans = ()
    notices.extend(f"{path.relative_to(folder).as_posix()}: not looked at" for path in orphans)


def _belongs(sample: Sample, other: Sample) -> bool:
    """Whether a file is more of an export: same columns, folder and kind, and a name that starts alike."""
    start = common_start([_stem(sample.path), _stem(other.path)])
    numbered = shape_of(sample.path.name) == shape_of(other.path.name)
    own, theirs = ({column.lower() for column in one.columns} for one in (sample, other))
    may_differ = sample.dialect.startswith("json") or (numbered and "no header" not in sample.dialect)
    return (
        (len(own & theirs) >= SHARED_KEYS * len(own | theirs) if may_differ else own == theirs)
        and not sample.database
        and sample.part == other.part
        and shape_of(str(sample.path.parent)) == shape_of(str(other.path.parent))
        and suffix_of(sample.path) == suffix_of(other.path)
        and (numbered or len(re.findall(r"[^\W\d_]", start)) >= 2)
    )


def _stem(path: Path) -> str:
    return path.name.split(".")[0].lower()


def _exports(
    con: duckdb.DuckDBPyConnection, folder: Path, group: Sequence[_Seen], paths: Sequence[Path]
) -> Iterator[Export]:
    """The one export that a group is, or one per file where no glob finds them and nothing else."""
    files = sorted(path.relative_to(folder).as_posix() for seen in group for path in (seen.sample.path, *seen.unopened))
    others = [name for path in paths if (name := path.relative_to(folder).as_posix()) not in files]
    pattern = pattern_of(files, others)
    if pattern:
        yield _export(con, folder, pattern, files, [seen.sample for seen in group])
        return
    for seen in group:
        name = seen.sample.path.relative_to(folder).as_posix()
        yield _export(con, folder, escaped(name), [name], [seen.sample])


def _export(
    con: duckdb.DuckDBPyConnection, folder: Path, pattern: str, files: Sequence[str], samples: Sequence[Sample]
) -> Export:
    table, first = scratch_name("export"), samples[0]
    rows = " union all by name ".join(
        f"select *, {place} as _file from {sample.table}" for place, sample in enumerate(samples)
    )
    counted = "select * exclude (_file) replace (row_number() over (order by _file, _row) as _row)"
    con.execute(f"create table {table} as {counted} from ({rows})").fetchall()
    for sample in samples:
        con.execute(f"drop table {sample.table}").fetchall()
    place: dict[str, Any] = {"files": pattern}
    options: dict[str, Any] = {}
    if first.database:
        path = first.path.relative_to(folder).as_posix().replace("%", "%25")
        place = {"database": {"url": f"{first.database}:///{path}", "table": first.part}}
    elif first.part:
        options["sheet"] = first.part
    if "runs of spaces" in first.dialect:
        options["delimiter"] = " "
    some = f"{len(samples)} of {len(files)} files opened; the others are taken to have the same columns"
    columns = tuple(dict.fromkeys(column for sample in samples for column in sample.columns))
    lists = lists_of(con, table, columns)
    if lists.each and not first.database:
        columns = _spread(con, table, columns, lists.each)
        options["each"] = lists.each
    inside = opened(con, table, columns)
    outer = {name.rsplit(".", 1)[0] for name in inside}
    closed = [path for path in lists.others if path not in outer]
    several = f"{', '.join(closed)}: lists, of which only a query makes rows (docs/your-own-shop.md, what the mapping cannot say)"
    held = {name: sql for name, sql in inside.items() if name not in outer}
    return Export(
        name=f"{pattern}, {first.part}" if first.part else pattern,
        place=place,
        files=tuple(files),
        columns=(*(column for column in columns if column not in outer), *held),
        has_header="no header" not in first.dialect,
        options=options,
        table=table,
        rows=con.execute(f"select count(*) from {table}").fetchall()[0][0],
        coverage=sum(one.coverage for one in samples) / len(files),
        notices=(*first.notices, *([some] if len(samples) < len(files) else []), *([several] if closed else [])),
        inside=held,
        lines="" if lists.is_whole else options.get("each", ""),
    )


def _spread(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], each: str) -> tuple[str, ...]:
    """Give the sample a row for each element of a list; its columns then."""
    for name in ("_problem", "_line"):
        con.execute(f"alter table {table} add column if not exists {name} varchar").fetchall()
    found = FileRead(columns=tuple(columns), rows=0, unreadable=0, encoding="", dialect="")
    return spread(con, table, found, each).columns
