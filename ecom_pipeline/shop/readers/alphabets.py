"""Which legacy encoding a text is in, by the letters that it would be written with.

Most bytes mean something in every one of these encodings. What tells them apart is that a text in the right one is
written with the letters of one language, and with its commonest ones often enough. Where nothing fits it is Western
European. The order is fixed, so that the same bytes always give the same answer.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

KANA, MUCH_KANA, HALF_KANA, FEW = re.compile("[\u3041-\u30ff]"), 0.15, re.compile("[\uff61-\uff9f]"), 0.3
"""Kana, the share of them in a Japanese text, and those of half width, which Chinese bytes look like."""
COMMON_HANGUL, MUCH_HANGUL = (
    "이가은는을를에의로다고하서지인시기대사자리주문상품명번호금액수량배송완료결제일구매판옵션택운도세부취소반환신정보관등록개전화체무선유형원영증장입출분류물건",
    0.3,
)
"""Syllables that are frequent in Korean, and the share of them among the different ones of a text."""
SOME, FEW_LATIN = 12, 3
"""Letters from which it is no accident which they are; those of Latin alphabets stand among ASCII ones."""
LETTERS_SEEN = 1 << 13
"""Bytes that are enough to know an alphabet."""
MOSTLY, COMMON_CHINESE = 0.9, 0.7


@dataclass(frozen=True, kw_only=True)
class Alphabet:
    """A language with an alphabet.

    Attributes
    ----------
    letters
        All that are not ASCII, as a class of a regular expression.
    telling
        Those among them that set it apart from what else the bytes may be, and ``share``, what they are of all at least.
    is_latin
        Whether they stand beside ASCII letters.
    """

    encoding: str
    letters: str
    telling: str
    share: float
    is_latin: bool = False


ALPHABETS = (
    Alphabet(encoding="cp1251", letters="[А-Яа-яЁёЄєІіЇїҐґ]", telling="оеаин", share=0.25),
    Alphabet(encoding="cp1253", letters="[Ά-ώ]", telling="αοιτες", share=0.25),
    Alphabet(encoding="cp1256", letters="[ء-ي]", telling="اليمو", share=0.3),
    Alphabet(encoding="cp874", letters="[ก-๛]", telling="านรอกเ", share=0.25),
    Alphabet(encoding="cp1254", letters="[çğıöşüÇĞİÖŞÜâîû]", telling="ğışĞİŞ", share=0.2, is_latin=True),
    Alphabet(encoding="cp1250", letters="[ąćęłńóśźżĄĆĘŁŃÓŚŹŻ]", telling="ąęłśżĄĘŁŚŻ", share=0.2, is_latin=True),
    Alphabet(
        encoding="cp1250", letters="[áčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ]", telling="ěčřůĚČŘŮ", share=0.15, is_latin=True
    ),
)


def legacy_encoding(sample: bytes) -> str:
    """The encoding of lines none of which is ASCII or UTF-8.

    Examples
    --------
    >>> [legacy_encoding(text.encode(name)) for text, name in (
    ...     ("订单,金额", "gb18030"), ("Номер заказа;Сумма", "cp1251"), ("Sipariş, Adı, Ürün", "cp1254"), ("Größe", "cp1252"))]
    ['gb18030', 'cp1251', 'cp1254', 'cp1252']
    """
    start = sample[:LETTERS_SEEN]
    if _is_japanese(sample):
        return "cp932"
    if _is_korean(start):
        return "cp949"
    if found := next((one.encoding for one in ALPHABETS if _is_written_with(start, one)), None):
        return found
    chinese = [char for char in sample.decode("gb18030", errors="replace") if ord(char) > 127]
    if chinese and sum(map(_is_common_chinese, chinese)) >= COMMON_CHINESE * len(chinese):
        return "gb18030"
    if _is_traditional_chinese(sample):
        return "cp950"
    return "latin-1" if _text(sample, "cp1252") is None else "cp1252"


def _text(sample: bytes, encoding: str) -> str | None:
    """The text; None if it is not in that encoding. A character cut off at its end does not count."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return None


def _is_written_with(sample: bytes, alphabet: Alphabet) -> bool:
    text = sample.decode(alphabet.encoding, errors="replace")
    foreign = sum(ord(char) > 127 and (char.isalpha() or char == "\ufffd") for char in text)
    own = re.findall(alphabet.letters, text)
    beside = len(re.findall(f"(?<=[A-Za-z]){alphabet.letters}|{alphabet.letters}(?=[A-Za-z])", text))
    if len(own) < (FEW_LATIN if alphabet.is_latin else SOME) or len(own) < MOSTLY * foreign:
        return False
    if beside < 0.5 * len(own) if alphabet.is_latin else beside > 0.1 * len(own):
        return False
    return sum(char in alphabet.telling for char in own) >= alphabet.share * len(own)


def _is_japanese(sample: bytes) -> bool:
    text = _text(sample, "cp932")
    if text is None:
        return False
    foreign = sum(ord(char) > 127 for char in text)
    return len(KANA.findall(text)) >= MUCH_KANA * foreign > 0 and len(HALF_KANA.findall(text)) < FEW * foreign


def _is_korean(sample: bytes) -> bool:
    """Whether all is Hangul and much of it common: half of the common characters of Chinese have such bytes too."""
    foreign = {char for char in _text(sample, "cp949") or "" if char.isalpha() and ord(char) > 127}
    hangul = {char for char in foreign if "가" <= char <= "힣"}
    return len(hangul) >= MOSTLY * len(foreign) and len(hangul & set(COMMON_HANGUL)) >= MUCH_HANGUL * len(hangul) > 0


def _is_common_chinese(char: str) -> bool:
    """Whether it is among the 3,755 characters that Chinese is mostly written with, or a sign."""
    try:
        return b"\xa1" <= char.encode("gb2312")[:1] <= b"\xd7"
    except UnicodeEncodeError:
        return False


def _is_traditional_chinese(sample: bytes) -> bool:
    foreign = [char for char in _text(sample, "cp950") or "" if ord(char) > 127]
    common = sum(char.encode("cp950", errors="replace")[:1] <= b"\xc6" for char in foreign)
    return len(set(foreign)) >= SOME and common >= MOSTLY * len(foreign)
