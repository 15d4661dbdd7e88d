"""How much a header says about a column of an input: the synonyms of the contracts, whatever their spelling.

Case, blanks, underscores, camel case and units in brackets do not matter. Nothing here looks at values.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ecom_pipeline.contracts import Column
from ecom_pipeline.shop.expressions import ExpressionError, check_query, parse_expression
from ecom_pipeline.sql import quoted

CERTAIN, KNOWN, VAGUE, ALIKE = 1.0, 0.95, 0.75, 0.55
VAGUE_WORDS = frozenset(
    [
        "id", "name", "date", "time", "day", "type", "value", "title", "status", "state", "source", "description",
        "text", "label", "code", "count", "total", "amount", "price", "period", "body", "content", "event", "item",
        "product", "customer", "user", "username", "order", "number", "note", "details", "level", "comment", "question", "名称", "日期",
        "时间", "类型", "状态", "来源", "编号", "金额", "价格", "数量", "内容", "标题", "分类", "类别", "描述"
    ]
)  # fmt: skip
"""Headers that may be about anything."""


CONTAINER = re.compile(
    r"^(((event_)?(properties|params)|props|payload|attributes|context|data|traits"
    r"|(line_?|order_?|cart_?)?items|lines|products|tickets|conversations|messages|results|records|rows|orders|events|users)\.)+"
)
"""What trackers and answers of an interface put values in, which says nothing of them."""
LONG = {
    "qty": "quantity",
    "qnty": "quantity",
    "amt": "amount",
    "cust": "customer",
    "prod": "product",
    "desc": "description",
}
"""Words of headers that are cut short."""
NUMBER = (
    "id", "code", "number", "num", "no", "nr", "nbr", "n", "key", "numero", "numer", "nummer", "codigo", "codice",
    "номер", "код",
)  # fmt: skip
"""Words that, before or behind another one, mean its id."""
OF = ("de", "do", "da", "di", "du", "del")
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def as_sql(header: str) -> str:
    """The column in an expression.

    Examples
    --------
    >>> [as_sql(name) for name in ("product", "order", "insert", "Unit Price")]
    ['product', '"order"', '"insert"', '"Unit Price"']
    """
    return header if PLAIN.fullmatch(header) and _is_free(header) else quoted(header)


@lru_cache(maxsize=16384)
def _is_free(word: str) -> bool:
    """Whether a query and an expression take a word for a column, and for nothing of their own."""
    used = f"{word} = {word} + 1"
    try:
        check_query(f"select {used}")
        return parse_expression(used).columns == (word,)
    except ExpressionError:
        return False


@lru_cache(maxsize=16384)
def folded(header: str) -> str:
    """The header as it is compared.

    Examples
    --------
    >>> [folded(name) for name in ("InvoiceNo", "invoice_code", "id_invoice", "CUST_CODE", "单价(元)")]
    ['invoiceid', 'invoiceid', 'invoiceid', 'customerid', '单价']
    >>> folded("订单编号") == folded("订单号") == folded("订单ID")
    True
    >>> folded("Numéro de commande (FR)")
    'commandeid'
    >>> [folded(name) for name in ("Artikelnummer", "Artikel-Nr.", "Bestellnr.")]
    ['artikelid', 'artikelid', 'bestellid']
    """
    bare = re.sub(r"[（(【\[][^)）】\]]*[)）】\]]\s*$", "", header.strip()) or header
    letters = "".join(char for char in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(char))
    parts = [part for part in _parts(letters) if part not in OF]
    if len(parts) > 1 and parts[0] in NUMBER and parts[1] != "of":
        parts = [*parts[1:], "id"]
    elif len(parts) > 1 and parts[-1] in NUMBER:
        parts[-1] = "id"
    return re.sub(r"((?<=\w)nummer|(?<=\w)nr|编号|编码|代码|号码|号)$", "id", "".join(parts))


def _parts(header: str) -> list[str]:
    parted = re.sub(r"([a-z\d])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3 \2\4", header)
    return [LONG.get(word, word) for word in re.split(r"[\W_]+", parted.casefold()) if word]


@lru_cache(maxsize=1024)
def _folded(synonyms: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(folded, synonyms))


@lru_cache(maxsize=16384)
def words(header: str) -> frozenset[str]:
    """The words of a header; ``id`` and the like are words too.

    Examples
    --------
    >>> sorted(words("Billing Email")), sorted(words("customerUniqueID"))
    (['billing', 'email'], ['customer', 'id', 'unique'])
    """
    return frozenset(_parts(header))


@lru_cache(maxsize=1024)
def _telling(names: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """The words of those names that say something where others stand beside them."""
    long = (words(name) for name in names if len(words(name)) >= 2 or len(name) >= 5)
    return tuple(name for name in long if not name <= VAGUE_WORDS)


def likeness(header: str, column: Column) -> float:
    """From 0 (nothing) to 1 (the very name)."""
    header = CONTAINER.sub("", header)
    given = folded(header)
    known = _folded((column.name, *column.synonyms))
    if given in known:
        is_very_name = "".join(_parts(header)) == column.name.replace("_", "")
        return VAGUE if given in VAGUE_WORDS else CERTAIN if is_very_name else KNOWN
    if re.search(r"[\u4e00-\u9fff]", given):
        inside = [name for name in known if len(name) >= 2 and name in given and name not in VAGUE_WORDS]
        return ALIKE if inside else 0.0
    own = words(header)
    return ALIKE if any(name <= own for name in _telling((column.name, *column.synonyms))) else 0.0
