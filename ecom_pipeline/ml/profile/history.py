"""What was known of each buyer on a given day: features at a cut-off, and what happened in the days after it.

Nothing after the cut-off bears on a feature: the days are cut first, and everything else is computed from what is left.
What does not belong here: learning from the features, and choosing cut-offs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.profile.lifetime import BetaGeometric

WINDOWS = (7, 14, 30, 60, 90, 120, 180, 365)
"""Days that the windows look back."""
MEMORIES = (10, 20, 30, 60, 90, 180)
"""Days after which an order counts 1/e in the fading sums."""
MONTH = 30
SATURDAY = 5
ACTIVITIES = ("views", "carts", "favourites", "searches", "messages", "refunds")
"""Further columns of the days that are summed, where the shop has any."""
HORIZON = 30


def buyers_at(days: pd.DataFrame, cutoff: dt.date) -> pd.DataFrame:
    """Features of every customer who ordered up to the cut-off, the day itself included.

    Parameters
    ----------
    days
        ``customer_id, activity_date, orders, revenue`` and any of `ACTIVITIES`: one row per customer and day.
    cutoff
        The last day that counts.

    Returns
    -------
    pandas.DataFrame
        One row per buyer, indexed by ``customer_id`` in order; all columns are numbers. Days for what ends in ``_days``,
        the shop's currency for revenue; missing where a customer has too few orders to say.
    """
    past = days[pd.to_datetime(days["activity_date"]) <= pd.Timestamp(cutoff)]
    ordered = past[past["orders"] > 0].sort_values(["customer_id", "activity_date"], ignore_index=True)
    codes, customers = pd.factorize(ordered["customer_id"], sort=True)
    age = _age(ordered, cutoff)
    orders, revenue = ordered["orders"].to_numpy(float), ordered["revenue"].to_numpy(float)
    total = _Sums(codes, len(customers))
    last, first = total.edges()
    columns: dict[str, NDArray[np.float64]] = {
        "recency_days": age[last],
        "first_order_days": age[first],
        "orders": total(orders),
        "order_days": total(np.ones(len(age))),
        "revenue": total(revenue),
        "last_order_revenue": revenue[last],
    }
    columns["average_order_value"] = columns["revenue"] / columns["orders"]
    gap = np.append(np.nan, -np.diff(age)) if len(age) else age
    gap[first] = np.nan
    known = ~np.isnan(gap)
    gaps = total(known.astype(float))
    with np.errstate(invalid="ignore", divide="ignore"):
        columns["mean_gap_days"] = total(np.where(known, gap, 0.0)) / gaps
        spread = total(np.where(known, gap**2, 0.0)) / gaps - columns["mean_gap_days"] ** 2
        columns["gap_spread_days"] = np.sqrt(np.where(gaps > 1, np.maximum(spread, 0.0), np.nan))
        columns["recency_in_gaps"] = columns["recency_days"] / columns["mean_gap_days"]
        columns["orders_per_day"] = columns["orders"] / (columns["first_order_days"] + 1.0)
    columns["last_gap_days"] = gap[last]
    for window in WINDOWS:
        inside = age < window
        columns[f"orders_{window}"] = total(orders * inside)
        columns[f"revenue_{window}"] = total(revenue * inside)
    for memory in MEMORIES:
        fading = np.exp(-age / memory)
        columns[f"fading_orders_{memory}"] = total(orders * fading)
        columns[f"fading_revenue_{memory}"] = total(revenue * fading)
    opening = np.ones(len(age), dtype=bool)
    opening[1:] = (np.diff(codes) != 0) | (np.diff(age // MONTH) != 0)
    columns["active_months"] = total(opening.astype(float))
    weekday = pd.to_datetime(ordered["activity_date"]).dt.weekday.to_numpy()
    columns["weekend_share"] = total((weekday >= SATURDAY).astype(float)) / columns["order_days"]
    columns["orders_a_year_ago"] = total(orders * ((age <= 364) & (age > 364 - HORIZON)))
    columns |= _buying_rate(columns["order_days"] - 1, columns["first_order_days"], columns["recency_days"])
    features = pd.DataFrame(columns, index=pd.Index(customers, name="customer_id"))
    return features.join(_activity(past, features.index, cutoff))


def outcome_after(days: pd.DataFrame, customers: pd.Index, cutoff: dt.date, horizon: int = HORIZON) -> pd.DataFrame:
    """What each customer did in the ``horizon`` days after the cut-off.

    Returns
    -------
    pandas.DataFrame
        ``bought`` (0 or 1), ``orders``, and ``value``: revenue less what was given back in those days.
    """
    days = less_refunds(days)
    when = pd.to_datetime(days["activity_date"])
    start = pd.Timestamp(cutoff)
    ahead = days[(when > start) & (when <= start + pd.Timedelta(days=horizon))]
    sums = ahead.groupby("customer_id")[["orders", "revenue"]].sum().astype(float).reindex(customers, fill_value=0.0)
    return pd.DataFrame(
        {"bought": (sums["orders"] > 0).astype(int), "orders": sums["orders"], "value": sums["revenue"]},
        index=customers,
    )


def first_order(days: pd.DataFrame) -> dt.date | None:
    """Day of the first order of all; None without one."""
    dates = pd.to_datetime(days.loc[days["orders"] > 0, "activity_date"])
    return None if dates.empty else dates.min().date()


def less_refunds(days: pd.DataFrame) -> pd.DataFrame:
    """The days with what was given back on each taken off its ``revenue``, instead of a column of ``refunds``."""
    if "refunds" not in days:
        return days
    net = days["revenue"].astype(float) - days["refunds"].astype(float)
    return days.assign(revenue=net).drop(columns="refunds")


class _Sums:
    """Sums of values per customer, where rows are sorted by customer code."""

    def __init__(self, codes: NDArray[np.int64], count: int) -> None:
        self.codes, self.count = codes, count

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(self.codes, weights=values, minlength=self.count).astype(float)

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of each customer's last and first row."""
        ends = np.cumsum(np.bincount(self.codes, minlength=self.count))
        return ends - 1, np.append(0, ends[:-1]) if self.count else ends


def _buying_rate(
    repeats: NDArray[np.float64], age: NDArray[np.float64], recency: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """What BG/NBD makes of the rhythm of all buyers up to the cut-off; missing where it cannot be fitted."""
    names = ("alive_probability", "expected_orders")
    try:
        model = BetaGeometric().fit(repeats, age - recency, age)
    except ValueError:
        return dict.fromkeys(names, np.full(len(age), np.nan))
    last = age - recency
    return dict(
        zip(names, (model.alive(repeats, last, age), model.expected_orders(repeats, last, age, HORIZON)), strict=True)
    )


def _age(rows: pd.DataFrame, cutoff: dt.date) -> NDArray[np.float64]:
    age: NDArray[np.float64] = (pd.Timestamp(cutoff) - pd.to_datetime(rows["activity_date"])).dt.days.to_numpy(float)
    return age


def _activity(past: pd.DataFrame, customers: pd.Index, cutoff: dt.date) -> pd.DataFrame:
    names: Sequence[str] = [name for name in ACTIVITIES if name in past.columns and (past[name] > 0).any()]
    if not names:
        return pd.DataFrame(index=customers)
    age = _age(past, cutoff)
    rows = past[["customer_id", *names]].astype(dict.fromkeys(names, float))
    parts = []
    for window in (7, 30, 90):
        sums = rows[age < window].groupby("customer_id")[list(names)].sum().reindex(customers, fill_value=0.0)
        parts.append(sums.add_suffix(f"_{window}"))
    seen = pd.Series(age, index=past["customer_id"]).groupby(level=0).min()
    parts.append(seen.reindex(customers).rename("last_seen_days").to_frame())
    return pd.concat(parts, axis=1)
