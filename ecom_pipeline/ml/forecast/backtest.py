"""Rolling origin: every model forecasts the same weeks of the past, knowing only what came before them.

The origins end where the panel ends and lie one horizon apart, so that no day is forecast twice. What does not belong
here: which models compete, and what follows from the errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ecom_pipeline.ml.forecast.base import Forecaster, ForecastError
from ecom_pipeline.ml.forecast.metrics import seasonal_scale
from ecom_pipeline.ml.forecast.panel import WEEK, Panel, SeriesKey

ORIGINS = 3
FEWEST_PERIODS = 14
"""A series is tested only after this many known periods."""
CHUNK = 2000
"""Series that a model without any limit gets at once: what bounds the memory."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A model that takes part, and the series (rows of the panel) it is tried on; all where ``rows`` is None."""

    model: Forecaster
    rows: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Backtested:
    """What a backtest found, for M models, O origins, S series and H periods ahead.

    Attributes
    ----------
    origins
        Periods known at each origin, oldest first.
    forecast
        (M, O, S, H); NaN where a model has no answer.
    actual
        (O, S, H); NaN where a series is not tested.
    scale
        (O, S) unit of MASE: the seasonal-naive error within the history; NaN where there is none.
    failures
        Per model the series that have no answer, and why.
    """

    models: tuple[str, ...]
    origins: tuple[int, ...]
    forecast: np.ndarray
    actual: np.ndarray
    scale: np.ndarray
    failures: Mapping[str, Mapping[SeriesKey, str]] = field(default_factory=dict)

    def errors(self) -> np.ndarray:
        """(M, O, S) mean absolute error; NaN where nothing was tested."""
        gaps = np.abs(self.forecast - self.actual)
        known = np.isfinite(gaps)
        count = known.sum(axis=3)
        return np.where(count > 0, np.where(known, gaps, 0.0).sum(axis=3) / np.maximum(count, 1), np.nan)

    def errors_of_sums(self) -> np.ndarray:
        """(M, O, S) absolute error of the sum over the periods that were tested; NaN where nothing was."""
        gaps = self.forecast - self.actual
        known = np.isfinite(gaps)
        return np.where(known.any(axis=3), np.abs(np.where(known, gaps, 0.0).sum(axis=3)), np.nan)

    def with_model(self, name: str, forecast: np.ndarray) -> Backtested:
        """The same backtest with one more answer, (O, S, H)."""
        return replace(
            self, models=(*self.models, name), forecast=np.concatenate([self.forecast, forecast[np.newaxis]])
        )

    def of(self, model: str) -> np.ndarray:
        """(O, S, H) what a model answered."""
        return np.asarray(self.forecast[self.models.index(model)])


def origins_of(panel: Panel, horizon: int, count: int = ORIGINS) -> tuple[tuple[int, int], ...]:
    """Where a panel is cut, and how many periods are forecast there, oldest first.

    Series too short for the whole horizon are tested over their last week, which is a cut of its own.
    """
    cuts = [(panel.length - horizon * back, horizon) for back in range(count, 0, -1)]
    cuts = [cut for cut in cuts if cut[0] >= FEWEST_PERIODS]
    too_short = panel.known < FEWEST_PERIODS + horizon
    if (too_short & (panel.known >= FEWEST_PERIODS + WEEK)).any() and horizon > WEEK:
        cuts.append((panel.length - WEEK, WEEK))
    return tuple(cuts)


def backtest(panel: Panel, entries: Sequence[Entry], horizon: int) -> Backtested:
    """Let every model forecast every cut; a model that fails has no answer, and its reason is kept."""
    cuts = origins_of(panel, horizon)
    shape = (len(cuts), len(panel.keys), horizon)
    actual, scale = np.full(shape, np.nan), np.full(shape[:2], np.nan)
    forecast = np.full((len(entries), *shape), np.nan)
    failures: dict[str, dict[SeriesKey, str]] = {}
    tested_before = np.zeros(len(panel.keys), dtype=bool)
    for place, (length, ahead) in enumerate(cuts):
        past = panel.until(length)
        tested = past.known >= FEWEST_PERIODS
        if ahead < horizon:
            tested &= ~tested_before
        tested_before |= tested
        rows = np.flatnonzero(tested)
        actual[place, rows, :ahead] = panel.values[rows, length : length + ahead]
        scale[place, rows] = seasonal_scale(past.values[rows], panel.season)
        for number, entry in enumerate(entries):
            mine = rows if entry.rows is None else np.intersect1d(rows, entry.rows)
            forecast[number, place, mine, :ahead] = answers(entry.model, past, mine, ahead, failures)
    return Backtested(
        models=tuple(entry.model.name for entry in entries),
        origins=tuple(length for length, _ in cuts),
        forecast=forecast,
        actual=actual,
        scale=scale,
        failures=failures,
    )


def answers(
    model: Forecaster, panel: Panel, rows: np.ndarray, horizon: int, failures: dict[str, dict[SeriesKey, str]]
) -> np.ndarray:
    """(rows, horizon) what a model says of some series; failures are added to ``failures``."""
    found = np.full((len(rows), horizon), np.nan)
    width = CHUNK if model.is_baseline else max(1, len(rows))
    for start in range(0, len(rows), width):
        part = panel.only(rows[start : start + width])
        try:
            found[start : start + width] = model.fit(part).predict(horizon)
            reasons = model.failures_
        except ForecastError as error:
            reasons = dict.fromkeys(part.keys, str(error))
        if reasons:
            failures.setdefault(model.name, {}).update(reasons)
    return found
