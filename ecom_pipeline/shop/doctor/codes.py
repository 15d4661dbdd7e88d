"""Codes whose names lie in another export: ``category_id`` beside a list of categories, the state of an order beside one of states.

The export gets a column of the names, which stands for the SQL that makes them of the codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.doctor.content import contained
from ecom_pipeline.shop.doctor.names import as_sql, likeness, words
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.references import Seen
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.sql import literal, quoted

MOST_NAMES = 300
"""Of one list; a longer one is a table of its own, which a view has to bring."""
IN_WORDS = ("status", "category_path", "brand", "channel", "country")
"""Columns of inputs that are words."""
MARK = "·"
"""Behind the header of the codes, it makes that of the names; headers are compared without signs."""


def with_names(
    con: duckdb.DuckDBPyConnection, one: Seen, seen: Sequence[Seen], inputs: Mapping[str, Contract]
) -> tuple[Export, tuple[str, ...]]:
    """The export with a column of names for each of codes that another export names, and those others."""
    wanted = [column for contract in inputs.values() for column in contract.columns if column.name in IN_WORDS]
    inside: dict[str, str] = {}
    lists: list[str] = []
    for codes in one.profiles:
        if not codes.is_number or codes.unique >= ENOUGH or not any(likeness(codes.name, target) for target in wanted):
            continue
        found = ((other, _names(con, one, codes, other)) for other in seen if other is not one)
        for other, names in islice(((other, names) for other, names in found if names), 1):
            lists.append(other.export.name)
            cases = " ".join(f"when {literal(code)} then {literal(name)}" for code, name in names)
            inside[f"{codes.name}{MARK}"] = f"case {as_sql(codes.name)} {cases} end"
    table = one.export.table
    for column, sql in inside.items():
        con.execute(f"alter table {table} add column {quoted(column)} varchar").fetchall()
        con.execute(f"update {table} set {quoted(column)} = {sql}").fetchall()
    columns = (*one.export.columns, *inside)
    return replace(one.export, columns=columns, inside={**one.export.inside, **inside}), tuple(lists)


def _names(con: duckdb.DuckDBPyConnection, one: Seen, codes: Profile, other: Seen) -> list[tuple[str, str]]:
    """The codes and their names, if another export is a list of them whose key is called alike."""
    about = words(codes.name) - {"id"}
    keys = (each.name for each in other.profiles if each.unique == 1 and words(each.name) & about)
    titles = (each.name for each in other.profiles if each.letters >= ENOUGH and each.unique >= ENOUGH)
    key, title = next(keys, None), next(titles, None)
    if key is None or title in (None, key) or other.export.rows > MOST_NAMES:
        return []
    if contained(con, (one.export.table, codes.name), (other.export.table, key)) < 1:
        return []
    listed = f"select {quoted(key)}, {quoted(title)} from {other.export.table} where {quoted(title)} is not null"
    return con.execute(f"{listed} order by _row").fetchall()
