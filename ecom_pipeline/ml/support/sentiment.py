"""The mood of a message, by words: a lexicon with negation, degree, contrast and question handling.

Nothing is learned and nothing is fetched. Chinese and English have one lexicon each (``lexicon_zh.yaml``,
``lexicon_en.yaml``, written by hand for this package) and share one reader, so that a message in both languages is
read in both. A reader turns text into signs (a value, a negator, a contrast ...), the longest entry first;
``_Reading`` adds the signs up:

- a negator reaches the next value (``不高兴``, "not very good"); a negated bad word is mildly good ("not bad at all");
  two negators cancel (``不是不好``); words that say something only when negated (``needed``: "does not work") then count
  as bad;
- a degree word scales the next value, ``死了`` or ``极了`` the last one;
- what stands before "but", or in a clause with "although", weighs less than the rest of the sentence;
- a question or an "if" does not complain: only its strong bad words count;
- what is solved is good again, and bad where it is not ("the leak has been fixed", "还没解决");
- a comparison that nothing passes is the highest degree ("never seen a better one", "没有比这更好的");
- irony by its markers: praise in quotation marks, thanks for harm, bare praise before a complaint.

What does not belong here: irony without a marker, and languages without a lexicon; they get no sentiment rather than a guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from ecom_pipeline.ml.support.text import HAN, clean_text, has_words

LANGUAGES = ("en", "zh")
"""Languages with a lexicon."""

SENTIMENTS = ("negative", "neutral", "positive")
NEUTRAL_BAND = 0.15
"""A score closer to zero than this is neutral."""

_SOFTNESS = 4.0
_NEGATED_GOOD, _NEGATED_BAD, _CANCELLED, _MISSING, _RESOLVED = -1.2, -0.6, 0.5, -1.5, 1.5
_BEFORE_CONTRAST, _AFTER_CONTRAST, _SET_BACK = 0.35, 1.2, 0.25
_STRONG, _STRONG_IN_QUESTION = 2.5, 0.6
_PLAIN_KINDS = (
    "needed", "negators", "neutral", "joiners", "contrast", "concession", "background", "resume", "hypothetical",
    "question", "resolved",
)  # fmt: skip
_ENDINGS = {
    "ies": ("y",), "es": ("e", ""), "s": ("",), "ied": ("y",), "ed": ("e", ""), "ing": ("", "e"), "ly": ("",),
}  # fmt: skip
_REACH = {"en": {"negator": 6, "degree": 3}, "zh": {"negator": 8, "degree": 4}}

_PIECE = re.compile(
    rf"(?P<zh>[{HAN}]+)|(?P<en>[a-z\u00c0-\u024f]+|\d+)|(?P<end>[.!?。…;])|(?P<pause>[,:、()\-—~])|(?P<sign>\S)"
)
_BEFORE_READING = (
    (re.compile(r"[’‘`´]"), "'"),
    (re.compile(r"\b(could|would|should|is|are|was|were|do|does|did|has|have|had|need|must)n'?t\b"), r"\1 not"),
    (re.compile(r"\bcan'?t\b|\bcan not\b"), "cannot"),
    (re.compile(r"\b(won't|wont|ain't|shan't)(?!\w)"), "not"),
    (re.compile(r"'(s|d|ll|ve|re|m)\b"), " "),
    (
        re.compile(
            r"\b(could|can|would)(?:not| not) (?:be|have been|ask for|get) (?:any )?(?:happier|better|nicer|more (?:satisfied|pleased|grateful))\b"
        ),
        "could not be better",
    ),
    (re.compile(r"\b(not|cannot|never|hardly) (wait|fault)\b"), r"cannot \2"),
    (
        re.compile(
            r"\bcould (?:not|hardly) be (?:any )?(?:easier|faster|smoother|nicer|more (?:satisfied|pleased|helpful))\b"
        ),
        "perfect",
    ),
    (re.compile(r"\bcould (?:not|hardly) be (?:any )?(?:worse|slower|more \w+)\b"), "worst"),
    (re.compile(r"\bnever (?:\w+ ){1,3}(?:a |an |any )?(?:better|nicer|so (?:happy|pleased|good))\b"), "perfect"),
    (
        re.compile(r"\bnever (?:\w+ ){1,3}(?:a |an |any )?(?:worse|uglier|so (?:angry|upset|disappointed|bad))\b"),
        "worst",
    ),
    (re.compile(r"\b(?:do not|don't|never) (?:ever )?(?:buy|order) (?=this|it|here|from|any)"), "avoid "),
    (re.compile(r"\b(?:do not|don't|never) hesitate\b"), "recommend"),
    (re.compile(r"\bno (\w+) (?:that )?i like more\b"), r"\1 best"),
    (re.compile(r"\bno (\w+) (?:that )?i like less\b"), r"\1 worst"),
    (re.compile(r"\b(?:10|ten) ?(?:/|out of) ?(?:10|ten)\b"), "perfect"),
    (re.compile(r"\b[0-2] ?/ ?10\b|\b(?:one|zero|1|0) stars?\b"), "terrible"),
    (re.compile(r"\btook (?:over |more than )?(?:\w+ )?(?:weeks|months|years|ages|forever)\b"), "took forever"),
    (re.compile(r"\bthank(?:s| you)(?: a lot| so much)? for (?:nothing|not|never)\b"), "shame"),
    (
        re.compile(
            r"\bthank(?:s| you)(?: a lot| so much)? for (?=wast|ruin|los|break|ignor|mak|caus|send\w+ (?:me )?the wrong)"
        ),
        "shame ",
    ),
    (
        re.compile(
            r"\b(?:i )?(?:really |so )?(?:love|enjoy|like) (?:how|that) you (?=never|do not|don't|always (?:los|break|forget))"
        ),
        "shame you ",
    ),
    (re.compile(r"没有(?:什么|任何)?比\w{0,4}?更(\w{1,4}?)的"), r"最\1的"),
    (
        re.compile(r"(?:从来?没|从未|没)(?:有)?(?:见|遇到|用|买|吃|喝|穿|住|受)?(?:过)?(?:这么|那么|如此|比这更)"),
        "非常",
    ),
    (re.compile(r"(\w{1,3})得不能再\1"), r"非常\1"),
    (re.compile(r"没有哪\w{1,3}?让我更"), "最"),
    (re.compile(r"(旧\w?|以前\w{0,2}|别家\w{0,2}|其他\w{0,2})比不上"), "更好"),
    (re.compile(r"比不上"), "不如"),
)
_QUOTED = re.compile(r"[“\"'「『]([^”\"'」』]{1,20})[”\"'」』]")
"""Words in quotation marks: praise in them is meant the other way round."""
_PRAISED = re.compile(
    r"^(?:oh,? |wow,? )?(?:just )?(?:so )?(?:great|fantastic|wonderful|brilliant|lovely|perfect|nice|super|bravo|congratulations|excellent"
    r"|amazing|impressive|well done|good job|nice job|thanks(?: a lot)?|thank you(?: so much)?|how nice|what a (?:\w+ )?\w+"
    r"|(?:great|amazing|excellent|impressive) (?:service|support|quality|job|work))[,!:. ]+(?=\w)"
    r"|^(?:真是?)?(?:太好了|太棒了|真好|不错|厉害了?|完美|干得好|真行|你们真行|佩服|呵呵|恭喜你们|恭喜|谢谢你们啊?|太感谢了|多谢|漂亮|服了|赞"
    r"|真是?谢谢你们|服务真好|好服务|质量真好)[,，!！。:：]+|^(?:真是?)?(?:谢谢|感谢|多谢)你们?(?=毁|浪费|弄|把|害|让我等)",
    re.IGNORECASE,
)
"""Praise that stands alone before the rest: irony where the rest complains."""


class Mood(NamedTuple):
    """The sentiment of one message: its name and its score from -1 (bad) to 1 (good)."""

    sentiment: str
    score: float


class _Sign(NamedTuple):
    kind: str
    value: float = 0.0
    language: str = "en"
    position: int = 0


@dataclass
class _Lexicon:
    """One language: its entries, and those that mean something else at the start of a clause."""

    language: str
    entries: Mapping[str, _Sign]
    initial: Mapping[str, _Sign]
    too: frozenset[str]
    longest: int

    @classmethod
    def load(cls, language: str) -> _Lexicon:
        content: dict[str, Any] = yaml.safe_load((files(__package__) / f"lexicon_{language}.yaml").read_text("utf-8"))
        entries: dict[str, _Sign] = {}
        for kind in ("degrees", "values", "after"):
            for value, words in content.get(kind, {}).items():
                entries.update({word: _Sign(kind, float(value), language) for word in words.split()})
        for kind in _PLAIN_KINDS:
            entries.update({word: _Sign(kind, 0.0, language) for word in content[kind].split()})
        initial = {w: _Sign(kind, 0.0, language) for kind, words in content["initial"].items() for w in words.split()}
        longest = max(len(word.split("_")) if language == "en" else len(word) for word in entries)
        return cls(language, entries, initial, frozenset(content.get("too", "").split()), longest)


@lru_cache(maxsize=1)
def _lexicons() -> dict[str, _Lexicon]:
    return {language: _Lexicon.load(language) for language in ("en", "zh")}


@lru_cache(maxsize=1)
def _emoji() -> dict[str, float]:
    content = yaml.safe_load((files(__package__) / "lexicon_signs.yaml").read_text("utf-8"))
    return {sign: float(value) for value, signs in content.items() for sign in signs.split()}


def can_read(text: object, language: str) -> bool:
    """Tell whether a message has a sentiment here: a language with a lexicon, or signs without any letter.

    >>> can_read("Wo ist mein Paket?", "de"), can_read("👍", "de")
    (False, True)
    """
    return language in LANGUAGES or not has_words(text)


def read_mood(text: object) -> Mood:
    """Return the sentiment of a message in Chinese, English or both.

    >>> read_mood("Not bad at all!").sentiment, read_mood("收到货以后我很不高兴。").sentiment
    ('positive', 'negative')
    """
    written = clean_text(text).lower()
    written = _QUOTED.sub(lambda match: " bad 差劲 " if _score(match[1]) >= NEUTRAL_BAND else match[0], written)
    score = _score(written)
    praise = _PRAISED.match(written)
    if praise and score > -NEUTRAL_BAND:
        rest = _score(written[praise.end() :])
        score = rest if rest <= -NEUTRAL_BAND else score
    name = "neutral" if abs(score) < NEUTRAL_BAND else "positive" if score > 0 else "negative"
    return Mood(name, score)


def _score(written: str) -> float:
    return _Reading().add(_signs(written)).score()


def count_keywords(text: object) -> str:
    """Return the sentiment by counting good and bad words, each for itself: the baseline of ``read_mood``."""
    values = [sign.value for sign in _signs(clean_text(text).lower()) if sign.kind == "values"]
    balance = sum(value > 0 for value in values) - sum(value < 0 for value in values)
    return SENTIMENTS[1 + (balance > 0) - (balance < 0)]


def _signs(text: str) -> Iterator[_Sign]:
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
                    yield _Sign("values", _emoji()[piece], "en", position)
            else:
                yield _Sign("ask" if piece == "?" else kind, 0.0, "en", position)
                is_start = True
            index += 1


def _chinese(run: str, position: int, is_start: bool) -> Iterator[_Sign]:
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


def _english(words: Sequence[str], position: int, is_start: bool) -> Iterator[_Sign]:
    lexicon = _lexicons()["en"]
    index = 0
    while index < len(words):
        for length in range(min(lexicon.longest, len(words) - index), 0, -1):
            entry = "_".join(words[index : index + length])
            sign = (lexicon.initial.get(entry) if is_start and index == 0 else None) or lexicon.entries.get(entry)
            if sign is None and length == 1:
                sign = next((lexicon.entries[stem] for stem in _stems(entry) if stem in lexicon.entries), None)
            if entry == "too" and index + 1 < len(words) and words[index + 1] in lexicon.too:
                sign, length = _Sign("values", _MISSING, "en"), 2
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


@dataclass
class _Clause:
    sentence: int
    weight: float = 1.0
    values: list[float] = field(default_factory=list)
    is_question: bool = False
    is_concession: bool = False

    def total(self) -> float:
        if self.is_question:
            return self.weight * sum(_STRONG_IN_QUESTION * each for each in self.values if each <= -_STRONG)
        return self.weight * sum(self.values)


class _Reading:
    """What the signs of one message add up to."""

    def __init__(self) -> None:
        self.clauses = [_Clause(0)]
        self._reset()

    def _reset(self) -> None:
        self._negators: list[int] = []
        self._negated: int | None = None
        self._degree, self._degree_until = 1.0, -1
        self._hypothetical = False

    def add(self, signs: Iterator[_Sign]) -> _Reading:
        for sign in signs:
            getattr(self, f"_on_{sign.kind}", self._on_nothing)(sign)
        return self

    def score(self) -> float:
        total = sum(clause.total() for clause in self.clauses)
        return total / math.sqrt(total * total + _SOFTNESS)

    def _on_nothing(self, sign: _Sign) -> None:
        """A neutral entry: it only kept its parts from being read."""

    def _on_values(self, sign: _Sign) -> None:
        value = sign.value * (self._degree if sign.position <= self._degree_until else 1.0)
        negations = self._take_negations(sign.position)
        if negations == 1:
            value *= _NEGATED_GOOD if value > 0 else _NEGATED_BAD
        elif negations:
            value *= _CANCELLED if negations % 2 == 0 else -_CANCELLED
        if not self._hypothetical or abs(value) >= _STRONG:
            self.clauses[-1].values.append(value)
        self._degree = 1.0

    def _on_needed(self, sign: _Sign) -> None:
        if self._take_negations(sign.position) % 2 == 1 and not self._hypothetical:
            self.clauses[-1].values.append(_MISSING)
            self._negators = [sign.position + 2]

    def _on_resolved(self, sign: _Sign) -> None:
        """What was bad in the clause is good again: "the leak has been fixed"; negated, it still is bad."""
        current = self.clauses[-1]
        if self._take_negations(sign.position) % 2 == 1:
            current.values.append(_MISSING)
        elif not self._hypothetical:
            current.values[:] = [max(value, 0.0) for value in current.values]
            current.values.append(_RESOLVED)

    def _take_negations(self, position: int) -> int:
        """Count the negators that reach a position, and use them up."""
        reached = sum(position <= until for until in self._negators)
        self._negators = []
        self._negated = position if reached == 1 else None
        return reached

    def _on_negators(self, sign: _Sign) -> None:
        self._negators.append(sign.position + _REACH[sign.language]["negator"])

    def _on_joiners(self, sign: _Sign) -> None:
        """Carry the negation over a joiner: "not cheap or scratchy"."""
        if self._negated is not None and sign.position - self._negated <= 2:
            self._negators = [sign.position + 2]

    def _on_degrees(self, sign: _Sign) -> None:
        still = self._degree if sign.position <= self._degree_until else 1.0
        self._degree = min(2.0, still * sign.value)
        self._degree_until = sign.position + _REACH[sign.language]["degree"]

    def _on_after(self, sign: _Sign) -> None:
        if self.clauses[-1].values:
            self.clauses[-1].values[-1] *= sign.value

    def _on_contrast(self, sign: _Sign) -> None:
        if self.clauses[-1].values:
            self._on_pause(sign)
        current = self.clauses[-1]
        earlier = self.clauses[:-1]
        for clause in [each for each in earlier if each.sentence == current.sentence] or earlier[-1:]:
            clause.weight *= _BEFORE_CONTRAST
        current.weight = _AFTER_CONTRAST

    def _on_concession(self, sign: _Sign) -> None:
        if self.clauses[-1].values:
            self._on_pause(sign)
        self.clauses[-1].weight = _SET_BACK
        self.clauses[-1].is_concession = True

    def _on_resume(self, sign: _Sign) -> None:
        """Begin the main clause where no comma does: "despite the good price I am ..."."""
        if self.clauses[-1].is_concession and self.clauses[-1].values:
            self._on_pause(sign)

    def _on_background(self, sign: _Sign) -> None:
        if not self.clauses[-1].values:
            self.clauses[-1].weight *= _SET_BACK

    def _on_hypothetical(self, sign: _Sign) -> None:
        self._hypothetical = True

    def _on_question(self, sign: _Sign) -> None:
        self.clauses[-1].is_question = True

    def _on_ask(self, sign: _Sign) -> None:
        self.clauses[-1].is_question = True
        self._on_end(sign)

    def _on_pause(self, sign: _Sign) -> None:
        self.clauses.append(_Clause(self.clauses[-1].sentence))
        self._reset()

    def _on_end(self, sign: _Sign) -> None:
        self.clauses.append(_Clause(self.clauses[-1].sentence + 1))
        self._reset()
