"""Sentences as points: the mean of the static vectors of their tokens.

The vectors (32,000 tokens, 256 numbers each) and the tokenizer ship inside the package ``wordllama`` (MIT), so nothing is
fetched. They were distilled from language models and know English well and Chinese hardly; a Chinese character without
a token of its own has no vector. Learning vectors does not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 256
_BYTES = slice(3, 259)
"""Tokens of single bytes: what the tokenizer falls back to for characters it does not know."""


@lru_cache(maxsize=1)
def _model() -> tuple[Any, NDArray[np.float32]]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    found = find_spec("wordllama")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("wordllama is not installed: it carries the vectors of words", name="wordllama")
    folder = Path(found.origin).parent
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    vectors = load_file(folder / "weights" / "l2_supercat_256.safetensors")["embedding.weight"].astype(np.float32)
    vectors[_BYTES] = 0
    return tokenizer, vectors


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a row of 256 numbers per text, of length one, or zero where no token has a vector.

    >>> cash, money, parcel = embed(["give me cash", "give me money", "parcel"])
    >>> bool(cash @ money > cash @ parcel)
    True
    """
    from scipy.sparse import csr_matrix

    tokenizer, vectors = _model()
    tokens = [each.ids for each in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    ends = np.cumsum([0, *map(len, tokens)])
    columns = np.fromiter((token for each in tokens for token in each), dtype=np.int64, count=int(ends[-1]))
    counts = csr_matrix((np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(tokens), len(vectors)))
    return unit_rows(np.asarray(counts @ vectors))


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows scaled to length one; zero stays zero."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1), dtype=np.float32)
