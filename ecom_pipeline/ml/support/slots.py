"""What a message names: orders, goods, money, days, amounts, and whether a telephone number or an address is in it.

By form and by the shop's own names, in Chinese and English; nothing is learned. A telephone number or an address is
only told of, never repeated (``personal``). Looking up what is named does not belong here.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import pandas as pd
import yaml

from ecom_pipeline.ml.support.dates import dates
from ecom_pipeline.ml.support.personal import mask
from ecom_pipeline.ml.support.prices import number, price_range
from ecom_pipeline.ml.support.text import HAN, clean_text, simplified

_SHAPES = 5
"""The commonest forms of an order number that are looked for."""


class Slot(NamedTuple):
    """One thing a message names. ``value`` is text: a number in plain digits, a day as ISO date."""

    name: str
    value: str


_QUANTITY = re.compile(
    r"(?P<n>\d{1,4}|[一二三四五六七八九十两]{1,3})\s?(?:件|个|瓶|盒|双|台|只|套|箱|袋|本|条|支|包)(?!人|月|小时|星期|钟头)"
    r"|(?<![\w.])(?P<e>\d{1,4})\s?(?:pcs|pieces?|items?|pairs?|boxes|bottles|packs?|sets?|of (?:them|the|these|those)|x\b)",
    re.IGNORECASE,
)
_NO_GOODS = re.compile(
    r"手机号码?|(?:苹果|安卓)手机|电子(?:发票|邮[件箱]|版|面单|保单)|\b(?:my|your|tele|mobile)\s?phone\b|\bphone (?:number|no|call)\b"
)
"""Where words that name goods name none."""
_FOR_GOODS = re.compile(r"\w\W+accessor|(?<=[^\W\d_])(?:配件|周边)")
"""A category of what belongs to goods: it is not called as the goods are."""
_BELOW = " > "
_ANNOUNCED = re.compile(
    r"(?:order|订单|单号|编号)(?:\s*(?:no\.?|number|号码?|is|是|#|:))*\s*#?\s*(?!20\d\d-\d\d?-\d\d?\b)(?P<id>[A-Z]{0,4}-?\d[\dA-Z-]{3,24})",
    re.IGNORECASE,
)


class SlotReader:
    """Find what messages name of one shop.

    Parameters
    ----------
    order_ids
        Some of the shop's order numbers: numbers of their form are looked for.
    products
        ``product_id, name, category`` of what it sells, the category as a path such as ``Home > Lighting``; may be empty.

    Examples
    --------
    >>> goods = pd.DataFrame({"product_id": ["p"], "name": ["Lumio desk lamp"], "category": ["Electronics"]})
    >>> reader = SlotReader(["SO20240101"], goods)
    >>> [tuple(slot) for slot in reader.read("2000元左右的电子产品", dt.date(2024, 6, 1))]
    [('category', 'Electronics'), ('price_from', '1600'), ('price_to', '2400')]
    >>> [tuple(slot) for slot in reader.read("Did SO20240399 with the desk lamp ship yesterday?", dt.date(2024, 6, 1))]
    [('order_number', 'SO20240399'), ('product', 'desk lamp'), ('date', '2024-05-31')]
    """

    def __init__(self, order_ids: Iterable[str], products: pd.DataFrame) -> None:
        self._orders = _order_forms(order_ids)
        self.products_of = _called(products.dropna(subset=["name"]))
        """Ids of the products that a name, or a part of one, can mean."""
        self._longest = max((len(phrase) for phrase in self.products_of), default=0)
        self._categories = _category_words(products["category"].dropna().unique())

    def read(self, text: object, sent_on: dt.date) -> list[Slot]:
        """Return what a message names, in a fixed order; a thing named twice stands once."""
        written = clean_text(text)
        numbers = self._order_numbers(simplified(written))
        found = [Slot("order_number", number) for number, _ in numbers]
        rest = written
        for _, part in numbers:
            rest = rest.replace(part, " ")
        phrase = self._product(rest.lower())
        found += [Slot("product", phrase)] if phrase else []
        rest = simplified(rest)
        goods = _NO_GOODS.sub(" ", rest.lower())
        found += [Slot("category", name) for name in self._category(goods, phrase and simplified(phrase))]
        personal = mask(rest)
        bounds = zip(("price_from", "price_to"), price_range(personal.text), strict=True)
        found += [Slot(name, f"{price:.2f}".rstrip("0").rstrip(".")) for name, price in bounds if price is not None]
        found += [Slot("date", day.isoformat()) for day in dates(personal.text, sent_on)]
        found += [Slot("quantity", number) for number in _quantities(personal.text)]
        found += [Slot(kind, f"[{kind}]") for kind in ("phone", "address") if kind in personal.counts]
        return list(dict.fromkeys(found))

    def _order_numbers(self, text: str) -> list[tuple[str, str]]:
        """Return the numbers of orders, and how they stand in the text."""
        found = []
        for shape, form in self._orders:
            found += [(_laid_out(part, shape), part) for part in form.findall(text)]
            text = form.sub(" ", text)
        announced = [match["id"].rstrip("-") for match in _ANNOUNCED.finditer(text)]
        return found + [(each.upper(), each) for each in announced]

    def _product(self, text: str) -> str | None:
        """Return the name, or part of a name, that the text holds and that means fewest products; of those the longest."""
        return min(
            (each for each in _candidates(text, self._longest) if each in self.products_of),
            key=lambda each: (len(self.products_of[each]), -len(each)),
            default=None,
        )

    def _category(self, text: str, product: str | None) -> list[str]:
        """Return the narrowest categories that the text names."""
        rest = text.replace(product, " ") if product else text
        words = f" {_words(rest)} "
        named = {
            name: [word for word in called if (f" {word} " in words if word.isascii() else word in rest)]
            for name, called in self._categories.items()
        }
        longest = _outermost({word for found in named.values() for word in found})
        kept = [name for name, found in named.items() if longest.intersection(found)]
        return [name for name in kept if not any(other != name and is_within(other, name) for other in kept)]


def _order_forms(order_ids: Iterable[str]) -> list[tuple[str, re.Pattern[str]]]:
    """Return the commonest shapes, 9 for a digit, and a pattern of each: none for a bare short number.

    Where a number begins with letters, its parts may stand apart ("a 2024 model" is none: a letter is not enough); what
    is written as the shop does comes first.
    """
    shapes = Counter(re.sub(r"\d", "9", each) for each in order_ids)
    usual = sorted(
        shape
        for shape, _ in shapes.most_common(_SHAPES)
        if shape.count("9") >= 4 and (not shape.isdigit() or len(shape) >= 8)
    )
    exact = [(shape, "".join(map(_any_digit, shape))) for shape in usual]
    apart = [
        (shape, "[ _-]?".join(map(_any_digit, filter(str.isalnum, shape)))) for shape in usual if shape[:2].isalpha()
    ]
    return [
        (shape, re.compile(rf"(?<![A-Za-z0-9]){form}(?![A-Za-z0-9])", re.IGNORECASE)) for shape, form in exact + apart
    ]


def _any_digit(character: str) -> str:
    return r"\d" if character == "9" else re.escape(character)


def _laid_out(written: str, shape: str) -> str:
    """Return an order number as the shop writes it.

    >>> _laid_out("so-2024 17", "SO999999"), _laid_out("AB 1234", "AB-9999")
    ('SO202417', 'AB-1234')
    """
    if not shape[0].isalpha():
        return written.upper()
    characters = iter(each for each in written.upper() if each.isalnum())
    return "".join(next(characters) if each.isalnum() else each for each in shape)


def _called(products: pd.DataFrame) -> dict[str, list[str]]:
    """Return the products that each name, or part of a name, can mean.

    What products of different kinds have in common (a gift box, a brand) names none of them.
    """
    found: dict[str, list[str]] = {}
    kinds: dict[str, set[str]] = {}
    for row in products.itertuples(index=False):
        kind = row.category.split(_BELOW)[0] if isinstance(row.category, str) else ""
        for phrase in _phrases(row.name):
            found.setdefault(phrase, []).append(row.product_id)
            kinds.setdefault(phrase, set()).add(kind)
    return {phrase: ids for phrase, ids in found.items() if len(kinds[phrase]) == 1}


def _phrases(name: str) -> set[str]:
    """Return a product's name and those parts of it that can stand for it: Chinese words of three characters, two words."""
    low = clean_text(name).lower()
    chinese = {part for part in re.findall(rf"[{HAN}]+", low) if len(part) >= 3}
    words = re.findall(r"[a-z0-9'-]+", low)
    latin = {" ".join(words[start:stop]) for start in range(len(words)) for stop in range(start + 2, len(words) + 1)}
    return {low} | chinese | latin if len(words) <= 8 else {low} | chinese


def _candidates(text: str, longest: int) -> Iterator[str]:
    for run in re.findall(rf"[{HAN}]+", text):
        for start in range(len(run)):
            for stop in range(start + 3, min(len(run), start + longest) + 1):
                yield run[start:stop]
    words = re.findall(r"[a-z0-9'-]+", text)
    for start in range(len(words)):
        for stop in range(start + 2, min(len(words), start + 8) + 1):
            yield " ".join(words[start:stop])
    yield text.strip()


@lru_cache(maxsize=1)
def _kinds_of_goods() -> list[list[str]]:
    content: list[list[str]] = yaml.safe_load((files(__package__) / "categories.yaml").read_text("utf-8"))
    return content


def is_within(category: str, other: str) -> bool:
    """Tell whether a category is another one or lies below it.

    >>> is_within("Home > Lighting", "Home"), is_within("Homeware", "Home")
    (True, False)
    """
    return f"{category}{_BELOW}".startswith(f"{other}{_BELOW}")


def _category_words(paths: Iterable[str]) -> dict[str, set[str]]:
    """Return by which words each category is called, at every level: its own name, and those of its kind of goods."""
    called: dict[str, set[str]] = {}
    levels = [path.split(_BELOW) for path in paths]
    for name in sorted({_BELOW.join(level[:depth]) for level in levels for depth in range(1, len(level) + 1)}):
        low = simplified(name.split(_BELOW)[-1]).lower()
        words = f" {_words(low)} "
        kin = {
            word
            for kind in _kinds_of_goods()
            if any(f" {each} " in words if each.isascii() else each in low for each in kind)
            for word in kind
        }
        if _FOR_GOODS.search(low):
            kin = {f"{word} accessories" if word.isascii() else f"{word}配件" for word in kin}
        called[name] = {_words(low) if low.isascii() else low, *kin} - {""}
    return called


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z]+", text))


def _outermost(words: set[str]) -> set[str]:
    """Return the words that no longer one holds: who names phone accessories does not name phones."""
    spaced = {word: f" {word} " if word.isascii() else word for word in words}
    return {word for word in words if not any(word != other and spaced[word] in spaced[other] for other in words)}


def _quantities(text: str) -> list[str]:
    found = (number(match["n"] or match["e"]) for match in _QUANTITY.finditer(text))
    return [str(math.floor(each)) for each in found]
