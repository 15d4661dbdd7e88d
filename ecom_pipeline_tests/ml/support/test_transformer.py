"""The extra encoder adds numbers to English texts alone; without it nothing changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ecom_pipeline.ml.support import embedding, transformer

TEXTS = ["where is my parcel", "我的包裹在哪", "👍"]


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> dict[str, NDArray[np.float32]]:
    memory: dict[str, NDArray[np.float32]] = {}
    monkeypatch.setattr(embedding, "_points", memory)
    return memory


def test_an_english_text_has_the_numbers_of_both_encoders(
    points: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformer, "is_installed", lambda: False)
    base = embedding.embed(TEXTS)
    points.clear()
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.extend(texts)
        return np.eye(transformer.DIMENSIONS, dtype=np.float32)[: len(texts)]

    monkeypatch.setattr(transformer, "is_installed", lambda: True)
    monkeypatch.setattr(transformer, "encode", encode)
    both = embedding.embed(TEXTS)
    assert asked == TEXTS[:1]
    assert both.shape == (3, base.shape[1] + transformer.DIMENSIONS)
    assert np.linalg.norm(both, axis=1) == pytest.approx([1, 1, 0], abs=1e-5)
    assert both[0, : base.shape[1]] == pytest.approx(base[0] * np.sqrt(1 - embedding.TRANSFORMER), abs=1e-6)
    assert both[0, base.shape[1]] == pytest.approx(np.sqrt(embedding.TRANSFORMER))
    assert both[1, : base.shape[1]] == pytest.approx(base[1])


@pytest.mark.skipif(not transformer.is_installed(), reason="needs the extra: make transformer")
def test_sentences_of_one_meaning_are_near_each_other_alone_and_in_a_batch() -> None:
    texts = ["give me cash", "give me money please", "my parcel is late"]
    cash, money, parcel = transformer.encode(texts)
    assert cash @ money > 0.6 > cash @ parcel
    assert transformer.encode(texts[:1])[0] @ cash > 0.99
    assert transformer.encode([]).shape == (0, transformer.DIMENSIONS)
