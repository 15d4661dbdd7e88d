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
from ecom_pipeline.shop.doctor.names import VAGUE, folded, likeness, words
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.references import IN_ANOTHER_FILE, Seen
from ecom_pipeline.shop.doctor.roles import HINTS
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
        yield from _returned(con, one, plain)
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
        number, known, who = quoted(own.profile.name), quoted(key), quoted(person)
        join = f"from orders left join people on people.{known} = orders.{number}"
        query = f"select orders.* replace (people.{who} as {number}) {join}"
        why = f"a customer is one order's: the person is {person} in {other.export.name}"
        yield one, _asked(con, one, query, {"orders": one, "people": other}, why)
        rest = f"* exclude ({who}, {known})"
        query = f"select distinct on ({who}) {who} as {known}, {rest} from people order by all"
        yield other, _asked(con, other, query, {"people": other}, "one row per person")


def _numbered(con: duckdb.DuckDBPyConnection, one: Seen, plain: Sequence[Seen]) -> Iterator[Completed]:
    """A list of people that knows nothing but addresses, beside the file of customers that has their numbers."""
    own = one.role.matches["customers"] if one.role and one.is_about("customers") else {}
    if "email" not in own or "customer_id" in own:
        return
    for other in (other for other in plain if other is not one and other.role and other.is_about("customers")):
        theirs = other.role.matches["customers"] if other.role else {}
        if {"email", "customer_id"} <= set(theirs):
            address = f"lower(trim(listed.{quoted(own['email'].profile.name)}))"
            known = f"people.{quoted(theirs['customer_id'].profile.name)}"
            join = f"left join people on lower(trim(people.{quoted(theirs['email'].profile.name)})) = {address}"
            query = f"select listed.*, coalesce({known}, md5({address})) as customer_id from listed {join}"
            why = f"addresses alone: the number of the customer is that in {other.export.name}"
            yield one, _asked(con, one, query, {"listed": one, "people": other}, why)
            return


def _returned(con: duckdb.DuckDBPyConnection, one: Seen, plain: Sequence[Seen]) -> Iterator[Completed]:
    """A file of returns with nothing but numbers of orders: their lines were given back, on the day they were sold."""
    said = [one.export.name.rsplit(", ", 1)[-1], *(column.name for column in one.profiles)]
    says_no = any(column.boolean >= ENOUGH and column.distinct > 1 for column in one.profiles)
    if one.role or says_no or not any(re.search(HINTS["refunds"], name, re.IGNORECASE) for name in said):
        return
    for other in (other for other in plain if other.is_about("orders") and other.role):
        found = {**other.role.matches["order_items"], **other.role.matches["orders"]} if other.role else {}
        if not {"order_id", "ordered_at", "product_id", "quantity", "line_amount"} <= set(found):
            continue
        own = {target: quoted(match.profile.name) for target, match in found.items()}
        number = next((c.name for c in one.profiles if folded(c.name) == folded(found["order_id"].profile.name)), "")
        if number and _refers(con, (one, number), (other, found["order_id"].profile.name)):
            told = {"refunded_at": "ordered_at", "refund_amount": "line_amount"}
            told |= {target: target for target in ("order_id", "product_id", "quantity")}
            listed = ", ".join(f"{own[source]} as {target}" for target, source in told.items())
            known = f"{own['order_id']} in (select {quoted(number)} from returned)"
            why = f"no dates and no amounts: those of the lines in {other.export.name}"
            query = f"select {listed} from lines where {known}"
            yield one, _asked(con, one, query, {"returned": one, "lines": other}, why)
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
        yield one, _asked(con, one, f"select *, {told} as order_date from orders", {"orders": one}, why)
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
    number = quoted(product)
    listed = f"select {number}, {{}} from properties group by {number}"
    why = "properties below each other: the latest of each product"
    yield one, _asked(con, one, listed.format(", ".join(columns.values())), {"properties": one}, why)
    for other in (each for each in plain if each.role and each.role.name == "events" and "price" in columns):
        matches = other.role.matches["events"] if other.role else {}
        if "price" in matches or "product_id" not in matches:
            continue
        theirs, priced = quoted(matches["product_id"].profile.name), f"({listed.format(columns['price'])}) as priced"
        join = f"left join {priced} on priced.{number} = events.{theirs}"
        why = f"no price: the latest in {one.export.name} is taken for it"
        query = f"select events.*, priced.price from events {join}"
        yield other, _asked(con, other, query, {"events": other, "properties": one}, why)


def _named(profiles: Sequence[Profile], contract: Contract, target: str, is_unique: bool) -> str | None:
    """The column that is called like one of an input, and has another value in every row or not."""
    column = next(column for column in contract.columns if column.name == target)
    fitting = [c for c in profiles if (c.unique == 1) == is_unique and likeness(c.name, column) >= VAGUE]
    return max(fitting, key=lambda c: likeness(c.name, column)).name if fitting else None


def _refers(con: duckdb.DuckDBPyConnection, child: tuple[Seen, str], parent: tuple[Seen, str]) -> bool:
    (one, own), (other, key) = child, parent
    return contained(con, (one.export, own), (other.export, key)) >= IN_ANOTHER_FILE


def _asked(con: duckdb.DuckDBPyConnection, one: Seen, query: str, parts: Mapping[str, Seen], why: str) -> Export:
    """The export that a query over others gives; it is called like the one that it completes."""
    beginnings = (
        f"{name} as (select {', '.join(map(quoted, part.export.columns))} from {part.export.table})"
        for name, part in parts.items()
    )
    table, asked = scratch_name("export"), f"(with {', '.join(beginnings)} {query})"
    con.execute(
        f"create table {table} as select columns(*)::varchar, row_number() over () as _row from {asked}"
    ).fetchall()
    columns = tuple(name for name, *_ in con.execute(f"describe {table}").fetchall() if name != "_row")
    places: dict[str, Any] = {
        name: {**part.export.place, "options": part.export.options}
        if part.export.options
        else part.export.place["files"]
        for name, part in parts.items()
    }
    return replace(
        one.export,
        place={"tables": places, "query": query},
        options={},
        files=tuple(dict.fromkeys(file for part in parts.values() for file in part.export.files)),
        columns=columns,
        table=table,
        rows=con.execute(f"select count(*) from {table}").fetchall()[0][0],
        notices=(*one.export.notices, why),
    )
