"""From a role to the inputs of a source: what is split into what, and how each column is said in ``shop.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from ecom_pipeline.contracts import Column, Contract
from ecom_pipeline.shop.config import DEFAULTS
from ecom_pipeline.shop.doctor.content import determines
from ecom_pipeline.shop.doctor.matching import Match, Matches, meanings
from ecom_pipeline.shop.doctor.model import ColumnGuess, InputGuess
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.roles import SALES, Role
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.shop.readers.table import identifier
from ecom_pipeline.shop.values import number

PERSON = ("name", "email", "phone", "address", "country", "city", "gender", "birth_year", "language")
CATALOGUE = ("name", "category_path", "brand", "price", "cost", "description")
ORDER_LEVEL = ("discount_amount", "shipping_amount")
PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def as_sql(column: str) -> str:
    """The column's name in an expression."""
    return column if PLAIN_NAME.fullmatch(column) else identifier(column)


def _separator(examples: Sequence[str]) -> str | None:
    """What parts the levels of categories, unless it is ``>`` already."""
    marks = (mark for mark in ("/", "|", "::", ".") if examples and all(mark in example for example in examples))
    return (
        None
        if any(">" in example or (" " in example and "." in example) for example in examples)
        else next(marks, None)
    )


@dataclass(frozen=True)
class Split:
    """How sold and given back are told apart in one export of sales."""

    sold: str | None
    returned: str | None
    why: str


def inputs_of(
    con: duckdb.DuckDBPyConnection,
    export: Export,
    role: Role,
    profiles: Sequence[Profile],
    contracts: Mapping[str, Contract],
    *,
    others_bring_items: bool,
    trust: float,
) -> tuple[InputGuess, ...]:
    """The inputs an export feeds.

    Parameters
    ----------
    others_bring_items
        Whether another export has the lines of the orders.
    trust
        What a sure guess is worth: less than 1 where the headers had to be guessed.
    """
    maker = _Maker(con, export, role.matches, profiles, contracts, trust)
    if role.name == SALES:
        return maker.sales(others_bring_items)
    given: list[InputGuess | None] = [maker.plain(role.name, role.score)]
    if role.name == "events":
        given.append(maker.catalogue(None, "events name products and what they are"))
    return tuple(guess for guess in given if guess)


@dataclass(frozen=True)
class _Maker:
    con: duckdb.DuckDBPyConnection
    export: Export
    matches: Mapping[str, Matches]
    profiles: Sequence[Profile]
    contracts: Mapping[str, Contract]
    trust: float

    def plain(self, table: str, score: float) -> InputGuess:
        """An input whose rows are the rows of the file."""
        found = dict(self.matches[table])
        return self._input(table, found, min(score, 1.0), f"{len(found)} of its columns are recognised")

    def sales(self, others_bring_items: bool) -> tuple[InputGuess, ...]:
        """Orders, lines, what was given back, and what the rows say about products and customers."""
        orders, items = dict(self.matches["orders"]), dict(self.matches["order_items"])
        customer = self._customer(orders)
        made: dict[str, ColumnGuess] = {}
        notes: dict[str, str] = {}
        if "order_id" not in orders and "order_id" not in items:
            made["order_id"] = self._row_as_order(customer, orders.get("ordered_at"))
        key = orders.get("order_id") or items.get("order_id")
        has_lines = "product_id" in items or not key or key.profile.unique < 0.98
        self._settle_amounts(orders, items, key, has_lines, notes)
        split = self._split(key, items.get("quantity")) if "ordered_at" in orders else Split(None, None, "")
        lines = self._line_columns(items, made, others_bring_items) if has_lines or not others_bring_items else None
        given: list[InputGuess | None] = []
        if "ordered_at" in orders:
            why = "rows with the same order number are lines of one order" if has_lines and key else "one row per order"
            given.append(
                self._input(
                    "orders",
                    orders,
                    self._mean(orders),
                    why,
                    split.sold,
                    made | ({"customer_id": customer} if customer else {}),
                )
            )
        if lines is not None:
            given.append(
                self._input(
                    "order_items",
                    items,
                    self._mean(items),
                    notes.get("order_items", "one row per line of an order"),
                    split.sold,
                    lines,
                )
            )
        if split.returned and "ordered_at" in orders:
            given.append(self._refunds(orders, items, customer, split))
        if "product_id" in items:
            given.append(self.catalogue(split.sold, "the lines describe their products", items["product_id"]))
        if customer:
            given.append(self._customers(customer, key))
        return tuple(guess for guess in given if guess)

    def catalogue(self, where: str | None, why: str, product: Match | None = None) -> InputGuess | None:
        """Products, as rows about something else describe them."""
        product = product or self.matches["events"].get("product_id")
        if product is None:
            return None
        used = {
            match.profile.name
            for match in self.matches["orders"].values()
            if match.profile.name != product.profile.name
        }
        found = {
            target: match
            for target, match in self.matches["products"].items()
            if target in CATALOGUE and (match.profile.name not in used or target == "price")
        }
        if not any(target in found for target in ("name", "category_path", "brand")):
            return None
        named = found.get("name")
        if named:
            where = " and ".join(filter(None, [where, f"{as_sql(named.profile.name)} is not null"]))
        return self._input("products", found | {"product_id": product}, 0.7, why, where)

    def _customers(self, customer: ColumnGuess, key: Match | None) -> InputGuess | None:
        taken = {key.profile.name if key else None}
        found = {
            target: match
            for target, match in self.matches["customers"].items()
            if target in PERSON and match.profile.name not in taken and match.score >= 0.5
        }
        if not found or customer.source_column is None:
            return None
        where = f"{as_sql(customer.source_column)} is not null"
        return self._input("customers", found, 0.6, "orders say who ordered", where, {"customer_id": customer})

    def _refunds(
        self, orders: Matches, items: Matches, customer: ColumnGuess | None, split: Split
    ) -> InputGuess | None:
        quantity, price, amount = (items.get(target) for target in ("quantity", "unit_price", "line_amount"))
        if quantity is None or not (price or amount):
            return None
        money = f"-{as_sql(quantity.profile.name)} * {as_sql(price.profile.name)}" if price else ""
        if amount and not price:
            money = f"abs({as_sql(amount.profile.name)})"
        found: Matches = {"refunded_at": orders["ordered_at"]}
        if "product_id" in items:
            found["product_id"] = items["product_id"]
        if reason := self.matches["products"].get("name"):
            found["reason"] = replace(reason, score=0.5)
        made = {
            "quantity": self._made(
                "quantity", f"-{as_sql(quantity.profile.name)}", 0.8, "given back, so counted positive"
            ),
            "amount": self._made("amount", money, 0.8, "given back, so counted positive"),
        }
        if customer:
            made["customer_id"] = customer
        return self._input("refunds", found, 0.7, split.why, split.returned, made)

    def _line_columns(
        self, items: Matches, made: Mapping[str, ColumnGuess], others: bool
    ) -> dict[str, ColumnGuess] | None:
        """What a line needs and the file does not name; None if it cannot be a line."""
        lines = dict(made)
        if "quantity" not in items:
            lines["quantity"] = self._value("quantity", "1", "no quantity: every line is taken for one piece")
        if "product_id" not in items:
            if others:
                return None
            if title := self.matches["products"].get("name"):
                items["product_id"] = replace(title, score=0.4, why="no product number: the name stands for it")
            else:
                lines["product_id"] = self._value("product_id", "unknown", "the file does not say what was bought")
        if "unit_price" in items or "line_amount" in items:
            return lines
        return None

    def _settle_amounts(
        self, orders: Matches, items: Matches, key: Match | None, has_lines: bool, notes: dict[str, str]
    ) -> None:
        """Keep the price and the amount that belong to the line, each discount at its level."""
        taken = {found.profile.name for found in (*orders.values(), *items.values())}
        if "unit_price" not in items and "line_amount" not in items:
            left = [profile for profile in self.profiles if profile.name not in taken and profile.is_number]
            money = next(
                (profile for profile in left if profile.fractional > 0.2 and profile.point_zero < ENOUGH), None
            )
            if money:
                items["line_amount"] = Match(
                    profile=money, score=0.5, why="numbers with cents that nothing else explains"
                )
        if "unit_price" in items and "line_amount" in items and not self._multiplies(items):
            dropped = items.pop("line_amount").profile.name
            notes["order_items"] = f"one row per line; {dropped} is not quantity x price, so it is left out"
        if not (has_lines and key):
            for target in ORDER_LEVEL:
                items.pop(target, None)
            return
        for target in ORDER_LEVEL:
            if target in orders:
                level = determines(self.con, self.export.table, key.profile.name, orders[target].profile.name)
                (items if level else orders).pop(target, None)

    def _multiplies(self, items: Matches) -> bool:
        if "quantity" not in items:
            return False
        quantity, price, amount = (
            number(identifier(items[target].profile.name), "DECIMAL(18,4)")
            for target in ("quantity", "unit_price", "line_amount")
        )
        share = self.con.execute(
            f"""select avg((abs({quantity} * {price} - {amount}) <= 0.02)::int::double), avg(({amount} <= {quantity} * {price} + 0.02)::int::double)
            from {self.export.table}"""
        ).fetchall()[0]
        return (share[0] or 0.0) >= 0.5 and (share[1] or 0.0) >= 0.8

    def _split(self, key: Match | None, quantity: Match | None) -> Split:
        """How cancelled or returned lines show: a letter before the number, or a quantity below zero."""
        if quantity is None or quantity.profile.negative == 0:
            return Split(None, None, "")
        pieces = as_sql(quantity.profile.name)
        below = f"{pieces} < 0"
        if key is not None:
            order, count = identifier(key.profile.name), number(identifier(quantity.profile.name), "DECIMAL(18,4)")
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
        return Split(f"{pieces} > 0", below, "quantities below zero are returns")

    def _customer(self, orders: Matches) -> ColumnGuess | None:
        found = orders.pop("customer_id", None)
        if found:
            return self._column(self._contract_column("orders", "customer_id"), found)
        email = self.matches["customers"].get("email")
        if email is None or email.profile.email < 0.8:
            return None
        name = as_sql(email.profile.name)
        why = "no customer number: the e-mail address stands for it, as a digest"
        guess = self._made("customer_id", f"md5(lower(trim({name})))", 0.6, why)
        return replace(guess, source_column=email.profile.name)

    def _row_as_order(self, customer: ColumnGuess | None, time: Match | None) -> ColumnGuess:
        parts = [as_sql(name) for name in (customer and customer.source_column, time and time.profile.name) if name]
        place = ["_file", "_row"] if len(self.export.files) > 1 else ["_row"]
        why = "no order number: every row is taken for an order"
        return self._made("order_id", f"concat_ws('-', {', '.join([*parts, *place])})", 0.5, why)

    def _input(
        self,
        table: str,
        found: Matches,
        score: float,
        why: str,
        where: str | None = None,
        made: Mapping[str, ColumnGuess] | None = None,
    ) -> InputGuess:
        contract, made = self.contracts[table], made or {}
        guesses = []
        for column in contract.columns:
            if column.name in made:
                guesses.append(made[column.name])
            elif column.name in found:
                guesses.append(self._column(column, found[column.name]))
        return InputGuess(
            table=table, confidence=round(score * self.trust, 2), why=why, columns=tuple(guesses), where=where
        )

    def _column(self, column: Column, found: Match) -> ColumnGuess:
        profile, confidence = found.profile, found.score
        why = found.why if self.trust == 1 else "no header: guessed from the values"
        origin: dict[str, Any] = {"column": profile.name}
        if column.type in ("TIMESTAMP", "DATE") and profile.time:
            if profile.time.unit:
                origin["unit"] = profile.time.unit
            elif profile.time.format:
                origin["format"] = profile.time.format
            if profile.time.is_ambiguous:
                confidence, why = min(confidence, 0.5), "day and month cannot be told apart: check the format"
        elif column.values or column.type == "BOOLEAN":
            confidence, why = self._words(column, profile, origin, confidence, why)
        elif column.name.endswith("_id") and profile.point_zero >= ENOUGH:
            origin = {"sql": f"regexp_replace({as_sql(profile.name)}, '\\.0$', '')"}
            why = "numbers written like 17850.0"
        elif column.name == "category_path" and (mark := _separator(profile.examples)):
            origin = {"sql": f"replace({as_sql(profile.name)}, '{mark}', ' > ')"}
            why = f"levels parted by '{mark}'"
        return ColumnGuess(
            target=column.name,
            origin=origin,
            confidence=round(confidence * self.trust, 2),
            why=why,
            source_column=profile.name,
            examples=() if column.pii else profile.examples,
        )

    def _words(
        self, column: Column, profile: Profile, origin: dict[str, Any], confidence: float, why: str
    ) -> tuple[float, str]:
        """Say what the words of a closed column mean; those that are not known are named."""
        known = meanings(column)
        once = {word.lower(): word for word, _ in reversed(profile.words)}
        values = {word: known[lower] for lower, word in once.items() if lower in known}
        unknown = [word for word, _ in profile.words if word.lower() not in known]
        if any(word.lower() != meaning for word, meaning in values.items()):
            origin["values"] = values
        if not unknown or not column.values:
            return confidence, why
        default = DEFAULTS.get(("orders" if column.name == "status" else "messages", column.name))
        if default and values:
            origin["values"] = values
            origin["otherwise"] = default
        return min(confidence, 0.5), f"unknown words: {', '.join(unknown[:6])}"

    def _made(self, target: str, sql: str, confidence: float, why: str) -> ColumnGuess:
        return ColumnGuess(target=target, origin={"sql": sql}, confidence=round(confidence * self.trust, 2), why=why)

    def _value(self, target: str, value: str, why: str) -> ColumnGuess:
        return ColumnGuess(target=target, origin={"value": value}, confidence=0.3, why=why)

    def _contract_column(self, table: str, name: str) -> Column:
        return next(column for column in self.contracts[table].columns if column.name == name)

    @staticmethod
    def _mean(found: Matches) -> float:
        return sum(match.score for match in found.values()) / max(len(found), 1)
