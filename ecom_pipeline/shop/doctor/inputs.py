"""From a role to the inputs of a source: what is split into what, and what has to be made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.config import DEFAULTS
from ecom_pipeline.shop.doctor.columns import as_sql, constant, made, mapped
from ecom_pipeline.shop.doctor.content import determines
from ecom_pipeline.shop.doctor.matching import Match, Matches
from ecom_pipeline.shop.doctor.model import ColumnGuess, InputGuess
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.roles import SALES, Role
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.shop.values import number
from ecom_pipeline.sql import quoted

PERSON = ("name", "email", "phone", "address", "country", "city", "gender", "birth_year", "language")
CATALOGUE = ("name", "category_path", "brand", "price", "cost", "description")
ORDER_LEVEL = ("discount_amount", "shipping_amount")
ONE_EACH = 0.98
"""Share of different order numbers from which a row is an order."""


@dataclass(frozen=True)
class Split:
    """How sold and given back are told apart in one export of sales: conditions, and why."""

    sold: str | None = None
    returned: str | None = None
    why: str = ""


@dataclass(frozen=True)
class Inputs:
    """What one export feeds.

    Attributes
    ----------
    others_bring_items
        Whether another export has the lines of the orders.
    trust
        What a sure guess is worth: less than 1 where the headers had to be guessed.
    """

    con: duckdb.DuckDBPyConnection
    export: Export
    role: Role
    profiles: Sequence[Profile]
    contracts: Mapping[str, Contract]
    others_bring_items: bool
    trust: float

    def guess(self) -> tuple[InputGuess, ...]:
        """The inputs, each with its columns."""
        if self.role.name == SALES:
            return self._sales()
        found = self.role.matches[self.role.name]
        why = f"{len(found)} of its columns are recognised"
        given: list[InputGuess | None] = [self._input(self.role.name, found, min(self.role.score, 1.0), why)]
        if self.role.name == "events" and (product := found.get("product_id")):
            given.append(self._products(product, None, "events name products and what they are"))
        return tuple(guess for guess in given if guess)

    def _sales(self) -> tuple[InputGuess, ...]:
        """Orders, lines, what was given back, and what the rows say about products and customers."""
        orders, items = dict(self.role.matches["orders"]), dict(self.role.matches["order_items"])
        customer = self._customer(orders)
        key, time = orders.get("order_id") or items.get("order_id"), orders.get("ordered_at")
        if key:
            orders.setdefault("order_id", key)
        extra = {} if key else {"order_id": self._row_as_order(customer, time)}
        has_lines = "product_id" in items or not key or key.profile.unique < ONE_EACH
        self._settle_amounts(orders, items, key if has_lines else None)
        split = self._split(key, items.get("quantity")) if time else Split()
        given: list[InputGuess | None] = []
        if time:
            why = "rows with the same order number are lines of one order" if has_lines and key else "one row per order"
            who = {"customer_id": customer} if customer else {}
            given.append(self._input("orders", orders, _mean(orders), why, split.sold, extra | who))
        if has_lines or not self.others_bring_items:
            given.append(self._lines(items, extra, split.sold))
        if time and split.returned:
            given.append(self._refunds(time, items, customer, split))
        if product := items.get("product_id"):
            given.append(self._products(product, split.sold, "the lines describe their products"))
        if customer and customer.source_column:
            given.append(self._customers(customer, customer.source_column, key))
        return tuple(guess for guess in given if guess)

    def _lines(self, items: Matches, extra: Mapping[str, ColumnGuess], sold: str | None) -> InputGuess | None:
        """The lines of orders, with what a line needs and the file does not name; None if it cannot be lines."""
        added = dict(extra)
        if "unit_price" not in items and "line_amount" not in items:
            return None
        if "quantity" not in items:
            added["quantity"] = constant("quantity", "1", "no quantity: every line is taken for one piece")
        if "product_id" not in items:
            title = self.role.matches["products"].get("name")
            if self.others_bring_items:
                return None
            if title:
                items["product_id"] = replace(title, score=0.4, why="no product number: the name stands for it")
            else:
                added["product_id"] = constant("product_id", "unknown", "the file does not say what was bought")
        return self._input("order_items", items, _mean(items), "one row per line of an order", sold, added)

    def _products(self, product: Match, where: str | None, why: str) -> InputGuess | None:
        """Products, as rows about something else describe them."""
        taken = {match.profile.name for match in self.role.matches["orders"].values()} - {product.profile.name}
        found = {
            target: match
            for target, match in self.role.matches["products"].items()
            if target in CATALOGUE and (match.profile.name not in taken or target == "price")
        }
        if not {"name", "category_path", "brand"} & set(found):
            return None
        if named := found.get("name"):
            where = " and ".join(filter(None, [where, f"{as_sql(named.profile.name)} is not null"]))
        return self._input("products", found | {"product_id": product}, 0.7, why, where)

    def _customers(self, customer: ColumnGuess, column: str, key: Match | None) -> InputGuess | None:
        found = {
            target: match
            for target, match in self.role.matches["customers"].items()
            if target in PERSON and match.score >= 0.5 and not (key and match.profile.name == key.profile.name)
        }
        if not found:
            return None
        where = f"{as_sql(column)} is not null"
        return self._input("customers", found, 0.6, "orders say who ordered", where, {"customer_id": customer})

    def _refunds(self, time: Match, items: Matches, customer: ColumnGuess | None, split: Split) -> InputGuess | None:
        quantity, price, amount = (items.get(target) for target in ("quantity", "unit_price", "line_amount"))
        if quantity is None or not (price or amount):
            return None
        pieces = f"-{as_sql(quantity.profile.name)}"
        money = f"{pieces} * {as_sql(price.profile.name)}" if price else ""
        if amount and not price:
            money = f"abs({as_sql(amount.profile.name)})"
        found = {"refunded_at": time}
        if "product_id" in items:
            found["product_id"] = items["product_id"]
        why = "given back, so counted positive"
        added = {
            "quantity": made("quantity", pieces, 0.8 * self.trust, why),
            "amount": made("amount", money, 0.8 * self.trust, why),
        }
        if customer:
            added["customer_id"] = customer
        return self._input("refunds", found, 0.7, split.why, split.returned, added)

    def _settle_amounts(self, orders: Matches, items: Matches, key: Match | None) -> None:
        """Keep the price and the amount that belong to the line, each discount at its level."""
        taken = {found.profile.name for found in (*orders.values(), *items.values())}
        if "unit_price" not in items and "line_amount" not in items:
            left = (profile for profile in self.profiles if profile.name not in taken and profile.is_money)
            if money := next(left, None):
                why = "numbers with cents that nothing else explains"
                items["line_amount"] = Match(profile=money, score=0.5, why=why)
        if "unit_price" in items and "line_amount" in items and not self._multiplies(items):
            del items["line_amount"]
        for target in ORDER_LEVEL:
            if key is None:
                items.pop(target, None)
            elif target in orders:
                of_order = determines(self.con, self.export.table, key.profile.name, orders[target].profile.name)
                (items if of_order else orders).pop(target, None)

    def _multiplies(self, items: Matches) -> bool:
        """Whether the amount is quantity times price, at times less a discount."""
        if "quantity" not in items:
            return False
        quantity, price, amount = (
            number(quoted(items[target].profile.name), "DECIMAL(18,4)")
            for target in ("quantity", "unit_price", "line_amount")
        )
        same, within = self.con.execute(
            f"""select avg((abs({quantity} * {price} - {amount}) <= 0.02)::int::double),
                avg(({amount} <= {quantity} * {price} + 0.02)::int::double)
            from {self.export.table}"""
        ).fetchall()[0]
        return (same or 0.0) >= 0.5 and (within or 0.0) >= 0.8

    def _split(self, key: Match | None, quantity: Match | None) -> Split:
        """How cancelled or returned lines show: a letter before the number, or a quantity below zero."""
        if quantity is None or quantity.profile.negative == 0:
            return Split()
        pieces = as_sql(quantity.profile.name)
        if key is not None:
            order, count = quoted(key.profile.name), number(quoted(quantity.profile.name), "DECIMAL(18,4)")
            letters = self.con.execute(
                f"""select upper(left({order}, 1)) as letter, avg(({count} < 0)::int::double) as negative
                from {self.export.table} where regexp_matches({order}, '^[A-Za-z]-?[0-9]+$') group by letter"""
            ).fetchall()
            digits = self.con.execute(
                f"select avg(regexp_full_match({order}, '[0-9]+')::int::double) from {self.export.table}"
            ).fetchall()[0][0]
            cancelled = [letter for letter, negative in letters if negative >= ENOUGH]
            if cancelled and (digits or 0.0) > 0.5:
                name = as_sql(key.profile.name)
                return Split(
                    f"{pieces} > 0 and not regexp_matches({name}, '^[A-Za-z]')",
                    " or ".join(f"starts_with({name}, '{letter}')" for letter in cancelled),
                    f"order numbers that begin with {' or '.join(cancelled)} have quantities below zero: cancellations",
                )
        return Split(f"{pieces} > 0", f"{pieces} < 0", "quantities below zero are returns")

    def _customer(self, orders: Matches) -> ColumnGuess | None:
        if found := orders.pop("customer_id", None):
            column = next(column for column in self.contracts["orders"].columns if column.name == "customer_id")
            return mapped("orders", column, found, self.trust)
        email = self.role.matches["customers"].get("email")
        if email is None or email.profile.email < 0.8:
            return None
        why = "no customer number: the e-mail address stands for it, as a digest"
        guess = made("customer_id", f"md5(lower(trim({as_sql(email.profile.name)})))", 0.6 * self.trust, why)
        return replace(guess, source_column=email.profile.name)

    def _row_as_order(self, customer: ColumnGuess | None, time: Match | None) -> ColumnGuess:
        parts = [as_sql(name) for name in (customer and customer.source_column, time and time.profile.name) if name]
        place = ["_file", "_row"] if len(self.export.files) > 1 else ["_row"]
        why = "no order number: every row is taken for an order"
        return made("order_id", f"concat_ws('-', {', '.join([*parts, *place])})", 0.5 * self.trust, why)

    def _input(
        self,
        table: str,
        found: Matches,
        score: float,
        why: str,
        where: str | None = None,
        added: Mapping[str, ColumnGuess] | None = None,
    ) -> InputGuess | None:
        """An input, unless it lacks what each of its rows must have."""
        added = added or {}
        columns = tuple(
            added.get(column.name) or mapped(table, column, found[column.name], self.trust)
            for column in self.contracts[table].columns
            if column.name in added or column.name in found
        )
        needed = {
            column.name
            for column in self.contracts[table].columns
            if column.required and (table, column.name) not in DEFAULTS
        }
        if not needed <= {column.target for column in columns}:
            return None
        return InputGuess(table=table, confidence=round(score * self.trust, 2), why=why, columns=columns, where=where)


def _mean(found: Matches) -> float:
    return sum(match.score for match in found.values()) / max(len(found), 1)
