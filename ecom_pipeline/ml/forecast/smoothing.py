"""The cheap models, always first: naive, averages, exponential smoothing, theta, and TSB for intermittent demand.

Textbook methods, each for all series of a panel at once: a step of the recursion is one NumPy operation over series and
candidate parameters, so that a thousand series cost little more than one. Missing periods are skipped: they teach
nothing. References: Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., sections 5.2, 8.1, 8.3
and 13.2; Hyndman & Billah (2003), *Unmasking the Theta method*; Teunter, Syntetos & Babai (2011), *Intermittent demand:
Linking forecasting to inventory obsolescence*. What does not belong here: anything that needs a library.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

import numpy as np

from ecom_pipeline.ml.forecast.base import Forecaster
from ecom_pipeline.ml.forecast.calendar import Effects
from ecom_pipeline.ml.forecast.panel import Panel, known_mean, known_sums

ALPHAS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0)
GAMMAS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
AVERAGED_PERIODS = 28
DAMPING = 0.98
TREND_PERIODS = 364
"""Over which a trend is measured: a year of days, all weeks, months or quarters."""
LOG_UNITS = 10
"""Units of a series' mean in which logarithms are taken: from a tenth of it on, a value is told from nothing."""
SMOOTHED_PERIODS = 3 * 365
"""Older periods are left out: no smoothing worth choosing remembers them."""


class SeasonalNaive(Forecaster):
    """Every period sells what the same period of the last season sold, or the one before where that is unknown."""

    name: ClassVar[str] = "seasonal_naive"
    is_baseline: ClassVar[bool] = True
    minimum_periods: ClassVar[int] = 7

    def fit(self, panel: Panel) -> Self:
        """Remember the last known value of each place in the season."""
        self.panel_ = panel
        self.failures_ = {}
        seasons = min(8, panel.length // panel.season + 1)
        padded = np.pad(panel.values, ((0, 0), (seasons * panel.season, 0)), constant_values=np.nan)
        by_season = padded[:, -seasons * panel.season :].reshape(len(panel.keys), seasons, panel.season)
        last = np.full((len(panel.keys), panel.season), np.nan)
        for place in range(seasons):
            last = np.where(np.isfinite(by_season[:, place]), by_season[:, place], last)
        mean = known_mean(panel.values[:, -panel.season :])
        self.last_season_ = np.where(np.isfinite(last), last, mean[:, np.newaxis])
        return self

    def predict(self, horizon: int, effects: Effects | None = None) -> np.ndarray:
        """Repeat the last season."""
        return self._answer(self.panel_, np.take(self.last_season_, np.arange(horizon) % self.panel_.season, axis=1))


class MovingAverage(Forecaster):
    """Every period sells the mean of the last `AVERAGED_PERIODS`, or of a year if that has fewer, or of what there is."""

    name: ClassVar[str] = "moving_average"
    is_baseline: ClassVar[bool] = True
    minimum_periods: ClassVar[int] = 1

    def fit(self, panel: Panel) -> Self:
        """Average the end of each series; of the whole series where nothing in the window is known."""
        self.panel_ = panel
        self.failures_ = {}
        recent = known_mean(panel.values[:, -min(AVERAGED_PERIODS, panel.year) :])
        self.level_ = np.where(np.isfinite(recent), recent, known_mean(panel.values))
        return self

    def predict(self, horizon: int, effects: Effects | None = None) -> np.ndarray:
        """Repeat the mean."""
        return self._answer(self.panel_, np.tile(self.level_[:, np.newaxis], horizon))


class ExponentialSmoothing(Forecaster):
    """A level and, from two seasons on, an additive seasonal pattern: ETS(A,N,N) and ETS(A,N,A), Holt-Winters without trend.

    There is no trend: over four weeks an extrapolated one costs more than it brings; `Theta` has half of one. The first
    two seasons give the starting level and pattern; each series gets the smoothing parameters of a fixed grid with the
    least squared error one period ahead.

    Parameters
    ----------
    alphas, gammas
        Candidates for the smoothing of level and seasonal pattern.
    """

    name: ClassVar[str] = "exponential_smoothing"
    is_baseline: ClassVar[bool] = True
    minimum_periods: ClassVar[int] = 1

    def __init__(self, *, alphas: tuple[float, ...] = ALPHAS, gammas: tuple[float, ...] = GAMMAS) -> None:
        self.alphas = alphas
        self.gammas = gammas

    def fit(self, panel: Panel) -> Self:
        """Smooth all series with every pair of parameters at once and keep the best pair of each."""
        panel = panel.last(SMOOTHED_PERIODS)
        self.panel_ = panel
        self.failures_ = {}
        season, rows = panel.season, np.arange(len(panel.keys))
        alpha, gamma = (grid.ravel() for grid in np.meshgrid(self.alphas, self.gammas, indexing="ij"))
        seasonal = panel.known >= 2 * season
        level, pattern = _starting_state(panel, seasonal)
        levels = np.tile(level[:, np.newaxis], len(alpha))
        patterns = np.tile(pattern.T[:, :, np.newaxis], len(alpha))
        gammas = np.where(seasonal[:, np.newaxis], gamma, 0.0)
        squared = np.zeros_like(levels)
        for period in range(int(panel.starts.min(initial=panel.length)), panel.length):
            values = panel.values[:, period]
            place = patterns[period % season]
            error = np.where(np.isfinite(values), values, 0.0)[:, np.newaxis] - levels - place
            error[~np.isfinite(values)] = 0.0
            squared += error**2
            levels += alpha * error
            place += gammas * error
        best = squared.argmin(axis=1)
        self.alpha_, self.gamma_ = alpha[best], gammas[rows, best]
        self.level_ = levels[rows, best]
        self.pattern_ = np.roll(patterns[:, rows, best].T, -(panel.length % season), axis=1)
        return self

    def predict(self, horizon: int, effects: Effects | None = None) -> np.ndarray:
        """Repeat the last level with the last pattern."""
        return self._answer(self.panel_, self._smoothed(horizon))

    def _smoothed(self, horizon: int) -> np.ndarray:
        pattern = np.take(self.pattern_, np.arange(horizon) % self.panel_.season, axis=1)
        return np.asarray(self.level_[:, np.newaxis] + pattern)


class LogSmoothing(ExponentialSmoothing):
    """Exponential smoothing of logarithms, so that patterns multiply, and a bulk order or a spike hardly moves the level.

    Its forecast is near the median of what varies upwards, where the others are near the mean. A value ``v`` of a series of
    mean ``m`` becomes ``log(1 + 10 v / m)``, which days without a sale have too; values below zero count as 0.
    """

    name: ClassVar[str] = "log_smoothing"

    def fit(self, panel: Panel) -> Self:
        """Smooth the logarithms; see `ExponentialSmoothing.fit`."""
        sold = np.maximum(panel.last(SMOOTHED_PERIODS).values, 0.0)
        mean = np.nan_to_num(known_mean(sold))
        self.unit_ = np.where(mean > 0, mean / LOG_UNITS, 1.0)
        logs = np.log1p(np.maximum(panel.values, 0.0) / self.unit_[:, np.newaxis])
        return super().fit(replace(panel, values=logs))

    def predict(self, horizon: int, effects: Effects | None = None) -> np.ndarray:
        """Repeat the last level with the last pattern."""
        return self._answer(self.panel_, np.expm1(self._smoothed(horizon)) * self.unit_[:, np.newaxis])


class Theta(LogSmoothing):
    """Exponential smoothing with half of the linear trend as drift, which is the theta method, of logarithms: growth multiplies too.

    The drift is added to the pattern of `LogSmoothing` and fades: in its ``k``-th period it grows by `DAMPING` ``** k``.
    """

    name: ClassVar[str] = "theta"
    minimum_periods: ClassVar[int] = 28

    def fit(self, panel: Panel) -> Self:
        """Smooth, and fit the trend by least squares to the means of whole seasons, which have no pattern."""
        super().fit(panel)
        self.slope_ = _slopes(_season_means(self.panel_.last(TREND_PERIODS).values, panel.season))
        return self

    def _smoothed(self, horizon: int) -> np.ndarray:
        grown = np.cumsum(DAMPING ** np.arange(1, horizon + 1))
        return super()._smoothed(horizon) + self.slope_[:, np.newaxis] / 2 * grown


class Tsb(Forecaster):
    """For series that sell now and then: the chance of a sale and its size, smoothed apart (Teunter-Syntetos-Babai).

    Unlike Croston's method it forgets a product that stopped selling. The smoothing parameters of each series are those
    of a grid with the least squared error.
    """

    name: ClassVar[str] = "tsb"
    is_baseline: ClassVar[bool] = True
    minimum_periods: ClassVar[int] = 14

    def __init__(
        self, *, alphas: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4), betas: tuple[float, ...] = (0.01, 0.03, 0.1, 0.2)
    ) -> None:
        self.alphas = alphas
        self.betas = betas

    def fit(self, panel: Panel) -> Self:
        """Smooth all series with every pair of parameters at once and keep the best pair of each."""
        panel = panel.last(SMOOTHED_PERIODS)
        self.panel_ = panel
        self.failures_ = {}
        alpha, beta = (grid.ravel() for grid in np.meshgrid(self.alphas, self.betas, indexing="ij"))
        sold = panel.values > 0
        known = np.isfinite(panel.values)
        chance = np.tile((sold.sum(axis=1) / np.maximum(known.sum(axis=1), 1))[:, np.newaxis], len(alpha))
        sizes = np.where(sold, np.nan_to_num(panel.values), 0.0).sum(axis=1) / np.maximum(sold.sum(axis=1), 1)
        size = np.tile(sizes[:, np.newaxis], len(alpha))
        squared = np.zeros_like(size)
        for period in range(int(panel.starts.min(initial=panel.length)), panel.length):
            values, happened = np.nan_to_num(panel.values[:, period])[:, np.newaxis], sold[:, period, np.newaxis]
            here = known[:, period, np.newaxis]
            squared += np.where(here, (values - chance * size) ** 2, 0.0)
            size += np.where(here & happened, alpha * (values - size), 0.0)
            chance += np.where(here, beta * (happened - chance), 0.0)
        best = squared.argmin(axis=1)
        rows = np.arange(len(panel.keys))
        self.rate_ = chance[rows, best] * size[rows, best]
        return self

    def predict(self, horizon: int, effects: Effects | None = None) -> np.ndarray:
        """Repeat chance times size."""
        return self._answer(self.panel_, np.tile(self.rate_[:, np.newaxis], horizon))


CHEAP: tuple[type[Forecaster], ...] = (MovingAverage, SeasonalNaive, Tsb, ExponentialSmoothing, LogSmoothing, Theta)
"""Simplest first."""


def _starting_state(panel: Panel, seasonal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Level (S,) and pattern (S, season) of the first two seasons; the first value and no pattern where there are fewer."""
    season, rows = panel.season, np.arange(len(panel.keys))
    first = np.minimum(panel.starts, panel.length - 1)
    places = np.minimum(first[:, np.newaxis] + np.arange(2 * season), panel.length - 1)
    early = panel.values[rows[:, np.newaxis], places]
    level = np.where(seasonal, known_mean(early), panel.values[rows, first])
    by_place = known_mean(early.reshape(len(rows), 2, season).transpose(0, 2, 1).reshape(-1, 2)).reshape(-1, season)
    pattern = np.zeros((len(rows), season))
    np.put_along_axis(pattern, places[:, :season] % season, np.nan_to_num(by_place - level[:, np.newaxis]), axis=1)
    pattern[~seasonal] = 0.0
    return np.nan_to_num(level), pattern


def _season_means(values: np.ndarray, season: int) -> np.ndarray:
    """(S, T - season + 1) mean of every ``season`` periods in a row; NaN where half of them are unknown."""
    sums, counts = known_sums(values, season)
    return np.where(2 * counts > season, sums / np.maximum(counts, 1), np.nan)


def _slopes(values: np.ndarray) -> np.ndarray:
    """(S,) least-squares slope of each row over its known periods; 0 where there are too few."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    time = np.where(known, np.arange(values.shape[1]), 0.0)
    centred = np.where(known, time - time.sum(axis=1, keepdims=True) / count, 0.0)
    spread = (centred**2).sum(axis=1)
    return np.asarray(np.where(spread > 0, (centred * np.nan_to_num(values)).sum(axis=1) / np.maximum(spread, 1), 0.0))
