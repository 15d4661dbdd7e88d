"""How far stated probabilities lie from what happened.

Every model that states a probability is judged by this one figure. What does not belong here: the table behind a chart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def calibration_error(outcome: ArrayLike, probability: ArrayLike, bins: int = 10) -> float:
    """Mean distance of the probability stated and the share that happened, over bins of equally many, the lowest first.

    The expected calibration error (Guo et al. 2017, "On calibration of modern neural networks") with bins of equal size
    (Nixon et al. 2019, "Measuring calibration in deep learning"), so that it also says something where all probabilities
    are small. Equal probabilities count as one, whatever their order. Not a number where there is nothing.

    >>> round(calibration_error([0, 0, 1, 1], [0.2, 0.2, 0.6, 0.6], bins=2), 3)
    0.3
    >>> calibration_error([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5])
    0.0
    """
    happened, stated = np.asarray(outcome, dtype=float), np.asarray(probability, dtype=float)
    if not len(stated):
        return float("nan")
    _, tied = np.unique(stated, return_inverse=True)
    share = (np.bincount(tied, happened) / np.bincount(tied))[tied]
    order = np.argsort(stated, kind="stable")
    gaps = [abs((stated - share)[part].sum()) for part in np.array_split(order, min(bins, len(order)))]
    return float(sum(gaps) / len(stated))
