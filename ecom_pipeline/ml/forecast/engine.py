"""The whole method without a shop: a panel in, forecasts with calibrated bands out, and the proof beside the baselines.

Cheap models forecast every series, boosting learns across all, Prophet is fitted to the series it is worth the time for.
Each kind of series is published with the combination of them, if that was tested and no single baseline was clearly better.
Then sums are made to agree and bands are learned from what was really wrong. What does not belong here: where
series come from, and what a proof means for what is live.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ecom_pipeline.ml.forecast.backtest import THREADS, Answer, Backtested, Entry, answers, backtest
from ecom_pipeline.ml.forecast.boosting import BoostingForecaster
from ecom_pipeline.ml.forecast.calendar import EffectKind
from ecom_pipeline.ml.forecast.combination import (
    COMBINATION,
    Proof,
    combine_past,
    combined,
    past_published,
    prove,
    settled,
    weights_by_kind,
)
from ecom_pipeline.ml.forecast.demand import Idle, idle_days, sells_often
from ecom_pipeline.ml.forecast.expectation import steadied, steadied_past
from ecom_pipeline.ml.forecast.intervals import Banded, banded, error_units, sums_over
from ecom_pipeline.ml.forecast.panel import Panel, SeriesKey
from ecom_pipeline.ml.forecast.period import WEEK_DAYS
from ecom_pipeline.ml.forecast.prophet import ProphetForecaster
from ecom_pipeline.ml.forecast.reconcile import Hierarchy, error_variance, reconcile, reconciled_past
from ecom_pipeline.ml.forecast.smoothing import CHEAP

PROPHET_SECONDS = 600.0
"""Prophet, the slowest and last, gets this long for a panel; what it has not fitted by then is left to the others."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the method says of the S series of a panel for the H periods it was asked about.

    Attributes
    ----------
    daily
        The forecast of each period with its bands.
    weekly
        The same of the sums over whole weeks of seven periods, with bands learned from the errors of such sums.
    expected, expected_past
        (S, H) and (O, S, H) what sums over the horizon are expected to be, neither reconciled nor with bands, and what it
        would have been at each origin: what is said of periods, steadied.
    source
        Per series what is published: ``combination``, or the name of one model.
    weight
        (M, S) how much each of ``tested.models`` counts.
    tested
        The backtest, with the published answer as its last model, `COMBINATION`.
    proof
        Per kind of series, the combination beside the best baseline: as published where it is, its sums made to agree.
    covered
        (levels, S) share of values within the bands on the last whole origin, learned from those before; NaN where there
        are none.
    without
        Per part asked for, (S, H) the forecast as if its effects were absent.
    failures
        Per model the series without an answer, and why.
    """

    daily: Banded
    weekly: Banded
    expected: np.ndarray
    expected_past: np.ndarray
    source: tuple[str, ...]
    weight: np.ndarray
    tested: Backtested
    proof: Mapping[str, Proof]
    covered: np.ndarray
    without: Mapping[str, np.ndarray]
    failures: Mapping[str, Mapping[SeriesKey, str]]


def forecast_panel(
    panel: Panel,
    *,
    horizon: int,
    skip: int = 0,
    seed: int,
    prophet_rows: Sequence[int] | np.ndarray = (),
    hierarchy: Hierarchy | None = None,
    by_sums: np.ndarray | None = None,
    parts: Mapping[str, tuple[EffectKind, ...]] | None = None,
) -> Outcome:
    """Forecast a panel.

    Parameters
    ----------
    horizon
        Periods to forecast.
    skip
        Periods right after the panel that are not asked for.
    seed
        Fixes all randomness.
    prophet_rows
        Series that Prophet is tried on.
    hierarchy
        What adds up to what, if anything.
    by_sums
        (S,) whether a series' sums over many periods matter, not single ones: it is forecast with what sums are expected
        to be. Most days of what sells now and then sell nothing, so that the forecast that is least wrong about a day says
        nothing of a month.
    parts
        Kinds of effects whose contribution to the forecast is wanted.
    """
    entries = _entries(seed, horizon, prophet_rows)
    kinds = np.array([kind for kind, _ in panel.keys])
    rows = {str(kind): np.flatnonzero(kinds == kind) for kind in np.unique(kinds)}
    tested = backtest(panel, entries, horizon)
    idle = idle_days(panel, skip + horizon)
    found, absent, failures = _final(panel, entries, skip + horizon, idle, parts or {})
    pools = _pools(panel, (*tested.origins, panel.length))
    past, proof, weight, source = _weighed(panel, tested, rows, np.isfinite(found[:, :, 0]), pools)
    shut = idle.closed | idle.rest
    summed = (np.array(source) == COMBINATION) & (False if by_sums is None else by_sums)

    def expected(said: np.ndarray) -> np.ndarray:
        mean = combined(said, weight)
        return np.where(
            shut[:, panel.length :] & (mean == 0), 0.0, steadied(mean, panel.values, panel.season, panel.year)
        )

    def forecast_of(said: np.ndarray) -> np.ndarray:
        return np.where(summed[:, np.newaxis], expected(said), combined(said, weight))

    forecast, plain = forecast_of(found), {part: forecast_of(said) for part, said in absent.items()}
    expected_past = _expected_past(panel, tested, past, shut)
    past = np.where(summed[:, np.newaxis], expected_past, past)
    past = np.where(np.isfinite(tested.actual), past, np.nan)

    together, past, usual = _agreeing(forecast, past, tested.actual, hierarchy)
    proof |= {kind: prove(tested, past, rows[kind], summed) for kind, each in proof.items() if each.holds}
    ratio = np.where(forecast > 0, together / np.where(forecast > 0, forecast, 1.0), 1.0)
    daily, weekly, covered = _with_bands(panel, tested, past, together[:, skip:], usual, pools[-1], shut)
    return Outcome(
        daily=daily,
        weekly=weekly,
        expected=expected(found)[:, skip:],
        expected_past=expected_past,
        source=source,
        weight=weight,
        tested=tested.with_model(COMBINATION, past),
        proof=proof,
        covered=covered,
        without={part: (values * ratio)[:, skip:] for part, values in plain.items()},
        failures=failures,
    )


def _entries(seed: int, horizon: int, prophet_rows: Sequence[int] | np.ndarray) -> list[Entry]:
    """Every model for all series, cheapest first, and Prophet, if it has any, for its own."""
    entries = [Entry(model=model()) for model in CHEAP]
    entries.append(Entry(model=BoostingForecaster(seed=seed, horizon=horizon)))
    if len(prophet_rows):
        prophet = ProphetForecaster(seed=seed, until=time.monotonic() + PROPHET_SECONDS)
        entries.append(Entry(model=prophet, rows=np.asarray(prophet_rows)))
    return entries


def _weighed(
    panel: Panel, tested: Backtested, rows: Mapping[str, np.ndarray], answered: np.ndarray, pools: np.ndarray
) -> tuple[np.ndarray, dict[str, Proof], np.ndarray, tuple[str, ...]]:
    """What was said at each origin (O, S, H), the proof of each kind, what counts now (M, S), and what it is called."""
    past = combine_past(tested, pools[:-1])
    proof = {kind: prove(tested, past, each) for kind, each in rows.items()}
    wanted = [COMBINATION if proof[kind].holds else proof[kind].baseline for kind, _ in panel.keys]
    weight = weights_by_kind(tested.errors(), tested.models, answered, pools[-1])
    weight, source = settled(weight, answered, wanted, tested.models)
    return past_published(past, tested, source), proof, weight, source


def _pools(panel: Panel, lengths: Sequence[int]) -> np.ndarray:
    """(lengths, S) what each series' weights and bands are learned with after so many periods: its kind, and whether it sells often."""
    often = np.stack([sells_often(panel.values[:, :length]) for length in lengths])
    kinds = np.array([kind for kind, _ in panel.keys])
    return np.char.add(kinds, np.where(often, ", often", ", now and then"))


def _agreeing(
    forecast: np.ndarray, past: np.ndarray, actual: np.ndarray, hierarchy: Hierarchy | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A forecast and its past with sums that agree, and (S,) the size of error to expect of a series."""
    variance = error_variance(actual - past, forecast)
    usual = np.sqrt(variance) * 0.8
    if hierarchy is None or not len(forecast):
        return forecast, past, usual
    together = reconcile(forecast, variance, hierarchy, hierarchy.errors_of_sums(past, actual))
    return together, reconciled_past(past, actual, hierarchy), usual


def _with_bands(
    panel: Panel,
    tested: Backtested,
    past: np.ndarray,
    forecast: np.ndarray,
    usual: np.ndarray,
    pools: np.ndarray,
    shut: np.ndarray,
) -> tuple[Banded, Banded, np.ndarray]:
    """A forecast and its weeks with bands, which closed days have none of, and what bands of periods held: (levels, S)."""
    units = np.stack([error_units(panel.values[:, :end], panel.year) for end in (*tested.origins, panel.length)])
    bands, covered = banded(past, tested.actual, forecast, units, usual, pools)
    past_weeks, actual_weeks, weeks = (sums_over(each, WEEK_DAYS) for each in (past, tested.actual, forecast))
    weekly, _ = banded(past_weeks, actual_weeks, weeks, units, usual * np.sqrt(WEEK_DAYS), pools)
    closed = shut[:, -forecast.shape[1] :]
    lower, upper = (np.where(closed, forecast, ends) for ends in (bands.lower, bands.upper))
    return Banded(forecast, lower, upper), weekly, covered


def _expected_past(panel: Panel, tested: Backtested, past: np.ndarray, shut: np.ndarray) -> np.ndarray:
    """(O, S, H) what sums would have been expected to be at each origin, where ``past`` was said; nothing on closed days."""
    steady = steadied_past(past, panel.values, tested.origins, panel.season, panel.year)
    closed = np.array([shut[:, end : end + past.shape[2]] for end in tested.origins]).reshape(past.shape)
    return np.where(closed, 0.0, steady)


def _final(
    panel: Panel,
    entries: Sequence[Entry],
    asked: int,
    idle: Idle,
    parts: Mapping[str, tuple[EffectKind, ...]],
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, dict[SeriesKey, str]]]:
    """(M, S, asked) what each model says after the whole panel, what without each part of the effects, and its failures."""
    shape = (len(entries), len(panel.keys), asked)
    found = np.full(shape, np.nan)
    known = {part: kinds for part, kinds in parts.items() if set(kinds) & set(panel.effects.kinds)}
    absent = {part: np.full(shape, np.nan) for part in known}
    failures = {}

    def ask(entry: Entry) -> tuple[np.ndarray, Answer, dict[str, np.ndarray]]:
        rows = np.arange(len(panel.keys)) if entry.rows is None else entry.rows
        answer = answers(entry.model, panel, rows, asked, idle)
        if entry.model.is_baseline or not np.isfinite(answer.forecast).any():
            plain = dict.fromkeys(known, answer.if_open)
        else:
            fitted = entry.model.panel_
            lacking = {part: fitted.effects.without(kinds, fitted.length) for part, kinds in known.items()}
            told = {part: entry.model.predict(asked, effects) for part, effects in lacking.items()}
            plain = {part: np.where(idle.rest[rows, panel.length :], 0.0, values) for part, values in told.items()}
        shut = answer.forecast != answer.if_open
        return (
            rows,
            answer,
            {
                part: values if "closed" in known[part] else np.where(shut, answer.forecast, values)
                for part, values in plain.items()
            },
        )

    with ThreadPoolExecutor(THREADS) as pool:
        for number, (rows, answer, less) in enumerate(pool.map(ask, entries)):
            found[number, rows] = answer.forecast
            if answer.failures:
                failures[entries[number].model.name] = answer.failures
            for part, values in less.items():
                absent[part][number, rows] = values
    return found, absent, failures
