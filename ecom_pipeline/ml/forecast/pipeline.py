"""The single entry: a shop's daily sales in; forecasts, their evaluation, parts, purchase advice and a model card out.

Revenue and units of every series are forecast apart, each by the method of ``engine``. The card judges the revenue of
the categories, or of the total where they cannot be tested: the combination of models beside the best single baseline.
What does not belong here: reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast.combination import COMBINATION
from ecom_pipeline.ml.forecast.decision import decide
from ecom_pipeline.ml.forecast.demand import remembered_stock
from ecom_pipeline.ml.forecast.engine import Outcome, forecast_panel
from ecom_pipeline.ml.forecast.parts import EFFECTS, MOVE_COLUMNS, moves
from ecom_pipeline.ml.forecast.purchase import ADVICE_COLUMNS, RISK_COLUMNS
from ecom_pipeline.ml.forecast.series import MEMORY_DAYS, Measure, Sources, largest, measure_of, proving
from ecom_pipeline.ml.forecast.summary import card_of, card_of_nothing
from ecom_pipeline.ml.forecast.tables import (
    EVALUATION_COLUMNS,
    FORECAST_COLUMNS,
    PART_COLUMNS,
    SERIES_COLUMNS,
    WEEKLY_COLUMNS,
    evaluation_rows,
    forecast_rows,
    part_rows,
    purchase_rows,
    series_rows,
    weekly_rows,
)

MEASURES = ("revenue", "units")
PROPHET_SERIES = 10
"""Prophet is tried on the revenue of this many series, the total and the categories first (`largest`)."""


@dataclass(frozen=True, kw_only=True)
class ForecastResult:
    """What a night's forecasting gives.

    Attributes
    ----------
    forecasts
        `FORECAST_COLUMNS`: what is published of each series, for every day of the horizon, with the 80 % band and the
        95 % band; ``0 <= lower_95 <= lower <= forecast <= upper <= upper_95``.
    weekly
        `WEEKLY_COLUMNS`: the sums of these over weeks counted from the first coming day, with bands of their own.
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
    stock
        `STOCK_COLUMNS`: what was on the shelves of these, night by night, for the next night to know.
    card
        The row of the registry. Its decision governs the forecasts: ``kept`` asks the caller to leave the live ones.
    """

    forecasts: pd.DataFrame
    weekly: pd.DataFrame
    evaluation: pd.DataFrame
    series: pd.DataFrame
    parts: pd.DataFrame
    moves: pd.DataFrame
    advice: pd.DataFrame
    risk: pd.DataFrame
    stock: pd.DataFrame
    card: ModelCard


def forecast_shop(
    daily_sales: pd.DataFrame,
    calendar: pd.DataFrame,
    *,
    country: str | None,
    currency: str,
    as_of_date: dt.date,
    horizon: int = 28,
    seed: int,
    product_sales: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    promotions: pd.DataFrame | None = None,
    market: pd.DataFrame | None = None,
    previous_card: ModelCard | None = None,
    previous_parts: pd.DataFrame | None = None,
    previous_stock: pd.DataFrame | None = None,
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
    currency
        Code of what revenue is in.
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
    previous_stock
        `STOCK_COLUMNS` of the last run.
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
    if product_sales is not None:
        products = products[products["product_id"].isin(product_sales["product_id"])].reset_index(drop=True)
    stock = remembered_stock(products, previous_stock, as_of_date, MEMORY_DAYS)
    sources = Sources(
        daily_sales=daily_sales,
        product_sales=product_sales,
        products=products,
        stock=stock,
        calendar=calendar,
        promotions=promotions,
        market=market,
        country=country,
        as_of_date=as_of_date,
    )
    shop = {measure: measure_of(measure, sources, horizon) for measure in MEASURES}
    if not all(each.panel.keys for each in shop.values()):
        return _nothing(horizon, seed, country, stock)
    outcomes = {name: _forecast(name, each, horizon, seed) for name, each in shop.items()}
    revenue = outcomes["revenue"]
    judged = proving(revenue.proof)
    is_combined = revenue.source[int(shop["revenue"].rows(judged)[0])] == COMBINATION
    verdict = decide(revenue.proof[judged], is_combined, previous_card, as_of_date)
    dates = [(pd.Timestamp(as_of_date) + pd.Timedelta(days=day)).date() for day in range(1, horizon + 1)]
    parts = part_rows(shop["revenue"].panel, revenue, dates)
    advice, risk = purchase_rows(products, shop["units"], outcomes["units"], as_of_date)

    def both(rows: Callable[[str, Measure], pd.DataFrame]) -> pd.DataFrame:
        return pd.concat([rows(name, each) for name, each in shop.items()], ignore_index=True)

    return ForecastResult(
        forecasts=both(lambda name, each: forecast_rows(name, each, outcomes[name], dates)),
        weekly=both(lambda name, each: weekly_rows(name, each, outcomes[name], dates)),
        evaluation=both(lambda name, each: evaluation_rows(name, each, outcomes[name], horizon)),
        series=both(lambda name, each: series_rows(name, each, outcomes[name])),
        parts=parts,
        moves=moves(parts, previous_parts, currency),
        advice=advice,
        risk=risk,
        stock=stock,
        card=card_of(shop, outcomes, judged, verdict, previous_card, country, horizon, seed, PROPHET_SERIES),
    )


def _forecast(measure: str, each: Measure, horizon: int, seed: int) -> Outcome:
    is_revenue = measure == "revenue"
    return forecast_panel(
        each.panel,
        horizon=horizon,
        skip=each.skip,
        seed=seed,
        prophet_rows=largest(each.panel, PROPHET_SERIES) if is_revenue else (),
        hierarchy=each.hierarchy,
        by_sums=("product",),
        parts=EFFECTS if is_revenue else None,
    )


def _no_products() -> pd.DataFrame:
    columns = ("product_id", "category", "stock", "cost", "lead_time_days", "review_days", "service_level", "pack_size")
    return pd.DataFrame(columns=[*columns, "minimum_order"])


def _nothing(horizon: int, seed: int, country: str | None, stock: pd.DataFrame) -> ForecastResult:
    """The answer to a shop without any sale."""
    forecasts, weekly, evaluation, series, parts, moved, advice, risk = (
        pd.DataFrame(columns=list(names))
        for names in (
            FORECAST_COLUMNS,
            WEEKLY_COLUMNS,
            EVALUATION_COLUMNS,
            SERIES_COLUMNS,
            PART_COLUMNS,
            MOVE_COLUMNS,
            ADVICE_COLUMNS,
            RISK_COLUMNS,
        )
    )
    return ForecastResult(
        forecasts=forecasts,
        weekly=weekly,
        evaluation=evaluation,
        series=series,
        parts=parts,
        moves=moved,
        advice=advice,
        risk=risk,
        stock=stock,
        card=card_of_nothing(country, horizon, seed),
    )
