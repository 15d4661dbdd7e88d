"""Gradient boosting across all series: one LightGBM model learns from every series what follows what.

A training row is one period ahead of one past origin of one series: the features are what was known at that origin
(levels, the same place in the season, a year before, the price beside the quarter's) and what is known of the period (its
place in the season, holidays, events, promotions and closed days around it); the target is the amount in units of the series' recent mean. Trained this way the model answers
the very question it is asked, for the whole horizon at once and without feeding forecasts back. The loss is the absolute
error: the median is what MASE and WAPE reward. Method: direct forecasting with a global model, Montero-Manso & Hyndman
(2021), *Principles and algorithms for forecasting groups of time series*. LightGBM is imported when a model is fitted.
What does not belong here: whether its answer is used.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from ecom_pipeline.ml.forecast.base import Forecaster
from ecom_pipeline.ml.forecast.calendar import EffectKind, Effects
from ecom_pipeline.ml.forecast.demand import sells_often
from ecom_pipeline.ml.forecast.panel import Panel, known_mean

ROWS = 40_000
"""Training rows at most, per group of series."""
FEWEST_ROWS = 500
FEWEST_ORIGINS = 40
OLDEST_ORIGIN = 120
"""Periods before the end of which origins are learned from, if two years are fewer, as of months."""
SCALE_PERIODS = 56
"""Periods of which the mean is the unit of a series, or a year if that has fewer."""
LEARNING_RATE = 0.05
BAG = 0.5
"""Share of the rows that each tree sees: steadier by 1 % of WAPE, on four data sets at origins before the tested ones."""
AROUND = 14
"""Periods before and after a day within which what happens on it is seen coming, or remembered."""
SEEN_AROUND: tuple[EffectKind, ...] = ("holiday", "event", "closed", "promotion")
RECURRING = 3
"""A promotion that began so often is learned apart from the others: what came once is told from nothing else."""


class BoostingForecaster(Forecaster):
    """LightGBM with the absolute error as loss, across the series of the panel.

    Parameters
    ----------
    seed
        Fixes the sampling of features, rows and series.
    horizon
        Periods ahead it learns to answer for.
    rounds, leaves
        Size of the ensemble.
    rows
        Training rows at most, per group of series. One thread: at this size OpenMP's waiting costs more than it brings,
        and on a busy machine a hundred times more.
    """

    name: ClassVar[str] = "boosting"
    is_baseline: ClassVar[bool] = False
    minimum_periods: ClassVar[int] = 28

    def __init__(self, *, seed: int, horizon: int = 28, rounds: int = 150, leaves: int = 31, rows: int = ROWS) -> None:
        self.seed = seed
        self.horizon = horizon
        self.rounds = rounds
        self.leaves = leaves
        self.rows = rows

    def fit(self, panel: Panel) -> Self:
        """Learn from up to two years of origins before the end of the panel; see `Forecaster.fit`.

        Series that sell in most periods and those that do not are learned apart.
        """
        self.panel_ = panel
        self.failures_ = {}
        self.apart_ = _recurring(panel.effects.of_kind("promotion"), panel.length)
        often = sells_often(panel.values)
        self.models_: list[tuple[np.ndarray, Any]] = []
        for rows in (np.flatnonzero(often), np.flatnonzero(~often)):
            features, target = self._training(panel, rows)
            if len(target) >= FEWEST_ROWS:
                self.models_.append((rows, self._train(features, target)))
            else:
                words = f"boosting: {len(target)} training rows, at least {FEWEST_ROWS} needed"
                self.failures_.update({panel.keys[row]: words for row in rows})
        return self

    def predict(self, horizon: int, effects: Effects | None = None) -> np.ndarray:
        """Forecast all series at once; see `Forecaster.predict`."""
        panel = self.panel_
        forecast = np.full((len(panel.keys), horizon), np.nan)
        for rows, model in self.models_:
            scale = _scale(panel.values[rows], panel.length, panel.year)
            features = _features(panel, rows, panel.length, horizon, effects or panel.effects, scale, self.apart_)
            found = np.asarray(model.predict(features.reshape(-1, features.shape[-1]), num_threads=1))
            forecast[rows] = found.reshape(len(rows), horizon) * scale[:, np.newaxis]
        return self._answer(panel, forecast)

    def _train(self, features: np.ndarray, target: np.ndarray) -> Any:
        import lightgbm

        settings = {
            "objective": "l1",
            "num_leaves": self.leaves,
            "learning_rate": LEARNING_RATE,
            "min_data_in_leaf": 40,
            "feature_fraction": 0.7,
            "bagging_fraction": BAG,
            "bagging_freq": 1,
            "max_bin": 127,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        return lightgbm.train(settings, lightgbm.Dataset(features, target), num_boost_round=self.rounds)

    def _training(self, panel: Panel, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (N, F) and targets (N,) of a group of series, at origins spread evenly over the last two years."""
        horizon = self.horizon
        starts = panel.starts[group]
        oldest = max(
            int(starts.min(initial=panel.length)) + self.minimum_periods,
            panel.length - max(2 * panel.year, OLDEST_ORIGIN),
        )
        origins = np.arange(panel.length - horizon, oldest - 1, -1)
        if not len(origins):
            return np.empty((0, 0)), np.empty(0)
        most = max(FEWEST_ORIGINS, self.rows // max(1, len(group) * horizon))
        chosen = origins[np.unique(np.linspace(0, len(origins) - 1, min(most, len(origins))).astype(int))]
        per_origin = max(1, self.rows // (horizon * len(chosen)))
        rng = np.random.default_rng(self.seed)
        features, targets = [], []
        for origin in chosen:
            rows = group[starts + self.minimum_periods <= origin]
            rows = rows if len(rows) <= per_origin else np.sort(rng.choice(rows, per_origin, replace=False))
            scale = _scale(panel.values[rows], int(origin), panel.year)
            rows, scale = rows[scale > 0], scale[scale > 0]
            found = _features(panel, rows, int(origin), horizon, panel.effects, scale, self.apart_)
            target = panel.values[rows, origin : origin + horizon] / scale[:, np.newaxis]
            known = np.isfinite(target)
            features.append(found[known])
            targets.append(target[known])
        return np.concatenate(features), np.concatenate(targets)


def _scale(values: np.ndarray, origin: int, year: int) -> np.ndarray:
    """(S,) mean absolute amount of the last periods before the origin; of all before where those are 0."""
    recent = known_mean(np.abs(values[:, max(0, origin - min(SCALE_PERIODS, year)) : origin]))
    earlier = known_mean(np.abs(values[:, :origin]))
    return np.where(recent > 0, recent, np.nan_to_num(earlier))


def _features(
    panel: Panel,
    rows: np.ndarray,
    origin: int,
    horizon: int,
    effects: Effects,
    scale: np.ndarray,
    apart: np.ndarray,
) -> np.ndarray:
    """(rows, horizon, F) what is known at the origin about each coming period; the promotions ``apart`` have their own."""
    season, year = panel.season, panel.year
    past = panel.values[rows, :origin] / np.where(scale > 0, scale, 1.0)[:, np.newaxis]
    padded = np.pad(past, ((0, 0), (max(0, 2 * year - origin), 0)), constant_values=np.nan)
    end = padded.shape[1]
    ahead = np.arange(horizon)
    per_row = [known_mean(padded[:, end - window :]) for window in (4, 7, 14, 28, 91, year)]
    per_row += [
        _spread(padded[:, end - 28 :]),
        known_mean(padded[:, end - 28 :] == 0),
        known_mean(padded[:, end - 91 :] == 0),
    ]
    per_row += [padded[:, end - 1], padded[:, end - 2], np.log1p(scale), (origin - panel.starts[rows]) / year]
    columns = [np.tile(column[:, np.newaxis], horizon) for column in per_row]

    place = ahead % season
    seasons = min(8, end // season)
    by_place = padded[:, end - seasons * season :].reshape(len(rows), seasons, season)[:, :, place]
    for count in (1, 2, 4, 8):
        columns.append(known_mean(by_place[:, -count:].transpose(0, 2, 1)))
    columns.append(_median(by_place.transpose(0, 2, 1)))

    if panel.prices is not None:
        columns.append(np.tile(_price(panel.prices[rows, :origin], year // 4)[:, np.newaxis], horizon))

    last_year = np.clip(end - year + ahead, 0, end - 1)
    around = np.clip(last_year[:, np.newaxis] + np.arange(-3, 4), 0, end - 1)
    before = known_mean(padded[:, max(0, end - year - min(SCALE_PERIODS, year)) : end - year])[:, np.newaxis]
    with np.errstate(invalid="ignore", divide="ignore"):
        columns.append(np.where(before > 0, padded[:, last_year] / before, np.nan))
        columns.append(np.where(before > 0, known_mean(padded[:, around]) / before, np.nan))

    coming = panel.first_days(origin, origin + horizon).to_numpy().astype("datetime64[D]")
    day_of_month = (coming - coming.astype("datetime64[M]")).astype(int)
    day_of_year = (coming - coming.astype("datetime64[Y]")).astype(int)
    weekday = (coming.astype(int) + 3) % 7
    shared = [ahead, weekday, day_of_month, day_of_year]
    columns += [np.tile(np.asarray(values, dtype=float), (len(rows), 1)) for values in shared]
    columns += _effect_columns(effects, rows, origin, horizon, apart)
    return np.stack(columns, axis=2)


def _recurring(promotions: Effects, length: int) -> np.ndarray:
    """Places of the promotions that began often within the first periods; none if there is but one promotion."""
    on = promotions.within(0, length) > 0
    begun = (on[:, :, 1:] & ~on[:, :, :-1]).sum(axis=2).max(axis=0, initial=0)
    return np.flatnonzero(begun >= RECURRING) if len(promotions.names) > 1 else np.empty(0, dtype=int)


def _effect_columns(
    effects: Effects, rows: np.ndarray, origin: int, horizon: int, apart: np.ndarray
) -> list[np.ndarray]:
    """Per kind of effect its strength and how near the next and the last one are, and single promotions and indicators."""
    columns = []
    start = origin - AROUND
    for kind in (*SEEN_AROUND, "working_day"):
        chosen = effects.of_kind(kind)
        if not chosen.names:
            continue
        window = chosen.within(max(0, start), origin + horizon + AROUND).sum(axis=1)
        window = np.pad(window, ((0, 0), (max(0, -start), 0)))
        window = window[rows] if len(window) > 1 else np.tile(window, (len(rows), 1))
        columns.append(window[:, AROUND : AROUND + horizon])
        if kind in SEEN_AROUND:
            near = np.stack([window[:, AROUND + k : AROUND + k + horizon] > 0 for k in range(1, AROUND + 1)])
            gone = np.stack([window[:, AROUND - k : AROUND - k + horizon] > 0 for k in range(1, AROUND + 1)])
            columns += [_first(near), _first(gone)]
    promotions, market = (effects.of_kind(kind).within(origin, origin + horizon) for kind in ("promotion", "market"))
    for row in np.concatenate([promotions[:, apart], market], axis=1).transpose(1, 0, 2):
        columns.append(row[rows] if len(row) > 1 else np.tile(row, (len(rows), 1)))
    return columns


def _price(prices: np.ndarray, quarter: int) -> np.ndarray:
    """(S,) logarithm of the last price over the mean of the last quarter; NaN where there is none."""
    return np.asarray(np.log(prices[:, -1]) - np.log(known_mean(prices[:, -quarter:])))


def _first(flags: np.ndarray) -> np.ndarray:
    """Index of the first true flag along the first axis; its length where none is."""
    return np.where(flags.any(axis=0), flags.argmax(axis=0), len(flags)).astype(float)


def _spread(values: np.ndarray) -> np.ndarray:
    mean = known_mean(values)
    return np.asarray(np.sqrt(np.maximum(known_mean(values**2) - mean**2, 0.0)))


def _median(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    ordered = np.sort(np.where(known, values, np.inf), axis=-1)
    middle = np.maximum(known.sum(axis=-1) - 1, 0) // 2
    found = np.take_along_axis(ordered, middle[..., np.newaxis], axis=-1)[..., 0]
    return np.where(np.isfinite(found), found, np.nan)
