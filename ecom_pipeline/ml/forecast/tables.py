"""From what the method says of a shop to the rows of its tables.

What does not belong here: any judgement; it was made before.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.base import LEVELS
from ecom_pipeline.ml.forecast.combination import BASELINES, COMBINATION
from ecom_pipeline.ml.forecast.demand import recognise
from ecom_pipeline.ml.forecast.engine import Outcome
from ecom_pipeline.ml.forecast.intervals import Banded
from ecom_pipeline.ml.forecast.metrics import bias, mase, wape
from ecom_pipeline.ml.forecast.panel import Panel
from ecom_pipeline.ml.forecast.parts import PARTS, split
from ecom_pipeline.ml.forecast.period import WEEK_DAYS
from ecom_pipeline.ml.forecast.purchase import ADVICE_COLUMNS, RISK_COLUMNS, advise, stock_out_risk
from ecom_pipeline.ml.forecast.series import Measure
from ecom_pipeline.ml.forecast.uncertainty import learn_uncertainty

KEY = ("measure", "series_kind", "series")
BAND_COLUMNS = ("model", "forecast", "lower", "upper", "interval", "lower_95", "upper_95")
FORECAST_COLUMNS = (*KEY, "forecast_date", *BAND_COLUMNS)
WEEKLY_COLUMNS = (*KEY, "week_start", *BAND_COLUMNS)
EVALUATION_COLUMNS = (*KEY, "model", "metric", "value", "origins", "horizon_days", "is_baseline")
SERIES_COLUMNS = (*KEY, "demand", "days_known", "model", "weights", "coverage_80", "coverage_95", "failures")
PART_COLUMNS = ("series_kind", "series", "forecast_date", "part", "value")
EXPLAINED_KINDS = ("total", "category")


def forecast_rows(measure: str, each: Measure, outcome: Outcome, dates: Sequence[dt.date]) -> pd.DataFrame:
    """`FORECAST_COLUMNS`: a row per series and coming day."""
    return _banded(measure, each, outcome, outcome.daily, "forecast_date", dates)


def weekly_rows(measure: str, each: Measure, outcome: Outcome, dates: Sequence[dt.date]) -> pd.DataFrame:
    """`WEEKLY_COLUMNS`: a row per series and whole week, counted from the first coming day."""
    starts = dates[::WEEK_DAYS][: outcome.weekly.forecast.shape[1]]
    return _banded(measure, each, outcome, outcome.weekly, "week_start", starts)


def _banded(
    measure: str, each: Measure, outcome: Outcome, bands: Banded, when: str, dates: Sequence[dt.date]
) -> pd.DataFrame:
    rows = each.shown
    of_row = [(measure, *each.panel.keys[row], outcome.source[row]) for row in rows]
    key = pd.DataFrame(np.repeat(np.array(of_row, dtype=object), len(dates), axis=0), columns=[*KEY, "model"])
    key[when] = np.tile(np.array(dates, dtype=object), len(rows))
    found = key.assign(
        forecast=bands.forecast[rows].ravel(),
        lower=bands.lower[0, rows].ravel(),
        upper=bands.upper[0, rows].ravel(),
        interval=LEVELS[0],
        lower_95=bands.lower[1, rows].ravel(),
        upper_95=bands.upper[1, rows].ravel(),
    )
    return found[[*KEY, when, *BAND_COLUMNS]]


def evaluation_rows(measure: str, each: Measure, outcome: Outcome, horizon: int) -> pd.DataFrame:
    """`EVALUATION_COLUMNS`: a row per series, tested model and metric."""
    panel, tested = each.panel, outcome.tested
    found: list[tuple[object, ...]] = []
    for row in each.shown:
        kind, name = panel.keys[row]
        actual, scale = tested.actual[:, row], tested.scale[:, row]
        origins = np.flatnonzero(np.isfinite(actual).any(axis=1))
        days = int(np.isfinite(actual[origins]).sum(axis=1).max(initial=0)) or horizon
        for number, model in enumerate(tested.models):
            forecast = tested.forecast[number, :, row]
            known = np.isfinite(actual) & np.isfinite(forecast)
            if not known.any() and not (model == COMBINATION and not len(origins)):
                continue
            truth, guess = actual[known], forecast[known]
            values = {
                "wape": wape(truth, guess),
                "mase": mase(truth, guess, np.broadcast_to(scale[:, np.newaxis], known.shape)[known]),
                "bias": bias(truth, guess),
                "sum_wape": wape(*(np.where(known, each, 0.0).sum(axis=1) for each in (actual, forecast))),
            }
            if model == COMBINATION:
                values |= {"coverage": outcome.covered[0, row], "coverage_95": outcome.covered[1, row]}
            found += [
                (measure, kind, name, model, metric, value, len(origins), days, model in BASELINES)
                for metric, value in values.items()
            ]
    frame = pd.DataFrame(found, columns=list(EVALUATION_COLUMNS))
    return frame.astype({"value": float, "origins": int, "horizon_days": int, "is_baseline": bool})


def series_rows(measure: str, each: Measure, outcome: Outcome) -> pd.DataFrame:
    """`SERIES_COLUMNS`: a row per series."""
    panel = each.panel
    demand, known = recognise(panel), panel.known
    models = outcome.tested.models[:-1]
    found = []
    for row in each.shown:
        kind, name = panel.keys[row]
        shares = outcome.weight[:, row].round(3).tolist()
        weight = {model: share for model, share in zip(models, shares, strict=True) if share}
        failed = {
            model: reasons[(kind, name)] for model, reasons in outcome.failures.items() if (kind, name) in reasons
        }
        found.append(
            (
                measure,
                kind,
                name,
                demand[row],
                int(known[row]),
                outcome.source[row],
                json.dumps(weight, sort_keys=True),
                *outcome.covered[:, row],
                json.dumps(failed, sort_keys=True),
            )
        )
    return pd.DataFrame(found, columns=list(SERIES_COLUMNS))


def part_rows(panel: Panel, outcome: Outcome, dates: Sequence[dt.date]) -> pd.DataFrame:
    """`PART_COLUMNS`: what the forecasts of total and categories are made of."""
    rows = [row for row, (kind, _) in enumerate(panel.keys) if kind in EXPLAINED_KINDS]
    if not rows:
        return pd.DataFrame(columns=list(PART_COLUMNS))
    without = {part: values[rows] for part, values in outcome.without.items()}
    values = split(outcome.daily.forecast[rows], without, panel.values[rows, -28:], panel.season)
    frame = pd.DataFrame(
        {
            "series_kind": np.tile(np.repeat([panel.keys[row][0] for row in rows], len(dates)), len(PARTS)),
            "series": np.tile(np.repeat([panel.keys[row][1] for row in rows], len(dates)), len(PARTS)),
            "forecast_date": np.tile(np.array(dates, dtype=object), len(rows) * len(PARTS)),
            "part": np.repeat(PARTS, len(rows) * len(dates)),
            "value": values.ravel(),
        }
    )
    return frame[list(PART_COLUMNS)]


def purchase_rows(
    products: pd.DataFrame, each: Measure, outcome: Outcome, as_of_date: dt.date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`ADVICE_COLUMNS` and `RISK_COLUMNS` of the products with a forecast of their units."""
    place = {name: row for row, (kind, name) in enumerate(each.panel.keys) if kind == "product"}
    known = products[products["product_id"].isin(place)].reset_index(drop=True)
    if known.empty:
        return pd.DataFrame(columns=list(ADVICE_COLUMNS)), pd.DataFrame(columns=list(RISK_COLUMNS))
    rows = np.array([place[name] for name in known["product_id"]])
    known = known.assign(lost_units=each.lost[rows])
    expected = outcome.expected[rows]
    uncertainty = learn_uncertainty(
        outcome.expected_past[:, rows], outcome.tested.actual[:, rows], each.panel.values[rows], expected.mean(axis=1)
    )
    return (
        advise(known, expected, uncertainty, as_of_date),
        stock_out_risk(known, expected, uncertainty, as_of_date),
    )
