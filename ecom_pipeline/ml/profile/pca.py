"""Principal components of behaviour: the eigenvectors of the correlation matrix, largest eigenvalue first.

Behaviour is skewed (a few customers do most of everything), so skewed columns are taken on a logarithmic scale before
all are standardised; otherwise the components would describe three customers. Reference: Jolliffe, *Principal
Component Analysis*, 2nd ed., chapters 1 to 3. What does not belong here: which features there are, and whether the
result is any good.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.profile.covariance import correlation, deviations, sample_covariance


class BehaviourPCA:
    """Principal components of standardised behaviour.

    Parameters
    ----------
    log_skewness
        Columns at least this skewed are replaced by their signed logarithm, ``sign(x) * log(1 + |x|)``; None for none.

    Attributes
    ----------
    features_
        Names of the columns that vary, in the order of all that follows. The others have nothing to say.
    logged_
        Which of them are taken on a logarithmic scale.
    mean_, scale_
        Mean and sample standard deviation of each, on its scale.
    components_
        One unit eigenvector a row; its loading of largest size is positive.
    explained_variance_, explained_variance_ratio_
        The eigenvalues, and their shares of the whole.
    """

    def __init__(self, *, log_skewness: float | None = 1.0) -> None:
        self.log_skewness = log_skewness

    def fit(self, behaviour: pd.DataFrame) -> Self:
        """Learn the components of one row per customer and one number per column.

        Raises
        ------
        ValueError
            Fewer than two rows, or a value that is no usable number.
        """
        values = behaviour.to_numpy(dtype=float)
        if len(values) < 2:
            raise ValueError(f"{len(values)} rows, at least 2 needed")
        logged = np.zeros(values.shape[1], dtype=bool)
        if self.log_skewness is not None:
            logged = skewness(values) >= self.log_skewness
        scaled = _on_scale(values, logged)
        covariance = sample_covariance(scaled)
        varies = np.diag(covariance) > 0
        self.features_ = [str(name) for name in behaviour.columns[varies]]
        self.logged_ = logged[varies]
        self.mean_ = scaled.mean(axis=0)[varies]
        self.scale_ = np.sqrt(np.diag(covariance)[varies])
        variances, vectors = np.linalg.eigh(correlation(covariance[np.ix_(varies, varies)]))
        components = vectors.T[::-1]
        extremes = [row[np.abs(row).argmax()] for row in components]
        self.components_ = components * np.sign(extremes)[:, np.newaxis]
        self.explained_variance_ = np.maximum(variances[::-1], 0.0)
        self.explained_variance_ratio_ = self.explained_variance_ / max(1, len(self.features_))
        return self

    def standardise(self, behaviour: pd.DataFrame) -> NDArray[np.float64]:
        """The features on their scale, with mean 0 and variance 1 among the customers learned from."""
        scaled = _on_scale(behaviour[self.features_].to_numpy(dtype=float), self.logged_)
        standard: NDArray[np.float64] = (scaled - self.mean_) / self.scale_
        return standard

    def transform(self, behaviour: pd.DataFrame) -> NDArray[np.float64]:
        """Scores: where each customer lies along each component."""
        scores: NDArray[np.float64] = self.standardise(behaviour) @ self.components_.T
        return scores


def _on_scale(values: NDArray[np.float64], logged: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(logged, np.sign(values) * np.log1p(np.abs(values)), values)


def skewness(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Third standardised moment of each column; zero where a column does not vary.

    >>> skewness(np.array([[0.0, 5.0], [0.0, 5.0], [0.0, 5.0], [4.0, 5.0]])).round(3).tolist()
    [1.155, 0.0]
    """
    centred = deviations(values)
    spread = np.abs(centred).max(axis=0)
    unit = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    variance = (unit**2).mean(axis=0)
    third = (unit**3).mean(axis=0)
    skewed: NDArray[np.float64] = np.divide(third, variance**1.5, out=np.zeros_like(third), where=variance > 0)
    return skewed
