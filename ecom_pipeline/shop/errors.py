"""What goes wrong with a shop's files and its ``shop.yaml``, said so that whoever can mend it knows where to look.

Messages only: nothing here reads a file or decides what happens next. A secret never reaches a message.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

LONGEST_VALUE = 80
MOST_NAMES = 40
"""Names that a complaint lists; exports may have thousands of columns."""
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class ShopError(ValueError):
    """A ``shop.yaml`` that cannot be used.

    Attributes
    ----------
    problems
        One line each: file and line, field, value, what was expected.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InputError(ValueError):
    """A source that cannot be read: names the file, the row, the column, the value and what was expected.

    Parameters
    ----------
    file
        The file, or the database table.
    row
        1-based data row.
    column
        The column's name in the file.
    value
        What was found; shortened in the message.
    expected
        What should have been there, in words.
    """

    def __init__(
        self,
        file: str | Path,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
        expected: str = "",
    ) -> None:
        self.file = str(file)
        self.row = row
        self.column = column
        self.value = value
        self.expected = expected
        super().__init__(self._line())

    def _line(self) -> str:
        place = [self.file]
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column '{self.column}'")
        found = "" if self.value is None else f", found {shorten(self.value)}"
        return one_line(f"{', '.join(place)}: expected {self.expected}{found}")


def one_line(text: str) -> str:
    r"""The text without what a terminal would not print but obey: line ends, escape sequences, turns of direction.

    Examples
    --------
    >>> print(one_line("a\nb\x1b[31mred"))
    a b\x1b[31mred
    """
    return _UNSHOWN.sub(lambda found: " " if found.group() in "\r\n" else repr(found.group())[1:-1], text)


def shorten(value: str) -> str:
    """The value in quotes, cut where it would drown the message."""
    return f"'{value}'" if len(value) <= LONGEST_VALUE else f"'{value[:LONGEST_VALUE]}...' ({len(value)} characters)"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` or ``; expected one of ...``, to end a complaint with."""
    names = list(known)
    listed = ", ".join(candidate[:LONGEST_VALUE] for candidate in names[:MOST_NAMES])
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return close_to(name, names) or (f"; expected one of {listed}{more}" if names else "")


def close_to(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?``, or nothing where nothing is near."""
    folded = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(folded[match]) for match in close)}?" if close else ""
