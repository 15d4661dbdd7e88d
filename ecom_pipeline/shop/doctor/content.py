"""What cannot be read off headers: columns of files that have none, and dependencies between columns.

A headerless file gets the names its columns would have in an input, so that everything else goes on as if they had
been there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.doctor.meaning import RATINGS, named_event, spoken
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.sql import quoted

NO_ACCIDENT = 30
"""Values of another export from which it is no accident that they are there too, though only its beginning was read."""
MARKS = 11
"""Most different marks that a product can get."""


def determines(con: duckdb.DuckDBPyConnection, table: str, one: str, other: str, exceptions: float = 0.0) -> bool:
    """Whether every value of one column goes with one value of another, and does so more than once."""
    left, right = quoted(one), quoted(other)
    groups, split = con.execute(
        f"""select count(*), coalesce(sum((kinds > 1)::int), 0)
        from (select count(distinct {right}) as kinds from {table}
            where {left} is not null group by {left} having count(*) > 1)"""
    ).fetchall()[0]
    return bool(groups) and split <= exceptions * groups


def contained(con: duckdb.DuckDBPyConnection, child: tuple[Export, str], parent: tuple[Export, str]) -> float:
    """Share of the different values of one column that another export's column has.

    Of an export of which only the beginning was read, that has no more than its share of what is in it.
    """
    (one, column), (other, key) = child, parent
    inside, total = con.execute(
        f"""select count(*) filter (value in (select {quoted(key)} from {other.table})), count(*)
        from (select distinct {quoted(column)} as value from {one.table} where {quoted(column)} is not null)"""
    ).fetchall()[0]
    if not total:
        return 0.0
    return float(min(inside / total / (other.coverage if inside >= NO_ACCIDENT else 1.0), 1.0))


def name_columns(
    con: duckdb.DuckDBPyConnection, export: Export, profiles: Sequence[Profile], contracts: Mapping[str, Contract]
) -> dict[str, str]:
    """Names for the columns of a file without a header: ``column_N`` to what it seems to be."""
    events = {column.name: column for column in contracts["events"].columns}
    names: dict[str, str] = {}
    free = [column for column in profiles if not column.is_empty]

    def take(column: Profile | None, name: str) -> Profile | None:
        if column is not None:
            names[column.name] = name
            free.remove(column)
        return column

    is_rating = re.search(RATINGS, export.name, re.IGNORECASE) is not None
    told = take(_first(free, lambda c: spoken(c, events["event_type"]) >= ENOUGH), "event_type")
    kind = None if told else named_event(export.name)
    behaviour = told or kind
    times = sorted((c for c in free if c.time), key=lambda c: (c.time and c.time.unit is not None, -profiles.index(c)))
    time = take(next(iter(times), None), "event_at" if behaviour else "order_date")
    if is_rating:
        take(_first(free, lambda c: c.is_number and c.distinct <= MARKS), "rating")
    take(_first(free, lambda c: c.email >= ENOUGH), "email")
    take(
        _first(free, lambda c: c.code3 >= ENOUGH and c.distinct <= 30 and all(map(str.isupper, c.examples))), "currency"
    )
    take(_first(free, lambda c: c.is_money), "price")
    if not behaviour or (kind and kind[0] == "purchase" and not is_rating):
        pieces = take(_first(free, lambda c: c.is_count), "quantity")
        before = [c for c in profiles[: profiles.index(pieces)] if c in free][-1:] if pieces else []
        if kind and "price" not in names.values() and len(free) > 2:
            take(_first(before, lambda c: c.is_number), "price")
    take(_first(free, lambda c: c.spaced > 0.5 and c.letters > 0.8), "product_name")
    ids = [column for column in free if column.distinct > 1]
    if time is None and "product_name" in names.values():
        take(_first(ids, lambda c: c.unique >= ENOUGH), "product_id")
        take(_first(free, lambda c: c.letters >= ENOUGH and c.unique < ENOUGH), "category_path")
        return {profile.name: names.get(profile.name, profile.name) for profile in profiles}
    order = None if behaviour or time is None else _order(con, export, ids, time)
    if order:
        names[order.name] = "order_id"
        ids.remove(order)
    category, product = _catalogue(con, export, ids)
    if category and product:
        names |= {category.name: "category_path", product.name: "product_id"}
        ids = [column for column in ids if column not in (category, product)]
    rest = ["customer_id"] if product else ["customer_id", "product_id"]
    if order and not product and len(ids) == 1:
        rest = ["product_id"]
    names |= {column.name: name for column, name in zip(ids, rest, strict=False)}
    return {profile.name: names.get(profile.name, profile.name) for profile in profiles}


def _first(columns: Iterable[Profile], condition: Callable[[Profile], bool]) -> Profile | None:
    return next((column for column in columns if condition(column)), None)


def _order(con: duckdb.DuckDBPyConnection, export: Export, ids: list[Profile], time: Profile) -> Profile | None:
    """The identifier that repeats and always goes with the same time."""
    return _first(ids, lambda c: 0.05 < c.unique < 0.98 and determines(con, export.table, c.name, time.name, 0.01))


def _catalogue(
    con: duckdb.DuckDBPyConnection, export: Export, ids: list[Profile]
) -> tuple[Profile | None, Profile | None]:
    """A category and the product that always has the same one."""
    pairs = [
        (category, product)
        for product in ids
        for category in ids
        if category.distinct < product.distinct * 0.8
        and determines(con, export.table, product.name, category.name, 0.02)
    ]
    return min(pairs, key=lambda pair: pair[0].distinct, default=(None, None))
