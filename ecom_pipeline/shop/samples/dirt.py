"""What goes wrong in real exports, planted in known numbers.

Every dirty row is one more row beside the clean ones - a copy with one thing broken - so that what survives cleaning is
exactly what was generated. Tables here are text already: one column per field of the file, plus ``_part`` (which of the
source's files) and ``_broken`` (the line is written torn).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Dirt:
    """Copies of rows drawn from those where ``where`` holds, with ``change`` applied (values are taken in turn).

    A value ``-`` puts a minus before the old one, ``=column`` takes that column's value. Without a change the copy is
    an exact duplicate; ``same_id`` keeps the identifier although something changed.
    """

    kind: str
    rows: int
    change: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where: tuple[str, str] | None = None
    broken: bool = False
    same_id: bool = False


EXACT, SUPERSEDED = "exact_duplicate", "superseded_version"
DUPLICATES = (EXACT, SUPERSEDED)


def plant(
    rng: np.random.Generator, table: pd.DataFrame, dirt: Sequence[Dirt], id_column: str | None, prefix: str
) -> pd.DataFrame:
    """The table with dirty copies near the rows they were drawn from."""
    table = table.assign(_broken=False)
    order = np.arange(len(table), dtype=float)
    parts, places = [table], [order]
    made = 0
    for item in dirt:
        candidates = order if item.where is None else order[(table[item.where[0]] == item.where[1]).to_numpy()]
        drawn = rng.choice(candidates.astype(np.int64), item.rows, replace=False)
        copies = table.iloc[drawn].copy()
        if id_column and not item.same_id and (item.change or item.broken):
            copies[id_column] = [f"{prefix}{made + number:04d}" for number in range(1, item.rows + 1)]
            made += item.rows
        for column, values in item.change.items():
            copies[column] = _changed(copies, column, values)
        copies["_broken"] = item.broken
        parts.append(copies)
        places.append(drawn + (-0.5 if item.kind == SUPERSEDED else 0.5))
    return pd.concat(parts).iloc[np.argsort(np.concatenate(places), kind="stable")].reset_index(drop=True)


def _changed(copies: pd.DataFrame, column: str, values: tuple[str, ...]) -> list[str]:
    old = copies[column].tolist()
    taken = [values[number % len(values)] for number in range(len(old))]
    return [
        "-" + before if value == "-" else copies[value[1:]].iat[number] if value.startswith("=") else value
        for number, (before, value) in enumerate(zip(old, taken, strict=True))
    ]


def dirt_truth(dirt: Sequence[Dirt], rows: int, rejects: Mapping[str, int]) -> dict[str, object]:
    """Rows in the files, and how many are duplicates and rejects by kind, ``rejects`` beside those of ``dirt``."""
    duplicates = {item.kind: item.rows for item in dirt if item.kind in DUPLICATES}
    refused = {item.kind: item.rows for item in dirt if item.kind not in DUPLICATES} | dict(rejects)
    clean = rows - sum(duplicates.values()) - sum(refused.values())
    return {"rows": rows, "duplicates": duplicates, "rejects": refused, "clean": clean}
