"""Objects inside JSON: each of their values as a column of the sample, and as the SQL that takes it out.

Of the lists in an export one may be what its rows should be: the lines of an order, the products of an event, the
records of an answer. It is proposed as ``each``; the others are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from ecom_pipeline.shop.doctor.model import InputGuess
from ecom_pipeline.shop.doctor.names import as_sql, folded
from ecom_pipeline.sql import literal, quoted

MOST_KEYS = 40
"""Of an object; one with more is a dictionary, whose keys are values."""
DEPTH, MOST_OPENED = 3, 100
"""Objects inside objects that are opened, and values of an export that get a column."""
PRODUCTS = frozenset(["sku", "productid", "itemid", "variantid", "productcode", "product", "item", "name", "title"])
PIECES = frozenset(["quantity", "qty", "price", "unitprice", "itemprice", "total", "amount", "subtotal"])
"""Keys of what is bought or looked at, of which the elements of a list of lines have one each."""


@dataclass(frozen=True)
class Lists:
    """The lists of objects in an export.

    Attributes
    ----------
    each
        The path of the one whose elements should be rows, if any.
    others
        Those of which only a query makes rows.
    """

    each: str | None
    others: tuple[str, ...]
    is_whole: bool = False
    """Whether the list is all there is, so that nothing is said of what it is part of."""


def lists_of(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> Lists:
    """The lists of objects in the columns, and in the objects in them."""
    found: dict[str, tuple[int, frozenset[str]]] = {}
    for path, held in _held(con, table, _with_json(con, table, columns)):
        elements, keys = con.execute(
            f"""select count(*), list_distinct(flatten(list(json_keys(element)))) from (
                select unnest(json_extract({held}, '$[*]')) as element from {table}
                where starts_with({held}, '[{{') and json_valid({held})
            ) where json_type(element) = 'OBJECT'"""
        ).fetchall()[0]
        if elements:
            found[path] = elements, frozenset(map(folded, keys))
    rows = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    lines = [path for path, (_, keys) in found.items() if keys & PRODUCTS and keys & PIECES]
    if rows == 1 and found:
        each = max(found, key=lambda path: found[path][0])
    else:
        each = max(lines, key=lambda path: len(found[path][1]), default="")
    return Lists(each or None, tuple(path for path in found if path != each), is_whole=rows == 1)


def _with_json(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> list[str]:
    """The columns with any value that begins like an object or a list."""
    asked = ", ".join(f"bool_or(left({name}, 1) in ('{{', '['))" for name in map(quoted, columns))
    (found,) = con.execute(f"select {asked} from {table}").fetchall()
    return [column for column, is_json in zip(columns, found, strict=True) if is_json]


def _held(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every place where a list may be: its path, and the SQL that takes it out."""
    for column in columns:
        name = quoted(column)
        yield column, name
        for key in _keys(con, table, column):
            if key.isidentifier() and "." not in column:
                yield f"{column}.{key}", f"json_extract_string({name}, {literal(f'$.{key}')})"


def _keys(con: duckdb.DuckDBPyConnection, table: str, column: str) -> list[str]:
    """The keys of the objects in a column that holds nothing else; none where there are too many."""
    name = quoted(column)
    objects, total = con.execute(
        f"select count(*) filter (starts_with({name}, '{{') and json_valid({name})), count({name}) from {table}"
    ).fetchall()[0]
    if not total or objects < total:
        return []
    query = f"select distinct unnest(json_keys({name})) as key from {table} order by key limit {MOST_KEYS + 1}"
    keys = [str(key) for (key,) in con.execute(query).fetchall()]
    return keys if len(keys) <= MOST_KEYS else []


def opened(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> dict[str, str]:
    """Add a column for every value inside an object to the table; their SQL by name."""
    inside: dict[str, str] = {}

    def open_up(own: str, sql: str) -> bool:
        if own in inside or own in columns:
            return False
        con.execute(f"alter table {table} add column {quoted(own)} varchar").fetchall()
        con.execute(f"update {table} set {quoted(own)} = nullif(try({sql}), '')").fetchall()
        inside[own] = sql
        return True

    waiting = [(column, column, "$") for column in _with_json(con, table, columns)]
    for column, _, _ in waiting:
        for key, sql in _named_values(con, table, column):
            open_up(f"{column}.{key}", sql)
    while waiting and len(inside) < MOST_OPENED:
        column, holder, path = waiting.pop(0)
        for key in _keys(con, table, column):
            own, inner = f"{column}.{key}", f"{path}.{key if key.isidentifier() else _escaped(key)}"
            opened_now = open_up(own, f"json_extract_string({as_sql(holder)}, {literal(inner)})")
            if opened_now and inner.count(".") < DEPTH:
                waiting.append((own, holder, inner))
    return inside


def _named_values(con: duckdb.DuckDBPyConnection, table: str, column: str) -> list[tuple[str, str]]:
    """The keys in a list of ``{key, value}``, as GA4 has its parameters, and the SQL of the value of each."""
    name = quoted(column)
    elements = f"select unnest(json_extract({name}, '$[*]')) as element from {table} where starts_with({name}, '[{{') and json_valid({name})"
    keys = con.execute(
        f"""select json_extract_string(element, '$.key') as key, any_value(json_type(element, '$.value')) = 'OBJECT'
        from ({elements}) where list_sort(json_keys(element)) = ['key', 'value'] group by key order by count(*) desc, key limit {MOST_KEYS}"""
    ).fetchall()
    lists = f"map(json_extract_string({as_sql(column)}, '$[*].key'), json_extract({as_sql(column)}, '$[*].value'))"
    held = [(key, f"{lists}[{literal(key)}]", is_object) for key, is_object in keys if key]
    return [
        (key, f"json_extract_string({one}, '$.*')[1]" if is_object else f"json_extract_string({one}, '$')")
        for key, one, is_object in held
    ]


def _escaped(key: str) -> str:
    return '"' + key.replace('"', "") + '"'


def spelled(text: str, inside: Mapping[str, str]) -> str:
    """An expression with the SQL of a value inside an object in the place of its name; beside a sign it is a number."""
    for name, sql in inside.items():
        own = re.escape(quoted(name))
        computed = rf"(?<=[-*+] ){own}|(?<=-){own}|(?<=abs\(){own}|{own}(?= [-*+<>]|, 0\))"
        number = f"try_cast({sql} as decimal(18, 4))"
        text = number.join(re.split(computed, text)).replace(quoted(name), sql)
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
