"""What an export of sales gives: orders, their lines, what was given back, and what the rows say about products and customers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ecom_pipeline.shop.doctor.amounts import Amounts
from ecom_pipeline.shop.doctor.columns import constant, mapped
from ecom_pipeline.shop.doctor.content import determines
from ecom_pipeline.shop.doctor.derived import ONE_EACH, order_of, product_or_name, stand_in
from ecom_pipeline.shop.doctor.inputs import Inputs
from ecom_pipeline.shop.doctor.matching import Match, Matches, names_each, only_time
from ecom_pipeline.shop.doctor.model import ColumnGuess, InputGuess
from ecom_pipeline.shop.doctor.names import KNOWN, VAGUE, as_sql, folded
from ecom_pipeline.shop.doctor.profiles import writes_decimal_comma
from ecom_pipeline.shop.doctor.returns import (
    Refunds,
    Split,
    discount_of,
    given_back,
    of_amounts,
    of_returned_lines,
    of_states,
    split_of,
    with_refunds_by_line,
)
from ecom_pipeline.shop.doctor.roles import HINTS
from ecom_pipeline.shop.doctor.rows import taken_rows, with_amount, with_product
from ecom_pipeline.sql import quoted

PERSON = ("name", "email", "phone", "address", "country", "city", "gender", "birth_year", "language")
STORE = "(store|shop|branch|filiale|tienda|loja|门店)(id|nbr|no|nr|number|name)?"
SOME_ORDERS = 200
"""Orders of which some customer should have placed two."""


class Sales(Inputs):
    """The same of an export whose rows are orders, lines of one, or both."""

    def guess(self) -> tuple[InputGuess, ...]:
        """Orders, lines, what was given back, and what the rows say about products and customers."""
        orders, items = dict(self.role.matches["orders"]), dict(self.role.matches["order_items"])
        if own := next((one for one in self.profiles if one.name == self.order_number), None):
            orders["order_id"] = items["order_id"] = Match(profile=own, score=KNOWN, why="it is that of the orders")
        customer = self._customer(orders)
        numbers = [found["order_id"] for found in (orders, items) if "order_id" in found]
        key, time = max(numbers, key=lambda number: number.score, default=None), self._time(orders, items)
        if key:
            orders["order_id"] = items["order_id"] = key
        has_product = "product_id" in items or self._title is not None
        extra = (
            {} if key else {"order_id": order_of(customer, time, has_product, len(self.export.files) > 1, self.trust)}
        )
        if key and self.others_bring_items and "product_id" in items and _are_one_each(key, items["product_id"]):
            del items["product_id"]
        has_lines = "product_id" in items or not key or key.profile.unique < ONE_EACH
        comma = writes_decimal_comma(self.profiles)
        money = Amounts(self.con, self.export.table, self.profiles, key if has_lines else None, comma)
        of_lines = extra | money.settle(orders, items)
        split = (
            split_of(self.con, self.export.table, key, items.get("quantity"), self.profiles, comma) if time else Split()
        )
        given: list[InputGuess | None] = []
        if time and not self.order_number:
            why = "rows with the same order number are lines of one order" if has_lines and key else "one row per order"
            who = {"customer_id": customer} if customer else {}
            given.append(self._input("orders", orders, _mean(orders), why, split.sold, extra | who))
        if has_lines or not self.others_bring_items:
            given.append(self._lines(items, of_lines, self._with_product(items, split.sold)))
        if time and not (self.order_number and self.others_tell_refunds):
            less = discount_of(items, of_lines) if has_lines else None
            given.append(self._refunds(time, key, orders | items, customer, split, less))
        if product := items.get("product_id"):
            why = "the lines describe their products"
            given.append(self._products(product, split.sold, why, product_or_name(product, self._title, self.trust)))
        if customer and customer.source_column:
            given.append(self._customers(customer, customer.source_column, key))
        return with_refunds_by_line([guess for guess in given if guess])

    def _lines(self, items: Matches, extra: Mapping[str, ColumnGuess], sold: str | None) -> InputGuess | None:
        """The lines of orders, with what a line needs and the file does not name; None if it cannot be lines."""
        added = dict(extra)
        if "unit_price" not in items and "line_amount" not in items:
            if self.others_bring_items or not (self.order_number or "ordered_at" in self.role.matches["orders"]):
                return None
            free = constant("unit_price", "0", "no price: pieces count, revenue is nought")
            added["unit_price"] = replace(free, confidence=0.0)
        if "quantity" not in items:
            added["quantity"] = constant("quantity", "1", "no quantity: every line is taken for one piece")
        if "product_id" not in items:
            title = None if self._title and names_each(self._title.profile) else self._title
            if self.others_bring_items:
                return None
            store = next((one for one in self.profiles if re.fullmatch(STORE, folded(one.name))), None)
            if title:
                items["product_id"] = replace(title, score=0.4, why="no product number: the name stands for it")
            elif store:
                items["product_id"] = Match(profile=store, score=0.3, why="no product: sales are told by store")
            else:
                added["product_id"] = constant("product_id", "unknown", "the file does not say what was bought")
        elif named := product_or_name(items["product_id"], self._title, self.trust):
            added["product_id"] = named
        return self._input("order_items", items, _mean(items), "one row per line of an order", sold, added)

    def _time(self, orders: Matches, items: Matches) -> Match | None:
        """When it was ordered; of lines that no other export has the orders of, the only time there is."""
        if "product_id" in items and not self.order_number:
            orders |= only_time(self.contracts["orders"], self.profiles, orders)
        return orders.get("ordered_at")

    @property
    def _title(self) -> Match | None:
        return self.role.matches["products"].get("name")

    def _with_product(self, items: Matches, sold: str | None) -> str | None:
        sold = with_amount(self.con, self.export.table, items, sold)
        if "product_id" not in items:
            return sold
        return with_product(self.con, self.export.table, items["product_id"], self._title, sold)

    def _customers(self, customer: ColumnGuess, column: str, key: Match | None) -> InputGuess | None:
        found = {
            target: match
            for target, match in self.role.matches["customers"].items()
            if target in PERSON and match.score >= 0.5 and not (key and match.profile.name == key.profile.name)
        }
        if not found:
            return None
        where = f"{as_sql(column)} is not null"
        added = {"customer_id": customer} | self._refusal(found)
        return self._input("customers", found, 0.6, "orders say who ordered", where, added)

    def _refunds(
        self,
        time: Match,
        key: Match | None,
        found: Matches,
        customer: ColumnGuess | None,
        split: Split,
        discount: str | None,
    ) -> InputGuess | None:
        """What was given back, as lines, as amounts or as states of orders tell."""
        told: Refunds | None = None
        if split.returned:
            told = of_returned_lines(time, found, split, self.trust)
        elif key:
            amounts = self.role.matches["refunds"]
            is_of_order = "amount" in amounts and self._is_of_order(key, amounts["amount"])
            product = None if is_of_order else found.get("product_id")
            where = given_back(found.get("status"), self.profiles, self._column("orders", "status"))
            told = of_amounts(time, key, amounts, product) or of_states(time, key, found, where, discount, self.trust)
            if told and (when := self._time_of_refund(told.where)):
                told = replace(told, found=told.found | {"refunded_at": when})
        if told is None:
            return None
        who = {"customer_id": customer} if customer else {}
        return self._input("refunds", told.found, told.score, told.why, told.where, told.added | who)

    def _time_of_refund(self, where: str | None) -> Match | None:
        """When it was given back, where a column is called so and tells it of all such rows."""
        rows = taken_rows(self.export.table, where, writes_decimal_comma(self.profiles))
        for one in self.profiles:
            if one.time and re.search(HINTS["refunds"], one.name, re.IGNORECASE):
                told = self.con.execute(f"select count(*) = count({quoted(one.name)}) from {rows}").fetchall()[0][0]
                if told:
                    return Match(profile=one, score=VAGUE, why="name")
        return None

    def _is_of_order(self, key: Match, amount: Match) -> bool:
        return determines(self.con, self.export.table, key.profile.name, amount.profile.name)

    def _customer(self, orders: Matches) -> ColumnGuess | None:
        if found := orders.pop("customer_id", None):
            guess = mapped("orders", self._column("orders", "customer_id"), found, self.trust)
            if self.export.rows < SOME_ORDERS or "query" in self.export.place or found.profile.unique < ONE_EACH:
                return guess
            why = "every order has a customer of its own, so that nobody bought twice: is there a number of the person?"
            return replace(guess, confidence=0.4, why=why)
        return stand_in(self.role.matches["customers"], self.trust)


def _are_one_each(*columns: Match) -> bool:
    """Whether no value of any of them repeats: what only one order has is no product."""
    return all(column.profile.unique >= ONE_EACH for column in columns)


def _mean(found: Matches) -> float:
    return sum(match.score for match in found.values()) / max(len(found), 1)
