"""Bands from errors that were really made: quantiles of backtest residuals around the forecast.

The first, plain form of a calibrated band; every baseline gets its band here. What does not belong here: bands a
model samples itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ecom_pipeline.ml.forecast.base import INTERVAL, bounded


def with_band(forecasts: pd.DataFrame, residuals: ArrayLike, level: float = INTERVAL) -> pd.DataFrame:
    """Put the band that held ``level`` of the residuals (actual minus forecast) around the forecasts.

    Without residuals the bounds stay missing.
    """
    errors = np.asarray(residuals, dtype=float)
    if errors.size == 0:
        return forecasts
    low, high = np.quantile(errors, [(1 - level) / 2, (1 + level) / 2])
    return bounded(forecasts.assign(lower=forecasts["forecast"] + low, upper=forecasts["forecast"] + high))
