"""What the words of closed columns mean: known words, then what is in them, then the codes of public data sets.

A word is known to the nightly run too (``shop.words``). What is only in it (``SUSPECTED_FRAUD``, ``已取消，退款成功``), and
numbers that stand for words, are guesses: they are written into the proposal for a person to check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from ecom_pipeline.contracts import Column
from ecom_pipeline.shop.doctor.profiles import Profile
from ecom_pipeline.shop.words import SYNONYMS

STEMS = {
    "author": {
        "agent": "客服|卖家|商家|店铺|机器人|agent|support|staff|seller|merchant|operator|admin|bot|system",
        "customer": "买家|客户|顾客|用户|customer|buyer|client|visitor|user|requester",
    },
    "status": {
        "cancelled": "cancel|annul|storn|abgebroch|declin|fail|fraud|abandon|取消|关闭|關閉|删除|キャンセル|batal|h[uủ]y|huỷ|ยกเลิก|отмен|iptal|anulow|취소|ملغ|रद्द",
        "returned": "refund|charge.?back|retur|rembours|erstatt|reembols|devol|rimbors|退款成功|退货|返品|返金|pengembalian|hoàn tiền|trả hàng|คืน|возврат|iade|zwrot|zwróc|반품|환불|رجع|رتجع|वापस",
        "pending": (
            "pending|await|wait|processing|review|hold|unpaid|unshipped|unfulfilled|incomplete|待|等|未|锁定|処理中"
            "|perlu|menunggu|belum|chờ|รอ|ที่ต้อง|ожида|обработ|bekl|hazırlan|oczek|대기|준비|قيد"
        ),
        "completed": (
            "complet|ship|deliver|paid|fulfil|finish|success|成功|完成|已发货|已签收|已出库|処理済|発送済|selesai|dikirim"
            "|hoàn thành|đã giao|đang giao|expédi|livr|accept|สำเร็จ|จัดส่ง|entreg|envia|выполн|достав|оплач|заверш|teslim|kargo"
            "|zrealiz|wysłan|opłac|배송|완료|확정|التوصيل|الشحن|التسليم|received"
        ),
    },
}
"""Parts of words and what the whole word then means, looked for in this order."""
CODES = {
    "event_type": (
        ("Tmall", {"0": "view", "1": "cart", "2": "purchase", "3": "favourite"}),
        ("Alibaba's mobile data", {"1": "view", "2": "favourite", "3": "cart", "4": "purchase"}),
        ("JData", {"1": "view", "2": "cart", "3": "remove", "4": "purchase", "5": "favourite", "6": "view"}),
    )
}
"""Numbers that stand for words, and whose they are; the shortest list that has all of a column is taken."""


NAMED = {
    r"rating|review": ("purchase", "who rates a product has had it"),
    r"buys?(?![a-z])|bought|purchase": ("purchase", "after the name of the file"),
    r"cart|basket|加购": ("cart", "after the name of the file"),
    r"view|click|browse|浏览|点击": ("view", "after the name of the file"),
    r"sessions|visits|访问": ("visit", "after the name of the file"),
}
"""What a file holds whose rows are events of one kind: a part of its name, the kind, and why."""
RATINGS = next(iter(NAMED))


def named_event(name: str) -> tuple[str, str] | None:
    """The one kind of event that a file is called after, and why; None if it is called after none."""
    file = name.rsplit("/", 1)[-1]
    return next((kind for part, kind in NAMED.items() if re.search(part, file, re.IGNORECASE)), None)


@cache
def spelled(word: str) -> str:
    """A word of a closed column as it is compared.

    Examples
    --------
    >>> [spelled(word) for word in ("Add to Cart", "addcart", "del_cart", "remove_from_cart")]
    ['addcart', 'addcart', 'removecart', 'removecart']
    """
    parts = [part for part in re.split(r"[\W_]+", word.casefold()) if part not in ("to", "from")]
    return re.sub("^del(ete)?(?=cart)", "remove", "".join(parts))


def meanings(column: Column) -> dict[str, str]:
    """The known words for the values of a closed column, as they are compared, and what they mean."""
    synonyms = SYNONYMS.get(column.name, {})
    words = {spelled(word): value for value in column.values for word in synonyms.get(value, ())}
    return words | {spelled(value): value for value in column.values}


def read_words(profile: Profile, column: Column) -> dict[str, str]:
    """What the words of a column mean, those that are understood."""
    codes = coded(profile, column)
    return dict(codes[1]) if codes else _read(profile, column)


def _read(profile: Profile, column: Column) -> dict[str, str]:
    known = meanings(column)
    read = {word: known.get(spelled(word)) or _by_stem(word, column) for word, _ in profile.words}
    return {word: meaning for word, meaning in read.items() if meaning}


def guessed(profile: Profile, column: Column) -> list[str]:
    """Those words of a column that are understood by what is in them."""
    known = meanings(column)
    return [word for word in read_words(profile, column) if spelled(word) not in known]


def coded(profile: Profile, column: Column) -> tuple[str, Mapping[str, str]] | None:
    """Whose codes the values of a column are, and what these mean; None if they are no codes."""
    values = {word.removesuffix(".0") for word, _ in profile.words}
    fitting = (
        (whose, codes) for whose, codes in CODES.get(column.name, ()) if len(values) > 2 and values <= set(codes)
    )
    whose, codes = min(fitting, key=lambda found: len(found[1]), default=("", {}))
    return (whose, {word: codes[word.removesuffix(".0")] for word, _ in profile.words}) if codes else None


def understood(profile: Profile, column: Column) -> float:
    """Share of rows whose word for a closed column is understood."""
    return _share(profile, read_words(profile, column))


def spoken(profile: Profile, column: Column) -> float:
    """The same for words alone: numbers may stand for anything."""
    return _share(profile, _read(profile, column))


def _share(profile: Profile, read: Mapping[str, str]) -> float:
    total = sum(times for _, times in profile.words)
    return sum(times for word, times in profile.words if word in read) / total if total else 0.0


def _by_stem(word: str, column: Column) -> str | None:
    stems = STEMS.get(column.name, {})
    return next((value for value, stem in stems.items() if re.search(stem, word.casefold())), None)
