"""Codes whose names lie in another export: ``category_id`` beside a list of categories, the state of an order beside one of states.

The export gets a column of the names, which stands for the SQL that makes them of the codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.doctor.content import contained
from ecom_pipeline.shop.doctor.names import as_sql, likeness, words
from ecom_pipeline.shop.doctor.nested import spelled
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.references import Seen
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.sql import literal, quoted

MOST_NAMES = 300
"""Of one list; a longer one is a table of its own, which a view has to bring."""
IN_WORDS = ("status", "category_path", "brand", "channel", "country")
"""Columns of inputs that are words."""
ABOUT_ANYTHING = frozenset(["id", "code", "order", "product", "item", "customer", "user"])
"""Words of headers that do not make a list of codes one of these codes."""
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
        for other in (each for each in seen if each is not one):
            if names := _names(con, one, codes, other):
                lists.append(other.export.name)
                inside[f"{codes.name}{MARK}"] = _said(one, codes.name, names)
                break
    notices = one.export.notices
    if priced := _prices(con, one, seen):
        where, product, prices = priced
        inside[f"price{MARK}"] = _said(one, product, prices)
        notices = (*notices, f"no price: what a product costs in {where} is taken for it, whenever it was sold")
    table = one.export.table
    for column, sql in inside.items():
        con.execute(f"alter table {table} add column {quoted(column)} varchar").fetchall()
        con.execute(f"update {table} set {quoted(column)} = {sql}").fetchall()
    if not inside:
        return one.export, ()
    columns = (*one.export.columns, *inside)
    named = replace(one.export, columns=columns, inside={**one.export.inside, **inside}, notices=notices)
    return named, tuple(lists)


def _said(one: Seen, codes: str, names: Sequence[tuple[str, str]]) -> str:
    """The SQL that makes names of codes."""
    cases = " ".join(f"when {literal(code)} then {literal(name)}" for code, name in names)
    return spelled(f"case {as_sql(codes)} {cases} end", one.export.inside)


def _prices(
    con: duckdb.DuckDBPyConnection, one: Seen, seen: Sequence[Seen]
) -> tuple[str, str, list[tuple[str, str]]] | None:
    """The name of an export with prices, the column of the product, and the prices, where lines have none."""
    items = one.role.matches["order_items"] if one.role and one.is_about("orders") else {}
    if not {"product_id", "quantity"} <= set(items) or any(column.is_money for column in one.profiles):
        return None
    product = items["product_id"].profile
    for other in (other for other in seen if other.role and other.is_about("products")):
        found = other.role.matches["products"] if other.role else {}
        if not {"product_id", "price"} <= set(found) or other.export.rows > MOST_NAMES:
            continue
        key, price = (found[target].profile.name for target in ("product_id", "price"))
        if contained(con, (one.export, product.name), (other.export, key)) == 1:
            return other.export.name, product.name, _pairs(con, other, key, price)
    return None


def _pairs(con: duckdb.DuckDBPyConnection, other: Seen, key: str, value: str) -> list[tuple[str, str]]:
    listed = f"select {quoted(key)}, {quoted(value)} from {other.export.table}"
    return con.execute(f"{listed} where {quoted(value)} is not null order by _row").fetchall()


def _names(con: duckdb.DuckDBPyConnection, one: Seen, codes: Profile, other: Seen) -> list[tuple[str, str]]:
    """The codes and their names, if another export is a list of them whose key is called alike."""
    about = words(codes.name) - ABOUT_ANYTHING
    keys = (each.name for each in other.profiles if each.unique == 1 and words(each.name) & about)
    titles = (each.name for each in other.profiles if each.letters >= ENOUGH and each.unique >= ENOUGH)
    key, title = next(keys, None), next(titles, None)
    if key is None or title in (None, key) or other.export.rows > MOST_NAMES:
        return []
    if contained(con, (one.export, codes.name), (other.export, key)) < 1:
        return []
    return _pairs(con, other, key, str(title))
