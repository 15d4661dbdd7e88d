"""The mood of a message by its words: what the signs of the lexicons add up to.

Nothing is learned; Chinese and English share one reader:

- a negator reaches the next value (``不高兴``, "not very good"); a negated bad word is mildly good ("not bad at all");
  two negators cancel (``不是不好``); words that say something only when negated (``needed``: "does not work") then count
  as bad;
- a degree word scales the next value, ``死了`` or ``极了`` the last one;
- what stands before "but", or in a clause with "although", weighs less than the rest of the sentence;
- a question or an "if" does not complain: only its strong bad words count, unless it is rhetorical;
- what is solved is good again, and bad where it is not ("the leak has been fixed", "还没解决");
- a comparison that nothing passes is the highest degree ("never seen a better one", "没有比这更好的");
- irony by its markers: praise in quotation marks, thanks for harm, bare praise before a complaint.

What does not belong here: moods that no word of a lexicon tells (``mood``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ecom_pipeline.ml.support.lexicon import MISSING, Sign, read_signs
from ecom_pipeline.ml.support.text import plain_text

SENTIMENTS = ("negative", "neutral", "positive")
NEUTRAL_BAND = 0.15
"""A score closer to zero than this is neutral."""

_SOFTNESS = 4.0
_NEGATED_GOOD, _NEGATED_BAD, _CANCELLED, _RESOLVED = -1.2, -0.6, 0.5, 1.5
_BEFORE_CONTRAST, _AFTER_CONTRAST, _SET_BACK = 0.35, 1.2, 0.25
_RHETORICAL = -2.0
_STRONG, _STRONG_IN_QUESTION = 2.5, 0.6
_REACH = {"en": {"negator": 6, "degree": 3}, "zh": {"negator": 8, "degree": 4}}

_QUOTED = re.compile(r"[“\"'「『]([^”\"'」』]{1,20})[”\"'」』]")
"""Words in quotation marks: praise in them is meant the other way round."""
_PRAISED = re.compile(
    r"^(?:oh,? |wow,? )?(?:just )?(?:so )?(?:great|fantastic|wonderful|brilliant|lovely|perfect|nice|super|bravo|congratulations|excellent"
    r"|amazing|impressive|well done|good job|nice job|thanks(?: a lot)?|thank you(?: so much)?|how nice|what a (?:\w+ )?\w+"
    r"|(?:great|amazing|excellent|impressive) (?:service|support|quality|job|work)"
    r"|i (?:really |just |so )?(?:love|like|adore) (?:how|that|it when|the way)|i\s+(?:am )?(?:so |very |really )?impressed (?:by|with|at|that)(?: how)?)[,!:. ]+(?=\w)"
    r"|^(?:真是?)?(?:太好了|太棒了|真好|不错|厉害了?|完美|干得好|真行|你们真行|佩服|呵呵|恭喜你们|恭喜|谢谢你们啊?|太感谢了|多谢|漂亮|服了|赞"
    r"|真是?谢谢你们|服务真好|好服务|质量真好)[,，!！。:：]+|^(?:真是?)?(?:谢谢|感谢|多谢)你们?(?=毁|浪费|弄|把|害|让我等)",
    re.IGNORECASE,
)
"""Praise that stands alone before the rest: irony where the rest complains."""


class Mood(NamedTuple):
    """The sentiment of one message: its name and its score from -1 (bad) to 1 (good)."""

    sentiment: str
    score: float


def read_words(text: object) -> Mood:
    """Return the sentiment that the words of a message tell, in Chinese, English or both.

    >>> read_words("Not bad at all!").sentiment, read_words("收到货以后我很不高兴。").sentiment
    ('positive', 'negative')
    """
    written = plain_text(text)
    written = _QUOTED.sub(lambda match: " bad 差劲 " if _score(match[1]) >= NEUTRAL_BAND else match[0], written)
    score = _score(written)
    praise = _PRAISED.match(written)
    if praise and score > -NEUTRAL_BAND:
        rest = _score(written[praise.end() :])
        score = rest if rest <= -NEUTRAL_BAND else score
    name = "neutral" if abs(score) < NEUTRAL_BAND else "positive" if score > 0 else "negative"
    return Mood(name, score)


def _score(written: str) -> float:
    return _Reading().add(read_signs(written)).score()


def count_keywords(text: object) -> str:
    """Return the sentiment by counting good and bad words, each for itself: the baseline of ``read_words``."""
    values = [sign.value for sign in read_signs(plain_text(text)) if sign.kind == "values"]
    balance = sum(value > 0 for value in values) - sum(value < 0 for value in values)
    return SENTIMENTS[1 + (balance > 0) - (balance < 0)]


def sentiment_of(rating: float) -> str:
    """Return the sentiment of one to five stars.

    >>> [sentiment_of(stars) for stars in (1, 2.5, 3, 4)]
    ['negative', 'neutral', 'neutral', 'positive']
    """
    return SENTIMENTS[0 if rating < 2.5 else 1 if rating < 3.5 else 2]


@dataclass
class _Clause:
    sentence: int
    weight: float = 1.0
    values: list[float] = field(default_factory=list)
    is_question: bool = False
    is_rhetorical: bool = False
    is_concession: bool = False

    def total(self) -> float:
        if self.is_question and not self.is_rhetorical:
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
        self._hypothetical = self._is_denied = False

    def add(self, signs: Iterator[Sign]) -> _Reading:
        for sign in signs:
            getattr(self, f"_on_{sign.kind}", self._on_nothing)(sign)
        return self

    def score(self) -> float:
        total = sum(clause.total() for clause in self.clauses)
        return total / math.sqrt(total * total + _SOFTNESS)

    def _on_nothing(self, sign: Sign) -> None:
        """A neutral entry: it only kept its parts from being read."""

    def _on_values(self, sign: Sign) -> None:
        value = sign.value * (self._degree if sign.position <= self._degree_until else 1.0)
        negations = self._take_negations(sign.position)
        self._is_denied = negations % 2 == 1 and value > 0
        if negations % 2 == 1:
            value *= _NEGATED_GOOD if value > 0 else _NEGATED_BAD
        elif negations:
            value *= _CANCELLED
        if not self._hypothetical or abs(value) >= _STRONG:
            self.clauses[-1].values.append(value)
        self._degree = 1.0

    def _on_needed(self, sign: Sign) -> None:
        if self._take_negations(sign.position) % 2 == 1 and not self._hypothetical:
            self.clauses[-1].values.append(MISSING)
            self._negators = [sign.position + 2]

    def _on_resolved(self, sign: Sign) -> None:
        """What was bad in the clause is good again: "the leak has been fixed"; negated, it still is bad.

        An opinion stays what it is: "not happy with how it was fixed".
        """
        current = self.clauses[-1]
        if self._is_denied:
            return
        if self._take_negations(sign.position) % 2 == 1:
            current.values.append(MISSING)
        elif not self._hypothetical:
            current.values[:] = [max(value, 0.0) for value in current.values]
            current.values.append(_RESOLVED)

    def _on_relieved(self, sign: Sign) -> None:
        """As resolved, where the clause names something bad: "the noise stopped"."""
        if min(self.clauses[-1].values, default=0) < 0:
            self._on_resolved(sign)

    def _on_rhetorical(self, sign: Sign) -> None:
        """A question that complains: "how many more times"."""
        self.clauses[-1].is_rhetorical = True
        self.clauses[-1].values.append(_RHETORICAL)

    def _take_negations(self, position: int) -> int:
        """Count the negators that reach a position, and use them up."""
        reached = sum(position <= until for until in self._negators)
        self._negators = []
        self._negated = position if reached == 1 else None
        return reached

    def _on_negators(self, sign: Sign) -> None:
        self._negators.append(sign.position + _REACH[sign.language]["negator"])

    def _on_joiners(self, sign: Sign) -> None:
        """Carry the negation over a joiner: "not cheap or scratchy"."""
        if self._negated is not None and sign.position - self._negated <= 2:
            self._negators = [sign.position + 2]

    def _on_degrees(self, sign: Sign) -> None:
        still = self._degree if sign.position <= self._degree_until else 1.0
        self._degree = min(2.0, still * sign.value)
        self._degree_until = sign.position + _REACH[sign.language]["degree"]

    def _on_after(self, sign: Sign) -> None:
        if self.clauses[-1].values:
            self.clauses[-1].values[-1] *= sign.value

    def _on_contrast(self, sign: Sign) -> None:
        if self.clauses[-1].values:
            self._on_pause(sign)
        current = self.clauses[-1]
        earlier = self.clauses[:-1]
        for clause in [each for each in earlier if each.sentence == current.sentence] or earlier[-1:]:
            clause.weight *= _BEFORE_CONTRAST
        current.weight = _AFTER_CONTRAST

    def _on_concession(self, sign: Sign) -> None:
        if self.clauses[-1].values:
            self._on_pause(sign)
        self.clauses[-1].weight = _SET_BACK
        self.clauses[-1].is_concession = True

    def _on_resume(self, sign: Sign) -> None:
        """Begin the main clause where no comma does: "despite the good price I am ..."."""
        if self.clauses[-1].is_concession and self.clauses[-1].values:
            self._on_pause(sign)

    def _on_background(self, sign: Sign) -> None:
        if not self.clauses[-1].values:
            self.clauses[-1].weight *= _SET_BACK

    def _on_hypothetical(self, sign: Sign) -> None:
        self._hypothetical = True

    def _on_question(self, sign: Sign) -> None:
        self.clauses[-1].is_question = True

    def _on_ask(self, sign: Sign) -> None:
        self.clauses[-1].is_question = True
        self._on_end(sign)

    def _on_pause(self, sign: Sign) -> None:
        self.clauses.append(_Clause(self.clauses[-1].sentence))
        self._reset()

    def _on_end(self, sign: Sign) -> None:
        self.clauses.append(_Clause(self.clauses[-1].sentence + 1))
        self._reset()
