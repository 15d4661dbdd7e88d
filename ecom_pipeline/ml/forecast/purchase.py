"""From forecast to purchase order: how much to order tonight, and what happens if nothing is ordered.

A base-stock policy with periodic review: what is on hand has to last until the delivery of the *next* order, lead time
plus review period away, at the service level. The safety stock comes from ``uncertainty``. Reference: Silver, Pyke &
Thomas, *Inventory and Production Management in Supply Chains*, 4th ed., chapter 6. What is already ordered is not known to
the shop's exports and has to be subtracted by the reader. What does not belong here: the forecast, and its errors.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.uncertainty import Uncertainty

LEAD_TIME_DAYS = 14
REVIEW_DAYS = 7
SERVICE_LEVEL = 0.95
OVERSTOCK_DAYS = 90
HALF_A_PIECE = 0.5
ADVICE_COLUMNS = (
    "product_id", "stock", "lead_time_days", "review_days", "service_level", "pack_size", "minimum_order",
    "daily_demand", "protected_days", "expected_demand", "safety_stock", "reorder_point", "suggested_units",
    "suggested_cost", "days_of_cover", "stock_out_date", "lost_units", "stock_value", "overstock_units",
    "overstock_value", "is_overstocked", "stock_out_risk",
)  # fmt: skip
RISK_COLUMNS = ("product_id", "risk_date", "expected_stock", "stock_out_risk")


def advise(products: pd.DataFrame, forecast: np.ndarray, uncertainty: Uncertainty, as_of_date: object) -> pd.DataFrame:
    """Advice for every product with a forecast.

    Parameters
    ----------
    products
        One row per row of ``forecast``: ``product_id``, and where the shop says so ``stock, lead_time_days, review_days,
        service_level, pack_size, minimum_order, cost, lost_units``.
    forecast
        (S, H) units per day; after H days the mean of the last week is taken to go on.
    as_of_date
        The day of the stock.

    Returns
    -------
    pandas.DataFrame
        `ADVICE_COLUMNS`; what needs a stock or a cost that is not known is missing. ``stock_out_risk`` is that until an order of
        tonight arrives.
    """
    lead = _given(products, "lead_time_days", LEAD_TIME_DAYS).clip(lower=0)
    review = _given(products, "review_days", REVIEW_DAYS).clip(lower=1)
    service = _given(products, "service_level", SERVICE_LEVEL).clip(0.5, 0.999)
    pack = _given(products, "pack_size", 1).clip(lower=1)
    least = _given(products, "minimum_order", 0).clip(lower=0)
    stock, cost = (products[name].astype(float) for name in ("stock", "cost"))
    on_hand = stock.clip(lower=0)
    days = (lead + review).astype(int).to_numpy()
    ahead = _longer(forecast, max(int(days.max()), OVERSTOCK_DAYS))
    total = np.cumsum(ahead, axis=1)
    rows = np.arange(len(products))
    expected = total[rows, days - 1]
    safety = np.where(expected > 0, uncertainty.quantile(days, service.to_numpy()), 0.0)
    reorder = expected + safety
    wanted = (reorder - stock).clip(lower=0)
    units = (np.ceil(np.maximum(wanted, np.where(wanted > 0, least, 0.0)) / pack - 1e-9) * pack).abs()
    daily = forecast.mean(axis=1)
    over = np.floor((on_hand - np.maximum(total[:, OVERSTOCK_DAYS - 1], reorder)).clip(lower=0) + 1e-9)
    arrival = np.maximum(lead.astype(int).to_numpy(), 1)
    risk = _sold_out_by(stock.to_numpy(), total[:, : arrival.max()], uncertainty)
    return pd.DataFrame(
        {
            "product_id": products["product_id"].to_numpy(),
            "stock": stock.to_numpy(),
            "lead_time_days": lead.astype(int).to_numpy(),
            "review_days": review.astype(int).to_numpy(),
            "service_level": service.to_numpy(),
            "pack_size": pack.astype(int).to_numpy(),
            "minimum_order": least.astype(int).to_numpy(),
            "daily_demand": daily,
            "protected_days": days,
            "expected_demand": expected,
            "safety_stock": safety,
            "reorder_point": reorder,
            "suggested_units": units.to_numpy(),
            "suggested_cost": (units * cost).to_numpy(),
            "days_of_cover": on_hand.to_numpy() / np.where(daily > 0, daily, np.nan),
            "stock_out_date": _gone_on(on_hand.to_numpy(), total, pd.Timestamp(str(as_of_date))),
            "lost_units": products["lost_units"].to_numpy(dtype=float),
            "stock_value": (on_hand * cost).to_numpy(),
            "overstock_units": over.to_numpy(),
            "overstock_value": (over * cost).to_numpy(),
            "is_overstocked": (over > 0).to_numpy(),
            "stock_out_risk": risk[rows, arrival - 1],
        }
    )[list(ADVICE_COLUMNS)]


def stock_out_risk(
    products: pd.DataFrame, forecast: np.ndarray, uncertainty: Uncertainty, as_of_date: object
) -> pd.DataFrame:
    """Chance that a product is sold out by each coming day if nothing arrives; products of unknown stock are left out."""
    stock = products["stock"].astype(float).to_numpy()
    known = np.flatnonzero(np.isfinite(stock))
    horizon = forecast.shape[1]
    total = np.cumsum(forecast, axis=1)
    risk = _sold_out_by(stock, total, uncertainty)
    start = pd.Timestamp(str(as_of_date))
    days = (start + pd.to_timedelta(np.arange(1, horizon + 1), unit="D")).date
    return pd.DataFrame(
        {
            "product_id": np.repeat(products["product_id"].to_numpy()[known], horizon),
            "risk_date": np.tile(days, len(known)),
            "expected_stock": np.maximum(stock[known, np.newaxis] - total[known], 0.0).ravel(),
            "stock_out_risk": risk[known].ravel(),
        }
    )[list(RISK_COLUMNS)]


def _sold_out_by(stock: np.ndarray, total: np.ndarray, uncertainty: Uncertainty) -> np.ndarray:
    """(S, D) chance that a stock (S,) is gone after each day, when ``total`` (S, D) is expected to be asked for; NaN if unknown.

    The last piece goes with a demand of at least the stock. Demand comes in whole pieces, so that is one of more than half a
    piece less, the continuity correction.
    """
    left = stock[:, np.newaxis] - HALF_A_PIECE - total
    risk = np.column_stack([uncertainty.exceeded(day + 1, each) for day, each in enumerate(left.T)])
    risk = np.where(total > 0, risk, 0.0)
    risk = np.where(np.isnan(left), np.nan, np.where(stock[:, np.newaxis] <= 0, 1.0, risk))
    return np.asarray(np.maximum.accumulate(risk, axis=1))


def _gone_on(on_hand: np.ndarray, total: np.ndarray, today: pd.Timestamp) -> list[object]:
    """Per product the day after which ``total`` (S, D) has used up what is on hand; None where it does not, or is unknown."""
    gone = np.pad(total, ((0, 0), (1, 0))) >= on_hand[:, np.newaxis]
    return [(today + pd.Timedelta(days=int(row.argmax()))).date() if row.any() else None for row in gone]


def _given(products: pd.DataFrame, name: str, default: float) -> pd.Series:
    values: pd.Series = products[name].astype(float).fillna(default)
    return values


def _longer(forecast: np.ndarray, days: int) -> np.ndarray:
    """The forecast for at least ``days`` days: after its end the mean of its last week."""
    more = max(0, days - forecast.shape[1])
    return np.concatenate([forecast, np.tile(forecast[:, -7:].mean(axis=1, keepdims=True), more)], axis=1)
