"""Words and signs of opinion: what ``lexicon_zh.yaml``, ``lexicon_en.yaml`` and ``lexicon_signs.yaml`` see in a text.

Written by hand for this package; English words that they lack have the value that people gave them for VADER (Hutto and
Gilbert 2014, "VADER: a parsimonious rule-based model for sentiment analysis of social media text"). The longest entry
counts, and a message in both languages is read in both. What the signs add up to does not belong here (``sentiment``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from ecom_pipeline.ml.support.text import HAN

LANGUAGES = ("en", "zh")
"""Languages with a lexicon."""
_RATED = 0.3
"""What a value of VADER's lexicon, -4 to 4, counts here; chosen on reviews, and on the sentences that are learnt from."""
MISSING = -1.5
"""The value of what ought to be and is not."""

_PLAIN_KINDS = (
    "needed", "negators", "neutral", "contrast", "concession", "question", "resolved",
)  # fmt: skip
_ENDINGS = {
    "ies": ("y",), "es": ("e", ""), "s": ("",), "ied": ("y",), "ed": ("e", ""), "ing": ("", "e"), "ly": ("",),
    "ier": ("y",), "iest": ("y",), "er": ("", "e"), "est": ("", "e"),
}  # fmt: skip
_PIECE = re.compile(
    rf"(?P<zh>[{HAN}]+)|(?P<en>[a-z\u00c0-\u024f]+|\d+)|(?P<end>[.!?。…;])|(?P<pause>[,:、()\-—~])|(?P<sign>\S)"
)
_BEFORE_READING = (
    (re.compile(rf"(?<=[{HAN}])\?[?!]+"), "?⁇ "),
    (re.compile(r"[’‘`´]"), "'"),
    (re.compile(r"\b(could|would|should|is|are|was|were|do|does|did|has|have|had|need|must)n'?t\b"), r"\1 not"),
    (re.compile(r"\bcan'?t\b|\bcan not\b"), "cannot"),
    (re.compile(r"\b(won't|wont|ain't|shan't)(?!\w)"), "not"),
    (re.compile(r"\bi'?d (?:really )?(like|love) (?=to |a |the |some |two |my )"), r"would \1 "),
    (re.compile(r"\bnothing (?:but|short of)\b"), "very"),
    (re.compile(r"\b(?:do not|don't|never) (?:ever )?(?:buy|order) (?=this|it|here|from|any)"), "avoid "),
    (re.compile(r"\btook (?:over |more than )?(?:\w+ )?(?:weeks|months|years|ages|forever)\b"), "took forever"),
    (re.compile(r"\bthank(?:s| you)(?: a lot| so much)? for (?:nothing|not|never)\b"), "shame"),
    (re.compile(r"\bif only\b|\bi wish (?:it|they|the \w+|this|there|you (?:had|would|could|did))\b"), "pity it would"),
    (re.compile(r"(?:要是|如果)[^,。!?]{0,30}?就好了"), "遗憾"),
    (re.compile(r"没有(?:什么|任何)?比\w{0,4}?更(\w{1,4}?)的"), r"最\1的"),
    (
        re.compile(
            r"(?:(?:从来?没|从未)(?:有)?(?:见|遇到|用|买|吃|喝|穿|住|受)?过?|没(?:有)?(?:见|遇到|用|买|吃|喝|穿|住|受)过)(?:这么|那么|如此|比这更)"
        ),
        "非常",
    ),
    (re.compile(r"比(?:你们|它|这[个款家双件台]?)(?:强|好|快|细致|仔细|便宜|舒服|结实|耐用|安静)"), "不如"),
    (re.compile(r"连\w{1,8}?[都也](?:不(?![用必需])|没(?![坏掉断破碎]))"), "差劲"),
)


class Sign(NamedTuple):
    """What a reader sees at a position: a value, a negator, a contrast ... of a language."""

    kind: str
    value: float = 0.0
    language: str = "en"
    position: int = 0


@dataclass
class _Lexicon:
    """One language: its entries, and those that mean something else at the start of a clause."""

    language: str
    entries: Mapping[str, Sign]
    initial: Mapping[str, Sign]
    too: frozenset[str]
    longest: int

    @classmethod
    def load(cls, language: str) -> _Lexicon:
        content: dict[str, Any] = yaml.safe_load((files(__package__) / f"lexicon_{language}.yaml").read_text("utf-8"))
        entries: dict[str, Sign] = {}
        for kind in ("degrees", "values"):
            for value, words in content.get(kind, {}).items():
                entries.update({word: Sign(kind, float(value), language) for word in words.split()})
        for kind in _PLAIN_KINDS:
            entries.update({word: Sign(kind, 0.0, language) for word in content[kind].split()})
        if language == "en":
            entries.update(_rated_words(entries))
        initial = {w: Sign(kind, 0.0, language) for kind, words in content["initial"].items() for w in words.split()}
        longest = max(len(word.split("_")) if language == "en" else len(word) for word in entries)
        return cls(language, entries, initial, frozenset(content.get("too", "").split()), longest)


def _rated_words(entries: Mapping[str, Sign]) -> dict[str, Sign]:
    """Return the words of VADER's lexicon that no entry knows, in any form."""
    lines = (files("vaderSentiment") / "vader_lexicon.txt").read_text("utf-8").splitlines()
    words = ((word, float(value)) for word, value, *_ in (line.split("\t") for line in lines))
    return {
        word: Sign("values", _RATED * value, "en")
        for word, value in words
        if word.isascii() and word.isalpha() and not any(form in entries for form in (word, *_stems(word)))
    }


@lru_cache(maxsize=1)
def _lexicons() -> dict[str, _Lexicon]:
    return {language: _Lexicon.load(language) for language in ("en", "zh")}


@lru_cache(maxsize=1)
def _emoji() -> dict[str, float]:
    content = yaml.safe_load((files(__package__) / "lexicon_signs.yaml").read_text("utf-8"))
    return {sign: float(value) for value, signs in content.items() for sign in signs.split()}


def read_signs(text: str) -> Iterator[Sign]:
    """Read a text from left to right, the longest entry first. Positions count words and Chinese characters."""
    for pattern, replacement in _BEFORE_READING:
        text = pattern.sub(replacement, text)
    pieces = [(match.lastgroup or "sign", match.group()) for match in _PIECE.finditer(text)]
    position, index, is_start = 0, 0, True
    while index < len(pieces):
        kind, piece = pieces[index]
        if kind == "zh":
            yield from _chinese(piece, position, is_start)
            position, index, is_start = position + len(piece), index + 1, False
        elif kind == "en":
            stop = index
            while stop < len(pieces) and pieces[stop][0] == "en":
                stop += 1
            words = [word for _, word in pieces[index:stop]]
            yield from _english(words, position, is_start)
            position, index, is_start = position + len(words), stop, False
        else:
            if kind == "sign":
                if piece in _emoji():
                    yield Sign("values", _emoji()[piece], "en", position)
            else:
                yield Sign("ask" if piece == "?" else kind, 0.0, "en", position)
                is_start = True
            index += 1


def _chinese(run: str, position: int, is_start: bool) -> Iterator[Sign]:
    lexicon = _lexicons()["zh"]
    index = 0
    while index < len(run):
        for length in range(min(lexicon.longest, len(run) - index), 0, -1):
            entry = run[index : index + length]
            sign = (lexicon.initial.get(entry) if is_start and index == 0 else None) or lexicon.entries.get(entry)
            if sign is not None:
                yield sign._replace(position=position + index)
                index += length
                break
        else:
            index += 1


def _english(words: Sequence[str], position: int, is_start: bool) -> Iterator[Sign]:
    lexicon = _lexicons()["en"]
    index = 0
    while index < len(words):
        for length in range(min(lexicon.longest, len(words) - index), 0, -1):
            entry = "_".join(words[index : index + length])
            sign = (lexicon.initial.get(entry) if is_start and index == 0 else None) or lexicon.entries.get(entry)
            if sign is None and length == 1:
                sign = next((lexicon.entries[stem] for stem in _stems(entry) if stem in lexicon.entries), None)
            if entry == "too" and index + 1 < len(words) and words[index + 1] in lexicon.too:
                sign, length = Sign("values", MISSING, "en"), 2
            if sign is not None:
                yield sign._replace(position=position + index)
                index += length
                break
        else:
            index += 1


@lru_cache(maxsize=20_000)
def _stems(word: str) -> tuple[str, ...]:
    """Return what an inflected English word may be a form of, nearest first."""
    stems: list[str] = []
    for ending, others in _ENDINGS.items():
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            stems += [stem + other for other in others]
            if ending in {"ed", "ing"} and stem[-1] == stem[-2]:
                stems.append(stem[:-1])
    return tuple(stems)
