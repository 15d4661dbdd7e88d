"""From a folder to a diagnosis: each export is looked at alone, then beside the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.config import input_contracts
from ecom_pipeline.shop.doctor.codes import MARK, with_names
from ecom_pipeline.shop.doctor.collisions import told_apart
from ecom_pipeline.shop.doctor.columns import used_columns
from ecom_pipeline.shop.doctor.content import name_columns
from ecom_pipeline.shop.doctor.inputs import Inputs
from ecom_pipeline.shop.doctor.missing import find_missing
from ecom_pipeline.shop.doctor.model import Diagnosis, InputGuess, SourceGuess
from ecom_pipeline.shop.doctor.names import VAGUE, likeness
from ecom_pipeline.shop.doctor.nested import said_in_sql, spelled
from ecom_pipeline.shop.doctor.patterns import escaped
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile, profile, writes_decimal_comma
from ecom_pipeline.shop.doctor.queries import completed
from ecom_pipeline.shop.doctor.references import Seen, number_in_other_orders, products_of_lines, refer_to_keys
from ecom_pipeline.shop.doctor.returns import tells_refunds
from ecom_pipeline.shop.doctor.roles import SALES, find_role, nearest
from ecom_pipeline.shop.doctor.rows import equal_and_meant, filled_down, named_rows
from ecom_pipeline.shop.doctor.sales import Sales
from ecom_pipeline.shop.doctor.survey import Export, survey
from ecom_pipeline.shop.doctor.times import made_times
from ecom_pipeline.shop.doctor.whereabouts import currencies, whereabouts
from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.init import name_of
from ecom_pipeline.sql import quoted

GUESSED_HEADER = 0.7
"""What a guess is worth where the file has no header."""
BY_VALUES = 0.6
"""What a guess from values alone is worth."""
SHOWN = 8


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
        The folder cannot be read, or nothing in it is recognised; says what was seen.
    """
    exports, notices = survey(con, folder)
    inputs = input_contracts(contracts)
    try:
        seen = [_look(con, export, inputs) for export in exports]
        for one, export in list(completed(con, seen, inputs)):
            exports.append(export)
            seen[seen.index(one)] = _look(con, export, inputs)
        translated = [with_names(con, one, seen, inputs) for one in seen]
        seen = [
            one if export is one.export else _look(con, export, inputs)
            for one, (export, _) in zip(seen, translated, strict=True)
        ]
        if not any(one.is_about("orders") or one.is_about("events") for one in seen):
            seen = [_look_at_values(con, one, inputs) for one in seen]
        listed = products_of_lines(con, seen, inputs)
        seen = [_look_at_rows(con, refer_to_keys(con, one, seen, inputs, listed), inputs) for one in seen]
        known = [one for one in seen if one.role]
        found = _without_repeats([(one, _inputs(con, one, known, inputs)) for one in known])
        apart = told_apart(con, [(one.export, guesses) for one, guesses in found])
        looked = []
        for (one, _), guesses in zip(found, apart, strict=True):
            equal, keeps = equal_and_meant(con, one.export, guesses, writes_decimal_comma(one.profiles))
            if keeps and (named := named_rows(guesses, one.profiles)):
                equal, keeps, guesses = 0, "", named
            looked.append((replace(one, equal_rows=equal, keeps_equal_rows=keeps), guesses))
        given = [(one, tuple(said_in_sql(guess, one.export.inside) for guess in guesses)) for one, guesses in looked]
    except duckdb.Error as error:
        raise InputError(file=folder, value=str(error), expected="exports that can be looked at") from error
    finally:
        for export in exports:
            con.execute(f"drop table if exists {export.table}").fetchall()
    understood = [one.export.name for one, guesses in given if guesses]
    lists = {
        name for one, (_, used) in zip(seen, translated, strict=True) for name in used if one.export.name in understood
    }
    notices += [f"{name}: read by the doctor alone, for the names of codes" for name in sorted(lists - set(understood))]
    notices += [_not_recognised(one, inputs) for one in seen if one.export.name not in {*understood, *lists}]
    if not understood:
        why = "; ".join(notices[:SHOWN]) or "there are no files"
        raise InputError(
            file=folder, expected=f"exports of a shop (CSV, JSON, Parquet, Excel, databases), found none: {why}"
        )
    return _diagnosis(folder, [(one, guesses) for one, guesses in given if guesses], notices, contracts)


def _not_recognised(one: Seen, inputs: Mapping[str, Contract]) -> str:
    export, near = one.export, nearest(one.export.name, one.profiles, inputs)
    columns = ", ".join(column[:40] for column in export.columns[:SHOWN])
    lacking = f"; for {near[0]} it would need {' and '.join(near[1])}" if near else ""
    return f"{export.name}: not recognised as any input{lacking}; its columns are {columns}"


def _look(con: duckdb.DuckDBPyConnection, export: Export, inputs: Mapping[str, Contract]) -> Seen:
    profiles = profile(con, export)
    if made := made_times(con, export, profiles):
        assumed = tuple(one.assumed for one in made if one.assumed)
        inside = {**export.inside, **{one.column: spelled(one.sql, export.inside) for one in made}}
        export = replace(export, inside=inside, notices=(*export.notices, *assumed))
        profiles = profile(con, export)
    if not export.has_header:
        names = name_columns(con, export, profiles, inputs)
        for old, new in names.items():
            if old != new:
                renaming = f"alter table {export.table} rename column {quoted(old)} to {quoted(new)}"
                con.execute(renaming).fetchall()
        columns = tuple(names[column] for column in export.columns)
        export = replace(export, columns=columns, options={"header": False, "columns": list(columns), **export.options})
        profiles = tuple(replace(one, name=names[one.name]) for one in profiles)
    return Seen(export=export, profiles=profiles, role=find_role(export.name, profiles, inputs))


def _look_at_values(con: duckdb.DuckDBPyConnection, one: Seen, inputs: Mapping[str, Contract]) -> Seen:
    """Take what is not recognised for lines of orders where its values look so: headers may be in any language."""
    if one.role is not None or not one.export.has_header:
        return one
    names = name_columns(con, one.export, one.profiles, inputs)
    hints = {
        (header, f"{contract.table}.{column.name}"): (BY_VALUES, "header not known: guessed from the values")
        for header, name in names.items()
        for contract in inputs.values()
        for column in contract.columns
        if name != header and likeness(name, column) >= VAGUE
    }
    role = find_role(one.export.name, one.profiles, inputs, hints)
    if (
        role is None
        or role.name != SALES
        or not {"order_id", "product_id", "quantity"} <= set(role.matches["order_items"])
    ):
        return one
    return replace(one, role=role)


def _look_at_rows(con: duckdb.DuckDBPyConnection, one: Seen, inputs: Mapping[str, Contract]) -> Seen:
    """How rows hang together: what only the first line of an order or a product says, and which are equal."""
    table, role = one.export.table, one.role
    if role is not None and role.name == "products":
        column = next(column for column in inputs["products"].columns if column.name == "product_id")
        names = (c.name for c in one.profiles if c.unique < ENOUGH and likeness(c.name, column) >= VAGUE)
        key = next(names, None)
    elif role is not None and role.name == SALES:
        found = role.matches["orders"].get("order_id") or role.matches["order_items"].get("order_id")
        key = found.profile.name if found else None
    else:
        return one
    words = [column.name for column in one.profiles if not column.is_number]
    return replace(one, fill_down=filled_down(con, table, key, words)) if key else one


def _inputs(
    con: duckdb.DuckDBPyConnection, one: Seen, known: Sequence[Seen], inputs: Mapping[str, Contract]
) -> tuple[InputGuess, ...]:
    assert one.role is not None
    others = [other.role for other in known if other is not one and other.role and other.role.name == SALES]
    numbered = any("customer_id" in role.matches["orders"] for role in others)
    by_email = not numbered and any("email" in role.matches["customers"] for role in others)
    kind = Sales if one.role.name == SALES else Inputs
    return kind(
        con,
        one.export,
        one.role,
        one.profiles,
        inputs,
        others_bring_items=any({"order_id", "product_id"} <= set(role.matches["order_items"]) for role in others),
        others_tell_refunds=any(tells_refunds(role.matches["refunds"]) for role in others),
        order_number=number_in_other_orders(con, one, known, inputs),
        people_by_email=by_email,
        trust=1.0 if one.export.has_header else GUESSED_HEADER,
    ).guess()


def _without_repeats(given: list[tuple[Seen, tuple[InputGuess, ...]]]) -> list[tuple[Seen, tuple[InputGuess, ...]]]:
    """An input that has an export of its own is not taken from rows about something else as well."""
    own = {one.role.name for one, _ in given if one.role}
    return [
        (one, tuple(guess for guess in guesses if guess.table not in own or one.is_about(guess.table)))
        for one, guesses in given
    ]


def _diagnosis(
    folder: Path,
    given: Sequence[tuple[Seen, tuple[InputGuess, ...]]],
    notices: Sequence[str],
    contracts: Mapping[str, Contract],
) -> Diagnosis:
    sources: list[SourceGuess] = []
    taken_for: dict[str, list[Profile]] = {"country": [], "currency": []}
    for one, guesses in given:
        sources.append(_source(one, guesses, [source.name for source in sources]))
        profiles = {profile.name: profile for profile in one.profiles}
        for column in (column for guess in guesses for column in guess.columns):
            if column.target in taken_for and column.source_column in profiles:
                taken_for[column.target].append(profiles[column.source_column])
    named = currencies(taken_for["currency"])
    timezone, currency, country = whereabouts(
        taken_for["country"],
        named,
        [profile for one, _ in given for profile in one.profiles],
        [folder.resolve().name, *(one.export.name for one, _ in given)],
    )
    fed = {guess.table for source in sources for guess in source.inputs}
    return Diagnosis(
        folder=str(folder),
        name=name_of(folder),
        timezone=timezone,
        currency=currency,
        country=country,
        sources=tuple(sources),
        missing=find_missing(sources, contracts),
        notices=tuple(notices),
        is_enough={"orders", "order_items"} <= fed or "events" in fed,
        currencies=named,
    )


def _source(one: Seen, guesses: tuple[InputGuess, ...], taken: Sequence[str]) -> SourceGuess:
    export = one.export
    told = [column for guess in guesses for column in guess.columns]
    used = set().union(*(used_columns(guess.columns, guess.where) for guess in guesses))
    taken_out = " ".join(str(column.origin.get("sql")) for column in told)
    read = [column.source_column for column in told]
    equal = f"{one.equal_rows} lines equal another one and count once; if all of them are meant, write duplicates: keep"
    return SourceGuess(
        name=_source_name(one, guesses, taken),
        place={"files": escaped(export.files[0])} if one.keeps_equal_rows and "files" in export.place else export.place,
        options=export.options,
        files=len(export.files),
        rows=export.rows,
        inputs=guesses,
        decimal_comma=writes_decimal_comma(one.profiles),
        unused=tuple(
            name
            for name in export.columns
            if not name.endswith(MARK)
            and (export.inside[name] not in taken_out if name in export.inside else name not in used)
        ),
        fill_down=tuple(column for column in one.fill_down if column == one.fill_down[0] or column in read),
        keeps_equal_rows=one.keeps_equal_rows,
        notices=(*export.notices, *([equal] if one.equal_rows and not one.keeps_equal_rows else [])),
    )


def _source_name(one: Seen, guesses: Sequence[InputGuess], taken: Sequence[str]) -> str:
    """After the table, sheet or file; after what it gives where that is not written in Latin letters."""
    part = one.export.name.rsplit(", ", 1)[-1].rsplit("/", 1)[-1]
    words = _slug(re.split(r"[.*\[]", part)[0])
    tables = [guess.table for guess in guesses]
    name = words if re.match("[a-z]{2}", words) else "lines" if {"orders", "order_items"} <= set(tables) else tables[0]
    number = 2
    while (unique := name if number == 2 and name not in taken else f"{name}_{number}") in taken:
        number += 1
    return unique


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
