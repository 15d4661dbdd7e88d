from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from ecom_pipeline.ml.recommend import ranking
from ecom_pipeline.ml.recommend.ranking import blocks, top_k, top_k_of


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 300)),
        elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 0.5, 1.0]),
    ),
    st.integers(1, 45),
)
def test_best_first_and_equal_scores_by_position(scores: np.ndarray, k: int) -> None:
    before = scores.copy()
    positions, best = top_k(scores, k)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert positions.tolist() == expected.tolist()
    assert best.tolist() == np.take_along_axis(scores, expected, axis=1).tolist()
    assert (scores == before).all()


@pytest.mark.parametrize("k", [1, 10, 20, 60])
def test_the_best_of_many_columns(k: int) -> None:
    scores = np.random.default_rng(k).normal(size=(40, 3001)).astype(np.float32)
    scores[3:6, 5:] = -np.inf
    scores[7] = np.round(scores[7])
    positions, best = top_k(scores, k)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert (positions == expected).all()
    assert (best == np.take_along_axis(scores, expected, axis=1)).all()


def test_among_many_equals_the_first_are_taken() -> None:
    positions, _ = top_k(np.ones((3, 5000), dtype=np.float32), 4)
    assert positions.tolist() == [[0, 1, 2, 3]] * 3


@pytest.mark.parametrize("k", [1, 3, 50])
def test_the_best_of_some_cells_are_those_of_all_where_the_others_are_out(k: int) -> None:
    random = np.random.default_rng(k)
    scores = np.round(random.normal(size=(30, 40)), 1).astype(np.float32)
    only = sparse.csr_matrix(random.random(scores.shape) < random.random((30, 1)) ** 3)
    positions, best = top_k_of(scores, only, k)
    expected, expected_best = top_k(np.where(only.toarray(), scores, -np.inf), k)
    assert best.tolist() == expected_best.tolist()
    assert positions[np.isfinite(best)].tolist() == expected[np.isfinite(best)].tolist()


def test_no_rows_and_no_columns() -> None:
    assert top_k(np.empty((0, 5)), 2)[0].shape == (0, 2)
    assert top_k(np.empty((2, 0)), 3)[0].shape == (2, 0)


@pytest.mark.parametrize(("rows", "width"), [(0, 5), (1, 0), (7, 3), (10, 10), (10, 1000)])
def test_blocks_cover_every_row_once(rows: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "BLOCK", 20)
    found = blocks(rows, width)
    assert [row for block in found for row in range(rows)[block]] == list(range(rows))
    assert all(block.stop - block.start == 1 or (block.stop - block.start) * width <= 20 for block in found)
