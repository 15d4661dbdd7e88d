"""What takes several rows or files: the person behind a customer, dates that days since the last order tell, properties.

Each becomes an export of its own in the place of the one that it completes, with the query that ``shop.yaml`` has of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.doctor.content import contained
from ecom_pipeline.shop.doctor.derived import ONE_EACH
from ecom_pipeline.shop.doctor.names import VAGUE, likeness, slug, words
from ecom_pipeline.shop.doctor.profiles import Profile
from ecom_pipeline.shop.doctor.references import IN_ANOTHER_FILE, Seen
from ecom_pipeline.shop.doctor.sales import SOME_ORDERS
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.shop.doctor.times import FIRST_DAY
from ecom_pipeline.shop.readers.table import scratch_name
from ecom_pipeline.sql import literal, quoted

NAMES_OF_NAMES = frozenset(["property", "attribute", "feature", "key", "属性"])
CODED = {"790": "price"}
"""Properties that public data sets number: Retailrocket's price."""
MARKED_NUMBER = r"n-?\d+(\.\d+)?"
"""How Retailrocket writes a number among words."""

Completed = tuple[Seen, Export]


def completed(
    con: duckdb.DuckDBPyConnection, seen: Sequence[Seen], inputs: Mapping[str, Contract]
) -> Iterator[Completed]:
    """Exports that a query completes, each with what it gives."""
    plain = [one for one in seen if "files" in one.export.place and one.export.has_header and not one.export.inside]
    for one in plain:
        yield from _persons(con, one, plain, inputs)
        yield from _numbered(con, one, plain)
        yield from _dated(con, one, inputs)
        yield from _properties(con, one, plain, inputs)


def _persons(
    con: duckdb.DuckDBPyConnection, one: Seen, plain: Sequence[Seen], inputs: Mapping[str, Contract]
) -> Iterator[Completed]:
    """Orders with a customer each, whose person has a number in the file of customers."""
    own = one.role.matches["orders"].get("customer_id") if one.role and one.is_about("orders") else None
    if own is None or own.profile.unique < ONE_EACH or one.export.rows < SOME_ORDERS:
        return
    for other in (other for other in plain if other is not one and other.role and other.is_about("customers")):
        key = _named(other.profiles, inputs["customers"], "customer_id", is_unique=True)
        person = _named(other.profiles, inputs["customers"], "customer_id", is_unique=False)
        if not key or not person or not _refers(con, (one, own.profile.name), (other, key)):
            continue
        why = f"a customer is one order's: the person is {person} in {other.export.name}"
        orders, people, number = _name(one), _name(other), quoted(own.profile.name)
        join = f"from {orders} left join {people} on {people}.{quoted(key)} = {orders}.{number}"
        query = f"select {orders}.* replace ({people}.{quoted(person)} as {number}) {join}"
        yield one, _asked(con, one, query, (one, other), why)
        rest = f"* exclude ({quoted(person)}, {quoted(key)})"
        query = f"select distinct on ({quoted(person)}) {quoted(person)} as {quoted(key)}, {rest} from {people} order by all"
        yield other, _asked(con, other, query, (other,), "one row per person")


def _numbered(con: duckdb.DuckDBPyConnection, one: Seen, plain: Sequence[Seen]) -> Iterator[Completed]:
    """A list of people that knows nothing but addresses, beside the file of customers that has their numbers."""
    own = one.role.matches["customers"] if one.role and one.is_about("customers") else {}
    if "email" not in own or "customer_id" in own:
        return
    for other in (other for other in plain if other is not one and other.role and other.is_about("customers")):
        theirs = other.role.matches["customers"] if other.role else {}
        if {"email", "customer_id"} <= set(theirs):
            listed, people = _name(one), _name(other)
            address = f"lower(trim({listed}.{quoted(own['email'].profile.name)}))"
            known = f"{people}.{quoted(theirs['customer_id'].profile.name)}"
            join = f"left join {people} on lower(trim({people}.{quoted(theirs['email'].profile.name)})) = {address}"
            query = f"select {listed}.*, coalesce({known}, md5({address})) as customer_id from {listed} {join}"
            why = f"addresses alone: the number of the customer is that in {other.export.name}"
            yield one, _asked(con, one, query, (one, other), why)
            return


def _dated(con: duckdb.DuckDBPyConnection, one: Seen, inputs: Mapping[str, Contract]) -> Iterator[Completed]:
    """Orders that tell the days since the customer's last one in place of a date."""
    since = next((c.name for c in one.profiles if {"days", "since"} <= words(c.name) and c.is_number), None)
    customer = _named(one.profiles, inputs["orders"], "customer_id", is_unique=False)
    if since is None or customer is None or any(column.time for column in one.profiles):
        return
    who, table = quoted(customer), one.export.table
    for number in (quoted(c.name) for c in one.profiles if c.is_number and {"number", "sequence"} & words(c.name)):
        counts = f"select max(try_cast({number} as bigint)) = count(*) as counts from {table} group by {who}"
        if not con.execute(f"select coalesce(bool_and(counts), false) from ({counts})").fetchall()[0][0]:
            continue
        window = f"(partition by {who} order by try_cast({number} as bigint))"
        days = f"cast(coalesce(sum(try_cast({quoted(since)} as double)) over {window}, 0) as integer)"
        clock = next(
            (f" || ' ' || lpad({quoted(c.name)}, 2, '0') || ':00'" for c in one.profiles if "hour" in words(c.name)), ""
        )
        told = f"strftime(date '{FIRST_DAY}' + {days}, '%Y-%m-%d'){clock}"
        why = f"no dates: the first order of each customer is taken for one of {FIRST_DAY}, so that days of sales mean little"
        yield one, _asked(con, one, f"select *, {told} as order_date from {_name(one)}", (one,), why)
        return


def _properties(
    con: duckdb.DuckDBPyConnection, one: Seen, plain: Sequence[Seen], inputs: Mapping[str, Contract]
) -> Iterator[Completed]:
    """Properties of products below each other, and the price among them beside the events that lack one."""
    product = _named(one.profiles, inputs["products"], "product_id", is_unique=False)
    name = next((c.name for c in one.profiles if words(c.name) & NAMES_OF_NAMES), None)
    value = next((c.name for c in one.profiles if "value" in words(c.name)), None)
    if not product or not name or not value or name == value:
        return
    time = next((c.name for c in one.profiles if c.time), None)
    latest = f"max_by({{}}, {quoted(time)})" if time else "max({})"
    asked = f"""select {quoted(name)}, bool_and(regexp_full_match({quoted(value)}, '{MARKED_NUMBER}'))
        from {one.export.table} where {quoted(name)} is not null group by all"""
    columns = {}
    for given, is_marked in con.execute(asked).fetchall():
        target = CODED.get(given, given)
        if max(likeness(target, column) for column in inputs["products"].columns[1:]) >= VAGUE:
            text = f"try_cast(ltrim({quoted(value)}, 'n') as decimal(18, 4))" if is_marked else quoted(value)
            columns[target] = f"{latest.format(text)} filter ({quoted(name)} = {literal(given)}) as {quoted(target)}"
    if not columns:
        return
    number, table = quoted(product), _name(one)
    listed = f"select {number}, {{}} from {table} group by {number}"
    why = "properties below each other: the latest of each product"
    yield one, _asked(con, one, listed.format(", ".join(columns.values())), (one,), why)
    for other in (each for each in plain if each.role and each.role.name == "events" and "price" in columns):
        matches = other.role.matches["events"] if other.role else {}
        if "price" in matches or "product_id" not in matches:
            continue
        theirs, events = quoted(matches["product_id"].profile.name), _name(other)
        priced = f"({listed.format(columns['price'])}) as priced"
        query = (
            f"select {events}.*, priced.price from {events} left join {priced} on priced.{number} = {events}.{theirs}"
        )
        yield (
            other,
            _asked(con, other, query, (other, one), f"no price: the latest in {one.export.name} is taken for it"),
        )


def _named(profiles: Sequence[Profile], contract: Contract, target: str, is_unique: bool) -> str | None:
    """The column that is called like one of an input, and has another value in every row or not."""
    column = next(column for column in contract.columns if column.name == target)
    fitting = [c for c in profiles if (c.unique >= ONE_EACH) == is_unique and likeness(c.name, column) >= VAGUE]
    return max(fitting, key=lambda c: likeness(c.name, column)).name if fitting else None


def _refers(con: duckdb.DuckDBPyConnection, child: tuple[Seen, str], parent: tuple[Seen, str]) -> bool:
    (one, own), (other, key) = child, parent
    return contained(con, (one.export.table, own), (other.export.table, key)) >= IN_ANOTHER_FILE


def _name(one: Seen) -> str:
    """What a query calls the files of an export."""
    return slug(re.split(r"[.*\[]", one.export.files[0].rsplit("/", 1)[-1])[0])


def _asked(con: duckdb.DuckDBPyConnection, one: Seen, query: str, parts: Sequence[Seen], why: str) -> Export:
    """The export that a query over others gives; it is called like the one that it completes."""
    beginnings = (
        f"{_name(part)} as (select {', '.join(map(quoted, part.export.columns))} from {part.export.table})"
        for part in parts
    )
    table = scratch_name("export")
    con.execute(
        f"create table {table} as select columns(*)::varchar, row_number() over () as _row from (with {', '.join(beginnings)} {query})"
    ).fetchall()
    described = con.execute(f"describe {table}").fetchall()
    columns = tuple(name for name, *_ in described if name != "_row")
    rows = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    places: dict[str, Any] = {
        _name(part): {"files": part.export.place["files"], "options": part.export.options}
        if part.export.options
        else part.export.place["files"]
        for part in parts
    }
    files = tuple(file for part in parts for file in part.export.files)
    return replace(
        one.export,
        place={"tables": places, "query": query},
        options={},
        files=files,
        columns=columns,
        table=table,
        rows=rows,
        notices=(*one.export.notices, why),
    )
