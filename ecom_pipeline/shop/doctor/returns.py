"""How what was given back shows among what was sold: a quantity below zero, a letter before the number, an amount, a state.

Refunds without a date of their own are those of the day of the order, and say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from ecom_pipeline.contracts import Column
from ecom_pipeline.shop.doctor.columns import made
from ecom_pipeline.shop.doctor.matching import Match, Matches
from ecom_pipeline.shop.doctor.meaning import STEMS, read_words
from ecom_pipeline.shop.doctor.model import ColumnGuess, InputGuess
from ecom_pipeline.shop.doctor.names import as_sql
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.roles import HINTS
from ecom_pipeline.shop.doctor.rows import taken_rows
from ecom_pipeline.shop.values import number
from ecom_pipeline.sql import literal, quoted

SALE = r"^(sales?|sold|orders?|purchases?|invoices?|продажа|销售|销售单|销售出库|verkauf|vente|venta|venda|satış|판매|مبيعات)$"
RETURN = STEMS["status"]["returned"]
"""What rows of a report call themselves that are sales, as a whole word, and what those that are returns, in a part of it."""

REFUSED = r"\b(no|not|none|never|without)\b|reject|declin|refus|没有|未|拒绝|关闭|驳回"
"""What words about returns say where nothing was given back."""
SAME_NUMBER = 0.5
"""Share of what is given back that has the number of an order which was sold."""


@dataclass(frozen=True)
class Split:
    """How sold and given back are told apart in one export of sales: conditions, and why."""

    sold: str | None = None
    returned: str | None = None
    why: str = ""
    number: Match | None = None
    """The number of the order, if what is given back goes by the one under which it was sold."""


def split_of(
    con: duckdb.DuckDBPyConnection,
    export: str,
    key: Match | None,
    quantity: Match | None,
    profiles: Sequence[Profile],
    decimal_comma: bool,
) -> Split:
    """How what was sold and what was given back are told apart, and by which number."""
    split = _split(con, export, key, quantity, profiles)
    if key is None or split.sold is None or split.returned is None:
        return split
    name = quoted(key.profile.name)
    sold, returned = (taken_rows(export, rows, decimal_comma) for rows in (split.sold, split.returned))
    known = f"select avg(({name} in (select {name} from {sold}))::int) from {returned}"
    return replace(split, number=key) if (con.execute(known).fetchall()[0][0] or 0.0) >= SAME_NUMBER else split


def _split(
    con: duckdb.DuckDBPyConnection, export: str, key: Match | None, quantity: Match | None, profiles: Sequence[Profile]
) -> Split:
    """How cancelled or returned lines show: a letter before the number, a quantity below zero, or the kind of the row."""
    if quantity is None or quantity.profile.negative == 0:
        return _by_kind(profiles)
    pieces = as_sql(quantity.profile.name)
    if key is not None:
        order, count = quoted(key.profile.name), number(quoted(quantity.profile.name), "DECIMAL(18,4)")
        letters = con.execute(
            f"""select upper(left({order}, 1)) as letter, avg(({count} < 0)::int::double) as negative
            from {export} where regexp_matches({order}, '^[A-Za-z]-?[0-9]+$') group by letter"""
        ).fetchall()
        (digits,) = con.execute(
            f"select avg(regexp_full_match({order}, '[0-9]+')::int::double) from {export}"
        ).fetchall()[0]
        cancelled = [letter for letter, negative in letters if negative >= ENOUGH]
        if cancelled and (digits or 0.0) > 0.5:
            name = as_sql(key.profile.name)
            return Split(
                f"{pieces} > 0 and not regexp_matches({name}, '^[A-Za-z]')",
                " or ".join(f"starts_with({name}, '{letter}')" for letter in cancelled),
                f"order numbers that begin with {' or '.join(cancelled)} have quantities below zero: cancellations",
            )
    return Split(f"{pieces} > 0", f"{pieces} < 0", "quantities below zero are returns")


def _by_kind(profiles: Sequence[Profile]) -> Split:
    """A column whose words say of some rows that they are sales, of some that they are returns, and of others neither."""
    for one in profiles:
        sold, returned = (
            [word for word, _ in one.words if re.search(kind, word.casefold())] for kind in (SALE, RETURN)
        )
        if returned and (sold := [word for word in sold if word not in returned]):
            name = as_sql(one.name)
            kept, given_back = (f"{name} in ({', '.join(map(literal, words))})" for words in (sold, returned))
            return Split(kept, given_back, f"{one.name} says which rows are returns")
    return Split()


@dataclass(frozen=True, kw_only=True)
class Refunds:
    """What refunds are made of: columns found and made up, which rows, how sure it is and why."""

    found: Matches
    added: dict[str, ColumnGuess] = field(default_factory=dict)
    where: str | None
    score: float
    why: str


def of_returned_lines(time: Match, items: Matches, split: Split, trust: float) -> Refunds | None:
    """Lines with a quantity below zero, or of a kind that says so."""
    quantity, price, amount = (items.get(target) for target in ("quantity", "unit_price", "line_amount"))
    if quantity is None or not (price or amount):
        return None
    pieces = f"abs({as_sql(quantity.profile.name)})"
    if price:
        money = f"{pieces} * {as_sql(price.profile.name)}"
    elif amount:
        money = f"abs({as_sql(amount.profile.name)})"
    found = {"refunded_at": time} | ({"order_id": split.number} if split.number else {})
    found |= {target: items[target] for target in ("product_id", "currency") if target in items}
    why = "given back, so counted positive"
    added = {
        "quantity": made("quantity", pieces, 0.8 * trust, why),
        "amount": made("amount", money, 0.8 * trust, why),
    }
    return Refunds(found=found, added=added, where=split.returned, score=0.7, why=split.why)


def of_amounts(time: Match, key: Match, refunds: Matches, product: Match | None) -> Refunds | None:
    """An amount beside the order, or beside each of its lines, whose product it is then."""
    if not tells_refunds(refunds):
        return None
    amount = refunds["amount"]
    found = {"order_id": key, "refunded_at": _that_of_the_order(time), "amount": amount}
    found |= {"product_id": product} if product else {}
    found |= {target: refunds[target] for target in ("currency",) if target in refunds}
    where = f"{as_sql(amount.profile.name)} > 0"
    number = key.profile.name
    why = "what was given back of an order is one sum, which a later export may tell anew"
    whole = ColumnGuess(
        target="refund_id", origin={"column": number}, confidence=key.score, why=why, source_column=number
    )
    added = {} if product else {"refund_id": whole}
    return Refunds(found=found, added=added, where=where, score=0.6, why="orders tell what was given back")


def given_back(status: Match | None, profiles: Sequence[Profile], states: Column) -> str | None:
    """The condition of rows of which a state tells that they were given back: that of the order, or that of a return.

    What was cancelled was not given back beside.
    """
    of_order = read_words(status.profile, states) if status else {}
    by_meaning = {meaning: [word for word in of_order if of_order[word] == meaning] for meaning in of_order.values()}
    if status and (words := by_meaning.get("returned")):
        return f"{as_sql(status.profile.name)} in ({', '.join(map(literal, words))})"
    for one in (one for one in profiles if re.search(HINTS["refunds"], one.name, re.IGNORECASE)):
        read = read_words(one, states)
        if words := [word for word in read if read[word] == "returned" and not re.search(REFUSED, word.casefold())]:
            condition = f"{as_sql(one.name)} in ({', '.join(map(literal, words))})"
            if status is None or not (cancelled := by_meaning.get("cancelled")):
                return condition
            return f"{condition} and {as_sql(status.profile.name)} not in ({', '.join(map(literal, cancelled))})"
    return None


def of_states(
    time: Match, key: Match, found: Matches, where: str | None, discount: str | None, trust: float
) -> Refunds | None:
    """The lines of orders of which nothing but a state tells that they were given back, less the discount of a line."""
    price, quantity, amount = (found.get(target) for target in ("unit_price", "quantity", "line_amount"))
    if amount:
        money = as_sql(amount.profile.name)
    elif price:
        money = " * ".join(as_sql(one.profile.name) for one in (quantity, price) if one)
        if discount:
            money += f" - {discount}"
    else:
        return None
    if where is None:
        return None
    of_lines = {target: found[target] for target in ("product_id", "quantity", "currency") if target in found}
    return Refunds(
        found={"order_id": key, "refunded_at": _that_of_the_order(time)} | of_lines,
        added={"amount": made("amount", money, 0.5 * trust, "no amount of the refund: that of the line")},
        where=where,
        score=0.5,
        why="the state of orders tells that they were given back",
    )


def with_refunds_by_line(given: Sequence[InputGuess]) -> tuple[InputGuess, ...]:
    """What was given back by line goes by the number of the line: two equal pieces are two."""
    lines = (column for guess in given if guess.table == "order_items" for column in guess.columns)
    number = next((replace(one, target="refund_id") for one in lines if one.target == "order_item_id"), None)
    found = []
    for guess in given:
        told = {column.target for column in guess.columns}
        is_by_line = guess.table == "refunds" and "product_id" in told and "refund_id" not in told
        found.append(replace(guess, columns=(number, *guess.columns)) if number and is_by_line else guess)
    return tuple(found)


def discount_of(items: Matches, made_up: Mapping[str, ColumnGuess]) -> str | None:
    """The discount of a line in SQL."""
    if guess := made_up.get("discount_amount"):
        return f"({guess.origin['sql']})"
    found = items.get("discount_amount")
    return f"coalesce({as_sql(found.profile.name)}, 0)" if found else None


def tells_refunds(refunds: Matches) -> bool:
    """Whether a column is called after refunds and has any that is not nought."""
    amount = refunds.get("amount")
    if amount is None or amount.profile.is_empty or not re.search(HINTS["refunds"], amount.profile.name, re.IGNORECASE):
        return False
    words = amount.profile.words
    return not words or any(re.search("[1-9]", word) for word, _ in words)


def _that_of_the_order(time: Match) -> Match:
    return replace(time, score=0.4, why="no date of the refund: that of the order")
