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

Array = NDArray[np.float64]
SKEWED = 1.0
"""Skewness from which on a column is replaced by its signed logarithm, ``sign(x) * log(1 + |x|)``."""


class BehaviourPCA:
    """Principal components of standardised behaviour.

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

    def fit(self, behaviour: pd.DataFrame) -> Self:
        """Learn the components of one row per customer and one number per column, none missing."""
        varying = behaviour.loc[:, behaviour.nunique() > 1].astype(float)
        self.features_ = [str(name) for name in varying.columns]
        self.logged_ = varying.skew().to_numpy() >= SKEWED
        scaled = self._on_scale(varying)
        columns = pd.DataFrame(scaled)
        self.mean_, self.scale_ = columns.mean().to_numpy(), columns.std().to_numpy()
        variances, vectors = np.linalg.eigh(correlation(scaled))
        components = vectors.T[::-1]
        extremes = [row[np.abs(row).argmax()] for row in components]
        self.components_ = components * np.sign(extremes)[:, np.newaxis]
        self.explained_variance_ = np.maximum(variances[::-1], 0.0)
        self.explained_variance_ratio_ = self.explained_variance_ / max(1, len(self.features_))
        return self

    def standardise(self, behaviour: pd.DataFrame) -> Array:
        """The features on their scale, with mean 0 and variance 1 among the customers learned from."""
        standard: Array = (self._on_scale(behaviour) - self.mean_) / self.scale_
        return standard

    def transform(self, behaviour: pd.DataFrame) -> Array:
        """Scores: where each customer lies along each component."""
        scores: Array = self.standardise(behaviour) @ self.components_.T
        return scores

    def _on_scale(self, behaviour: pd.DataFrame) -> Array:
        values = behaviour[self.features_].to_numpy(dtype=float)
        scaled: Array = np.where(self.logged_, np.sign(values) * np.log1p(np.abs(values)), values)
        return scaled


def correlation(values: Array) -> Array:
    """Pearson's correlation of columns that all vary, of any number of them."""
    matrix: Array = np.corrcoef(values, rowvar=False).reshape(values.shape[1], values.shape[1])
    return matrix
