"""The interface of every forecasting model: ``fit`` on a panel of series, ``predict`` the periods that follow it.

A model knows nothing of shops or backtests. Constructors take keywords and only store them; what ``fit`` learns ends in
``_``. A series that a model cannot forecast has NaN in its row and a reason in ``failures_``: it never stops the others.
What does not belong here: any particular model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import numpy as np

from ecom_pipeline.ml.forecast.calendar import Effects
from ecom_pipeline.ml.forecast.panel import Panel, SeriesKey

LEVELS = (0.8, 0.95)
"""Shares of periods the two bands are meant to hold."""


class ForecastError(RuntimeError):
    """A model could not be fitted, or no model has an answer: says which and why."""


class Forecaster(ABC):
    """One model for the series of a panel.

    Attributes
    ----------
    name
        What the model is called in every table.
    is_baseline
        Whether the model is a yardstick rather than a contender.
    minimum_periods
        Known periods below which a series is left without an answer.
    panel_
        The panel it was fitted to, as far back as it looked.
    failures_
        Why series that are long enough have no answer.
    """

    name: ClassVar[str]
    is_baseline: ClassVar[bool]
    minimum_periods: ClassVar[int]
    panel_: Panel
    failures_: dict[SeriesKey, str]

    @abstractmethod
    def fit(self, panel: Panel) -> Self:
        """Learn from a panel; missing values are unknown demand.

        Raises
        ------
        ForecastError
            The model as a whole cannot be fitted to this panel.
        """

    @abstractmethod
    def predict(self, horizon: int, effects: Effects | None = None) -> np.ndarray:
        """Forecast the ``horizon`` periods after the panel.

        Parameters
        ----------
        effects
            What is known about the coming periods, if other than what the panel says: same effects, same periods.

        Returns
        -------
        numpy.ndarray
            (S, horizon), never below zero; a row of NaN where there is no answer.
        """

    def _answer(self, panel: Panel, forecast: np.ndarray) -> np.ndarray:
        """Floor at zero; without an answer for series that are too short, or whose forecast is no finite number."""
        usable = (panel.known >= self.minimum_periods) & np.isfinite(forecast).all(axis=1)
        return np.where(usable[:, np.newaxis], np.maximum(forecast, 0.0), np.nan)
