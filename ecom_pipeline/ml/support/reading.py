"""What messages want, and whether that is sure enough to be acted on: read alike by the night and by ``ecom ask``.

The main intent is read from the whole message. Its parts, which end at punctuation or before words that begin another
wish, are read one by one for what else it wants, and count where the model is sure of them. What does not belong here:
how a model comes to its guess (``intent``), and the answers (``answers``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.support.abstention import is_answered
from ecom_pipeline.ml.support.answers import word_for_word
from ecom_pipeline.ml.support.certainty import Guesses
from ecom_pipeline.ml.support.letters import only_greets
from ecom_pipeline.ml.support.trials import IntentModel

_PARTS = re.compile(
    r"[,.;!?,。;!?、\n]+|\b(?:and also|also|besides|another thing|and)\b|(?:另外|还有|顺便|而且|同时|以及|再问)"
)
_SHORTEST = 4
"""Characters of the shortest part that is read."""


class Wishes(NamedTuple):
    """The guesses of some messages, which of them are sure enough, and what else each message wants."""

    guesses: Guesses
    is_sure: NDArray[np.bool_]
    others: list[list[str]]


def read_wishes(
    texts: Sequence[str], model: IntentModel, threshold: float, *, questions: pd.DataFrame, learnt: Collection[str]
) -> Wishes:
    """Return what messages want.

    A question of the FAQ is sure. A message that only greets wants nothing, unless an example greets in the same words.

    Parameters
    ----------
    texts
        Messages as models read them (``text.intent_text``).
    model, threshold
        What guesses, and the confidence from which on it is sure.
    questions
        ``text, intent`` of the questions of the FAQ.
    learnt
        The texts of all examples.
    """
    said = word_for_word(texts, questions)
    known = frozenset(learnt)
    is_said = np.array([each is not None for each in said], dtype=bool)
    is_wish = np.array([bool(text) and (text in known or not only_greets(text)) for text in texts], dtype=bool)
    guesses = model.predict(texts).settled(said).only(is_said | is_wish)
    is_sure = is_said | is_answered(guesses.confidence, threshold)
    return Wishes(guesses, is_sure, further_intents(texts, guesses.intents, model, threshold))


def parts(text: str) -> list[str]:
    """Return the parts of a text that may hold a wish of their own.

    >>> parts("where is my order, and also i need an invoice")
    ['where is my order', 'i need an invoice']
    >>> parts("订单到哪了?另外麻烦开发票")
    ['订单到哪了', '麻烦开发票']
    """
    found = [part.strip() for part in _PARTS.split(text)]
    return [part for part in found if len(part) >= _SHORTEST]


def further_intents(
    texts: Sequence[str], main: NDArray[np.object_], model: IntentModel, threshold: float
) -> list[list[str]]:
    """Return, per text, the intents of its parts that the model is sure of, without the main one, in their order."""
    pieces = [(row, part) for row, text in enumerate(texts) for part in parts(text) if part != text]
    found: list[list[str]] = [[] for _ in texts]
    different = list(dict.fromkeys(part for _, part in pieces))
    guesses = model.predict(different)
    sure = is_answered(guesses.confidence, threshold)
    wish = {part: intent for part, intent, is_sure in zip(different, guesses.intents, sure, strict=True) if is_sure}
    for row, part in pieces:
        intent = wish.get(part)
        if intent is not None and intent != main[row] and intent not in found[row]:
            found[row].append(intent)
    return found
