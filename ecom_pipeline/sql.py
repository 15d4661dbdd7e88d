"""Names, texts and paths as SQL has them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def split_name(relation: str) -> tuple[str, str]:
    """Schema and table of ``schema.table``, either of which may be quoted."""
    schema, table = relation.split(".", 1)
    return _unquoted(schema), _unquoted(table)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def file_literal(path: Path) -> str:
    """A path as a SQL literal that means this file and no other: to DuckDB ``*``, ``?`` and ``[`` are patterns."""
    return literal(re.sub(r"[*?[]", r"[\g<0>]", str(path)))


def columns_of_table(kinds: Mapping[str, str], varied: Collection[str] = frozenset()) -> str:
    """The columns of a new table, as ``create table`` wants them.

    Parameters
    ----------
    kinds
        Column name to type.
    varied
        Columns of text whose values hardly repeat. DuckDB would look for a dictionary in vain, which costs three times as
        much as writing them.
    """
    return ", ".join(
        f"{quoted(name)} {kind}{' using compression zstd' if name in varied else ''}" for name, kind in kinds.items()
    )
