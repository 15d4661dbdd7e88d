"""The extra encoder adds numbers to English texts alone; without it nothing changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ecom_pipeline.ml.support import embedding, transformer
from ecom_pipeline.ml.support.intent import KernelIntent

needs_extra = pytest.mark.skipif(not transformer.is_installed(), reason="needs the extra: make transformer")
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


def test_examples_in_two_languages_do_without_the_transformer_unless_it_guesses_better(
    points: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlike(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.eye(transformer.DIMENSIONS, dtype=np.float32)[: len(texts)]

    english = {
        "where is my parcel": "delivery",
        "give me money back": "refund",
        "send a bill please": "invoice",
        "does this come in red": "colour",
        "how do I wash it": "care",
    }
    chinese = {
        "我的包裹在哪": "delivery",
        "把钱退给我": "refund",
        "请给我账单": "invoice",
        "这个有红色的吗": "colour",
        "这个怎么洗": "care",
    }
    monkeypatch.setattr(transformer, "is_installed", lambda: True)
    monkeypatch.setattr(transformer, "encode", unlike)
    both = english | chinese
    model = KernelIntent().fit(list(both), list(both.values()))
    assert not model.transformer_
    assert model.predict(["where has my parcel got to", "账单发给我"]).intents.tolist() == ["delivery", "invoice"]
    assert not KernelIntent().fit(list(chinese), list(chinese.values())).transformer_
    with_a_sign = english | {"👍": "thanks"}
    assert KernelIntent().fit(list(with_a_sign), list(with_a_sign.values())).transformer_


def test_the_transformer_reads_examples_in_two_languages_where_it_guesses_better(
    points: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    goods = ("lamp", "rug", "cup", "bag", "tent", "desk", "sofa", "fork")
    english = {text: ("odd", "even")[at % 2] for at, text in enumerate(goods)}

    def telling(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.eye(transformer.DIMENSIONS, dtype=np.float32)[[int(english.get(text) == "odd") for text in texts]]

    monkeypatch.setattr(transformer, "is_installed", lambda: True)
    monkeypatch.setattr(transformer, "encode", telling)
    model = KernelIntent().fit([*english, "红色", "蓝色"], [*english.values(), "odd", "even"])
    assert model.transformer_


@needs_extra
def test_sentences_of_one_meaning_are_near_each_other() -> None:
    cash, money, parcel = transformer.encode(["give me cash", "give me money please", "my parcel is late"])
    assert cash @ money > 0.6 > cash @ parcel
    assert transformer.encode([]).shape == (0, transformer.DIMENSIONS)


@needs_extra
def test_a_text_has_the_same_numbers_in_any_company() -> None:
    texts = [
        f"{start} my parcel{end}" for start in ("where is", "who has", "late again:") for end in ("", " today", "!")
    ]
    texts += [" ".join(texts * 9), "ok"]
    together = transformer.encode(texts * 3)
    for row, text in enumerate(texts):
        np.testing.assert_array_equal(transformer.encode([text])[0], together[row])


@needs_extra
def test_the_network_of_whole_numbers_says_what_that_of_the_package_says() -> None:
    from onnxruntime import InferenceSession

    texts = [
        "where is my parcel",
        "I was charged twice, please send the money back",
        "top up",
        "the lid came off " * 30,
    ]
    vocabulary = transformer._encoder().vocabulary
    given = InferenceSession(transformer._weights(), providers=["CPUExecutionProvider"])
    for text, row in zip(texts, transformer.encode(texts), strict=True):
        ids = np.array([vocabulary.encode(text).ids])
        fed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = given.run(["last_hidden_state"], fed)[0].mean(axis=1)[0]
        assert row @ mean / np.linalg.norm(mean) > 0.99
