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
    "needed", "negators", "neutral", "joiners", "contrast", "concession", "background", "resume", "hypothetical",
    "question", "resolved", "rhetorical", "relieved",
)  # fmt: skip
_ENDINGS = {
    "ies": ("y",), "es": ("e", ""), "s": ("",), "ied": ("y",), "ed": ("e", ""), "ing": ("", "e"), "ly": ("",),
    "ier": ("y",), "iest": ("y",), "er": ("", "e"), "est": ("", "e"),
}  # fmt: skip
_PIECE = re.compile(
    rf"(?P<zh>[{HAN}]+)|(?P<en>[a-z\u00c0-\u024f]+|\d+)|(?P<end>[.!?。…;])|(?P<pause>[,:、()\-—~])|(?P<sign>\S)"
)
_MORE = r"(?:better|easier|nicer|kinder|faster|quicker|smoother|simpler|friendlier|stronger|more (?!expensive|difficult)\w+)"
_THIS = "this|it\\b|these|those|they|mine|yours?|you"
_OTHERS = r"(?:others?|anything else|everything else|(?:every|any) other \w+(?: \w+){0,3}|(?:my|the) (?:old|previous|last|first|former) \w+)"
_NO_MATCH = r"(?:(?:is|are|was|were) no match for|cannot (?:compare (?:to|with)|hold a candle to)|(?:is|are|comes?) nowhere near)"
_BEFORE_READING = (
    (re.compile(rf"(?<=[{HAN}])\?[?!]+"), "?⁇ "),
    (re.compile(r"[’‘`´]"), "'"),
    (re.compile(r"\b(?=(?:wtf|ffs|smh|omg)\b)"), ", "),
    (re.compile(r"\b(could|would|should|is|are|was|were|do|does|did|has|have|had|need|must)n'?t\b"), r"\1 not"),
    (re.compile(r"\bcan'?t\b|\bcan not\b"), "cannot"),
    (re.compile(r"\b(won't|wont|ain't|shan't)(?!\w)"), "not"),
    (re.compile(r"\bi'?d (?:really )?(like|love) (?=to |a |the |some |two |my )"), r"would \1 "),
    (re.compile(r"'(s|d|ll|ve|re|m)\b"), " "),
    (
        re.compile(
            r"\b(could|can|would)(?:not| not) (?:be|have been|ask for|get|find) (?:any |an? )?(?:happier|better|nicer|more (?:satisfied|pleased|grateful))\b"
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
    (re.compile(r"\bnever (?:\w+ ){1,4}?(?=so \w|such )"), "very "),
    (re.compile(r"\bnothing (?:\w+ )?beats\b"), "perfect"),
    (re.compile(r"\bnothing (?:but|short of)\b"), "very"),
    (re.compile(rf"\b(?:nothing|nobody|no one|none \w+ \w+) (?:could|can) (?:\w+ ){{1,3}}?{_MORE}\b"), "perfect"),
    (re.compile(r"\b(?:nothing|nobody|no one|none \w+ \w+) (?:could|can) (?:\w+ ){1,3}?(?:worse|less \w+)\b"), "worst"),
    (re.compile(rf"\b(?:no|none of the) (?:other|others)\b[^,.;]{{0,20}}\b(?:as|so) \w+ as (?={_THIS})"), "best "),
    (re.compile(rf"\b{_OTHERS}\b[^,.;]{{0,20}}?\b(?:{_MORE} than|beats?|outperforms?) (?={_THIS})"), "worse "),
    (re.compile(rf"\b(?:{_THIS}) (?:\w+ )?(?:beats?|outperforms?|outshines?)\b"), "best"),
    (re.compile(rf"\b(?:{_OTHERS}|nothing|none|no \w+)\b[^,.;]{{0,20}}?\b{_NO_MATCH} (?={_THIS})"), "best "),
    (re.compile(rf"\b{_NO_MATCH}\b"), "worse than"),
    (
        re.compile(r"\b(?:i|we)\s+(?:have )?(?:had|seen|used|bought|eaten|met) (?:much |far )?better (?!than)"),
        "mediocre ",
    ),
    (
        re.compile(
            r"\b(?:like|liked|prefer|preferred|miss|missed) (?:the|my) (?:original|old|other|previous|former|last)\b[^,.;]{0,12}?(?: better\b|$|(?=[,.;]))"
        ),
        "worse",
    ),
    (re.compile(r"\bas good as (useless|broken|dead|worthless|nothing)\b"), "useless"),
    (re.compile(r"\b(?:i|we) (?:did not|never) (?:want|order|ask for|ask to)\b"), "i got the wrong"),
    (
        re.compile(r"\b(?:cannot|(?:could|do|does|did|will|would) not) even\b(?! (?:notice|need|have to|hear|feel))"),
        "poor, not",
    ),
    (re.compile(r"\b(?:mad|crazy|silly|foolish|stupid|a fool) not to\b"), "recommend"),
    (re.compile(r"\b(?:could|can|would) not (?:live|do|be) without\b|\bcannot (?:live|do|be) without\b"), "perfect"),
    (re.compile(r"\bi wish (?:i|we)\s+(?:had )?(?:never|not)\b"), "i regret that i"),
    (
        re.compile(
            r"\b(?:i wish (?:i|we)\s+(?:had )?|should have )\w+[^,.;]{0,40}?\b(?:sooner|earlier|before|years ago|long ago|two|more)\b"
        ),
        "happy",
    ),
    (re.compile(r"\bif only (?:all|every\w*|more|other|others)\b"), "perfect"),
    (re.compile(r"\bif only\b|\bi wish (?:it|they|the \w+|this|there|you (?:had|would|could|did))\b"), "pity it would"),
    (re.compile(r"\bshould have (?:known|read|listened|stayed|kept|checked|gone)\b"), "regret"),
    (re.compile(r"\bcould not (?:ask for|want|wish for) (?:any ?)?(?:thing )?more\b"), "perfect"),
    (re.compile(r"\b(?:never|not once) (?:(?:did|has) it )?fail(?:s|ed)? to\b"), "always"),
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
        re.compile(
            r"(?:(?:从来?没|从未)(?:有)?(?:见|遇到|用|买|吃|喝|穿|住|受)?过?|没(?:有)?(?:见|遇到|用|买|吃|喝|穿|住|受)过)(?:这么|那么|如此|比这更)"
        ),
        "非常",
    ),
    (re.compile(r"从(?:来|未)?(?:没|未)(?:有)?\w{0,4}?(?:这么|那么|如此|比这更)"), "非常"),
    (re.compile(r"[找买碰遇][不没](?:有)?到过?(?:比这|比它)?更"), "最"),
    (re.compile(r"(\w{1,3})得不能再\1"), r"非常\1"),
    (re.compile(r"没有哪\w{1,3}?让我更"), "最"),
    (re.compile(r"(?:跟|和|同)(?:它|这\w?|你们)\w{0,2}?(?:没法比|不能比|比不[了上]|比?差一截|差远了)"), "更好"),
    (re.compile(r"(?<![跟和同])(?:旧|以前|之前|别|其他|其它)\w{0,4}(?<![跟和同])(?:没法比|比不[了上])"), "更好"),
    (re.compile(r"(?:没法比|不能比|比不[了上])"), "不如"),
    (re.compile(r"比(?:它|这\w?|你们)\w{1,4}的(?:多的是|多了去|一大把|遍地)"), "不如"),
    (re.compile(r"不是\w{1,6}能比"), "更好"),
    (re.compile(r"不比\w{1,8}差(?!远)"), "更好"),
    (
        re.compile(r"再也(?:不用|不必|不怕|无需|不愁|没有?再?(?=坏|漏|卡|掉|疼|痛|出)|不(?=坏|漏|卡|掉|疼|痛))\w{0,4}"),
        "放心",
    ),
    (re.compile(r"(?:少|离|缺|没)(?:了|有)?(?:它|你们|这\w?)\w{0,2}(?:不行|不可|不习惯|活不了)"), "离不开"),
    (re.compile(r"(?<!\w)(\w{1,3})是\1(?=[了点,，])"), r"虽然\1"),
    (re.compile(r"好在|幸好|幸亏|所幸|万幸"), "但不错,"),
    (re.compile(r"(?:要是|如果|早知道)[^,。!?]{0,20}?(?:早|都|每)[^,。!?]{0,20}?就好了"), "满意"),
    (re.compile(r"(?:要是|如果)[^,。!?]{0,30}?就好了"), "遗憾"),
    (re.compile(r"(?:送我?|贵\w{0,3})我?也(?:愿意|会|想|要)?买"), "值得买"),
    (re.compile(r"(?:白?送\w{0,2}|便宜\w{0,3})我?都?也?不(?:会|想)?[买要]"), "差劲"),
    (re.compile(r"(?<=钱)(没|还没|已经|已|也|都)?退(?:回来|回|还)"), r"\1解决"),
    (re.compile(r"又(?=坏|漏|断|卡|丢|少发|错|死机|掉线|没(?:货|发|到|收|退|修|人|回|电|信号|反应))"), "但差,"),
    (re.compile(r"(谢谢|感谢|多谢)(?:你们?|您|客服)?帮我"), r"\1"),
    (re.compile(r"没(?:有)?(?:人|谁家?|哪[家个])\w{0,4}?比得[过上]"), "最棒"),
    (re.compile(r"没(?:有)?(?:人|谁家?|哪[家个])\w{0,4}?比(?:你们|它|这\w?)更?(\w{1,3})"), r"最\1"),
    (re.compile(r"都没(?:有)?你们(?=\w)"), "最"),
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
        for kind in ("degrees", "values", "after"):
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
