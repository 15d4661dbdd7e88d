"""The single entry: a shop's daily sales in, forecasts, their evaluation and a model card out.

Every series is tested with every baseline; the largest ones with Prophet too. A series is published with Prophet only
where Prophet had the least error of all on its backtest, and only if choosing per series beats the best single
baseline for the shop as a whole (see ``choice``); otherwise that baseline is published everywhere. A model that fails
on a series is replaced by the next best, and the card says so. What does not belong here: reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast.backtest import METRICS, Plan, backtest, plan, residuals, scores
from ecom_pipeline.ml.forecast.base import INTERVAL, Forecaster, ForecastError
from ecom_pipeline.ml.forecast.baselines import ExponentialSmoothing, MovingAverage, SeasonalNaive
from ecom_pipeline.ml.forecast.choice import Proof, absolute_errors, prove, ranking
from ecom_pipeline.ml.forecast.decision import Verdict, decide
from ecom_pipeline.ml.forecast.intervals import with_band
from ecom_pipeline.ml.forecast.prophet import YEARLY_FROM_DAYS, ProphetForecaster, supported_country
from ecom_pipeline.ml.forecast.series import SeriesKey, daily_series

PROPHET_SERIES = 20
"""Prophet is tried on this many series, those that sold most in the last year; it takes a second for each."""
BASELINES = ("moving_average", "seasonal_naive", "exponential_smoothing")
FORECAST_COLUMNS = ("series_kind", "series", "forecast_date", "model", "forecast", "lower", "upper", "interval")
EVALUATION_COLUMNS = ("series_kind", "series", "model", "metric", "value", "origins", "horizon_days", "is_baseline")


@dataclass(frozen=True, kw_only=True)
class ForecastResult:
    """What a night's forecasting gives.

    Attributes
    ----------
    forecasts
        ``series_kind, series, forecast_date, model, forecast, lower, upper, interval``: the one published model of
        each series, for every day of the horizon; ``0 <= lower <= forecast <= upper``.
    evaluation
        ``series_kind, series, model, metric, value, origins, horizon_days, is_baseline``: every tested model of each
        series; ``value`` is missing where the metric is not defined, ``origins`` is 0 where the series is too short to
        be tested.
    card
        The row of the registry. Its decision governs the forecasts: ``kept`` asks the caller to leave the live ones.
    """

    forecasts: pd.DataFrame
    evaluation: pd.DataFrame
    card: ModelCard


@dataclass(kw_only=True)
class _Tested:
    """One series with what its backtest found."""

    series: pd.Series
    cuts: Plan | None
    without_prophet: str | None
    rows: pd.DataFrame | None = None
    failures: dict[str, str] = field(default_factory=dict)


def forecast_shop(
    daily_sales: pd.DataFrame,
    calendar: pd.DataFrame,
    *,
    country: str | None,
    as_of_date: dt.date,
    horizon: int = 28,
    seed: int,
    target: str = "revenue",
    previous_card: ModelCard | None = None,
) -> ForecastResult:
    """Forecast every series of a shop for the ``horizon`` days after ``as_of_date``.

    Parameters
    ----------
    daily_sales
        ``series_kind`` (total or category), ``series``, ``sales_date`` and the target.
    calendar
        ``calendar_date, name, kind, country``; may be empty.
    country
        Code of the shop's country, for its statutory holidays; unknown ones have none.
    as_of_date
        The last day the data may hold. It may be incomplete and is not learned from.
    seed
        Fixes all randomness.
    target
        The column to forecast.
    previous_card
        Card of the last run. A result worse by more than 10 % is ``kept`` back for up to a week.

    Raises
    ------
    ValueError
        The input is not the promised table.
    """
    if horizon < 1:
        raise ValueError(f"horizon: {horizon}, expected at least 1 day")
    series = daily_series(daily_sales, target=target, as_of_date=as_of_date)
    tested = _test_all(series, calendar, country=country, horizon=horizon, seed=seed)
    proof = prove(_proving(tested), BASELINES)
    verdict = decide(proof, previous_card, as_of_date)
    tables = [
        _publish(key, each, _order(each, verdict, proof), calendar, as_of_date, horizon, country, seed)
        for key, each in tested.items()
    ]
    forecasts = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(FORECAST_COLUMNS))
    card = _card(tested, forecasts, proof, verdict, previous_card, country, target, horizon, seed)
    return ForecastResult(
        forecasts=forecasts[list(FORECAST_COLUMNS)], evaluation=_evaluation(tested, horizon), card=card
    )


def _test_all(
    series: Mapping[SeriesKey, pd.Series], calendar: pd.DataFrame, *, country: str | None, horizon: int, seed: int
) -> dict[SeriesKey, _Tested]:
    volume = {key: float(values.iloc[-365:].abs().sum()) for key, values in series.items()}
    largest = sorted(series, key=lambda key: (key[0] != "total", -volume[key], key))[:PROPHET_SERIES]
    tested = {}
    for key, values in series.items():
        cuts = plan(len(values), horizon=horizon)
        each = _Tested(series=values, cuts=cuts, without_prophet=_without_prophet(values, cuts, key in largest))
        if cuts is not None:
            models = [_model(name, each, country, seed) for name in BASELINES]
            if each.without_prophet is None:
                models.append(_model(ProphetForecaster.name, each, country, seed))
            each.rows, failed = backtest(values, calendar, models, cuts)
            each.failures.update(failed)
        tested[key] = each
    return tested


def _without_prophet(series: pd.Series, cuts: Plan | None, is_large: bool) -> str | None:
    """Why Prophet is not tried on a series; None where it is."""
    if cuts is None or cuts.training_days[0] < ProphetForecaster.minimum_days:
        return "too short"
    if series.min() == series.max():
        return "constant"
    return None if is_large else f"beyond the {PROPHET_SERIES} largest"


def _model(name: str, each: _Tested, country: str | None, seed: int) -> Forecaster:
    if name == ProphetForecaster.name:
        tested_yearly = each.cuts is not None and each.cuts.training_days[0] >= YEARLY_FROM_DAYS
        return ProphetForecaster(seed=seed, country=country, allow_yearly=tested_yearly)
    baselines: dict[str, type[Forecaster]] = {
        model.name: model for model in (MovingAverage, SeasonalNaive, ExponentialSmoothing)
    }
    return baselines[name]()


def _proving(tested: Mapping[SeriesKey, _Tested]) -> list[pd.DataFrame]:
    """The backtests a shop is judged by: those of its categories, or of the total where it has no others."""
    rows = {key: each.rows for key, each in tested.items() if each.rows is not None}
    categories = [found for (kind, _), found in rows.items() if kind == "category"]
    return categories or list(rows.values())


def _order(each: _Tested, verdict: Verdict, proof: Proof) -> list[str]:
    """Models to publish a series with, best first; the rest step in if one fails."""
    if each.rows is None:
        return [MovingAverage.name]
    ranked = ranking(absolute_errors(each.rows))
    if verdict.decision == "refused":
        return [proof.baseline, *(name for name in ranked if name in BASELINES and name != proof.baseline)]
    return ranked


def _publish(
    key: SeriesKey,
    each: _Tested,
    names: Sequence[str],
    calendar: pd.DataFrame,
    as_of_date: dt.date,
    horizon: int,
    country: str | None,
    seed: int,
) -> pd.DataFrame:
    ahead = (pd.Timestamp(as_of_date) - each.series.index[-1]).days
    for name in names:
        try:
            found = _model(name, each, country, seed).fit(each.series, calendar).predict(ahead + horizon)
        except ForecastError as error:
            each.failures[name] = str(error)
            continue
        if found["lower"].isna().any():
            found = with_band(found, _errors(each, name))
        return found.iloc[ahead:].assign(
            series_kind=key[0],
            series=key[1],
            forecast_date=found["forecast_date"].dt.date,
            model=name,
            interval=INTERVAL,
        )
    raise ForecastError(f"{key[0]} {key[1]!r}: no model could forecast it: {each.failures}")


def _errors(each: _Tested, model: str) -> pd.Series:
    """What a baseline got wrong: on its backtest, or where there is none, the days around their mean."""
    if each.rows is None:
        return each.series - each.series.mean()
    return residuals(each.rows[each.rows["model"] == model])


def _evaluation(tested: Mapping[SeriesKey, _Tested], horizon: int) -> pd.DataFrame:
    rows = []
    for (kind, name), each in tested.items():
        found = {MovingAverage.name: dict.fromkeys(METRICS)}
        if each.rows is not None:
            found = {str(model): scores(part) for model, part in each.rows.groupby("model", sort=True)}
        origins, days = (len(each.cuts.training_days), each.cuts.horizon) if each.cuts else (0, horizon)
        rows += [
            (kind, name, model, metric, values[metric], origins, days, model in BASELINES)
            for model, values in found.items()
            for metric in METRICS
        ]
    frame = pd.DataFrame(rows, columns=list(EVALUATION_COLUMNS))
    return frame.astype({"value": float, "origins": int, "horizon_days": int, "is_baseline": bool})


def _card(
    tested: Mapping[SeriesKey, _Tested],
    forecasts: pd.DataFrame,
    proof: Proof,
    verdict: Verdict,
    previous_card: ModelCard | None,
    country: str | None,
    target: str,
    horizon: int,
    seed: int,
) -> ModelCard:
    published = forecasts.drop_duplicates(["series_kind", "series"])["model"].value_counts() if len(forecasts) else {}
    not_tried = pd.Series([each.without_prophet for each in tested.values()], dtype=object).value_counts()
    failures = {f"{kind} {name}": each.failures for (kind, name), each in tested.items() if each.failures}
    pooled = pd.concat(_proving(tested), ignore_index=True) if _proving(tested) else None
    by_model = {} if pooled is None else {str(name): scores(part) for name, part in pooled.groupby("model", sort=True)}
    used = int(published.get(ProphetForecaster.name, 0))
    reason = f"{verdict.reason}; prophet published for {used} of {len(tested)} series"
    if len(not_tried):
        reason += "; prophet not tried: " + ", ".join(f"{count} {why}" for why, count in not_tried.items())
    if failures:
        reason += "; failed and replaced: " + ", ".join(sorted(failures))
    if supported_country(country) is None:
        reason += f"; no statutory holidays known for country {country!r}"
    kept = previous_card if verdict.decision == "kept" else None
    days = [each.series.index for each in tested.values()]
    return ModelCard(
        model="sales_forecast",
        metric="wape",
        value=proof.value,
        baseline=proof.baseline,
        baseline_value=proof.baseline_value,
        decision=verdict.decision,
        reason=reason,
        trained_from=kept.trained_from if kept else min((each[0].date() for each in days), default=None),
        trained_to=kept.trained_to if kept else max((each[-1].date() for each in days), default=None),
        parameters={
            "target": target,
            "horizon": horizon,
            "interval": INTERVAL,
            "country": supported_country(country),
            "prophet_series_at_most": PROPHET_SERIES,
        },
        seed=seed,
        metrics={
            "live_value": verdict.live_value,
            "scored_on_unseen_days": proof.unseen,
            "series_scored": proof.series,
            "series_by_model": {str(name): int(count) for name, count in published.items()},
            "prophet_not_tried": {str(why): int(count) for why, count in not_tried.items()},
            "failures": failures,
            "by_model": by_model,
        },
        libraries=("prophet", "cmdstanpy", "holidays", "numpy", "pandas"),
    )
