"""How soon a person should look at a message, and whether it complains: by its words and its mood.

``urgency.yaml`` holds the words in Chinese and English. What does not belong here: the value of the customer, which
decides about the order of what is equally urgent.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from ecom_pipeline.ml.support.sentiment import Mood, read_words
from ecom_pipeline.ml.support.text import plain_text

LEVELS = ("low", "normal", "high")
HIGH, NORMAL = 0.5, 0.2
"""Scores from which on a message is of high, or of normal urgency."""

_POINTS = {"danger": 0.6, "legal": 0.4, "complaint": 0.3, "hurry": 0.2, "waited": 0.15}
_MOOD = 0.3
_ANGRY = 0.75
"""A mood and words of opinion that are both as bad as this complain; a fault that is told of calmly does not."""


class Urgency(NamedTuple):
    """How urgent a message is: its level, its score from 0 to 1, what made it so, and whether it complains."""

    level: str
    score: float
    reasons: tuple[str, ...]
    is_complaint: bool


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    content: dict[str, dict[str, list[str]]] = yaml.safe_load((files(__package__) / "urgency.yaml").read_text("utf-8"))
    return {
        name: re.compile(
            "|".join(
                rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])" if word.isascii() else re.escape(word)
                for word in words["en"] + words["zh"]
            )
        )
        for name, words in content.items()
    }


def read_urgency(text: object, mood: Mood | None) -> Urgency:
    """Return how urgent a message is; ``mood`` is missing for languages without a lexicon.

    >>> read_urgency("我要去12315投诉，马上给我处理", None)[:3]
    ('high', 0.9, ('legal', 'complaint', 'hurry'))
    >>> read_urgency("What are your opening hours?", None).level
    'low'
    """
    written = _patterns()["nothing"].sub(" ", plain_text(text).replace("’", "'"))
    reasons = [name for name in _POINTS if _patterns()[name].search(written)]
    bad = max(0.0, -mood.score) if mood else 0.0
    score = round(min(1.0, sum(_POINTS[reason] for reason in reasons) + _MOOD * bad), 4)
    level = "high" if score >= HIGH else "normal" if score >= NORMAL else "low"
    is_complaint = bool({"complaint", "legal"} & set(reasons)) or min(bad, -read_words(text).score) >= _ANGRY
    if mood and mood.sentiment == "negative":
        reasons.append("mood")
    return Urgency(level, score, tuple(reasons), is_complaint)
