"""The files of a source as they arrive: which there are below the landing folder, and whether they are finished.

What is in a file belongs to ``readers``, and which file is new to ``loading``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from ecom_pipeline.shop.config import Source
from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.readers.files import SUFFIXES, looks_partial, suffix_of


class Clock(Protocol):
    """What tells the time and lets it pass; the module ``time`` does."""

    def time(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Wait."""
        ...


def files_of(source: Source, landing: Path) -> list[Path]:
    """The files of a source below the landing folder, sorted; none for a database.

    Raises
    ------
    InputError
        A folder on the way cannot be read, or a link leads out of the landing folder.
    """
    return [path for pattern in source.patterns for path in matching(pattern, landing) if not looks_partial(path)]


def matching(pattern: str, landing: Path) -> list[Path]:
    """The files below the landing folder that a pattern means, sorted; also those that are not finished by their names."""
    found = sorted(set(_expand(landing, tuple(pattern.split("/")))))
    inside = landing.resolve()
    for path in found:
        if shown := _shown(path):
            raise InputError(file=shown, expected="a file with a name in UTF-8")
        if not path.resolve().is_relative_to(inside):
            raise InputError(file=path, value=str(path.resolve()), expected="a file below the landing folder")
    return found


def unread(sources: Iterable[Source], landing: Path) -> list[str]:
    """Files below the landing folder that could be read and that no source means, as their paths below it, sorted.

    Folders that may not be looked into are left out, as are hidden ones.
    """
    meant = {path for source in sources for pattern in source.patterns for path in matching(pattern, landing)}
    found = []
    for folder, folders, names in os.walk(landing):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(folder, name) for name in names]
        found += [path for path in paths if suffix_of(path) in SUFFIXES and not looks_partial(path)]
    below = [path.relative_to(landing) for path in found if path not in meant]
    return sorted(_shown(path) or path.as_posix() for path in below)


def _shown(path: Path) -> str:
    """How to write a path whose bytes are no text; empty for any other."""
    name = os.fsencode(path)
    shown = name.decode("utf-8", errors="backslashreplace")
    return "" if shown.encode() == name else shown


def _expand(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    """Paths that match; unlike ``Path.glob`` it says so when it may not look into a folder."""
    first, rest = parts[0], parts[1:]
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(file=folder, expected=f"a readable folder: {error.strerror}") from error
    if first == "**":
        yield from _expand(folder, rest or ("*",))
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _expand(Path(entry.path), parts)
        return
    for entry in entries:
        if not fnmatchcase(entry.name, first):
            continue
        if rest and entry.is_dir():
            yield from _expand(Path(entry.path), rest)
        elif not rest and entry.is_file():
            yield Path(entry.path)


def settled(paths: Sequence[Path], settle_seconds: float, clock: Clock) -> Sequence[Path]:
    """The same files, none of which is being written: those younger than ``settle_seconds`` are looked at twice."""
    seen = {path: look(path) for path in paths}
    youngest = clock.time() - max(one.st_mtime for one in seen.values())
    if youngest < settle_seconds:
        clock.sleep(min(settle_seconds, settle_seconds - youngest))
        for path, before in seen.items():
            refuse_changed(path, before, look(path))
    return paths


def look(path: Path) -> os.stat_result:
    """Size and times of a file."""
    try:
        return path.stat()
    except OSError as error:
        raise InputError(file=path, expected=f"a readable file: {error.strerror}") from error


def refuse_changed(path: Path, before: os.stat_result, after: os.stat_result) -> None:
    """Say that a file is still being written if it is not what it was."""
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        grown = f"{before.st_size} and then {after.st_size} bytes"
        raise InputError(file=path, expected=f"a finished file: it is still being written ({grown})")


def utc(seconds: float) -> datetime:
    """A time of the file system, without an offset."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def hash_of_file(path: Path) -> str:
    """SHA-256 of the bytes."""
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise InputError(file=path, expected=f"a readable file: {error.strerror}") from error
