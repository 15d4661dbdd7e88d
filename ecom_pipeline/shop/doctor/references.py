"""Exports beside each other: which column of one holds the key of another.

Headers do not always say it (``product`` beside ``sku``), and two may say it of which one is right (Magento's ``order_id``
and ``increment_id``); values do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.doctor.content import contained
from ecom_pipeline.shop.doctor.derived import ONE_EACH
from ecom_pipeline.shop.doctor.matching import Hint, match
from ecom_pipeline.shop.doctor.names import ALIKE, CERTAIN, KNOWN, VAGUE, folded, likeness
from ecom_pipeline.shop.doctor.profiles import Profile
from ecom_pipeline.shop.doctor.roles import SALES, Role, find_role
from ecom_pipeline.shop.doctor.survey import Export

IN_ANOTHER_FILE = 0.8
"""Share of a column's values that are a key of another file, from which it is taken to refer to it."""
KEYS = {"orders": "order_id", "products": "product_id", "customers": "customer_id", "campaigns": "campaign_id"}
ENOUGH_KEYS = 10
"""Different values from which it is no accident that they are a key of another file."""
SMALL, SOME_KEYS = 4, 0.3
"""Digits up to which a number says little, and the share of a key's values that it has to have then."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An export, its columns, and what it was taken for."""

    export: Export
    profiles: Sequence[Profile]
    role: Role | None
    fill_down: tuple[str, ...] = ()
    equal_rows: int = 0
    keeps_equal_rows: str = ""

    def is_about(self, table: str) -> bool:
        """Whether the rows of the export are rows of the input."""
        return self.role is not None and self.role.name == (SALES if table in ("orders", "order_items") else table)


def refer_to_keys(
    con: duckdb.DuckDBPyConnection,
    one: Seen,
    seen: Sequence[Seen],
    inputs: Mapping[str, Contract],
    known: Mapping[str, Mapping[tuple[str, str], Hint]],
) -> Seen:
    """Columns whose headers say nothing may hold the key of another file."""
    own = [table for table in inputs if one.role is None or one.is_about(table)]
    unclear = [
        column
        for column in one.profiles
        if column.distinct >= ENOUGH_KEYS
        and column.time is None
        and column.fractional < 0.1
        and max(likeness(column.name, target) for table in own for target in inputs[table].columns) < VAGUE
    ]
    hints = dict(known.get(one.export.name, {}))
    for table, key in KEYS.items():
        for parent in (other for other in seen if other is not one and other.role and other.is_about(table)):
            found = parent.role.matches[table].get(key) if parent.role else None
            if found is None or found.profile.distinct < ENOUGH_KEYS:
                continue
            for column in unclear:
                share = contained(con, (one.export, column.name), (parent.export, found.profile.name))
                if share >= IN_ANOTHER_FILE and _is_telling(column, found.profile):
                    hints[column.name, key] = VAGUE, f"its values are in {parent.export.name}"
    hints |= own_key(con, one, seen, inputs)
    if not hints:
        return one
    return replace(one, role=find_role(one.export.name, one.profiles, inputs, hints))


def own_key(
    con: duckdb.DuckDBPyConnection, one: Seen, seen: Sequence[Seen], inputs: Mapping[str, Contract]
) -> dict[tuple[str, str], Hint]:
    """The column of products or of customers by which the other exports name them, where another one looks more like it."""
    table = one.role.name if one.role else ""
    if table not in ("products", "customers"):
        return {}
    target = inputs[table].columns[0]
    names = [c.name for c in one.profiles if c.unique >= ONE_EACH and likeness(c.name, target) >= VAGUE]
    for other in (other for other in seen if len(names) > 1 and other is not one):
        matches = other.role.matches if other.role else {}
        users = (
            matches[about].get(target.name) for about in ("orders", "order_items", "events") if other.is_about(about)
        )
        for key in ((other.export, user.profile.name) for user in users if user):
            shares = {name: contained(con, key, (one.export, name)) for name in names}
            best = max(shares, key=lambda name: shares[name])
            if shares[best] >= IN_ANOTHER_FILE:
                return {(best, f"{table}.{target.name}"): (CERTAIN, f"{other.export.name} names them by it")}
    return {}


def products_of_lines(
    con: duckdb.DuckDBPyConnection, seen: Sequence[Seen], inputs: Mapping[str, Contract]
) -> dict[str, dict[tuple[str, str], Hint]]:
    """What lines of orders name beside the order and its money is the product, whatever it is called: by export, in both files."""
    hints: dict[str, dict[tuple[str, str], Hint]] = {}
    for lines in (one for one in seen if one.role is None or one.is_about("orders")):
        found = lines.role.matches["order_items"] if lines.role else match(inputs["order_items"], lines.profiles)
        if not {"order_id", "quantity", "unit_price"} <= set(found) or "product_id" in found:
            continue
        told = {column.profile.name for column in found.values()}
        keys = [(other, key) for other in seen if other is not lines for key in other.profiles if key.unique == 1]
        for column in (column for column in lines.profiles if column.name not in told):
            own = (lines.export, column.name)
            lists = [
                (other, key.name)
                for other, key in keys
                if folded(key.name) == folded(column.name)
                and contained(con, own, (other.export, key.name)) >= IN_ANOTHER_FILE
            ]
            if lists:
                other, key = max(lists, key=lambda found: len(found[0].profiles))
                of_line = {(column.name, "order_items.product_id"): (KNOWN, f"its values are in {other.export.name}")}
                of_list = {(key, "products.product_id"): (CERTAIN, f"{lines.export.name} names them by it")}
                hints |= {lines.export.name: of_line, other.export.name: of_list}
                break
    return hints


def number_in_other_orders(
    con: duckdb.DuckDBPyConnection, one: Seen, known: Sequence[Seen], inputs: Mapping[str, Contract]
) -> str | None:
    """The column of lines that has the numbers of the orders in another export, which has no lines; None if none has."""
    if one.role is None or "product_id" not in one.role.matches["order_items"]:
        return None
    number = inputs["orders"].columns[0]
    own = [column for column in one.profiles if likeness(column.name, number) >= ALIKE]
    shares: dict[str, float] = {}
    for other in (other for other in known if other is not one and other.role and other.is_about("orders")):
        matches = other.role.matches if other.role else {}
        if "product_id" in matches["order_items"] or not {"order_id", "ordered_at"} <= set(matches["orders"]):
            continue
        key = matches["orders"]["order_id"].profile.name
        for column in own:
            share = contained(con, (one.export, column.name), (other.export, key))
            needed = SOME_KEYS if folded(column.name) == folded(key) else IN_ANOTHER_FILE
            shares[column.name] = max(shares.get(column.name, 0.0), share if share >= needed else 0.0)
    return max((name for name, share in shares.items() if share), key=lambda name: shares[name], default=None)


def _is_telling(column: Profile, key: Profile) -> bool:
    """Whether it means anything that values are among those of a key: small numbers always are."""
    longest = max(map(len, column.examples), default=0)
    return not column.is_number or longest > SMALL or column.distinct >= SOME_KEYS * key.distinct
