"""Rolling origin: every model forecasts the same weeks of the past, knowing only what came before them.

The origins end where the series ends and lie one horizon apart, so that no day is forecast twice. What does not
belong here: which models compete, and what follows from the errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.base import Forecaster, ForecastError
from ecom_pipeline.ml.forecast.intervals import with_band
from ecom_pipeline.ml.forecast.metrics import WEEK, bias, coverage, mase, seasonal_scale, wape

FEWEST_TRAINING_DAYS = 14
WANTED_TRAINING_DAYS = 28
METRICS = ("wape", "mase", "bias", "coverage")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where the series is cut: training days before each origin, oldest first, and the days forecast after it."""

    training_days: tuple[int, ...]
    horizon: int


def plan(days: int, *, horizon: int, origins: int = 3) -> Plan | None:
    """Cut a history of ``days``; None where it is too short to leave two weeks to learn from and one to forecast.

    As many of the wanted origins are used as leave four weeks of training. A short history is tested on a shorter
    horizon.

    >>> plan(365, horizon=28)
    Plan(training_days=(281, 309, 337), horizon=28)
    >>> plan(30, horizon=28)
    Plan(training_days=(14,), horizon=16)
    >>> plan(20, horizon=28) is None
    True
    """
    ahead = min(horizon, days - FEWEST_TRAINING_DAYS)
    if ahead < min(WEEK, horizon):
        return None
    count = max(1, min(origins, (days - WANTED_TRAINING_DAYS) // ahead))
    return Plan(training_days=tuple(days - ahead * back for back in range(count, 0, -1)), horizon=ahead)


def backtest(
    series: pd.Series, calendar: pd.DataFrame, models: Sequence[Forecaster], cuts: Plan
) -> tuple[pd.DataFrame, Mapping[str, str]]:
    """Let every model forecast every cut.

    A model without a band of its own gets, at each origin, the band of its errors at the origins before; at the first
    it has none.

    Returns
    -------
    pandas.DataFrame
        ``model, origin, forecast_date, actual, forecast, lower, upper, scale``; ``origin`` counts from 0, ``scale`` is
        the unit of MASE there.
    Mapping[str, str]
        The models that failed, with the reason; they have no rows.
    """
    tested, failed = [], {}
    for model in models:
        rows: list[pd.DataFrame] = []
        try:
            for origin, days in enumerate(cuts.training_days):
                rows.append(_forecast_cut(series, calendar, model, origin, days, cuts.horizon, rows))
        except ForecastError as error:
            failed[model.name] = str(error)
            continue
        tested += rows
    return pd.concat(tested, ignore_index=True), failed


def _forecast_cut(
    series: pd.Series,
    calendar: pd.DataFrame,
    model: Forecaster,
    origin: int,
    days: int,
    horizon: int,
    earlier: list[pd.DataFrame],
) -> pd.DataFrame:
    history, future = series.iloc[:days], series.iloc[days : days + horizon]
    forecasts = model.fit(history, calendar).predict(horizon)
    if forecasts["lower"].isna().all():
        forecasts = with_band(forecasts, residuals(pd.concat(earlier)) if earlier else [])
    scale = seasonal_scale(history)
    return forecasts.assign(
        model=model.name,
        origin=origin,
        actual=future.to_numpy(dtype=float),
        scale=np.nan if scale is None else scale,
    )


def residuals(tested: pd.DataFrame) -> np.ndarray:
    """Actual minus forecast, per tested day."""
    errors: np.ndarray = (tested["actual"] - tested["forecast"]).to_numpy(dtype=float)
    return errors


def scores(tested: pd.DataFrame) -> dict[str, float | None]:
    """The figures of `METRICS` over the rows of a backtest, whatever series and origins they come from."""
    actual, forecast = tested["actual"], tested["forecast"]
    return {
        "wape": wape(actual, forecast),
        "mase": mase(actual, forecast, tested["scale"]),
        "bias": bias(actual, forecast),
        "coverage": coverage(actual, tested["lower"], tested["upper"]),
    }
