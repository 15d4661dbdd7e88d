"""Drawing many things at once: the few helpers every part of the generator shares.

Each part draws from its own stream, so that a change in one does not move the others.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any
from zlib import crc32

import numpy as np
import yaml
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]


def stream(seed: int, part: str) -> np.random.Generator:
    """The random stream of one part of the shop."""
    return np.random.default_rng([seed, crc32(part.encode())])


def words(name: str) -> Any:
    """The word list ``name.yaml`` of this package."""
    return yaml.load((files("ecom_pipeline.shop.samples") / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)


def pick(rng: np.random.Generator, weights: Floats, rows: Ints) -> Ints:
    """One column per entry of ``rows``, drawn with the weights in that row of ``weights``."""
    cumulative = np.cumsum(weights, axis=1)
    cumulative /= cumulative[:, -1:]
    draws = rng.random(len(rows))
    return np.asarray((draws[:, None] >= cumulative[rows, :-1]).sum(axis=1), dtype=np.int64)


def pick_days(rng: np.random.Generator, weights: Floats, first: Ints, last: Ints) -> Ints:
    """One day per entry within [first, last], drawn in proportion to ``weights`` (one per day)."""
    cumulative = np.concatenate([[0.0], np.cumsum(weights)])
    low, high = cumulative[first], cumulative[last + 1]
    day = np.searchsorted(cumulative, low + rng.random(len(first)) * (high - low), side="right") - 1
    return np.asarray(np.clip(day, first, last), dtype=np.int64)


def choose(rng: np.random.Generator, options: list[str], shares: list[float], size: int) -> Texts:
    """``size`` of the options, drawn with the given shares (what is left falls to the last)."""
    index = np.searchsorted(np.cumsum(shares[:-1]), rng.random(size), side="right")
    return np.array(options, dtype=object)[index]


def numbered(prefix: str, numbers: Ints, width: int) -> Texts:
    """Identifiers such as C00017."""
    return np.array([f"{prefix}{number:0{width}d}" for number in numbers], dtype=object)
