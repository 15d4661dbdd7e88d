"""What others are asked: small talk, the weather, sums, trips and the like, sentences by topic.

``background.yaml`` was written for this package, in Chinese and English, with few of the forms in which shops are asked
("where is ..."). What a shop has examples of is none of it: a shop may sell weather stations. What does not belong here: what is made of the others (``intent``).
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from ecom_pipeline.ml.support.text import intent_text

_OWN = 0.5
"""The share of a topic that is as good as the whole; chosen on examples of the sample shop and a validation part of
CLINC150."""


class Background(NamedTuple):
    """Sentences, and the number of the topic of each."""

    texts: list[str]
    topics: NDArray[np.int_]


@lru_cache(maxsize=1)
def background() -> Background:
    """Return all sentences, as models read them."""
    content: dict[str, dict[str, list[str]]] = yaml.safe_load(
        (files(__package__) / "background.yaml").read_text("utf-8")
    )
    told = [
        (intent_text(text), number)
        for number, languages in enumerate(content.values())
        for texts in languages.values()
        for text in texts
    ]
    return Background([text for text, _ in told], np.array([number for _, number in told]))


def foreign(topics: NDArray[np.int_], examples: NDArray[np.float32], each: NDArray[np.float32]) -> NDArray[np.int_]:
    """Return the places of the sentences that are not the shop's own: those nearer to an example than to other topics are.

    Parameters
    ----------
    topics
        The topic of each sentence.
    examples, each
        How near every example is to each sentence (a row), and every sentence.

    Examples
    --------
    >>> near = np.array([[1, 0.5, 0.3, 0.2], [0.5, 1, 0.2, 0.2], [0.3, 0.2, 1, 0.5], [0.2, 0.2, 0.5, 1]])
    >>> foreign(np.array([0, 0, 1, 1]), np.array([[0.1], [0.1], [0.4], [0.1]]), near).tolist()
    [0, 1]
    """
    elsewhere = np.where(topics[:, None] == topics, -np.inf, each).max(axis=1)
    is_own = examples.max(axis=1) >= elsewhere
    is_own |= (np.bincount(topics, is_own) >= _OWN * np.bincount(topics))[topics]
    return np.flatnonzero(~is_own)
