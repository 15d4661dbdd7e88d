"""What an intent model has to beat: always the most frequent intent, and a few telling words per intent.

Both speak the same language as ``KernelIntent`` (``fit``, ``predict``). Baselines of the answers and of the sentiment
live beside those.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ecom_pipeline.ml.support.certainty import Guesses
from ecom_pipeline.ml.support.text import HAN, WORD

WORDS_PER_INTENT = 10

_WORD = re.compile(WORD)
_HAN_RUN = re.compile(rf"[{HAN}]+")


class MajorityIntent:
    """Always the most frequent intent, as sure as it is frequent.

    >>> MajorityIntent().fit(["a", "b", "c"], ["x", "y", "y"]).predict(["d"]).intents.tolist()
    ['y']
    """

    name = "majority"

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> MajorityIntent:
        """Count the intents; the alphabet decides between equally frequent ones."""
        counts = Counter(intents)
        self.intent_ = min(counts, key=lambda intent: (-counts[intent], intent))
        self.share_ = counts[self.intent_] / len(intents)
        return self

    def predict(self, texts: Sequence[str]) -> Guesses:
        """Return the most frequent intent for every text."""
        share = np.full(len(texts), self.share_)
        return Guesses(np.full(len(texts), self.intent_, dtype=object), share, share)


class KeywordIntent:
    """The intent most of whose telling words a text holds; the most frequent one, without confidence, if it holds none.

    A word (in Chinese: a pair of characters) tells of an intent by how much more often the intent's texts hold it
    than the others do.

    >>> KeywordIntent().fit(["my parcel", "my refund"], ["delivery", "refund"]).predict(["refund?"]).intents.tolist()
    ['refund']
    """

    name = "keyword"

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> KeywordIntent:
        """Choose the telling words of each intent."""
        self.fallback_ = MajorityIntent().fit(texts, intents).intent_
        total: Counter[str] = Counter()
        by_intent: dict[str, Counter[str]] = {}
        for text, intent in zip(texts, intents, strict=True):
            words = _words(text)
            total.update(words)
            by_intent.setdefault(intent, Counter()).update(words)
        sizes = Counter(intents)
        self.intents_of_: dict[str, list[str]] = {}
        for intent in sorted(by_intent):
            held = by_intent[intent]
            others = len(intents) - sizes[intent]

            def telling(word: str, held: Counter[str] = held, size: int = sizes[intent], others: int = others) -> float:
                inside = held[word] / size
                outside = (total[word] - held[word]) / others if others else 0.0
                return inside - outside

            for word in sorted(held, key=lambda word: (-telling(word), word))[:WORDS_PER_INTENT]:
                if telling(word) > 0:
                    self.intents_of_.setdefault(word, []).append(intent)
        return self

    def predict(self, texts: Sequence[str]) -> Guesses:
        """Return the intent with most words in each text, and its share of all telling words found."""
        intents = np.full(len(texts), self.fallback_, dtype=object)
        confidence = np.zeros(len(texts))
        for row, text in enumerate(texts):
            hits = Counter(intent for word in _words(text) for intent in self.intents_of_.get(word, ()))
            if hits:
                intents[row] = min(hits, key=lambda intent: (-hits[intent], intent))
                confidence[row] = hits[intents[row]] / hits.total()
        return Guesses(intents, confidence, confidence)


def _words(text: str) -> set[str]:
    """Return the different words of a text; a run of Chinese as pairs of characters, a lone character as itself."""
    words = {word for word in _WORD.findall(text) if not _HAN_RUN.match(word)}
    for run in _HAN_RUN.findall(text):
        words.update([run] if len(run) == 1 else (run[at : at + 2] for at in range(len(run) - 1)))
    return words
