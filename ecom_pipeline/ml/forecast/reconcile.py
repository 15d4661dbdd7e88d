"""Sums agree: products add up to their category, categories and all other groups to the total, nothing below zero.

Every series has its own forecast; where they disagree, each gives way by as much as it is usually wrong. Upwards, a
parent's own forecast and the sum of its parts are averaged by how wrong each was on past origins: the error of the sum is
measured, not added up from its parts, because the parts of a shop err together. (Adding it up had made the categories of
the sample shop worse: WAPE 0.482 instead of 0.416.) Downwards, what is missing is handed on by the variance of the parts.
With errors that do not depend on each other this is minimum-trace reconciliation with a diagonal covariance, on a tree and
without a matrix: Wickramasuriya, Athanasopoulos & Hyndman (2019), *Optimal forecast reconciliation for hierarchical and
grouped time series through trace minimization*. What does not belong here: intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Hierarchy:
    """What adds up to what.

    Attributes
    ----------
    parent
        (S,) row that each series is a part of; -1 for a root.
    group
        (S,) the parts of a parent in the same group sum to it: by category, and again by brand.
    """

    parent: np.ndarray
    group: np.ndarray

    def parts(self) -> dict[tuple[int, str], np.ndarray]:
        """Rows that sum to a row, per row and group; parents of parents first."""
        found: dict[tuple[int, str], list[int]] = {}
        for row, above in enumerate(self.parent):
            if above >= 0:
                found.setdefault((int(above), str(self.group[row])), []).append(row)
        depth = _depths(self.parent)
        return {key: np.array(found[key]) for key in sorted(found, key=lambda key: (depth[key[0]], key))}

    def errors_of_sums(self, forecast: np.ndarray, actual: np.ndarray) -> dict[tuple[int, str], float]:
        """Mean squared error of the sum of the parts, per row and group, on past origins (O, S, H); those without are left out."""
        found = {}
        for (row, group), below in self.parts().items():
            known = np.isfinite(actual[:, row]) & np.isfinite(forecast[:, below]).any(axis=1)
            if known.any():
                gap = np.nansum(forecast[:, below], axis=1) - actual[:, row]
                found[(row, group)] = float(np.square(gap[known]).mean())
        return found


def reconcile(
    forecast: np.ndarray, variance: np.ndarray, hierarchy: Hierarchy, sums: Mapping[tuple[int, str], float]
) -> np.ndarray:
    """Make a forest of forecasts add up.

    Parameters
    ----------
    forecast
        (S, H), not below zero.
    variance
        (S,) mean squared error of each, above zero.
    sums
        Mean squared error of the sum of the parts, per row and group; where there is none, the row's own forecast stands.

    Returns
    -------
    numpy.ndarray
        (S, H), not below zero; every parent is the sum of its parts in each group.
    """
    parts = hierarchy.parts()
    value, spread = forecast.astype(float).copy(), variance.astype(float).copy()
    for key, below in reversed(parts.items()):
        row = key[0]
        share = spread[row] / (spread[row] + sums.get(key, np.inf))
        value[row] = (1 - share) * value[row] + share * value[below].sum(axis=0)
        spread[row] *= 1 - share
    for (row, _), below in parts.items():
        value[below] = handed_down(value[row], value[below], spread[below])
    return value


def handed_down(total: np.ndarray, parts: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Change parts (n, H) so that they sum to a total (H,), by variance (n,), none below zero.

    >>> handed_down(np.array([10.0]), np.array([[2.0], [4.0]]), np.array([1.0, 3.0])).ravel().tolist()
    [3.0, 7.0]
    >>> handed_down(np.array([3.0]), np.array([[1.0], [9.0]]), np.array([1.0, 1.0])).ravel().tolist()
    [0.0, 3.0]
    """
    free = np.ones(parts.shape, dtype=bool)
    found = parts.copy()
    for _ in range(len(parts)):
        share = np.where(free, variance[:, np.newaxis], 0.0)
        share /= np.maximum(share.sum(axis=0), np.finfo(float).tiny)
        missing = total - np.where(free, parts, 0.0).sum(axis=0)
        found = np.where(free, parts + share * missing, 0.0)
        below = found < 0
        if not below.any():
            break
        free &= ~below
    found = np.maximum(found, 0.0)
    summed = found.sum(axis=0)
    return np.asarray(found * np.where(summed > 0, total / np.where(summed > 0, summed, 1.0), 0.0))


def reconciled_past(past: np.ndarray, actual: np.ndarray, hierarchy: Hierarchy) -> np.ndarray:
    """Each origin reconciled with what the origins before it knew, over the periods that its roots have."""
    found = past.copy()
    for origin, forecast in enumerate(past):
        known = np.isfinite(forecast)
        whole = known[hierarchy.parent < 0].all(axis=0)
        if whole.any():
            variance = error_variance((actual - past)[:origin], np.where(known, forecast, 0.0))
            sums = hierarchy.errors_of_sums(past[:origin], actual[:origin])
            agreed = reconcile(np.where(known, forecast, 0.0)[:, whole], variance, hierarchy, sums)
            found[origin][:, whole] = np.where(known[:, whole], agreed, np.nan)
    return found


def error_variance(errors: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """(S,) mean squared error of each series (O, S, H); where untested, that of a Poisson variable, scaled like the tested ones."""
    known = np.isfinite(errors)
    count = known.sum(axis=(0, 2))
    squared = (np.where(known, errors, 0.0) ** 2).sum(axis=(0, 2))
    mean = forecast.mean(axis=1)
    tested = (count > 0) & (mean > 0)
    dispersion = np.median(squared[tested] / count[tested] / mean[tested]) if tested.any() else 1.0
    floor = 1e-6 * max(1.0, float(np.square(mean).max(initial=0.0)) * 1e-6)
    return np.asarray(np.maximum(np.where(count > 0, squared / np.maximum(count, 1), dispersion * mean), floor))


def _depths(parent: np.ndarray) -> np.ndarray:
    depth = np.zeros(len(parent), dtype=int)
    for row in range(len(parent)):
        above = parent[row]
        while above >= 0:
            depth[row] += 1
            above = parent[above]
    return depth
