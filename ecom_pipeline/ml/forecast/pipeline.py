"""The single entry: what a shop sold in; forecasts, their evaluation, parts, purchase advice and a model card out.

Revenue and units of every series are forecast apart, each by the method of ``engine``. The card judges the revenue of
the categories, or of the total where they cannot be tested: the combination of models beside the best single baseline.
What does not belong here: reading or writing tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast.demand import STOCK_COLUMNS, remembered_stock, sells_often
from ecom_pipeline.ml.forecast.engine import Outcome, forecast_panel
from ecom_pipeline.ml.forecast.parts import EFFECTS, MOVE_COLUMNS, moves
from ecom_pipeline.ml.forecast.purchase import ADVICE_COLUMNS, RISK_COLUMNS
from ecom_pipeline.ml.forecast.series import MEMORY_DAYS, Measure, Sources, largest, measure_of
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
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "forecasts": FORECAST_COLUMNS,
    "weekly_forecasts": WEEKLY_COLUMNS,
    "forecast_evaluation": EVALUATION_COLUMNS,
    "forecast_series": SERIES_COLUMNS,
    "forecast_parts": PART_COLUMNS,
    "forecast_moves": MOVE_COLUMNS,
    "purchase_advice": ADVICE_COLUMNS,
    "stock_out_risk": RISK_COLUMNS,
    "stock_days": STOCK_COLUMNS,
}
"""The tables of a night, as their contracts describe them."""


@dataclass(frozen=True, kw_only=True)
class ForecastResult:
    """What a night's forecasting gives.

    Attributes
    ----------
    frames
        The tables of `COLUMNS`, without an index. Of every forecast ``0 <= lower_95 <= lower <= forecast <= upper <= upper_95``.
    card
        The row of the registry. Its decision governs the forecasts: ``kept`` asks the caller to leave the live ones.
    """

    frames: Mapping[str, pd.DataFrame]
    card: ModelCard


def forecast_shop(
    shop: Sources,
    *,
    horizon: int = 28,
    seed: int,
    previous_card: ModelCard | None = None,
    previous_parts: pd.DataFrame | None = None,
    previous_stock: pd.DataFrame | None = None,
) -> ForecastResult:
    """Forecast every series of a shop for the ``horizon`` days after its as-of date.

    Parameters
    ----------
    seed
        Fixes all randomness.
    previous_card, previous_parts, previous_stock
        Of the last run; the stock is its table ``stock_days``. A result worse by more than 10 % is ``kept`` back for up to a week.

    Raises
    ------
    ValueError
        The input is not the promised table.
    """
    if horizon < 1:
        raise ValueError(f"horizon: {horizon}, expected at least 1 day")
    products = shop.products[shop.products["product_id"].isin(shop.product_sales["product_id"])].reset_index(drop=True)
    stock = remembered_stock(products, previous_stock, shop.as_of_date, MEMORY_DAYS)
    shop = replace(shop, products=products)
    measures = {name: measure_of(name, shop, stock, horizon) for name in MEASURES}
    if not all(each.panel.keys for each in measures.values()):
        nothing = {name: pd.DataFrame(columns=list(columns)) for name, columns in COLUMNS.items()}
        return ForecastResult(frames=nothing | {"stock_days": stock}, card=card_of_nothing(shop.country, horizon, seed))
    outcomes = {name: _forecast(name, each, horizon, seed) for name, each in measures.items()}
    dates = [(pd.Timestamp(shop.as_of_date) + pd.Timedelta(days=day)).date() for day in range(1, horizon + 1)]
    parts = part_rows(measures["revenue"].panel, outcomes["revenue"], dates)
    advice, risk = purchase_rows(products, measures["units"], outcomes["units"], shop.as_of_date)

    def both(rows: Callable[[str, Measure, Outcome], pd.DataFrame]) -> pd.DataFrame:
        return pd.concat([rows(name, each, outcomes[name]) for name, each in measures.items()], ignore_index=True)

    frames = {
        "forecasts": both(lambda name, each, outcome: forecast_rows(name, each, outcome, dates)),
        "weekly_forecasts": both(lambda name, each, outcome: weekly_rows(name, each, outcome, dates)),
        "forecast_evaluation": both(lambda name, each, outcome: evaluation_rows(name, each, outcome, horizon)),
        "forecast_series": both(series_rows),
        "forecast_parts": parts,
        "forecast_moves": moves(parts, previous_parts, shop.currency),
        "purchase_advice": advice,
        "stock_out_risk": risk,
        "stock_days": stock,
    }
    return ForecastResult(frames=frames, card=card_of(shop, measures, outcomes, previous_card, horizon, seed))


def _forecast(measure: str, each: Measure, horizon: int, seed: int) -> Outcome:
    is_revenue = measure == "revenue"
    by_sums = ~sells_often(each.panel.values)
    by_sums[each.rows("product")] = True
    return forecast_panel(
        each.panel,
        horizon=horizon,
        skip=each.skip,
        seed=seed,
        prophet_rows=largest(each.panel) if is_revenue else (),
        hierarchy=each.hierarchy,
        by_sums=by_sums,
        parts=EFFECTS if is_revenue else None,
    )
