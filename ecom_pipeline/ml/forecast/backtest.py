"""Rolling origin: every model forecasts the same weeks of the past, knowing only what came before them.

The origins end where the panel ends and lie one horizon apart, so that no day is forecast twice. What does not belong
here: which models compete, and what follows from the errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ecom_pipeline.ml.forecast.base import Forecaster, ForecastError
from ecom_pipeline.ml.forecast.demand import Idle, idle_days
from ecom_pipeline.ml.forecast.metrics import seasonal_scale
from ecom_pipeline.ml.forecast.panel import Panel, SeriesKey
from ecom_pipeline.ml.forecast.period import WEEK_DAYS

ORIGINS = 3
THREADS = 2
"""Models at work at the same time; NumPy, LightGBM and Stan leave the interpreter free."""
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
    """

    models: tuple[str, ...]
    origins: tuple[int, ...]
    forecast: np.ndarray
    actual: np.ndarray
    scale: np.ndarray

    def errors(self) -> np.ndarray:
        """(M, O, S) mean absolute error; NaN where nothing was tested."""
        gaps = np.abs(self.forecast - self.actual)
        known = np.isfinite(gaps)
        count = known.sum(axis=3)
        return np.where(count > 0, np.where(known, gaps, 0.0).sum(axis=3) / np.maximum(count, 1), np.nan)

    def with_model(self, name: str, forecast: np.ndarray) -> Backtested:
        """The same backtest with one more answer, (O, S, H)."""
        return replace(
            self, models=(*self.models, name), forecast=np.concatenate([self.forecast, forecast[np.newaxis]])
        )

    def of(self, model: str) -> np.ndarray:
        """(O, S, H) what a model answered."""
        return np.asarray(self.forecast[self.models.index(model)])


def origins_of(panel: Panel, horizon: int) -> tuple[tuple[int, int], ...]:
    """Where a panel is cut, and how many periods are forecast there, oldest first.

    Series too short for the whole horizon are tested over their last week, which is a cut of its own.
    """
    cuts = [(panel.length - horizon * back, horizon) for back in range(ORIGINS, 0, -1)]
    cuts = [cut for cut in cuts if cut[0] >= FEWEST_PERIODS]
    too_short = panel.known < FEWEST_PERIODS + horizon
    if (too_short & (panel.known >= FEWEST_PERIODS + WEEK_DAYS)).any() and horizon > WEEK_DAYS:
        cuts.append((panel.length - WEEK_DAYS, WEEK_DAYS))
    return tuple(cuts)


def backtest(panel: Panel, entries: Sequence[Entry], horizon: int) -> Backtested:
    """Let every model forecast every cut; a model that fails has no answer."""
    cuts = origins_of(panel, horizon)
    shape = (len(cuts), len(panel.keys), horizon)
    actual, scale = np.full(shape, np.nan), np.full(shape[:2], np.nan)
    forecast = np.full((len(entries), *shape), np.nan)
    pasts, places = [panel.until(length) for length, _ in cuts], []
    idle = [idle_days(past, ahead) for past, (_, ahead) in zip(pasts, cuts, strict=True)]
    tested_before = np.zeros(len(panel.keys), dtype=bool)
    for place, (past, (length, ahead)) in enumerate(zip(pasts, cuts, strict=True)):
        tested = past.known >= FEWEST_PERIODS
        if ahead < horizon:
            tested &= ~tested_before
        tested_before |= tested
        rows = np.flatnonzero(tested)
        actual[place, rows, :ahead] = panel.values[rows, length : length + ahead]
        scale[place, rows] = seasonal_scale(past.values[rows], panel.season)
        places.append(rows)

    def ask(task: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        number, place = task
        entry, rows = entries[number], places[place]
        mine = rows if entry.rows is None else np.intersect1d(rows, entry.rows)
        return mine, answers(copy(entry.model), pasts[place], mine, cuts[place][1], idle[place]).forecast

    tasks = [(number, place) for number in range(len(entries)) for place in range(len(cuts))]
    with ThreadPoolExecutor(THREADS) as pool:
        for (number, place), (mine, found) in zip(tasks, pool.map(ask, tasks), strict=True):
            forecast[number, place, mine, : cuts[place][1]] = found
    return Backtested(
        models=tuple(entry.model.name for entry in entries),
        origins=tuple(length for length, _ in cuts),
        forecast=forecast,
        actual=actual,
        scale=scale,
    )


class Answer(NamedTuple):
    """What a model says of some series, (rows, horizon), and why it says nothing of others.

    ``if_open`` is what it would say if no day was closed.
    """

    forecast: np.ndarray
    failures: dict[SeriesKey, str]
    if_open: np.ndarray


def answers(model: Forecaster, panel: Panel, rows: np.ndarray, horizon: int, idle: Idle) -> Answer:
    """Fit a model to some series of a panel and ask it; the panel's idle days teach it nothing and sell nothing."""
    found, failures = np.full((len(rows), horizon), np.nan), {}
    closed, rest = (days[rows] for days in idle)
    unlike = (closed | rest)[:, : panel.length]
    width = CHUNK if model.is_baseline else max(1, len(rows))
    for start in range(0, len(rows), width):
        part = panel.only(rows[start : start + width])
        shut = unlike[start : start + width]
        part = replace(part, values=np.where(shut, np.nan, part.values)) if shut.any() else part
        try:
            found[start : start + width] = model.fit(part).predict(horizon)
            failures.update(model.failures_)
        except ForecastError as error:
            failures.update(dict.fromkeys(part.keys, str(error)))
    found = np.where(rest[:, panel.length :] & np.isfinite(found), 0.0, found)
    nothing = closed[:, panel.length :] & np.isfinite(found)
    return Answer(np.where(nothing, 0.0, found), failures, found)
