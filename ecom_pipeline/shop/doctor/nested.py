"""Objects inside JSON: each of their values as a column of the sample, and as the SQL that takes it out.

One level is opened. Lists are left as they are: what they hold are rows of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from ecom_pipeline.shop.doctor.model import InputGuess
from ecom_pipeline.shop.doctor.names import as_sql
from ecom_pipeline.sql import literal, quoted

MOST_KEYS = 40
"""Of an object; one with more is a dictionary, whose keys are values."""


def opened(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Add a column for every value inside an object to the table; their SQL by name, and the columns that hold lists."""
    inside: dict[str, str] = {}
    lists = []
    for column in columns:
        name = quoted(column)
        objects, arrays, total = con.execute(
            f"""select count(*) filter (starts_with({name}, '{{') and json_valid({name})),
                count(*) filter (starts_with({name}, '[{{')), count({name}) from {table}"""
        ).fetchall()[0]
        if arrays:
            lists.append(column)
        if not total or objects < total:
            continue
        keys = [
            key
            for (key,) in con.execute(
                f"select distinct unnest(json_keys({name})) as key from {table} order by key limit {MOST_KEYS + 1}"
            ).fetchall()
        ]
        if len(keys) > MOST_KEYS:
            continue
        for key in keys:
            path = key if key.isidentifier() else '"' + key.replace('"', "") + '"'
            sql = f"json_extract_string({as_sql(column)}, {literal('$.' + path)})"
            own = f"{column}.{key}"
            con.execute(f"alter table {table} add column {quoted(own)} varchar").fetchall()
            con.execute(f"update {table} set {quoted(own)} = nullif({sql}, '')").fetchall()
            inside[own] = sql
    return inside, tuple(lists)


def spelled(text: str, inside: Mapping[str, str]) -> str:
    """An expression with the SQL of a value inside an object in the place of its name."""
    for name, sql in inside.items():
        text = text.replace(quoted(name), sql)
    return text


def said_in_sql(guess: InputGuess, inside: Mapping[str, str]) -> InputGuess:
    """The guess with the SQL of a value inside an object in the place of the column that stands for it."""
    columns = []
    for column in guess.columns:
        origin = {key: spelled(value, inside) if key == "sql" else value for key, value in column.origin.items()}
        if origin.get("column") in inside:
            origin = {"sql": inside[origin.pop("column")]} | origin
        columns.append(replace(column, origin=origin))
    return replace(guess, columns=tuple(columns), where=guess.where and spelled(guess.where, inside))
