"""What unknown exports seem to be: from a folder to a proposed ``shop.yaml``, in which every guess says how sure it is.

``survey`` groups files and samples them, ``profiles`` looks at values, ``names`` at headers, ``matching`` at both;
``roles`` decides what kind of export a file is and ``inputs`` what it gives; ``proposal`` writes it down. Rules of thumb
live here and nowhere else: nothing in the nightly run depends on a guess. Nothing is written to disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.config import input_contracts
from ecom_pipeline.shop.doctor.content import contained, name_columns
from ecom_pipeline.shop.doctor.inputs import inputs_of
from ecom_pipeline.shop.doctor.matching import Hint
from ecom_pipeline.shop.doctor.missing import find_missing
from ecom_pipeline.shop.doctor.model import ColumnGuess, Diagnosis, Guess, InputGuess, Missing, SourceGuess
from ecom_pipeline.shop.doctor.names import VAGUE, likeness
from ecom_pipeline.shop.doctor.profiles import Profile, profile
from ecom_pipeline.shop.doctor.proposal import propose_yaml
from ecom_pipeline.shop.doctor.roles import SALES, Role, find_role
from ecom_pipeline.shop.doctor.survey import Export, survey
from ecom_pipeline.shop.doctor.whereabouts import Evidence, currencies, whereabouts
from ecom_pipeline.shop.readers.table import identifier

__all__ = [
    "ColumnGuess",
    "Diagnosis",
    "Guess",
    "InputGuess",
    "Missing",
    "SourceGuess",
    "diagnose",
    "propose_yaml",
]

GUESSED_HEADER = 0.7
"""What a guess is worth where the file has no header."""
IN_ANOTHER_FILE = 0.8
"""Share of a column's values that are a key of another file, from which it is taken to refer to it."""
KEYS = {"order_id": "orders", "product_id": "products", "customer_id": "customers"}


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """An export, its columns, and what it was taken for."""

    export: Export
    profiles: Sequence[Profile]
    role: Role | None


def diagnose(con: duckdb.DuckDBPyConnection, folder: Path, contracts: Mapping[str, Contract]) -> Diagnosis:
    """Look at the exports in a folder.

    Parameters
    ----------
    con
        Where samples are kept meanwhile; nothing of them stays.
    folder
        The exports, subfolders included.
    contracts
        All promises; the inputs' synonyms are what is looked for.

    Raises
    ------
    InputError
        The folder cannot be read.
    """
    exports, notices = survey(con, folder)
    try:
        return _diagnosis(con, folder, exports, notices, contracts)
    finally:
        for export in exports:
            con.execute(f"drop table if exists {export.table}").fetchall()


def _diagnosis(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    exports: Sequence[Export],
    notices: list[str],
    contracts: Mapping[str, Contract],
) -> Diagnosis:
    inputs = input_contracts(contracts)
    seen = [_look(con, export, inputs) for export in exports]
    seen = [_look_again(con, one, seen, inputs) for one in seen]
    for one in seen:
        if one.role is None:
            columns = ", ".join(one.export.columns)
            notices.append(f"{one.export.pattern}: not recognised as any input; its columns are {columns}")
    known = [one for one in seen if one.role]
    given = _without_repeats([(one, _inputs(con, one, known, inputs)) for one in known])
    names: list[str] = []
    for one, guesses in given:
        names.append(_source_name(one, guesses, names))
    sources = tuple(_source(one, guesses, name) for (one, guesses), name in zip(given, names, strict=True))
    fed = {guess.table for source in sources for guess in source.inputs}
    by_target = {
        target: [
            profile
            for one, guesses in given
            for guess in guesses
            for column in guess.columns
            for profile in one.profiles
            if column.target == target and column.source_column == profile.name
        ]
        for target in ("country", "currency")
    }
    everything = [profile for one in seen for profile in one.profiles]
    timezone, currency, country = whereabouts(
        Evidence(
            country_columns=by_target["country"],
            currency_columns=by_target["currency"],
            profiles=everything,
            names=[folder.resolve().name, *(export.pattern for export in exports)],
        )
    )
    return Diagnosis(
        folder=str(folder),
        name=_shop_name(folder),
        timezone=timezone,
        currency=currency,
        country=country,
        sources=sources,
        missing=find_missing(sources, contracts),
        notices=tuple(notices),
        is_enough={"orders", "order_items"} <= fed or "events" in fed,
        currencies=currencies(by_target["currency"]),
    )


def _look(con: duckdb.DuckDBPyConnection, export: Export, inputs: Mapping[str, Contract]) -> _Seen:
    profiles = profile(con, export)
    if not export.has_header and all(re.fullmatch(r"column_\d+", name) for name in export.columns):
        names = name_columns(con, export, profiles, inputs)
        for old, new in names.items():
            if old != new:
                con.execute(
                    f"alter table {export.table} rename column {identifier(old)} to {identifier(new)}"
                ).fetchall()
        export = replace(export, columns=tuple(names[column] for column in export.columns))
        profiles = tuple(replace(one, name=names[one.name]) for one in profiles)
    return _Seen(export=export, profiles=profiles, role=find_role(export.pattern, profiles, inputs))


def _look_again(
    con: duckdb.DuckDBPyConnection, one: _Seen, seen: Sequence[_Seen], inputs: Mapping[str, Contract]
) -> _Seen:
    """Columns whose headers say nothing may hold the key of another file."""
    hints: dict[tuple[str, str], Hint] = {}
    own = {"sales": ("orders", "order_items")}.get(one.role.name, (one.role.name,)) if one.role else tuple(inputs)
    for key, keeper in KEYS.items():
        for parent in seen:
            found = parent.role and parent.role.matches[keeper].get(key)
            role = SALES if keeper == "orders" else keeper
            if (
                parent is one
                or not found
                or parent.role is None
                or parent.role.name != role
                or found.profile.distinct < 10
            ):
                continue
            for column in one.profiles:
                says = max(likeness(column.name, target) for table in own for target in inputs[table].columns)
                if says < VAGUE and column.distinct >= 10 and column.time is None and column.fractional < 0.1:
                    share = contained(con, (one.export.table, column.name), (parent.export.table, found.profile.name))
                    if share >= IN_ANOTHER_FILE:
                        hints[column.name, key] = VAGUE, f"its values are in {parent.export.pattern}"
    if not hints:
        return one
    return replace(one, role=find_role(one.export.pattern, one.profiles, inputs, hints))


def _inputs(
    con: duckdb.DuckDBPyConnection, one: _Seen, known: Sequence[_Seen], inputs: Mapping[str, Contract]
) -> tuple[InputGuess, ...]:
    assert one.role is not None
    others = [other.role for other in known if other is not one and other.role and other.role.name == SALES]
    return inputs_of(
        con,
        one.export,
        one.role,
        one.profiles,
        inputs,
        others_bring_items=any({"order_id", "product_id"} <= set(role.matches["order_items"]) for role in others),
        trust=1.0 if one.export.has_header else GUESSED_HEADER,
    )


def _without_repeats(given: list[tuple[_Seen, tuple[InputGuess, ...]]]) -> list[tuple[_Seen, tuple[InputGuess, ...]]]:
    """An input that has an export of its own is not taken from rows about something else as well."""
    own = {one.role.name for one, _ in given if one.role}
    return [
        (
            one,
            tuple(guess for guess in guesses if guess.table not in own or (one.role and one.role.name == guess.table)),
        )
        for one, guesses in given
    ]


def _source(one: _Seen, guesses: tuple[InputGuess, ...], name: str) -> SourceGuess:
    export = one.export
    used = " ".join(
        str(part) for guess in guesses for column in guess.columns for part in (column.source_column, column.origin)
    ) + " ".join(guess.where or "" for guess in guesses)
    options: dict[str, object] = {}
    if not export.has_header:
        options = {"header": False, "columns": list(export.columns)}
    if export.is_aligned:
        options["delimiter"] = " "
    numbers = [column for column in one.profiles if column.is_number]
    return SourceGuess(
        name=name,
        files=export.pattern,
        count=len(export.files),
        rows=export.rows,
        columns=export.columns,
        inputs=guesses,
        options=options,
        decimal_comma=sum(c.numeric_comma for c in numbers) > sum(c.numeric for c in numbers) + 0.05,
        unused=tuple(column for column in export.columns if column not in used),
        notices=export.notices,
    )


def _shop_name(folder: Path) -> str:
    name = _slug(folder.resolve().name)
    return name if re.match("[a-z]", name) else f"shop_{name}".rstrip("_")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _source_name(one: _Seen, guesses: Sequence[InputGuess], taken: Sequence[str]) -> str:
    words = _slug(re.sub(r"[\d*\[\]-]+", "_", one.export.pattern.rsplit("/", 1)[-1].split(".")[0]))
    lines = {"orders", "order_items"} <= {guess.table for guess in guesses}
    role = one.role.name if one.role else "source"
    name = words if re.match("[a-z]{2}", words) else ("lines" if lines else "orders" if role == SALES else role)
    number = 2
    while (unique := name if number == 2 and name not in taken else f"{name}_{number}") in taken:
        number += 1
    return unique
