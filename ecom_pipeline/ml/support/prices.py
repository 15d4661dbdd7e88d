"""The price that a message wishes for: amounts of money in digits or Chinese, and what the words around them make of them."""

from __future__ import annotations

import re

Range = tuple[float | None, float | None]
ANY: Range = (None, None)
NEARLY = 0.2
"""How far "about 2000" reaches, as a share of it."""

_DIGITS = dict(zip("零一二三四五六七八九两", (*range(10), 2), strict=True))
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "k": 1000, "K": 1000, "w": 10_000}
_NUMBER = r"\d[\d,]*(?:\.\d+)?(?:\s?(?:[千万]|[kKw](?![a-z])))?|[零一二三四五六七八九十百千万两]+"
_MONEY = rf"(?:(?:¥|￥|\$|€|£|rmb\s?|usd\s?|cny\s?)\s?(?P<{{0}}a>{_NUMBER})|(?P<{{0}}b>{_NUMBER})\s?(?:元|块钱?|圆|美元|欧元|dollars?\b|bucks?\b|yuan\b|euros?\b|pounds?\b|quid\b|usd\b|rmb\b|cny\b|¥|\$|€|£))"
_ONE = _MONEY.format("x")
_RANGE = re.compile(
    rf"(?:预算|budget)[\s:是]*(?P<least>{_NUMBER})\s?(?:-|~|到|至|—|to)\s?(?P<most>{_NUMBER})|(?:between\s+|from\s+)?(?:¥|￥|\$|€|£)?\s?(?P<low>{_NUMBER})\s?(?:元|块)?\s?(?:-|~|到|至|—|and|to)\s?"
    + _MONEY.format("h"),
    re.IGNORECASE,
)
_ONE_OR_NEXT = re.compile(r"(?P<low>[一二两三四五六七八])(?P<high>[二三四五六七八九])(?P<unit>[十百千万])")
"""Two numbers in a row and their unit: 两三百 is 200 to 300."""
_BUDGET = re.compile(
    rf"(?:(?:预算|budget\s?(?:is|of)?)[\s:是]*|\b(?:under|below|cheaper than)\s+(?=(?:{_NUMBER})\s*(?:[;!?]|\.?$))"
    rf"|(?<![\d.])(?=[\d,.kK一二三四五六七八九十百千万两]{{2,6}}以内))(?P<n>{_NUMBER})(?!\d|\s?[-~到至]\s?\d)",
    re.IGNORECASE,
)
_PRICE = re.compile(_ONE, re.IGNORECASE)
_ABOUT = (
    re.compile(r"(?:about|around|roughly|approximately|大约|大概|差不多|约)\s*$", re.I),
    re.compile(r"^\s*(?:左右|上下|前后|or so|ish)", re.I),
)
_MOST = (
    re.compile(
        r"(?:under|below|less than|at most|up to|cheaper than|max(?:imum)?|不超过|低于|最多|少于|小于)\s*(?:of\s*)?$",
        re.I,
    ),
    re.compile(r"^\s*(?:以内|以下|之内|or less|max)", re.I),
)
_LEAST = (
    re.compile(r"(?:over|above|more than|at least|from|高于|至少|超过|大于)\s*$", re.I),
    re.compile(r"^\s*(?:以上|起|or more)", re.I),
)
_PAID = re.compile(r"(?:退|扣|付|charged|refund|paid|pay|off|owe|扣了|少减了|差价|乘以)[^,.;!?。]{0,12}$", re.I)
"""Before an amount that has moved already: no wish about a price."""


def number(written: str) -> float:
    """Return the value of a number in digits or Chinese, with its unit.

    >>> number("2,000"), number("两千"), number("一百五"), number("1.5万"), number("2k"), number("十二")
    (2000.0, 2000.0, 150.0, 15000.0, 2000.0, 12.0)
    """
    plain = written.replace(",", "").replace(" ", "")
    if plain[0].isdigit():
        unit = _UNITS.get(plain[-1], 1)
        return float(plain.rstrip("千万kKw")) * unit
    total, section, digit, last = 0.0, 0.0, 0.0, 1.0
    for each in plain:
        if each in _DIGITS:
            digit = _DIGITS[each]
        elif each == "万":
            total, section, digit, last = (total + section + digit) * 10_000, 0.0, 0.0, 10_000
        else:
            section += (digit or 1) * _UNITS[each]
            digit, last = 0.0, _UNITS[each]
    return total + section + digit * (last / 10 if last > 10 and "零" not in plain else 1)


def price_range(text: str) -> Range:
    """Return the lowest and the highest price that a text wishes for, ``None`` where it sets no bound.

    >>> price_range("between $20 and $30"), price_range("looking for a lamp under 300"), price_range("I paid $30")
    ((20.0, 30.0), (None, 300.0), (None, None))
    """
    between = _RANGE.search(text)
    if between and not _PAID.search(text[: between.start()]):
        low = number(between["low"] or between["least"])
        high = number(between["ha"] or between["hb"] or between["most"])
        return min(low, high), max(low, high)
    budget = _BUDGET.search(text)
    if budget:
        found = _near(number(budget["n"]), "", text[budget.end() :])
        return (None, number(budget["n"])) if found == ANY else found
    for match in _PRICE.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if not _PAID.search(before):
            written = match["xa"] or match["xb"]
            found = _one_or_next(written) or _near(number(written), before, after)
            if found != ANY:
                return found
    return ANY


def _one_or_next(written: str) -> Range | None:
    match = _ONE_OR_NEXT.fullmatch(written)
    if not match or _DIGITS[match["high"]] != _DIGITS[match["low"]] + 1:
        return None
    return float(_DIGITS[match["low"]] * _UNITS[match["unit"]]), float(_DIGITS[match["high"]] * _UNITS[match["unit"]])


def _near(amount: float, before: str, after: str) -> Range:
    """Return the range that the words around an amount of money make of it; any price where they make none."""
    if _MOST[0].search(before) or _MOST[1].search(after):
        return None, amount
    if _LEAST[0].search(before) or _LEAST[1].search(after):
        return amount, None
    if _ABOUT[0].search(before) or _ABOUT[1].search(after):
        return amount * (1 - NEARLY), amount * (1 + NEARLY)
    return ANY
