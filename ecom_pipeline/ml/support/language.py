"""Which language a message is written in: by its script, helped by what the shop says.

The script is evidence, the shop's column a hint: Chinese characters in a row marked English are Chinese. Between
languages of one script (English and German) only the hint decides; without one, Latin letters are taken for English.
A model that tells Latin languages apart does not belong here.
"""

from __future__ import annotations

import re

from ecom_pipeline.ml.support.text import HAN, clean_text, new_text

UNDETERMINED = "und"
"""ISO 639 for a message whose language cannot be told: no letters, or a script nobody gave a hint for."""

_HAN = re.compile(rf"[{HAN}]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_LETTER = re.compile(r"[^\W\d_]")
_NAMES = {
    "cn": "zh", "chi": "zh", "zho": "zh", "chinese": "zh", "中文": "zh", "汉语": "zh", "mandarin": "zh",
    "eng": "en", "english": "en", "英文": "en", "英语": "en",
}  # fmt: skip
_OTHER_SCRIPTS = {"zh", "ja", "ko"}


def language_code(hint: object) -> str | None:
    """Return the ISO 639 code of what a shop's language column says, ``None`` if it says nothing.

    >>> language_code("zh-CN"), language_code("English"), language_code("de_AT"), language_code(None)
    ('zh', 'en', 'de', None)
    """
    if not isinstance(hint, str) or not hint.strip():
        return None
    primary = re.split(r"[-_ ]", hint.strip().lower())[0]
    return _NAMES.get(primary, primary)


def detect_language(text: object, hint: object = None) -> str:
    """Return the language of a message.

    A Chinese character weighs as much as a Latin word, so that a product name in a Chinese question, or a Chinese
    word in an English one, does not decide.

    >>> detect_language("iPhone 15 Pro Max 什么时候有货")
    'zh'
    >>> detect_language("Do you sell 茶 as well?", "zh")
    'en'
    >>> detect_language("👍"), detect_language("👍", "zh-TW")
    ('und', 'zh')
    """
    written = clean_text(new_text(text))
    said = language_code(hint)
    han = len(_HAN.findall(written))
    kana = len(_KANA.findall(written))
    latin = len(_LATIN.findall(written))
    hangul = len(_HANGUL.findall(written))
    if kana > 1 and 4 * kana >= han and kana >= latin:
        return "ja"
    if hangul > max(han, latin):
        return "ko"
    if han and han >= latin:
        return "zh"
    if latin:
        return said if said is not None and said not in _OTHER_SCRIPTS else "en"
    if _LETTER.search(written):
        return said if said is not None and said not in _OTHER_SCRIPTS | {"en"} else UNDETERMINED
    return said or UNDETERMINED
