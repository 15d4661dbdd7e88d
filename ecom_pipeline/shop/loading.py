"""The load ledger's rules: which files of a source are new, and how they get into one table of text.

A file is what its path, size and hash say. What is in the ledger unchanged is not read again, not even for its hash where
nothing was written since; what changed is read whole and takes the place of its last load. Nothing is half loaded: a file
that is missing, unfinished, damaged or lacks a column that its rows need refuses the whole load of its source, and the
error says where. What a file lacks that its rows can do without is null, and a notice says so. Which files there are
belongs to ``arrivals``, how one is read to ``readers``, where its rows are put to ``staging``; where these and the ledger
are kept to the caller.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import duckdb

from ecom_pipeline.shop.absent import absent_columns
from ecom_pipeline.shop.arrivals import Clock, hash_of_file, look, matching, refuse_changed, settled, utc
from ecom_pipeline.shop.config import Database, Shop, Source
from ecom_pipeline.shop.errors import InputError, close_to, did_you_mean, one_line
from ecom_pipeline.shop.ledger import LedgerEntry
from ecom_pipeline.shop.queries import PLACE, read_query
from ecom_pipeline.shop.readers import FileRead, looks_partial, read_database, read_file, version
from ecom_pipeline.shop.staging import Staging


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What a load found: the entries to add to the ledger, and what a person may want to know."""

    entries: tuple[LedgerEntry, ...]
    notices: tuple[str, ...]


def load_source(
    con: duckdb.DuckDBPyConnection,
    shop: Shop,
    source: str,
    landing: Path,
    ledger: Sequence[LedgerEntry],
    next_load_id: int,
    staging_table: str,
    settle_seconds: float = 0.0,
    clock: Clock = time,
) -> LoadReport:
    """Read what is new or changed of one source into a table of text.

    Parameters
    ----------
    con
        Where the table is made.
    source
        Name of the source in ``shop.yaml``.
    landing
        The folder below which its files lie; relative database files start from it too.
    ledger
        What has been loaded of this source before; of several entries of a file the last one counts.
    next_load_id
        The first free number; every file takes one.
    staging_table
        Name of the table, schema included, as SQL; replaced, and empty if nothing is new. Its columns are those of the
        files, the mapped ones at least, and ``_row, _problem, _line, _load_id, _file``.
    settle_seconds
        A file younger than this is looked at twice.

    Raises
    ------
    InputError
        No file, an unreadable folder or file, an empty or damaged file, one that is still being written, one that had
        rows and has none any more or breaks off, or one that lacks a column its rows need. The staging table does not exist then.
    """
    staging = Staging(con, staging_table, shop.used_columns(source))
    loading = _Loading(con, shop, source, ledger, next_load_id, staging)
    described = shop.sources[source]
    with staging.discarded_on_error():
        if described.database is not None:
            loading.take_table(described.database, landing)
        elif described.query is not None:
            loading.take_query(described, landing, settle_seconds, clock)
        else:
            loading.take_files(described, landing, settle_seconds, clock)
        loading.look_for_columns_nobody_has()
    return loading.report()


@dataclass
class _Loading:
    con: duckdb.DuckDBPyConnection
    shop: Shop
    source: str
    ledger: Sequence[LedgerEntry]
    next_load_id: int
    staging: Staging
    entries: list[LedgerEntry] = field(default_factory=list)
    notices: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known = {entry.file: entry for entry in sorted(self.ledger, key=lambda entry: entry.load_id)}

    def report(self) -> LoadReport:
        notices = [
            f"{told[0]}{f' (and {len(told) - 1} more files)' if len(told) > 1 else ''}"
            for told in self.notices.values()
        ]
        return LoadReport(entries=tuple(self.entries), notices=tuple(notices))

    def take_files(self, described: Source, landing: Path, settle_seconds: float, clock: Clock) -> None:
        pattern = described.files or ""
        paths = settled(self._finished(pattern, landing), settle_seconds, clock)
        names = {path: path.relative_to(landing).as_posix() for path in paths}
        self._note_what_stays(set(names.values()), landing, f"{pattern} no longer finds it")
        for path, name in sorted(names.items(), key=lambda named: self._load_of(named[1])):
            self._take_file(path, name, described)
        self._note_twins()

    def _note_what_stays(self, brought: Collection[str], landing: Path, why: str) -> None:
        """Tell of former loads that the source does not mean any more; a file that is gone was moved away on purpose."""
        for name, entry in self.known.items():
            if name not in brought and not entry.is_retired and (entry.size == 0 or (landing / name).exists()):
                self._note(name, f"was loaded, and {why}: its rows stay", kind="unmatched")

    def _finished(self, pattern: str, landing: Path) -> list[Path]:
        """The files that a pattern means; those that are not finished are told and left alone."""
        found = matching(pattern, landing)
        unfinished = [path.relative_to(landing).as_posix() for path in found if looks_partial(path)]
        for name in unfinished:
            self._note(name, "left alone: its name says that it is not finished")
        if len(found) > len(unfinished):
            return [path for path in found if not looks_partial(path)]
        beside = f"; {', '.join(unfinished)} is not finished" if unfinished else ""
        raise InputError(file=landing / pattern, expected=f"at least one file of the source '{self.source}'{beside}")

    def _load_of(self, name: str) -> float:
        """The number of a file's last load: files that are read again keep their order, and new ones come after them."""
        return self.known[name].load_id if name in self.known else math.inf

    def take_table(self, database: Database, landing: Path) -> None:
        self._note_what_stays([database.location], landing, "a table has taken its place")
        read = read_database(
            self.con, _below(landing, database.url.get_secret_value()), database.table, self.staging.target
        )
        sha256 = self.staging.hash_of_rows(read.columns)
        before = self.known.get(database.location)
        if before is not None and before.sha256 == sha256:
            self.staging.empty()
            return
        self._add(read, database.location, size=0, sha256=sha256, modified_at=None)

    def take_query(self, described: Source, landing: Path, settle_seconds: float, clock: Clock) -> None:
        self._note_what_stays([PLACE], landing, "a query has taken its place")
        found = {name: self._finished(table.files, landing) for name, table in described.tables.items()}
        paths = settled([path for held in found.values() for path in held], settle_seconds, clock)
        seen = [look(path) for path in paths]
        tables = {name: (found[name], table.format, table.options) for name, table in described.tables.items()}
        asked = (described.model_dump_json(include={"query", "tables"}), version(), *map(hash_of_file, paths))
        sha256 = hashlib.sha256(repr(asked).encode()).hexdigest()
        if PLACE in self.known and self.known[PLACE].sha256 == sha256:
            return
        read = read_query(self.con, described.query or "", tables, self.staging.target)
        for path, before in zip(paths, seen, strict=True):
            refuse_changed(path, before, look(path))
        self._add(read, PLACE, size=0, sha256=sha256, modified_at=None)

    def _take_file(self, path: Path, name: str, described: Source) -> None:
        before = self.known.get(name)
        seen = look(path)
        options = described.options.model_dump(exclude_none=True)
        stated = {"format": described.format, **options, "readers": version()}
        read_as = json.dumps(stated, sort_keys=True, ensure_ascii=False)
        is_read_otherwise = before is not None and not before.is_retired and before.read_as != read_as
        if before is not None and not is_read_otherwise and before.is_untouched(seen):
            return
        sha256 = hash_of_file(path)
        is_same = before is not None and (before.size, before.sha256) == (seen.st_size, sha256)
        if is_same and not is_read_otherwise:
            return
        if is_same:
            self._note(
                name,
                "read again: the options of its source, or the version of the project, have changed",
                kind="read otherwise",
            )
        read = read_file(self.con, path, self.staging.target, format=described.format, options=described.options)
        refuse_changed(path, seen, look(path))
        self._add(read, name, size=seen.st_size, sha256=sha256, modified_at=utc(seen.st_mtime), read_as=read_as)

    def _add(
        self,
        read: FileRead,
        name: str,
        *,
        size: int,
        sha256: str,
        modified_at: datetime | None,
        read_as: str | None = None,
    ) -> None:
        self._miss_columns(name, read.columns)
        self._note_new_columns(name, read.columns)
        for notice in read.notices:
            self._note(name, notice)
        before = self.known.get(name)
        if read.rows + read.unreadable == 0:
            if before is not None and before.rows:
                raise InputError(file=name, expected=f"rows below the header: its last version had {before.rows:,}")
            self._note(name, "has no rows")
        if before is not None and before.sha256 != sha256:
            self._note_change(name, before, read)
        self.staging.keep(read.columns, load_id := self.next_load_id + len(self.entries), name)
        self.entries.append(
            LedgerEntry(
                load_id=load_id,
                file=name,
                size=size,
                sha256=sha256,
                modified_at=modified_at,
                rows=read.rows + read.unreadable,
                unreadable=read.unreadable,
                columns=read.columns,
                encoding=read.encoding,
                dialect=read.dialect,
                read_as=read_as,
            )
        )

    def look_for_columns_nobody_has(self) -> None:
        """Tell a mapped column that no file has, even if none of them is new: ``shop.yaml`` may have been changed."""
        if not self.entries and all(entry.columns for entry in self.known.values()):
            columns = dict.fromkeys(column for entry in self.known.values() for column in entry.columns)
            self._miss_columns(f"the source '{self.source}'", list(columns))

    def _note_twins(self) -> None:
        """Tell what was loaded tonight and is the same as another file by now."""
        brought = {entry.file: entry.sha256 for entry in self.entries}
        held = {
            name: entry.sha256 for name, entry in self.known.items() if not entry.is_retired and name not in brought
        }
        for name, sha256 in brought.items():
            twin = next((other for other, content in held.items() if content == sha256), None)
            if twin is not None:
                self._note(name, f"has the same content as {twin}; both are loaded")
            held[name] = sha256

    def _miss_columns(self, name: str, columns: Sequence[str]) -> None:
        """Refuse what lacks a column its rows need; note what else is lacking."""
        absent = absent_columns(self.shop, self.source, columns)
        if absent and absent[0].is_needed:
            column, line = absent[0].column, self.shop.line(absent[0].place)
            also = f"; it lacks {', '.join(repr(other.column) for other in absent[1:])} too" if absent[1:] else ""
            expected = f"a column of this name, which {line} maps{did_you_mean(column, columns)}{also}"
            raise InputError(file=name, column=column, expected=expected)
        used = {column.lower() for column in self.staging.mapped}
        unused = [column for column in columns if column.lower() not in used]
        for one in absent:
            self._note(
                name,
                f"has no column '{one.column}', which {self.shop.line(one.place)} maps: {one.consequences}"
                f"{close_to(one.column, unused)}",
            )

    def _note_change(self, name: str, before: LedgerEntry, read: FileRead) -> None:
        """Tell how many rows a file has now; refuse one that has fewer and breaks off in the last: a part of an upload."""
        now, counts = read.rows + read.unreadable, f"its last version had {before.rows:,}"
        if now >= before.rows:
            self._note(name, f"has changed: its {now:,} rows replace {before.rows:,}", kind="changed")
            return
        if read.unreadable > before.unreadable and (problem := self.staging.last_problem()):
            raise InputError(
                file=name, row=now, expected=f"a whole row, since it is the last of {now:,} and {counts}: {problem}"
            )
        self._note(name, f"has {now:,} rows, {counts}: the others are gone", kind="shrunk")

    def _note_new_columns(self, name: str, columns: Sequence[str]) -> None:
        known = {column.lower() for entry in (*self.entries, *self.known.values()) for column in entry.columns}
        new = [column for column in columns if column.lower() not in known]
        if known and new:
            self._note(name, f"has columns that earlier files do not have: {', '.join(new)}")

    def _note(self, name: str, notice: str, kind: str | None = None) -> None:
        """Of several notices of a kind the first is told, with the number of the others."""
        self.notices.setdefault(kind or notice, []).append(one_line(f"{name}: {notice}"))


def _below(landing: Path, url: str) -> str:
    """The url, with the file of a file database looked for below the landing folder unless it is absolute."""
    kind, separator, path = url.partition(":///")
    if kind not in ("sqlite", "duckdb") or not separator or path.startswith("/"):
        return url
    return f"{kind}:///{quote(str(landing.resolve()))}/{path}"
