"""The customer's own facts beside an answer: the state of an order, a refund, what is in stock, what it costs.

``facts.yaml`` says which intents ask for which facts and how a fact is said in Chinese and English. Every sentence names
the row it comes from; what is not in the tables is not said, and of an order only to the customer whose order it is.
What does not belong here: the choice of the answer, and any figure that is worked out.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import pandas as pd
import yaml

from ecom_pipeline.ml.support.slots import Slot, is_within
from ecom_pipeline.ml.support.text import plain_text

FEW = 3
"""Products, at most, that an answer tells of."""


class Fact(NamedTuple):
    """A sentence and the row it is taken from, as ``table:key``."""

    sentence: str
    source: str


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((files(__package__) / "facts.yaml").read_text("utf-8"))
    return content


def asked_facts(intent: str, questions: Sequence[str]) -> list[str]:
    """Return the kinds of facts that an intent asks for.

    >>> asked_facts("order_status", []), asked_facts("thanks", ["Thank you"])
    (['order'], [])
    """
    kinds = []
    for kind, words in _content()["asked_by"].items():
        pattern = _holding(words)
        holding = sum(bool(pattern.search(plain_text(question))) for question in questions)
        if pattern.search(plain_text(intent).replace("_", " ")) or (questions and 2 * holding >= len(questions)):
            kinds.append(kind)
    return kinds


def goods_asked(text: str) -> list[str]:
    """Return the kinds of facts that a message asks for of the goods that it names, whatever its intent.

    >>> goods_asked("how much is the desk lamp"), goods_asked("the desk lamp cost too much")
    (['price'], [])
    """
    return [kind for kind, words in _content()["asked_in_words"].items() if _holding(words).search(plain_text(text))]


def _holding(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{re.escape(word)}\b" if word.isascii() else word for word in words))


def facts_asked(intents: Iterable[str], questions: pd.DataFrame) -> dict[str, list[str]]:
    """Return the kinds of facts that each intent asks for; ``questions`` are ``intent, text`` of the FAQ."""
    texts = questions.groupby("intent")["text"].agg(list).to_dict()
    return {intent: asked_facts(intent, texts.get(intent, [])) for intent in intents}


class FactBook:
    """What may be told of orders, goods and recommendations.

    Parameters
    ----------
    orders
        ``order_id, customer_id, ordered_date, status, refunds, last_refund_date``.
    products
        ``product_id, name, category, price, stock, orders``: those on sale, the category as a path.
    recommendations
        ``customer_id, product_id, rank``.
    products_of
        Ids of the products that a name in a message can mean (``SlotReader.products_of``).
    currency
        Of all amounts.
    """

    def __init__(
        self,
        orders: pd.DataFrame,
        products: pd.DataFrame,
        recommendations: pd.DataFrame,
        products_of: dict[str, list[str]],
        currency: str,
    ) -> None:
        self._orders: dict[str, dict[str, Any]] = {}
        self._orders_of: dict[object, list[dict[str, Any]]] = {}
        for row in orders.sort_values(["ordered_date", "order_id"], ascending=False, kind="stable").to_dict("records"):
            self._orders[row["order_id"]] = row
            self._orders_of.setdefault(row["customer_id"], []).append(row)
        self._products = {row["product_id"]: row for row in products.to_dict("records")}
        ranked = recommendations.sort_values(["customer_id", "rank"], kind="stable").drop_duplicates(
            ["customer_id", "product_id"]
        )
        self._recommended = ranked.groupby("customer_id", sort=False)["product_id"].agg(list).to_dict()
        self._products_of = products_of
        self._currency = currency

    def facts(
        self,
        kinds: Sequence[str],
        language: str,
        customer_id: object,
        order_id: object,
        slots: Sequence[Slot],
        asked_on: dt.date,
    ) -> list[Fact]:
        """Return what can be told to a customer who asks on a day, in Chinese for ``zh`` and in English otherwise."""
        tongue = "zh" if language == "zh" else "en"
        named = {slot.name: slot.value for slot in slots}
        categories = [slot.value for slot in slots if slot.name == "category"]
        found: list[Fact] = []
        order = self._order(customer_id, order_id, slots, asked_on)
        if order is not None and "order" in kinds:
            status = _content()["status"][tongue].get(order["status"])
            found += self._say(
                "order", tongue, {**order, "status": status}, f"marts.customer_orders:{order['order_id']}"
            )
        if order is not None and "refund" in kinds:
            kind = "refund" if order["refunds"] > 0 else "no_refund"
            found += self._say(kind, tongue, order, f"marts.customer_orders:{order['order_id']}")
        meant = self._meant(named.get("product"))
        for product in meant if {"stock", "price"} & set(kinds) else []:
            source = f"marts.products:{product['product_id']}"
            if "stock" in kinds and not pd.isna(product["stock"]):
                found += self._say("stock" if product["stock"] > 0 else "no_stock", tongue, product, source)
            if "price" in kinds:
                found += self._say("price", tongue, product, source)
        if "recommendation" in kinds or (categories and {"price_from", "price_to"} & set(named)):
            for product in self._offers(customer_id, named, categories):
                found += self._say("recommendation", tongue, product, f"marts.products:{product['product_id']}")
        return found

    def _order(
        self, customer_id: object, order_id: object, slots: Sequence[Slot], asked_on: dt.date
    ) -> dict[str, Any] | None:
        """Return the order a message is about: the one it names, the one the shop noted, or the customer's latest then."""
        numbers = [slot.value for slot in slots if slot.name == "order_number"]
        for number in numbers or ([order_id] if isinstance(order_id, str) else []):
            order = self._orders.get(number)
            if order is not None and order["customer_id"] == customer_id:
                return order
        earlier = (each for each in self._orders_of.get(customer_id, []) if _day(each["ordered_date"]) <= asked_on)
        return None if numbers else next(earlier, None)

    def _meant(self, phrase: str | None) -> list[dict[str, Any]]:
        ids = self._products_of.get(phrase, []) if phrase else []
        return [self._products[each] for each in ids if each in self._products][:FEW]

    def _offers(self, customer_id: object, named: dict[str, str], categories: list[str]) -> list[dict[str, Any]]:
        """Return products in stock that fit a category and the price: the customer's recommendations, else what most order."""
        low, high = float(named.get("price_from", 0)), float(named.get("price_to", "inf"))

        def fits(product: dict[str, Any]) -> bool:
            return (
                not pd.isna(product["price"])
                and not pd.isna(product["stock"])
                and product["stock"] > 0
                and low <= float(product["price"]) <= high
                and (not categories or any(is_within(str(product["category"]), each) for each in categories))
            )

        recommended = [
            self._products[each] for each in self._recommended.get(customer_id, []) if each in self._products
        ]
        offers = [product for product in recommended if fits(product)]
        if not offers and {"price_from", "price_to", "category"} & set(named):
            offers = sorted(
                filter(fits, self._products.values()), key=lambda each: (-each["orders"], each["product_id"])
            )
        return offers[:FEW]

    def _say(self, kind: str, tongue: str, row: dict[str, Any], source: str) -> Iterator[Fact]:
        known = {name: _written(value) for name, value in row.items() if value is not None and not pd.isna(value)}
        sentence = _content()["said"][kind][tongue]
        if set(re.findall(r"{(\w+)}", sentence)) <= {*known, "currency"}:
            yield Fact(sentence.format(**{**known, "currency": self._currency}), source)


def _day(value: Any) -> dt.date:
    day: dt.date = pd.Timestamp(value).date()
    return day


def _written(value: Any) -> str:
    """Return a value as an answer writes it: a day without a time, an amount with two digits."""
    if isinstance(value, dt.date):
        return value.strftime("%Y-%m-%d")
    return (
        f"{value:.2f}"
        if isinstance(value, float | Decimal) and value != int(value)
        else f"{value:.0f}"
        if isinstance(value, float | Decimal)
        else str(value)
    )
