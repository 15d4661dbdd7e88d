"""Names, texts and paths as SQL has them."""

from __future__ import annotations

import re
from pathlib import Path


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def file_literal(path: Path) -> str:
    """A path as a SQL literal that means this file and no other: to DuckDB ``*``, ``?`` and ``[`` are patterns."""
    return literal(re.sub(r"[*?[]", r"[\g<0>]", str(path)))
