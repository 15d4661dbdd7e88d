"""The best few of many scores, in an order that does not depend on chance.

What does not belong here: where the scores come from.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ecom_pipeline.ml.recommend.interactions import Floats, Positions

GROUPS = 8
"""Groups of columns for each place of a list; the more, the fewer scores are left to be sorted."""
PER_GROUP = 16
"""Columns in a group from which on the groups pay."""
BLOCK = 8_000_000
"""Scores held at once; the customers are worked through in blocks of that many."""


def top_k(scores: Floats, k: int) -> tuple[Positions, Floats]:
    """Positions and scores of the ``k`` best of each row, best first; equal scores by position.

    >>> positions, best = top_k(np.array([[0.1, 0.9, 0.5, 0.9]]), 3)
    >>> positions.tolist(), best.tolist()
    ([[1, 3, 2]], [[0.9, 0.9, 0.5]])
    """
    width = scores.shape[1]
    if k >= width:
        positions: Positions = np.broadcast_to(np.arange(width), scores.shape)
    elif k * GROUPS * PER_GROUP < width:
        positions = _above_a_bound(scores, k)
    else:
        positions = _partitioned(scores, k)
    best = np.take_along_axis(scores, positions, axis=1)
    order = np.argsort(-best, axis=1, kind="stable")
    return np.take_along_axis(positions, order, axis=1), np.take_along_axis(best, order, axis=1)


def top_k_of(scores: Floats, only: sparse.csr_matrix, k: int) -> tuple[Positions, Floats]:
    """Do as ``top_k`` for the cells of ``only`` alone; a row with fewer ends in position 0 with minus infinity.

    >>> positions, best = top_k_of(np.array([[0.1, 0.9, 0.5]]), sparse.csr_matrix([[True, False, True]]), 3)
    >>> positions.tolist(), best.tolist()
    ([[2, 0, 0]], [[0.5, 0.1, -inf]])
    """
    counts = np.diff(only.indptr)
    rows, columns = np.repeat(np.arange(len(counts)), counts), only.indices
    values = scores[rows, columns]
    place = position(rows)
    order = np.lexsort((columns, -values, rows))[place < k]
    shape = (len(counts), min(k, scores.shape[1]))
    positions, best = np.zeros(shape, dtype=np.int64), np.full(shape, -np.inf, dtype=scores.dtype)
    cells = rows[order], place[place < k]
    positions[cells], best[cells] = columns[order], values[order]
    return positions, best


def _above_a_bound(scores: Floats, k: int) -> Positions:
    """Positions of the best, ascending, by a bound that at least ``k`` scores reach and few others: no full partition.

    The bound is the ``k``-th best of the maxima of groups of columns. Rows where many scores share it are partitioned.
    """
    groups = k * GROUPS
    maxima = scores[:, :groups].copy()
    for start in range(groups, scores.shape[1], groups):
        part = scores[:, start : start + groups]
        np.maximum(maxima[:, : part.shape[1]], part, out=maxima[:, : part.shape[1]])
    bound = np.partition(maxima, groups - k, axis=1)[:, groups - k]
    reach = scores >= bound[:, None]
    reach[np.isneginf(bound)] = False
    places = np.flatnonzero(reach)
    rows, columns = np.divmod(places, scores.shape[1])
    counts = np.bincount(rows, minlength=len(scores))
    best_first = np.lexsort((columns, -scores[rows, columns], rows))
    starts = np.cumsum(counts) - counts
    clear, crowded = (
        np.flatnonzero(each) for each in ((counts >= k) & (counts <= groups), (counts < k) | (counts > groups))
    )
    positions = np.empty((len(scores), k), dtype=np.int64)
    positions[clear] = np.sort(columns[best_first[starts[clear, None] + np.arange(k)]], axis=1)
    if len(crowded):
        positions[crowded] = _partitioned(scores[crowded], k)
    return positions


def _partitioned(scores: Floats, k: int) -> Positions:
    width = scores.shape[1]
    return _first_of_equals(scores, np.argpartition(scores, width - k, axis=1)[:, width - k :])


def _first_of_equals(scores: Floats, positions: Positions) -> Positions:
    """Sort the positions of the best, and where more than fit share the lowest score among them, take the first of those.

    Which of equals a partition takes depends on the processor.
    """
    k = positions.shape[1]
    lowest = np.take_along_axis(scores, positions, axis=1).min(axis=1)
    crowded = np.flatnonzero((scores >= lowest[:, None]).sum(axis=1) > k)
    if len(crowded):
        above = scores[crowded] > lowest[crowded, None]
        equal = scores[crowded] == lowest[crowded, None]
        room = k - above.sum(axis=1, keepdims=True)
        chosen = above | (equal & (np.cumsum(equal, axis=1, dtype=np.int32) <= room))
        positions[crowded] = np.nonzero(chosen)[1].reshape(-1, k)
    return np.sort(positions, axis=1)


def position(group: np.ndarray) -> np.ndarray:
    """Place within a run of equal values, from 0.

    >>> position(np.array([7, 7, 7, 2, 2, 7])).tolist()
    [0, 1, 2, 0, 1, 0]
    """
    starts = np.flatnonzero(np.diff(group, prepend=group[0] - 1)) if len(group) else np.empty(0, dtype=np.int64)
    return np.arange(len(group)) - np.repeat(starts, np.diff(np.append(starts, len(group))))


def blocks(rows: int, width: int) -> list[slice]:
    """Slices of ``rows`` such that each block holds at most ``BLOCK`` scores of that width."""
    step = max(1, BLOCK // max(1, width))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]
