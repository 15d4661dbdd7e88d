"""Several wishes in one message: its parts are read one by one, and count where the model is sure of them.

A part ends at punctuation, or before words that begin another wish. What does not belong here: the main intent, which is
read from the whole message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support.abstention import is_answered
from ecom_pipeline.ml.support.trials import IntentModel

_PARTS = re.compile(
    r"[,.;!?,。;!?、\n]+|\b(?:and also|also|besides|another thing|and)\b|(?:另外|还有|顺便|而且|同时|以及|再问)"
)
_SHORTEST = 4
"""Characters of the shortest part that is read."""


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
