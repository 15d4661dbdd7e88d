"""What every reader of messages does first: one spelling, one length, one idea of a word.

A Chinese character counts as a word, because Chinese is written without spaces; bigrams of characters then do what
words do elsewhere, and no dictionary is needed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ecom_pipeline.ml.support.letters import newest_part, wish

MAX_CHARACTERS = 4_000
"""What is read of a message: an intent that is not stated by then is not found by reading a pasted log to its end."""

HAN = "\u3400-\u4dbf\u4e00-\u9fff"
WORD = rf"[{HAN}]|[^\W{HAN}]+"
"""A token: one Chinese character, or a run of letters and digits."""

_HAN = re.compile(f"[{HAN}]")
_LONG_NUMBER = re.compile(r"\d[\d,.\-]*\d{2}")
_SPACE = re.compile(r"\s+")


def clean_text(text: object) -> str:
    r"""Return the first ``MAX_CHARACTERS`` of a message with compatible forms unified and spaces collapsed.

    What is not text (``None``, NaN) is an empty message.

    >>> clean_text(" ＡＢＣ\n１２ ！")
    'ABC 12 !'
    """
    if not isinstance(text, str):
        return ""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]))[:MAX_CHARACTERS].strip()


def new_text(text: object) -> str:
    """Return what a message says itself (``letters``) in its first ``MAX_CHARACTERS``; what is not text says nothing."""
    return newest_part(text[:MAX_CHARACTERS]) if isinstance(text, str) else ""


@lru_cache(maxsize=1)
def _to_simplified() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplified(text: str) -> str:
    """Return a text with traditional Chinese characters as simplified ones, each in its place.

    Lexicons and forms are written in simplified characters; what is found stands in the text as it was written.

    >>> simplified("我很滿意")
    '我很满意'
    """
    turned = str(_to_simplified().convert(text)) if _HAN.search(text) else text
    return turned if len(turned) == len(text) else "".join(map(_character, text))


@lru_cache(maxsize=20_000)
def _character(character: str) -> str:
    turned = str(_to_simplified().convert(character))
    return turned if len(turned) == 1 else character


def said_text(text: object) -> str:
    r"""Return what a message says (``letters.wish``), in simplified characters.

    >>> said_text("Hi Ann,\nＧreat，謝謝\nBest,\nEve")
    'Great,谢谢'
    """
    return simplified(clean_text(wish(text[:MAX_CHARACTERS]))) if isinstance(text, str) else ""


def plain_text(text: object) -> str:
    """Return what a message says as words are looked up in it: in lower case."""
    return said_text(text).lower()


def intent_text(text: object) -> str:
    """Return what a message says as intent models read it: long numbers all alike, too.

    >>> intent_text("Hello, where is order 4711-22?")
    'where is order 000?'
    """
    return _LONG_NUMBER.sub("000", plain_text(text))


def intent_texts(texts: Iterable[object]) -> list[str]:
    """Return ``intent_text`` of each."""
    return [intent_text(each) for each in texts]


def has_words(text: object) -> bool:
    """Tell whether a message holds a single letter or digit.

    >>> has_words("👍!"), has_words("ok")
    (False, True)
    """
    return any(each.isalnum() for each in clean_text(text))
