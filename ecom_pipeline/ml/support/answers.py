"""Which of the shop's own answers fits: the FAQ entry of the message's intent whose example questions are most like it.

The intent says which entries may answer, the similarity which of them does and how well; where the intent is known, even
a question that is put in other words than any of the entry's gets its answer. Writing an answer, or
filling in a customer's facts, does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.support.features import Points, TextFeatures, similarity
from ecom_pipeline.ml.support.language import detect_language
from ecom_pipeline.ml.support.text import has_words, intent_text

QUESTION_SEPARATOR = "|"
_CHUNK = 1_000
_LAST_MARKS = " ?!.,;:。…~"


class Matches(NamedTuple):
    """The best entry per message (``None`` without one), its intent, and the similarity from 0 to 1 (0 without one)."""

    faq_ids: NDArray[np.object_]
    intents: NDArray[np.object_]
    scores: NDArray[np.float64]

    @property
    def is_found(self) -> NDArray[np.bool_]:
        """Tell which messages have an entry."""
        return np.array([each is not None for each in self.faq_ids], dtype=bool)


def example_questions(faq: pd.DataFrame) -> pd.DataFrame:
    """Return one row per example question: faq_id, intent, text (as models read it), language.

    Entries without an intent and questions without a word are left out; a question stands once per entry.

    >>> faq = pd.DataFrame({"faq_id": ["f"], "intent": ["refund"], "questions": ["Refund? | 退款"], "language": [None]})
    >>> example_questions(faq)[["text", "language"]].values.tolist()
    [['refund?', 'en'], ['退款', 'zh']]
    """
    rows = [
        (row.faq_id, row.intent.strip(), intent_text(question), detect_language(question, row.language))
        for row in faq.itertuples(index=False)
        if isinstance(row.intent, str) and row.intent.strip() and isinstance(row.questions, str)
        for question in row.questions.split(QUESTION_SEPARATOR)
        if has_words(question)
    ]
    return pd.DataFrame(rows, columns=["faq_id", "intent", "text", "language"], dtype=object).drop_duplicates(
        ignore_index=True
    )


def word_for_word(texts: Sequence[str], questions: pd.DataFrame) -> NDArray[np.object_]:
    """Return the intent of each text that is a question of the FAQ itself, ``None`` for all others.

    Marks at the end do not count: many ask without one. A question that entries of different intents share decides
    nothing.

    >>> questions = pd.DataFrame({"text": ["refund?", "退款"], "intent": ["refund", "refund"]})
    >>> word_for_word(["refund", "退款!!", "a refund"], questions).tolist()
    ['refund', 'refund', None]
    """
    asked = questions["text"].str.rstrip(_LAST_MARKS)
    shared = questions["intent"].groupby(asked).nunique()
    sole = asked.map(shared) == 1
    known = dict(zip(asked[sole], questions.loc[sole, "intent"], strict=True))
    return np.array([known.get(text.rstrip(_LAST_MARKS)) for text in texts], dtype=object)


class AnswerFinder:
    """Match messages to FAQ entries.

    Parameters
    ----------
    skip_same_text
        Leave out questions that are word for word the message: for judging with the example questions themselves.
    """

    name = "intent_similarity"

    def __init__(self, *, skip_same_text: bool = False) -> None:
        self.skip_same_text = skip_same_text

    def fit(self, questions: pd.DataFrame) -> AnswerFinder:
        """Learn the example questions, as ``example_questions`` returns them; at least one."""
        self.questions_ = questions.reset_index(drop=True)
        self.features_ = TextFeatures()
        self.points_ = self.features_.fit_transform(self.questions_["text"].tolist())
        return self

    def match(self, texts: Sequence[str], intents: Sequence[str | None], languages: Sequence[str]) -> Matches:
        """Return the best entry of each message's intent, in its language if there is one; none without an intent."""
        wanted = pd.DataFrame({"intent": list(intents), "language": list(languages)}, dtype=object)
        points = self.features_.transform(texts)
        found = _nothing(len(wanted))
        for (intent, language), group in wanted.dropna(subset=["intent"]).groupby(["intent", "language"], sort=True):
            of_intent = self.questions_["intent"] == intent
            in_language = of_intent & (self.questions_["language"] == language)
            candidates = np.flatnonzero(in_language if in_language.any() else of_intent)
            self._fill(found, group.index.to_numpy(), candidates, texts, points)
        return found

    def nearest(self, texts: Sequence[str]) -> Matches:
        """Return the most similar entry of all, whatever the intent: the baseline that needs no intent model."""
        found = _nothing(len(texts))
        everything = np.arange(len(self.questions_))
        self._fill(found, np.arange(len(texts)), everything, texts, self.features_.transform(texts))
        return found

    def _fill(
        self,
        found: Matches,
        rows: NDArray[np.int_],
        candidates: NDArray[np.int_],
        texts: Sequence[str],
        points: Points,
    ) -> None:
        """Write the best of the candidates into some rows of ``found``."""
        if not len(candidates):
            return
        questions = self.questions_.iloc[candidates]
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            likeness = similarity(points.take(part), self.points_.take(candidates).turned)
            if self.skip_same_text:
                own = np.array([texts[row] for row in part], dtype=object)
                likeness[own[:, None] == questions["text"].to_numpy()[None, :]] = 0.0
            best = likeness.argmax(axis=1)
            score = np.clip(likeness[np.arange(len(part)), best], 0.0, 1.0)
            found.faq_ids[part] = questions["faq_id"].to_numpy()[best]
            found.intents[part] = questions["intent"].to_numpy()[best]
            found.scores[part] = score


def _nothing(size: int) -> Matches:
    return Matches(np.full(size, None, dtype=object), np.full(size, None, dtype=object), np.zeros(size))
