"""Which names of files are alike, and the glob that finds some files and no others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

MONTHS = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)"
NUMBERS = rf"(?<![^\W\d_])\d+|\d{{3,}}|(?<![^\W\d_])({MONTHS})(?![^\W\d_])"


def escaped(name: str) -> str:
    """The glob that finds the file of this name and no other."""
    return re.sub(r"([*?[])", r"[\1]", name)


def shape_of(name: str) -> str:
    """The name without its dates, months and numbers; a digit or two right behind a word belong to the word (``lines2``)."""
    return re.sub(NUMBERS, "#", name)


def pattern_of(files: Sequence[str], others: Sequence[str]) -> str | None:
    """The simplest glob that finds these files and no others; None if there is none."""
    if len(files) == 1:
        dated = _undated(files[0])
        return escaped(files[0]) if any(_fits(name.split("/"), dated.split("/")) for name in others) else dated
    parts = [name.split("/") for name in files]
    if len({len(one) for one in parts}) > 1:
        return None
    for is_short in (True, False):
        for middle in ("*", "[0-9]*"):
            patterns = [_glob_of(alike, middle, is_short) for alike in zip(*parts, strict=True)]
            finds = [name for name in (*files, *others) if _fits(name.split("/"), patterns)]
            if len(finds) == len(files) and set(finds) == set(files):
                return "/".join(patterns)
    return None


def _undated(file: str) -> str:
    """The glob that finds a file whose name has a date or a long number, and those that follow it under later ones."""
    folder, slash, name = file.rpartition("/")
    numbers = list(re.finditer(NUMBERS, name))
    if not any(len(number.group()) >= len("2024") for number in numbers):
        return escaped(file)
    start, end = numbers[0].start(), numbers[-1].end()
    middle = "[0-9]*" if name[start].isdigit() else "*"
    return f"{escaped(folder + slash + name[:start])}{middle}{escaped(name[end:])}"


def _glob_of(names: Sequence[str], middle: str, is_short: bool) -> str:
    """The glob of folders or files that begin and end alike; a short one begins before a number."""
    if len(set(names)) == 1:
        return escaped(names[0])
    start = common_start(names)
    end = common_start([name[len(start) :][::-1] for name in names])[::-1].lstrip("0123456789")
    beginning = re.sub(r"(?<!\d)\d{4}[\d._-]*$|\d+$", "", start) if is_short else start
    return f"{escaped(beginning)}{middle}{escaped(end)}"


def _fits(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def common_start(names: Sequence[str]) -> str:
    """What all names begin with."""
    first, last = min(names), max(names)
    return first[: next((place for place, char in enumerate(first) if last[place : place + 1] != char), len(first))]
