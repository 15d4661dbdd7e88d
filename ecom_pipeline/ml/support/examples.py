"""What the intent models learn from: messages whose intent is known, and the example questions of the FAQ.

Frames in, frames out, with the columns text (as models read it), language, intent and sent_at (none for FAQ
questions). What does not belong here: learning.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.support.answers import example_questions
from ecom_pipeline.ml.support.language import detect_language
from ecom_pipeline.ml.support.letters import wish
from ecom_pipeline.ml.support.personal import mask
from ecom_pipeline.ml.support.sentiment import sentiment_of
from ecom_pipeline.ml.support.text import has_words, intent_text

PUBLISHED_COLUMNS = ("example_id", "customer_id", "intent", "text", "language", "faq_id", "answer")
PUBLISHED, PUBLISHED_PER_INTENT = 2_000, 40
"""Labelled messages, the latest different ones, that are published beside the FAQ's questions: so many, as many of every
intent, but never fewer of one than that."""
LEARNT = 8_000
"""Labelled messages that models learn from, the latest: time grows with their cube."""
MINIMUM_HISTORY = 50
"""Labelled messages from which on the models are tested on the latest of them; with fewer, by cross-validation."""
TEST_SHARE = 0.2
FOLDS = 5


@dataclass(frozen=True)
class Split:
    """Examples by what they are for. ``folds``: the fold in which a row of ``test`` is held out (cross-validation)."""

    train: pd.DataFrame
    tuning: pd.DataFrame
    test: pd.DataFrame
    folds: NDArray[np.int_] | None

    @property
    def texts(self) -> set[str]:
        """Return the texts of all examples."""
        return {text for part in (self.train, self.tuning, self.test) for text in part["text"]}

    @property
    def method(self) -> str:
        """Return how the models are tested."""
        return "latest messages" if self.folds is None else "cross-validation"


def customer_messages(messages: pd.DataFrame) -> pd.DataFrame:
    """Return the messages customers wrote (also where the author is not stated), with clean text and language."""
    chosen = messages[messages["author"].isna() | (messages["author"] == "customer")].reset_index(drop=True)
    texts = chosen["text"].tolist()
    return pd.DataFrame(
        {
            "message_id": chosen["message_id"],
            "customer_id": chosen["customer_id"],
            "sent_at": pd.to_datetime(chosen["sent_at"], utc=True).dt.tz_localize(None),
            "sent_date": [pd.Timestamp(day).date() for day in chosen["sent_date"]],
            "order_id": chosen["order_id"],
            "raw": chosen["text"],
            "text": pd.Series([intent_text(text) for text in texts], dtype=object),
            "language": pd.Series(
                [detect_language(text, hint) for text, hint in zip(texts, chosen["language"], strict=True)],
                dtype=object,
            ),
            "intent": pd.Series([_stripped(intent) for intent in chosen["intent"]], dtype=object),
            "rating": chosen["rating"].astype("float64"),
        }
    )


def labelled_messages(messages: pd.DataFrame, as_of_date: dt.date) -> pd.DataFrame:
    """Return what can be learnt from: a known intent, a word at least, sent up to the date; the oldest first."""
    return (
        _known(messages, "intent", as_of_date)[
            ["message_id", "customer_id", "raw", "text", "language", "intent", "sent_at"]
        ]
        .tail(LEARNT)
        .reset_index(drop=True)
    )


def rated_messages(messages: pd.DataFrame, as_of_date: dt.date) -> pd.DataFrame:
    """Return ``text`` as written and ``sentiment`` of what was rated up to the date, the oldest first."""
    rated = _known(messages, "rating", as_of_date)
    sentiments = pd.Series([sentiment_of(stars) for stars in rated["rating"]], dtype=object)
    return pd.DataFrame({"text": rated["raw"].to_numpy(), "sentiment": sentiments.to_numpy()})


def _known(messages: pd.DataFrame, what: str, as_of_date: dt.date) -> pd.DataFrame:
    """Return the messages with a word of which something is known, sent up to the date; the oldest first."""
    end = pd.Timestamp(as_of_date) + pd.Timedelta(days=1)
    usable = messages[what].notna() & (messages["sent_at"] < end) & messages["text"].map(has_words).astype(bool)
    return messages[usable].sort_values(["sent_at", "message_id", "text"], kind="stable")


def split(labelled: pd.DataFrame, questions: pd.DataFrame, seed: int) -> Split | None:
    """Return what to learn from, to tune on and to test on; ``None`` if no two intents can be told apart and tested.

    With enough labelled messages the latest fifth is the test and the latest fifth of the others tunes. With fewer,
    every example of an intent that has two or more is held out once; single examples are only learnt from.
    """
    extra = questions[["text", "language", "intent"]]
    if len(labelled) >= MINIMUM_HISTORY:
        start_test = len(labelled) - int(np.ceil(TEST_SHARE * len(labelled)))
        start_tuning = start_test - int(np.ceil(TEST_SHARE * start_test))
        train = _together(labelled.iloc[:start_tuning], extra)
        if train["intent"].nunique() > 1:
            tuning = labelled.iloc[start_tuning:start_test].reset_index(drop=True)
            return Split(train, tuning, labelled.iloc[start_test:].reset_index(drop=True), None)
    examples = _together(labelled, extra).drop_duplicates(["text", "intent"], ignore_index=True)
    folds = _folds(examples["intent"], seed)
    test = examples[folds >= 0].reset_index(drop=True)
    if test["intent"].nunique() < 2:
        return None
    return Split(examples, test, test, folds[folds >= 0])


def published_examples(labelled: pd.DataFrame, faq: pd.DataFrame) -> pd.DataFrame:
    """Return what a reader of the release learns intents from: the questions of the FAQ, and masked messages.

    A question brings its entry and the answer; a message is masked first, and then written as models read it.
    """
    asked = example_questions(faq).merge(faq[["faq_id", "answer"]].drop_duplicates("faq_id"), on="faq_id")
    asked["example_id"] = [f"{row.faq_id}/{at}" for at, row in enumerate(asked.itertuples(index=False), 1)]
    told = labelled.assign(
        text=[intent_text(mask(wish(raw)).text) for raw in labelled["raw"]], example_id=labelled["message_id"]
    )
    told = told.drop_duplicates(["intent", "text"], keep="last")
    most = max(PUBLISHED_PER_INTENT, PUBLISHED // max(told["intent"].nunique(), 1))
    told = told.groupby("intent", sort=True).tail(most)
    both = pd.concat([asked.astype(object), told.astype(object)], ignore_index=True)
    return both.reindex(columns=list(PUBLISHED_COLUMNS)).astype(object).where(lambda frame: frame.notna(), None)


def _folds(intents: pd.Series, seed: int) -> NDArray[np.int_]:
    """Deal the examples of each intent to the folds; -1 for the only example of an intent."""
    folds = np.full(len(intents), -1)
    random = np.random.default_rng(seed)
    for _, rows in sorted(intents.groupby(intents).indices.items()):
        if len(rows) > 1:
            folds[random.permutation(rows)] = (np.arange(len(rows)) + random.integers(FOLDS)) % FOLDS
    return folds


def _together(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    parts = [part for part in (first, second) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else first.reset_index(drop=True)


def _stripped(intent: object) -> str | None:
    return intent.strip() or None if isinstance(intent, str) else None
