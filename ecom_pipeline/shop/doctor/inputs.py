"""What an export about one input gives: its columns, what has to be made up, and what its rows say beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from ecom_pipeline.contracts import Column, Contract
from ecom_pipeline.shop.config import DEFAULTS
from ecom_pipeline.shop.doctor.columns import mapped, used_columns
from ecom_pipeline.shop.doctor.derived import (
    author_of,
    channel_of,
    digest_as_id,
    event_after,
    opted_out,
    refused_by_all,
    row_id,
    session_of,
    with_shipping,
    word_beside,
)
from ecom_pipeline.shop.doctor.matching import Match, Matches, is_masked
from ecom_pipeline.shop.doctor.model import ColumnGuess, InputGuess
from ecom_pipeline.shop.doctor.names import as_sql
from ecom_pipeline.shop.doctor.profiles import Profile
from ecom_pipeline.shop.doctor.roles import Role
from ecom_pipeline.shop.doctor.rows import is_told, without_totals, without_unknown_words
from ecom_pipeline.shop.doctor.survey import Export

CATALOGUE = ("name", "category_path", "brand", "price", "cost", "description")
ABOUT = {"products": "product_id", "customers": "customer_id", "campaigns": "campaign_id", "messages": "text"}


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
    trust: float

    def guess(self) -> tuple[InputGuess, ...]:
        """The inputs, each with its columns."""
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
        if self._beside:
            return self._beside[0]
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
            kind |= {"event_type": self._beside[1]} if self._beside else {}
            return kind | session_of(found, self.profiles, self.trust)
        if self.role.name == "refunds":
            return with_shipping(found["amount"], self.profiles)
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

    @property
    def _beside(self) -> tuple[str, ColumnGuess] | None:
        found = self.role.matches["events"]
        if self.role.name != "events" or "event_type" not in found:
            return None
        return word_beside(found, self.profiles, self._column("events", "event_type"))

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
        refused = None if "is_opted_out" in found else opted_out(self.profiles) or refused_by_all(self.export.name)
        return {"is_opted_out": refused} if refused else {}

    def _products(
        self,
        product: Match,
        where: str | None,
        why: str,
        named: ColumnGuess | None = None,
        found: Mapping[str, Match] | None = None,
    ) -> InputGuess | None:
        """Products, as rows about something else describe them; what these call a category and a price is one.

        A category or a brand that is the same in all rows is one of the rows (``track``, of every call of a tracker).
        """
        own = {target: match for target, match in (found or {}).items() if target in CATALOGUE}
        taken = {match.profile.name for match in self.role.matches["orders"].values()} - {product.profile.name}
        taken |= used_columns([self._beside[1]]) if self._beside else set()
        found = {
            target: match
            for target, match in (self.role.matches["products"] | own).items()
            if target in CATALOGUE and (match.profile.name not in taken or target == "price")
            if match.profile.name != product.profile.name
            if match.profile.distinct != 1 or target not in ("category_path", "brand")
            if not (where or "").startswith(f"{as_sql(match.profile.name)} in (")
        }
        if not {"name", "category_path", "brand"} & set(found):
            return None
        if product.profile.filled < 1 and not named:
            where = " and ".join(filter(None, [where, f"{as_sql(product.profile.name)} is not null"]))
        if title := found.get("name"):
            where = " and ".join(filter(None, [where, f"{as_sql(title.profile.name)} is not null"]))
        return self._input(
            "products", found | {"product_id": product}, 0.7, why, where, {"product_id": named} if named else {}
        )

    def _column(self, table: str, name: str) -> Column:
        return next(column for column in self.contracts[table].columns if column.name == name)

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
