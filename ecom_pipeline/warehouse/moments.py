"""Sample covariance of the rows of a table, whatever their number: the database streams them, and none is kept.

One pass. Every column is shifted by the median of its first rows before anything is multiplied: sums of products cancel
only where the mean is far from zero (Chan, Golub and LeVeque 1983). The database decompresses, casts and shifts, and each
batch of rows is multiplied where matrices are fast. What does not belong here: what a covariance is good for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb
import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.sql import quoted
from ecom_pipeline.warehouse.names import count

if TYPE_CHECKING:
    from pyarrow import RecordBatch

Array = NDArray[np.float64]
LARGEST = 1e150
"""Beyond it a square is no longer a finite number."""
FIRST_ROWS = 1_000
"""Rows whose median is taken off: nearer to the mean than that costs no digit."""
BATCH_ROWS = 4_096
"""Rows that are in memory at a time: as many as stay in the processor's cache."""


def sample_covariance(connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]) -> Array:
    """Covariance of numeric columns, with the divisor n - 1; exactly zero for a column that does not vary.

    Parameters
    ----------
    relation
        A table or a parenthesised SELECT, without a missing value in the columns.

    Raises
    ------
    ValueError
        Fewer than two rows, or a value that is missing or too large to be squared: says in which column.
    """
    values = [f"cast({quoted(name)} as double)" for name in columns]
    medians = ", ".join(f"coalesce(median({value}), 0)" for value in values)
    shifts = connection.execute(f"select {medians} from (from {relation} limit {FIRST_ROWS})").fetchall()[0]
    shifted = ", ".join(
        f"{value} - {shift if math.isfinite(shift) else 0.0!r}::double as d{place}"
        for place, (value, shift) in enumerate(zip(values, shifts, strict=True))
    )
    rows, sums, products = 0, np.zeros(len(columns)), np.zeros((len(columns), len(columns)))
    batches = connection.sql(f"select {shifted} from {relation}").to_arrow_reader(BATCH_ROWS)
    for more, added, multiplied in _moments_of(batches):
        rows, sums, products = rows + more, sums + added, products + multiplied
    if rows < 2:
        raise ValueError(f"{rows} rows, a sample covariance takes at least 2")
    for name, square in zip(columns, np.diag(products), strict=True):
        if not math.isfinite(square):
            value = f"cast({quoted(name)} as double)"
            unusable = count(connection, f"(from {relation} where {value} is null or not abs({value}) <= {LARGEST})")
            raise ValueError(f"{name}: {unusable} values are missing or too large to be squared")
    covariance: Array = (products - np.outer(sums, sums) / rows) / (rows - 1)
    return covariance


def _moments_of(batches: Iterable[RecordBatch]) -> Iterator[tuple[int, Array, Array]]:
    """Rows, sums and products of each batch, worked out while the database brings the next one."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        running = None
        for batch in batches:
            following = worker.submit(_moments, batch)
            if running:
                yield running.result()
            running = following
        if running:
            yield running.result()


def _moments(batch: RecordBatch) -> tuple[int, Array, Array]:
    values = np.asarray(batch.to_tensor(null_to_nan=True, row_major=False))
    with np.errstate(over="ignore", invalid="ignore"):
        return len(values), values.sum(axis=0), values.T @ values
