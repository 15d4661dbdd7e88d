"""Sample covariance and Pearson's correlation by the textbook formulas.

Two passes: the means first, then the products of the deviations, divided by n - 1. The one-pass shortcut (mean of
products minus product of means) cancels catastrophically for large values. What does not belong here: choosing
features.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST = 1e150
"""Beyond it a square is no longer a finite number."""


def deviations(values: ArrayLike) -> NDArray[np.float64]:
    """Values minus the mean of their column; exactly zero in a column that does not vary.

    Raises
    ------
    ValueError
        A value is missing, infinite or too large to be squared: says where.
    """
    table = np.asarray(values, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"values: {table.ndim} dimensions, expected rows and columns")
    unusable = np.argwhere(~(np.abs(table) <= LARGEST))
    if len(unusable):
        row, column = unusable[0]
        raise ValueError(f"row {row}, column {column}: {table[row, column]} is not a number that can be squared")
    if not len(table):
        return table
    centred: NDArray[np.float64] = table - table.mean(axis=0)
    centred[:, table.min(axis=0) == table.max(axis=0)] = 0.0
    return centred


def sample_covariance(values: ArrayLike) -> NDArray[np.float64]:
    """Covariance of the columns, with the divisor n - 1.

    >>> sample_covariance([[1, 2], [3, 6], [5, 10]]).tolist()
    [[4.0, 8.0], [8.0, 16.0]]

    Raises
    ------
    ValueError
        Fewer than two rows, or a value that cannot be used.
    """
    centred = deviations(values)
    if len(centred) < 2:
        raise ValueError(f"{len(centred)} rows, a sample covariance takes at least 2")
    covariance: NDArray[np.float64] = centred.T @ centred / (len(centred) - 1)
    return (covariance + covariance.T) / 2


def correlation(covariance: ArrayLike) -> NDArray[np.float64]:
    """Pearson's correlation from a covariance; not a number where one of the two does not vary.

    >>> correlation([[4, 8, 0], [8, 16, 0], [0, 0, 0]])[0].tolist()
    [1.0, 1.0, nan]
    """
    matrix = np.asarray(covariance, dtype=float)
    deviation = np.sqrt(np.diag(matrix))
    varies = deviation > 0
    unit = np.where(varies, deviation, np.nan)
    result: NDArray[np.float64] = np.clip(matrix / unit[:, np.newaxis] / unit[np.newaxis, :], -1.0, 1.0)
    result[np.diag_indices_from(result)] = np.where(varies, 1.0, np.nan)
    return result
