"""The single entry: a shop's daily sales in; forecasts, their evaluation, parts, purchase advice and a model card out.

Revenue and units of every series are forecast apart, each by the method of ``engine``. The card judges the revenue of
the categories, or of the total where there are none: the published answer beside the best single baseline. A shop whose
answer does not beat it is published with that baseline throughout. What does not belong here: reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast.backtest import Backtested
from ecom_pipeline.ml.forecast.base import LEVELS
from ecom_pipeline.ml.forecast.calendar import effects_of, supported_country
from ecom_pipeline.ml.forecast.combination import Proof, prove
from ecom_pipeline.ml.forecast.decision import Verdict, decide
from ecom_pipeline.ml.forecast.demand import recognise, without_stockouts
from ecom_pipeline.ml.forecast.engine import BASELINES, COMBINATION, Outcome, forecast_panel
from ecom_pipeline.ml.forecast.metrics import bias, mase, wape
from ecom_pipeline.ml.forecast.panel import Panel, daily_panel
from ecom_pipeline.ml.forecast.parts import EFFECTS, PARTS, moves, split
from ecom_pipeline.ml.forecast.purchase import ADVICE_COLUMNS, RISK_COLUMNS, advise, stock_out_risk
from ecom_pipeline.ml.forecast.reconcile import Hierarchy
from ecom_pipeline.ml.forecast.uncertainty import learn_uncertainty

MEASURES = ("revenue", "units")
PROPHET_SERIES = 10
"""Prophet is tried on the revenue of this many series, those that sold most in the last year, products last."""
MEMORY_DAYS = 4 * 365
"""Older days are left out."""
REST = "product_rest"
"""Kind of the series that stand for the products of a category without a series of their own; not published."""
METRICS = ("wape", "mase", "bias", "coverage", "coverage_95")
KEY = ("measure", "series_kind", "series")
FORECAST_COLUMNS = (*KEY, "forecast_date", "model", "forecast", "lower", "upper", "interval", "lower_95", "upper_95")
EVALUATION_COLUMNS = (*KEY, "model", "metric", "value", "origins", "horizon_days", "is_baseline")
SERIES_COLUMNS = (*KEY, "demand", "days_known", "model", "weights", "coverage_80", "coverage_95", "failures")
PART_COLUMNS = ("series_kind", "series", "forecast_date", "part", "value")
MOVE_COLUMNS = (
    "series_kind", "series", "days", "before", "now", "main_part", "main_change", "sentence_en", "sentence_zh",
)  # fmt: skip
EXPLAINED_KINDS = ("total", "category")
LIBRARIES = ("prophet", "cmdstanpy", "lightgbm", "holidays", "numpy", "pandas")


@dataclass(frozen=True, kw_only=True)
class ForecastResult:
    """What a night's forecasting gives.

    Attributes
    ----------
    forecasts
        `FORECAST_COLUMNS`: what is published of each series, for every day of the horizon, with the 80 % band and the
        95 % band; ``0 <= lower_95 <= lower <= forecast <= upper <= upper_95``.
    evaluation
        `EVALUATION_COLUMNS`: every tested model of each series; ``value`` is missing where the metric is not defined,
        ``origins`` is 0 where the series is too short to be tested.
    series
        `SERIES_COLUMNS`: one row per measure and series: the demand it shows, the method behind it, its weights and the
        failures as JSON objects, and the share of values that bands made before the last origin held there.
    parts
        `PART_COLUMNS`: what the published revenue of total and categories is made of.
    moves
        `MOVE_COLUMNS`: how these changed since the last release, and why.
    advice, risk
        `ADVICE_COLUMNS` and `RISK_COLUMNS` of every product with a forecast.
    card
        The row of the registry. Its decision governs the forecasts: ``kept`` asks the caller to leave the live ones.
    """

    forecasts: pd.DataFrame
    evaluation: pd.DataFrame
    series: pd.DataFrame
    parts: pd.DataFrame
    moves: pd.DataFrame
    advice: pd.DataFrame
    risk: pd.DataFrame
    card: ModelCard


def forecast_shop(
    daily_sales: pd.DataFrame,
    calendar: pd.DataFrame,
    *,
    country: str | None,
    as_of_date: dt.date,
    horizon: int = 28,
    seed: int,
    product_sales: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    promotions: pd.DataFrame | None = None,
    market: pd.DataFrame | None = None,
    previous_card: ModelCard | None = None,
    previous_parts: pd.DataFrame | None = None,
) -> ForecastResult:
    """Forecast every series of a shop for the ``horizon`` days after ``as_of_date``.

    Parameters
    ----------
    daily_sales
        ``series_kind, series, sales_date, revenue, units``: total, categories, brands, channels, countries.
    calendar
        ``calendar_date, name, kind, country``; may be empty.
    country
        Code of the shop's country, for its statutory holidays; unknown ones have none.
    as_of_date
        The last day the data may hold. It may be incomplete and is not learned from.
    seed
        Fixes all randomness.
    product_sales
        ``product_id, sales_date, revenue, units`` of the products to be forecast, days without sales left out.
    products
        ``product_id, category`` of these, and what purchase advice needs (see `purchase.advise`).
    promotions
        ``name, starts_on, ends_on`` of campaigns, coming ones included.
    market
        ``market_date, indicator, value``.
    previous_card, previous_parts
        Of the last run. A result worse by more than 10 % is ``kept`` back for up to a week.

    Raises
    ------
    ValueError
        The input is not the promised table.
    """
    if horizon < 1:
        raise ValueError(f"horizon: {horizon}, expected at least 1 day")
    products = _no_products() if products is None else products.reset_index(drop=True)
    sources = (daily_sales, product_sales, products, calendar, promotions, market)
    shop = {measure: _measure(measure, *sources, country, as_of_date, horizon) for measure in MEASURES}
    if not all(each.panel.keys for each in shop.values()):
        return _nothing(horizon, seed, country)
    outcomes = _forecast_all(shop, horizon, seed, None)
    tested = outcomes["revenue"].tested
    proof = prove(tested, tested.of(COMBINATION), _proving(shop["revenue"].panel, tested), BASELINES)
    verdict = decide(proof, previous_card, as_of_date)
    live = outcomes
    if verdict.decision == "refused":
        live = _forecast_all(shop, horizon, seed, proof.baseline)
    dates = [(pd.Timestamp(as_of_date) + pd.Timedelta(days=day)).date() for day in range(1, horizon + 1)]
    parts = _parts(shop["revenue"].panel, live["revenue"], dates)
    advice, risk = _purchase(products, shop["units"], live["units"], as_of_date)
    return ForecastResult(
        forecasts=pd.concat(
            [_forecasts(name, each, live[name], dates) for name, each in shop.items()], ignore_index=True
        ),
        evaluation=pd.concat(
            [_evaluation(name, each, outcomes[name], horizon) for name, each in shop.items()], ignore_index=True
        ),
        series=pd.concat(
            [_series(name, each, live[name], outcomes[name]) for name, each in shop.items()], ignore_index=True
        ),
        parts=parts,
        moves=moves(parts, previous_parts),
        advice=advice,
        risk=risk,
        card=_card(shop, outcomes, live, proof, verdict, previous_card, country, horizon, seed),
    )


@dataclass(frozen=True, kw_only=True)
class _Measure:
    """The panel of one measure, how its series add up, what empty shelves probably cost, days to the first forecast."""

    panel: Panel
    hierarchy: Hierarchy
    lost: np.ndarray
    skip: int

    @property
    def shown(self) -> list[int]:
        """Rows that are published."""
        return [row for row, (kind, _) in enumerate(self.panel.keys) if kind != REST]


def _measure(
    measure: str,
    daily_sales: pd.DataFrame,
    product_sales: pd.DataFrame | None,
    products: pd.DataFrame,
    calendar: pd.DataFrame,
    promotions: pd.DataFrame | None,
    market: pd.DataFrame | None,
    country: str | None,
    as_of_date: dt.date,
    horizon: int,
) -> _Measure:
    panel, hierarchy = shop_panel(daily_sales, product_sales, products, measure=measure, as_of_date=as_of_date)
    if not panel.keys:
        return _Measure(panel=panel, hierarchy=hierarchy, lost=np.empty(0), skip=0)
    skip = (pd.Timestamp(as_of_date) - panel.days[-1]).days
    known = pd.date_range(panel.days[0], periods=panel.length + skip + horizon, freq="D")
    panel = replace(panel, effects=effects_of(known, calendar, country, promotions=promotions, market=market))
    sold_out = {("product", str(name)) for name in products.loc[products["stock"] <= 0, "product_id"]}
    panel, lost = without_stockouts(panel, sold_out)
    return _Measure(panel=panel, hierarchy=hierarchy, lost=lost, skip=skip)


def _forecast_all(shop: Mapping[str, _Measure], horizon: int, seed: int, baseline: str | None) -> dict[str, Outcome]:
    """Every measure by the method of ``engine``, side by side: NumPy, LightGBM and Stan leave the interpreter free."""
    with ThreadPoolExecutor(len(shop)) as pool:
        found = {name: pool.submit(_forecast, name, each, horizon, seed, baseline) for name, each in shop.items()}
        return {name: each.result() for name, each in found.items()}


def _forecast(measure: str, each: _Measure, horizon: int, seed: int, baseline: str | None) -> Outcome:
    is_revenue = measure == "revenue"
    return forecast_panel(
        each.panel,
        horizon=horizon,
        skip=each.skip,
        seed=seed,
        prophet_rows=_largest(each.panel, PROPHET_SERIES) if is_revenue else (),
        hierarchy=each.hierarchy,
        baseline=baseline,
        parts=EFFECTS if is_revenue else None,
    )


def shop_panel(
    daily_sales: pd.DataFrame,
    product_sales: pd.DataFrame | None,
    products: pd.DataFrame,
    *,
    measure: str,
    as_of_date: dt.date,
) -> tuple[Panel, Hierarchy]:
    """All series of a shop in one panel, and what adds up: products to categories, every other group to the total.

    A category's products without a series of their own are one more series, so that the sums can agree. Only categories
    that products are known of have them below.
    """
    tables = [daily_sales[["series_kind", "series", "sales_date", measure]]]
    if product_sales is not None and len(product_sales):
        sold = product_sales.merge(products[["product_id", "category"]], on="product_id")
        tables.append(
            pd.DataFrame(
                {
                    "series_kind": "product",
                    "series": sold["product_id"],
                    "sales_date": sold["sales_date"],
                    measure: sold[measure].astype(float),
                }
            )
        )
        tables.append(_rest(daily_sales, sold, measure))
    panel = daily_panel(pd.concat(tables, ignore_index=True), target=measure, as_of_date=as_of_date)
    place = {key: row for row, key in enumerate(panel.keys)}
    category = dict(zip(products["product_id"].astype(str), products["category"].astype(str), strict=True))
    parent, group = np.full(len(panel.keys), -1), np.array([kind for kind, _ in panel.keys], dtype=object)
    for row, (kind, name) in enumerate(panel.keys):
        if kind in ("product", REST):
            parent[row] = place[("category", category[name] if kind == "product" else name)]
            group[row] = "product"
        elif kind != "total":
            parent[row] = place.get(("total", "total"), -1)
    return panel.last(MEMORY_DAYS), Hierarchy(parent=parent, group=group)


def _rest(daily_sales: pd.DataFrame, sold: pd.DataFrame, measure: str) -> pd.DataFrame:
    """What each category sold besides the products that have a series."""
    categories = daily_sales[daily_sales["series_kind"] == "category"]
    named = sold.groupby(["category", "sales_date"])[measure].sum().astype(float)
    whole = categories.set_index(["series", "sales_date"])[measure].astype(float)
    named.index.names = whole.index.names
    rest = whole.sub(named.reindex(whole.index, fill_value=0.0))
    rest = rest.where(rest.abs() > 1e-6 * whole.abs().clip(lower=1.0), 0.0).clip(lower=0.0)
    frame = rest.rename(measure).reset_index().assign(series_kind=REST)
    return frame[frame["series"].isin(set(sold["category"]))]


def _largest(panel: Panel, count: int) -> list[int]:
    """Rows that sold most in the last year, those of the shop before those of products, short and constant ones left out."""
    recent = np.nan_to_num(panel.values[:, -365:])
    order = ("total", "category", "brand", "channel", "country", "product")
    able = (panel.known >= 42) & (np.ptp(recent, axis=1) > 0)
    volume = np.abs(recent).sum(axis=1)
    rows = [row for row, (kind, _) in enumerate(panel.keys) if able[row] and kind in order[:2]]
    rows += [row for row, (kind, _) in enumerate(panel.keys) if able[row] and kind in order[2:]]
    first = {row: panel.keys[row][0] not in ("total", "category") for row in rows}
    return sorted(rows, key=lambda row: (first[row], panel.keys[row][0] != "total", -volume[row], row))[:count]


def _proving(panel: Panel, tested: Backtested) -> np.ndarray:
    """Rows a shop is judged by: its categories that were tested, or the total where it has no others."""
    able = np.isfinite(tested.actual).any(axis=(0, 2))
    kinds = np.array([kind for kind, _ in panel.keys])
    for kind in ("category", "total"):
        rows = np.flatnonzero(able & (kinds == kind))
        if len(rows):
            return rows
    return np.flatnonzero(able)


def _labels(measure: str, panel: Panel, rows: Sequence[int], times: int) -> dict[str, object]:
    return {
        "measure": measure,
        "series_kind": np.repeat([panel.keys[row][0] for row in rows], times),
        "series": np.repeat([panel.keys[row][1] for row in rows], times),
    }


def _forecasts(measure: str, each: _Measure, outcome: Outcome, dates: Sequence[dt.date]) -> pd.DataFrame:
    panel, rows = each.panel, each.shown
    frame = pd.DataFrame(
        _labels(measure, panel, rows, len(dates))
        | {
            "forecast_date": np.tile(np.array(dates, dtype=object), len(rows)),
            "model": np.repeat([outcome.source[row] for row in rows], len(dates)),
            "forecast": outcome.forecast[rows].ravel(),
            "lower": outcome.lower[0, rows].ravel(),
            "upper": outcome.upper[0, rows].ravel(),
            "interval": LEVELS[0],
            "lower_95": outcome.lower[1, rows].ravel(),
            "upper_95": outcome.upper[1, rows].ravel(),
        }
    )
    return frame[list(FORECAST_COLUMNS)]


def _evaluation(measure: str, each: _Measure, outcome: Outcome, horizon: int) -> pd.DataFrame:
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
            values = dict.fromkeys(METRICS) | {
                "wape": wape(truth, guess),
                "mase": mase(truth, guess, np.broadcast_to(scale[:, np.newaxis], known.shape)[known]),
                "bias": bias(truth, guess),
            }
            if model == COMBINATION:
                values |= {"coverage": outcome.covered[0, row], "coverage_95": outcome.covered[1, row]}
            found += [
                (measure, kind, name, model, metric, value, len(origins), days, model in BASELINES)
                for metric, value in values.items()
                if metric in ("wape", "mase", "bias") or model == COMBINATION
            ]
    frame = pd.DataFrame(found, columns=list(EVALUATION_COLUMNS))
    return frame.astype({"value": float, "origins": int, "horizon_days": int, "is_baseline": bool})


def _series(measure: str, each: _Measure, outcome: Outcome, first: Outcome) -> pd.DataFrame:
    panel = each.panel
    demand, known = recognise(panel), panel.known
    models = outcome.tested.models[:-1]
    found = []
    for row in each.shown:
        kind, name = panel.keys[row]
        counted = outcome.weight[:, row]
        weight = {model: round(float(share), 3) for model, share in zip(models, counted, strict=True) if share > 0}
        source = outcome.source[row]
        failed = {model: reasons[(kind, name)] for model, reasons in first.failures.items() if (kind, name) in reasons}
        found.append(
            (
                measure,
                kind,
                name,
                demand[row],
                int(known[row]),
                source,
                json.dumps(weight if source == COMBINATION else {source: 1.0}, sort_keys=True),
                *outcome.covered[:, row],
                json.dumps(failed, sort_keys=True),
            )
        )
    return pd.DataFrame(found, columns=list(SERIES_COLUMNS))


def _parts(panel: Panel, outcome: Outcome, dates: Sequence[dt.date]) -> pd.DataFrame:
    rows = [row for row, (kind, _) in enumerate(panel.keys) if kind in EXPLAINED_KINDS]
    if not rows:
        return pd.DataFrame(columns=list(PART_COLUMNS))
    without = {part: values[rows] for part, values in outcome.without.items()}
    values = split(outcome.forecast[rows], without, panel.values[rows, -28:], panel.season)
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


def _purchase(
    products: pd.DataFrame, each: _Measure, outcome: Outcome, as_of_date: dt.date
) -> tuple[pd.DataFrame, pd.DataFrame]:
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


def _no_products() -> pd.DataFrame:
    columns = ("product_id", "category", "stock", "cost", "lead_time_days", "review_days", "service_level", "pack_size")
    return pd.DataFrame(columns=[*columns, "minimum_order"])


def _card(
    shop: Mapping[str, _Measure],
    outcomes: Mapping[str, Outcome],
    live: Mapping[str, Outcome],
    proof: Proof,
    verdict: Verdict,
    previous_card: ModelCard | None,
    country: str | None,
    horizon: int,
    seed: int,
) -> ModelCard:
    panel, outcome = shop["revenue"].panel, outcomes["revenue"]
    days = pd.Series([live["revenue"].source[row] for row in shop["revenue"].shown], dtype=object).value_counts()
    failures = {
        f"{measure}: {model}": len(reasons)
        for measure, each in outcomes.items()
        for model, reasons in each.failures.items()
    }
    by_kind = {
        f"{measure} {kind}": {"wape": found.value, "baseline": found.baseline, "baseline_wape": found.baseline_value}
        for measure, each in outcomes.items()
        for kind, found in each.proof.items()
        if kind != REST
    }
    held = {
        f"{measure} {kind} {level:.0%}": _mean_known(each.covered[place, _rows(shop[measure].panel, kind)])
        for measure, each in outcomes.items()
        for kind in each.proof
        if kind != REST
        for place, level in enumerate(LEVELS)
    }
    reason = verdict.reason
    share = next(
        (each for name, each in held.items() if name.startswith(("revenue category 80", "revenue total 80"))), None
    )
    if share is not None:
        reason += f"; 80% bands held {share:.0%} of the last {outcome.tested.actual.shape[2]} days"
    if failures:
        reason += "; without an answer: " + ", ".join(
            f"{name} for {count} series" for name, count in sorted(failures.items())
        )
    if supported_country(country) is None:
        reason += f"; no statutory holidays known for country {country!r}"
    kept = previous_card if verdict.decision == "kept" else None
    return ModelCard(
        model="sales_forecast",
        metric="wape",
        value=proof.value,
        baseline=proof.baseline,
        baseline_value=proof.baseline_value,
        decision=verdict.decision,
        reason=reason,
        trained_from=kept.trained_from if kept else panel.days[0].date(),
        trained_to=kept.trained_to if kept else panel.days[-1].date(),
        parameters={
            "horizon": horizon,
            "intervals": list(LEVELS),
            "country": supported_country(country),
            "prophet_series_at_most": PROPHET_SERIES,
        },
        seed=seed,
        metrics={
            "live_value": verdict.live_value,
            "series_scored": proof.series,
            "series_by_model": {str(name): int(count) for name, count in days.items()},
            "by_kind": by_kind,
            "bands_held": held,
            "failures": failures,
        },
        libraries=LIBRARIES,
    )


def _rows(panel: Panel, kind: str) -> np.ndarray:
    return np.flatnonzero([each == kind for each, _ in panel.keys])


def _mean_known(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _nothing(horizon: int, seed: int, country: str | None) -> ForecastResult:
    """The answer to a shop without any sale."""
    proof = Proof(value=None, baseline=BASELINES[0], baseline_value=None, series=0)
    verdict = decide(proof, None, dt.date.min)
    tables = (
        FORECAST_COLUMNS,
        EVALUATION_COLUMNS,
        SERIES_COLUMNS,
        PART_COLUMNS,
        MOVE_COLUMNS,
        ADVICE_COLUMNS,
        RISK_COLUMNS,
    )
    forecasts, evaluation, series, parts, moved, advice, risk = (pd.DataFrame(columns=list(names)) for names in tables)
    card = ModelCard(
        model="sales_forecast",
        metric="wape",
        baseline=proof.baseline,
        decision=verdict.decision,
        reason=verdict.reason,
        parameters={"horizon": horizon, "country": supported_country(country)},
        seed=seed,
        libraries=LIBRARIES,
    )
    return ForecastResult(
        forecasts=forecasts,
        evaluation=evaluation,
        series=series,
        parts=parts,
        moves=moved,
        advice=advice,
        risk=risk,
        card=card,
    )
