"""A text has the same numbers whatever is read before it and with it: a night gives what it would give in a new process."""

from __future__ import annotations

import numpy as np
import pytest

from ecom_pipeline.ml.support import embedding
from ecom_pipeline.ml.support.embedding import embed

SHORT = [
    "ok",
    "退款",
    "where is my parcel",
    "the lid came off in the post",
    "请问什么时候发货呢",
    *map(str, range(1, 12)),
]
LONG = [("我的包裹一直没有收到，" * 60)[:size] for size in (60, 150, 300, 480)]


@pytest.mark.parametrize("company", [1, 5])
def test_the_numbers_of_a_text_are_those_it_has_in_any_company(company: int, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text for pair in zip(SHORT, LONG * 4, strict=True) for text in pair]
    monkeypatch.setattr(embedding, "_points", {})
    together = embed(texts)
    for start in range(0, len(texts), company):
        monkeypatch.setattr(embedding, "_points", {})
        np.testing.assert_array_equal(embed(texts[start : start + company]), together[start : start + company])


def test_what_was_read_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_points", {})
    first = embed(SHORT)
    monkeypatch.setattr(embedding, "_points", {})
    for text in reversed(SHORT):
        embed([text])
    np.testing.assert_array_equal(embed(SHORT), first)
