"""What lies in a folder: files that belong together, each kind as one table of sample rows.

Files with the same columns and similar names (a date, a number or a word that differs) are one export. Only the
beginning of large files is read. What the columns mean is not asked here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import duckdb

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.readers import FileRead, looks_partial, read_file
from ecom_pipeline.shop.readers.encoding import by_mark
from ecom_pipeline.shop.readers.files import SUFFIXES, chunks, format_of, suffix_of
from ecom_pipeline.shop.readers.table import OWN_COLUMNS, literal, scratch_folder, scratch_name

BUDGET = 1 << 24
"""Bytes of text that are read of one export."""
LEAST = 1 << 16
SAMPLED_FILES = 24
"""Files of one export whose rows are looked at; of the others only the header is."""
PARQUET_ROWS = 100_000
SHARED_KEYS = 0.7
"""Share of keys that files of JSON have in common if they are one export: an object leaves out what it has not."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """Files that are one source.

    Attributes
    ----------
    pattern
        The glob that finds them, and nothing else, below the folder.
    files
        Relative to the folder.
    columns
        As in the file; ``column_N`` where there is no header.
    table
        The sample rows, in the database that was handed over.
    """

    pattern: str
    files: tuple[str, ...]
    columns: tuple[str, ...]
    has_header: bool
    is_aligned: bool
    encoding: str
    table: str
    rows: int
    notices: tuple[str, ...] = ()


def find_files(folder: Path) -> tuple[list[Path], list[str]]:
    """Files that a reader may understand, and a line for every other one but those of the shop itself."""
    found: list[Path] = []
    left: list[str] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        shown = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if looks_partial(path):
            left.append(f"{shown}: left alone, it looks unfinished")
        elif suffix_of(path) in SUFFIXES:
            found.append(path)
        elif path.suffix not in (".yaml", ".yml", ".md"):
            left.append(f"{shown}: left alone, no reader for files of this kind")
    return found, left


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
        by_shape.setdefault(re.sub(r"\d+", "#", path.relative_to(folder).as_posix()), []).append(path)
    sampled: list[tuple[list[Path], FileRead, str]] = []
    for alike in by_shape.values():
        for path, found, table, same in _sampled(con, alike, notices, folder):
            home = next((entry for entry in sampled if _belongs(path, found, entry)), None)
            if home is None:
                sampled.append(([path, *same], found, table))
            else:
                home[0].extend([path, *same])
                both = f"select * from {home[2]} union all by name select * from {table}"
                con.execute(f"create or replace table {home[2]} as {both}").fetchall()
                con.execute(f"drop table {table}").fetchall()
    exports = [export for entry in sampled for export in _exports(con, folder, *entry, paths)]
    return sorted(exports, key=lambda export: export.pattern), notices


def _sampled(
    con: duckdb.DuckDBPyConnection, alike: list[Path], notices: list[str], folder: Path
) -> Iterator[tuple[Path, FileRead, str, list[Path]]]:
    """Files of one shape of name: those that were read, each with those that have the same header unread."""
    step = max(len(alike) / SAMPLED_FILES, 1)
    chosen = {alike[int(number * step)] for number in range(min(len(alike), SAMPLED_FILES))}
    budget = max(BUDGET // len(chosen), LEAST)
    headers: dict[bytes, Path] = {}
    same: dict[Path, list[Path]] = {}
    read: list[tuple[Path, FileRead, str]] = []
    for path in sorted(alike, key=lambda path: (path not in chosen, path)):
        try:
            header = next(chunks(path), b"").split(b"\n", 1)[0] if format_of(path) == "csv" else bytes(path)
            if path not in chosen and header in headers:
                same[headers[header]].append(path)
                continue
            found, table = _read(con, path, budget)
        except InputError as error:
            notices.append(f"{path.relative_to(folder).as_posix()}: left alone, {error.expected}")
            continue
        headers.setdefault(header, path)
        same.setdefault(headers[header], [])
        same.setdefault(path, [])
        read.append((path, found, table))
    for path, found, table in read:
        yield path, found, table, same[path]


def _read(con: duckdb.DuckDBPyConnection, path: Path, budget: int) -> tuple[FileRead, str]:
    table = scratch_name("export")
    with scratch_folder(con) as scratch:
        return read_file(con, _beginning(con, path, scratch, budget), table, format=format_of(path)), table


def _beginning(con: duckdb.DuckDBPyConnection, path: Path, scratch: Path, budget: int) -> Path:
    """The file, or a shorter one that begins like it."""
    kind = format_of(path)
    copy = scratch / f"beginning{suffix_of(path)}"
    if kind == "parquet":
        try:
            con.execute(
                f"copy (from {literal(str(path))} limit {PARQUET_ROWS}) to {literal(str(copy))} (format parquet)"
            ).fetchall()
        except duckdb.Error as error:
            raise InputError(file=path, expected=f"a readable parquet file ({str(error).splitlines()[0]})") from error
        return copy
    start = bytearray()
    for block in chunks(path):
        start += block
        if len(start) >= budget:
            break
    if kind == "excel" or len(start) < budget or start.lstrip().startswith(b"["):
        return path
    kept = bytes(start[:budget])
    if (by_mark(kept) or "").startswith("utf-16"):
        kept = kept[: len(kept) // 2 * 2]
    else:
        kept = kept[: max(kept.rfind(b"\n"), kept.rfind(b"\r")) + 1] or kept
    copy.write_bytes(kept)
    return copy


def _belongs(path: Path, found: FileRead, entry: tuple[list[Path], FileRead, str]) -> bool:
    """Whether a file is more of an export: same columns, folder and kind, and a name that starts alike."""
    other = entry[0][0]
    start = _common_start([_stem(path), _stem(other)])
    numbered = re.sub(r"\d+", "#", path.name) == re.sub(r"\d+", "#", other.name)
    own, theirs = ({column.lower() for column in read.columns} for read in (found, entry[1]))
    alike = len(own & theirs) >= SHARED_KEYS * len(own | theirs) if found.dialect.startswith("json") else own == theirs
    return (
        alike
        and path.parent == other.parent
        and suffix_of(path) == suffix_of(other)
        and (numbered or len(re.findall(r"[^\W\d_]", start)) >= 3)
    )


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return first[: next((place for place, char in enumerate(first) if last[place : place + 1] != char), len(first))]


def _stem(path: Path) -> str:
    return path.name.split(".")[0].lower()


def _exports(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    members: list[Path],
    found: FileRead,
    table: str,
    paths: Iterable[Path],
) -> Iterator[Export]:
    files = tuple(sorted(path.relative_to(folder).as_posix() for path in members))
    others = [name for path in paths if (name := path.relative_to(folder).as_posix()) not in files]
    con.execute(f"delete from {table} where _problem is not null").fetchall()
    rows = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    columns = tuple(name for name, *_ in con.execute(f"describe {table}").fetchall() if name not in OWN_COLUMNS)
    pattern = _pattern(files, others)
    for glob, group in [(pattern, files)] if pattern else [(_escaped(name), (name,)) for name in files]:
        yield Export(
            pattern=glob,
            files=group,
            columns=columns,
            has_header="no header" not in found.dialect,
            is_aligned="runs of spaces" in found.dialect,
            encoding=found.encoding,
            table=table,
            rows=rows,
            notices=tuple(notice for notice in found.notices if "sheet" in notice or "read as" in notice),
        )


def _escaped(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _pattern(files: tuple[str, ...], others: list[str]) -> str | None:
    """The simplest glob that finds these files and no others; None if there is none."""
    if len(files) == 1:
        return _escaped(files[0])
    start = _common_start(files).rstrip("0123456789")
    end = _common_start([name[len(start) :][::-1] for name in files])[::-1].lstrip("0123456789")
    for middle in ("*", "[0-9]*"):
        pattern = f"{_escaped(start)}{middle}{_escaped(end)}"
        if all(fnmatchcase(name, pattern) for name in files) and not any(fnmatchcase(name, pattern) for name in others):
            return pattern
    return None
