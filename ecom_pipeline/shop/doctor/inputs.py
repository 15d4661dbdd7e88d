"""From a role to the inputs of a source: what is split into what, and what has to be made up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from ecom_pipeline.contracts import Column, Contract
from ecom_pipeline.shop.config import DEFAULTS
from ecom_pipeline.shop.doctor.amounts import Amounts
from ecom_pipeline.shop.doctor.columns import constant, mapped
from ecom_pipeline.shop.doctor.content import determines
from ecom_pipeline.shop.doctor.derived import (
    ONE_EACH,
    author_of,
    channel_of,
    digest_as_id,
    event_after,
    is_told,
    opted_out,
    order_of,
    product_or_name,
    row_id,
    session_of,
    stand_in,
    taken_rows,
    with_amount,
    with_product,
    without_totals,
    without_unknown_words,
)
from ecom_pipeline.shop.doctor.matching import Match, Matches, is_masked
from ecom_pipeline.shop.doctor.model import ColumnGuess, InputGuess
from ecom_pipeline.shop.doctor.names import KNOWN, as_sql, folded
from ecom_pipeline.shop.doctor.profiles import Profile, writes_decimal_comma
from ecom_pipeline.shop.doctor.returns import (
    Refunds,
    Split,
    discount_of,
    of_amounts,
    of_returned_lines,
    of_states,
    split_of,
)
from ecom_pipeline.shop.doctor.roles import SALES, Role
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.sql import quoted

PERSON = ("name", "email", "phone", "address", "country", "city", "gender", "birth_year", "language")
CATALOGUE = ("name", "category_path", "brand", "price", "cost", "description")
ABOUT = {"products": "product_id", "customers": "customer_id", "campaigns": "campaign_id", "messages": "text"}
STORE = "(store|shop|branch|filiale|tienda|loja|门店)(id|nbr|no|nr|number|name)?"
SAME_NUMBER = 0.5
"""Share of what is given back that has the number of an order which was sold."""
SOME_ORDERS = 200
"""Orders of which some customer should have placed two."""


@dataclass(frozen=True)
class Inputs:
    """What one export feeds.

    Attributes
    ----------
    others_bring_items
        Whether another export has the lines of the orders.
    order_number
        The column with the number of the orders of another export, which tells more of them; None if none does.
    others_tell_refunds
        Whether the export that has the orders has what was given back of them, too.
    people_by_email
        Whether orders know who ordered by the e-mail address alone.
    person
        The column of another export, and that, in which numbers of persons repeat; empty if there is none.
    trust
        What a sure guess is worth: less than 1 where the headers had to be guessed.
    """

    con: duckdb.DuckDBPyConnection
    export: Export
    role: Role
    profiles: Sequence[Profile]
    contracts: Mapping[str, Contract]
    others_bring_items: bool
    order_number: str | None
    others_tell_refunds: bool
    people_by_email: bool
    person: str
    trust: float

    def guess(self) -> tuple[InputGuess, ...]:
        """The inputs, each with its columns."""
        if self.role.name == SALES:
            return self._sales()
        found = self.role.matches[self.role.name]
        why = f"{len(found)} of its columns are recognised"
        score = min(self.role.score, 1.0)
        own = self._input(self.role.name, found, score, why, self._filled(found), self._derived(found))
        given: list[InputGuess | None] = [own]
        if self.role.name == "events" and (product := found.get("product_id")):
            given.append(self._products(product, None, "events name products and what they are", found=found))
        if self.role.name == "messages" and not self.others_bring_items:
            given.append(self._reviewed())
        return tuple(guess for guess in given if guess)

    def _filled(self, found: Matches) -> str | None:
        """Rows without what a row is about are none: a product's other pictures, stars without a word, sums, noise."""
        if self.role.name == "marketing_spend":
            return without_totals(self.con, self.export.table, found)
        if self.role.name == "events" and "event_type" in found:
            known = without_unknown_words(found["event_type"], self._column("events", "event_type"))
            return known or is_told(found["event_type"])
        return is_told(found.get(ABOUT.get(self.role.name, "")))

    def _derived(self, found: Matches) -> dict[str, ColumnGuess]:
        """What follows from the columns and the name of an export that is about one input."""
        if self.role.name == "marketing_spend" and "channel" not in found:
            return {"channel": channel_of(self.export.name)}
        if self.role.name == "events":
            kind = {} if "event_type" in found else event_after(self.export.name)
            return kind | session_of(found, self.profiles, self.trust)
        if self.role.name == "messages":
            return self._writer() | author_of(
                self.con, self.export.table, found, self.profiles, self._column("messages", "author")
            )
        if self.role.name != "customers":
            return {}
        email = found.get("email")
        known = (
            {"customer_id": digest_as_id(email.profile.name, "e-mail address", self.trust)}
            if email and (self.people_by_email or "customer_id" not in found)
            else {}
        )
        return known | self._refusal(found)

    def _writer(self) -> dict[str, ColumnGuess]:
        """Who wrote, where orders know their customers by address."""
        person = self.role.matches["customers"].get("email")
        if not self.people_by_email or person is None or is_masked(person.profile):
            return {}
        return {"customer_id": digest_as_id(person.profile.name, "e-mail address", self.trust)}

    def _reviewed(self) -> InputGuess | None:
        """What customers had who tell how they liked it, where nothing else tells what they bought."""
        found = {
            target: match
            for target, match in self.role.matches["events"].items()
            if target in ("customer_id", "product_id", "event_at")
        }
        kind = event_after(self.export.name)
        return self._input("events", found, 0.6, "reviews", None, kind) if kind and len(found) == 3 else None

    def _refusal(self, found: Matches) -> dict[str, ColumnGuess]:
        refused = None if "is_opted_out" in found else opted_out(self.profiles)
        return {"is_opted_out": refused} if refused else {}

    def _sales(self) -> tuple[InputGuess, ...]:
        """Orders, lines, what was given back, and what the rows say about products and customers."""
        orders, items = dict(self.role.matches["orders"]), dict(self.role.matches["order_items"])
        if own := next((one for one in self.profiles if one.name == self.order_number), None):
            orders["order_id"] = items["order_id"] = Match(profile=own, score=KNOWN, why="it is that of the orders")
        customer = self._customer(orders)
        numbers = [found["order_id"] for found in (orders, items) if "order_id" in found]
        key, time = max(numbers, key=lambda number: number.score, default=None), orders.get("ordered_at")
        if key:
            orders["order_id"] = items["order_id"] = key
        extra = {} if key else {"order_id": order_of(customer, time, items, len(self.export.files) > 1, self.trust)}
        has_lines = "product_id" in items or not key or key.profile.unique < ONE_EACH
        comma = writes_decimal_comma(self.profiles)
        money = Amounts(self.con, self.export.table, self.profiles, key if has_lines else None, comma)
        of_lines = extra | money.settle(orders, items)
        split = split_of(self.con, self.export.table, key, items.get("quantity"), self.profiles) if time else Split()
        given: list[InputGuess | None] = []
        if time and not self.order_number:
            why = "rows with the same order number are lines of one order" if has_lines and key else "one row per order"
            who = {"customer_id": customer} if customer else {}
            given.append(self._input("orders", orders, _mean(orders), why, split.sold, extra | who))
        if has_lines or not self.others_bring_items:
            given.append(self._lines(items, of_lines, self._with_product(items, split.sold)))
        if time and not (self.order_number and self.others_tell_refunds):
            less = discount_of(items, of_lines) if has_lines else None
            given.append(self._refunds(time, key, orders | items if has_lines else orders, customer, split, less))
        if product := items.get("product_id"):
            why = "the lines describe their products"
            given.append(self._products(product, split.sold, why, product_or_name(product, self._title, self.trust)))
        if customer and customer.source_column:
            given.append(self._customers(customer, customer.source_column, key))
        return tuple(guess for guess in given if guess)

    def _lines(self, items: Matches, extra: Mapping[str, ColumnGuess], sold: str | None) -> InputGuess | None:
        """The lines of orders, with what a line needs and the file does not name; None if it cannot be lines."""
        added = dict(extra)
        if "unit_price" not in items and "line_amount" not in items:
            if self.others_bring_items or "ordered_at" not in self.role.matches["orders"]:
                return None
            free = constant("unit_price", "0", "no price: pieces count, revenue is nought")
            added["unit_price"] = replace(free, confidence=0.0)
        if "quantity" not in items:
            added["quantity"] = constant("quantity", "1", "no quantity: every line is taken for one piece")
        if "product_id" not in items:
            title = self._title
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

    @property
    def _title(self) -> Match | None:
        return self.role.matches["products"].get("name")

    def _with_product(self, items: Matches, sold: str | None) -> str | None:
        sold = with_amount(self.con, self.export.table, items, sold)
        if "product_id" not in items:
            return sold
        return with_product(self.con, self.export.table, items["product_id"], self._title, sold)

    def _products(
        self,
        product: Match,
        where: str | None,
        why: str,
        named: ColumnGuess | None = None,
        found: Mapping[str, Match] | None = None,
    ) -> InputGuess | None:
        """Products, as rows about something else describe them; what these call a category and a price is one."""
        own = {target: match for target, match in (found or {}).items() if target in CATALOGUE}
        taken = {match.profile.name for match in self.role.matches["orders"].values()} - {product.profile.name}
        found = {
            target: match
            for target, match in (self.role.matches["products"] | own).items()
            if target in CATALOGUE and (match.profile.name not in taken or target == "price")
            if match.profile.name != product.profile.name
        }
        if not {"name", "category_path", "brand"} & set(found):
            return None
        if title := found.get("name"):
            where = " and ".join(filter(None, [where, f"{as_sql(title.profile.name)} is not null"]))
        return self._input(
            "products", found | {"product_id": product}, 0.7, why, where, {"product_id": named} if named else {}
        )

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
            told = of_returned_lines(time, found, split, self._number_of_sale(key, split), self.trust)
        elif key:
            amounts = self.role.matches["refunds"]
            is_of_order = "amount" in amounts and self._is_of_order(key, amounts["amount"])
            product = None if is_of_order else found.get("product_id")
            states = self._column("orders", "status")
            told = of_amounts(time, key, amounts, product) or of_states(time, key, found, states, discount, self.trust)
        if told is None:
            return None
        who = {"customer_id": customer} if customer else {}
        return self._input("refunds", told.found, told.score, told.why, told.where, told.added | who)

    def _number_of_sale(self, key: Match | None, split: Split) -> Match | None:
        """The number of the order, if what is given back goes by the number under which it was sold."""
        if key is None or split.sold is None:
            return None
        comma, name = writes_decimal_comma(self.profiles), quoted(key.profile.name)
        sold, returned = (taken_rows(self.export.table, rows, comma) for rows in (split.sold, split.returned))
        known = f"select avg(({name} in (select {name} from {sold}))::int) from {returned}"
        return key if (self.con.execute(known).fetchall()[0][0] or 0.0) >= SAME_NUMBER else None

    def _column(self, table: str, name: str) -> Column:
        return next(column for column in self.contracts[table].columns if column.name == name)

    def _is_of_order(self, key: Match, amount: Match) -> bool:
        return determines(self.con, self.export.table, key.profile.name, amount.profile.name)

    def _customer(self, orders: Matches) -> ColumnGuess | None:
        if found := orders.pop("customer_id", None):
            guess = mapped("orders", self._column("orders", "customer_id"), found, self.trust)
            if self.export.rows < SOME_ORDERS or found.profile.unique < ONE_EACH:
                return guess
            person = f"see {self.person}" if self.person else "is there a number of the person?"
            why = f"every order has a customer of its own, so that nobody bought twice: {person}"
            return replace(guess, confidence=0.4, why=why)
        return stand_in(self.role.matches["customers"], self.trust)

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
        found, made_up = row_id(self.con, self.export.table, table, found, self.trust)
        added = made_up | dict(added or {})
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
