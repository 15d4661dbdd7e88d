"""What messages want, and whether that is sure enough to be acted on: read alike by the night and by ``ecom ask``.

What does not belong here: how a model comes to its guess (``intent``), and the answers (``answers``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.support.abstention import is_answered
from ecom_pipeline.ml.support.answers import word_for_word
from ecom_pipeline.ml.support.certainty import Guesses
from ecom_pipeline.ml.support.letters import only_greets
from ecom_pipeline.ml.support.several import further_intents
from ecom_pipeline.ml.support.trials import IntentModel


class Wishes(NamedTuple):
    """The guesses of some messages, which of them are sure enough, and what else each message wants."""

    guesses: Guesses
    is_sure: NDArray[np.bool_]
    others: list[list[str]]


def read_wishes(
    texts: Sequence[str], model: IntentModel, threshold: float, *, questions: pd.DataFrame, learnt: Collection[str]
) -> Wishes:
    """Return what messages want.

    A question of the FAQ is sure. A message that only greets is not, unless an example greets in the same words.

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
    guesses = model.predict(texts).settled(said)
    known = frozenset(learnt)
    is_wish = np.array([bool(text) and (text in known or not only_greets(text)) for text in texts], dtype=bool)
    is_said = np.array([each is not None for each in said], dtype=bool)
    is_sure = is_said | (is_answered(guesses.confidence, threshold) & is_wish)
    return Wishes(guesses, is_sure, further_intents(texts, guesses.intents, model, threshold))
