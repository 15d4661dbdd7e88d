"""Many series side by side: the one form every model reads.

A panel holds the series of a shop in the rows of a matrix whose columns are consecutive periods. What was not yet on
sale, and what nobody could buy because it was out of stock, is missing (NaN): unknown demand, not demand of zero. What
does not belong here: any judgement of a series beyond what the table says, and any model.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.calendar import Effects
from ecom_pipeline.ml.forecast.period import DAY, Period

SeriesKey = tuple[str, str]
"""Kind and name of a series, such as ``("category", "Garden")``."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Series of the same length, period and last day.

    Attributes
    ----------
    keys
        Kind and name of each of the S series.
    days
        The T consecutive periods; the first day of each.
    values
        (S, T) amounts per period; NaN before a series starts and where its demand is unknown.
    effects
        What is known about periods, those to come included; its columns start at ``days[0]``.
    period
        What a column is.
    prices
        (S, T) what a piece last cost at the end of each period; NaN where it has no price, or not yet. None without any.
    """

    keys: tuple[SeriesKey, ...]
    days: pd.DatetimeIndex
    values: np.ndarray
    effects: Effects
    period: Period = DAY
    prices: np.ndarray | None = None

    @property
    def length(self) -> int:
        """Periods T."""
        return int(self.values.shape[1])

    @property
    def season(self) -> int:
        """Periods after which the main pattern repeats."""
        return self.period.season

    @property
    def year(self) -> int:
        """Whole seasons' periods that come closest to a year."""
        return self.period.year

    @property
    def starts(self) -> np.ndarray:
        """(S,) first known period of each series; T where it has none."""
        known = np.isfinite(self.values)
        return np.where(known.any(axis=1), known.argmax(axis=1), self.length)

    @property
    def known(self) -> np.ndarray:
        """(S,) periods from the first known one on."""
        return np.asarray(self.length - self.starts)

    def first_days(self, start: int, stop: int) -> pd.DatetimeIndex:
        """First days of the periods ``start`` to ``stop``, coming ones included."""
        return pd.date_range(self.days[0], periods=stop, freq=self.period.frequency)[start:]

    def coming(self, horizon: int) -> pd.DatetimeIndex:
        """First days of the ``horizon`` periods after the panel."""
        return self.first_days(self.length, self.length + horizon)

    def until(self, length: int) -> Panel:
        """The panel as it was after its first ``length`` periods: of the effects, market indicators were not yet known."""
        known = self.effects.without(("market",), length)
        prices = None if self.prices is None else self.prices[:, :length]
        return replace(self, days=self.days[:length], values=self.values[:, :length], effects=known, prices=prices)

    def last(self, length: int) -> Panel:
        """The panel without all but its last ``length`` periods."""
        drop = max(0, self.length - length)
        return replace(
            self,
            days=self.days[drop:],
            values=self.values[:, drop:],
            effects=self.effects.from_period(drop),
            prices=None if self.prices is None else self.prices[:, drop:],
        )

    def only(self, rows: Sequence[int] | np.ndarray) -> Panel:
        """Some of the series, in this order."""
        chosen = np.asarray(rows, dtype=int)
        effects = self.effects.of_rows(chosen)
        return replace(
            self,
            keys=tuple(self.keys[row] for row in chosen),
            values=self.values[chosen],
            effects=effects,
            prices=None if self.prices is None else self.prices[chosen],
        )

    def with_prices(self, paid: pd.DataFrame) -> Panel:
        """The panel with the prices of some series: ``series_kind, series, sales_date, price``; each stays until the next."""
        place = {key: row for row, key in enumerate(self.keys)}
        row = np.array([place.get(key, -1) for key in zip(paid["series_kind"], paid["series"], strict=True)], dtype=int)
        column = self.days.get_indexer(pd.DatetimeIndex(pd.to_datetime(paid["sales_date"])))
        price = paid["price"].to_numpy(dtype=float)
        told = (row >= 0) & (column >= 0) & (price > 0)
        prices = np.full(self.values.shape, np.nan)
        prices[row[told], column[told]] = price[told]
        return replace(self, prices=carried_forward(prices))


def daily_panel(daily_sales: pd.DataFrame, *, target: str, as_of_date: dt.date) -> Panel:
    """The panel of a table of daily sales: a number for every day of a series from its first sale on.

    A day without a row, or without a value, sold nothing. The as-of day may still be going on, so the panel ends the
    day before, unless that day is all it has. Later days are left out.

    Raises
    ------
    ValueError
        A column is missing, a day appears twice in a series, or a value is infinite: says which.
    """
    absent = sorted({"series_kind", "series", "sales_date", target} - set(daily_sales.columns))
    if absent:
        raise ValueError(f"daily_sales: no column {', '.join(absent)}")
    rows = pd.DataFrame(
        {
            "series_kind": daily_sales["series_kind"].astype(str),
            "series": daily_sales["series"].astype(str),
            "day": pd.to_datetime(daily_sales["sales_date"]).astype("datetime64[ns]"),
            "value": daily_sales[target].astype(float).fillna(0.0),
        }
    )
    _refuse(rows[rows.duplicated(["series_kind", "series", "day"])], "appears twice")
    _refuse(rows[np.isinf(rows["value"])], f"has an infinite {target}")
    as_of = pd.Timestamp(as_of_date)
    rows = rows[rows["day"] <= as_of]
    if rows.empty:
        return Panel(keys=(), days=pd.DatetimeIndex([]), values=np.empty((0, 0)), effects=Effects.none())
    groups = rows.groupby(["series_kind", "series"], sort=True)
    keys = tuple((str(kind), str(name)) for kind, name in groups.groups)
    first = rows["day"].min()
    last = max(first, as_of - pd.Timedelta(days=1))
    days = pd.date_range(first, last, freq="D")
    row, column = groups.ngroup().to_numpy(), (rows["day"] - first).dt.days.to_numpy()
    starts = np.full(len(keys), len(days))
    np.minimum.at(starts, row, column)
    starts = np.minimum(starts, len(days) - 1)
    values = np.where(np.arange(len(days)) >= starts[:, np.newaxis], 0.0, np.nan)
    within = column < len(days)
    values[row[within], column[within]] = rows["value"].to_numpy()[within]
    return Panel(keys=keys, days=days, values=values, effects=Effects.none())


def known_mean(values: np.ndarray) -> np.ndarray:
    """Mean of the known values along the last axis; NaN where none is known."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def known_sums(values: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the known values of every ``width`` periods in a row (S, T - width + 1), and how many are known.

    >>> [each.tolist() for each in known_sums(np.array([[1.0, 2.0, np.nan]]), 2)]
    [[[3.0, 2.0]], [[2, 1]]]
    """
    known = np.isfinite(values)
    total, count = (
        np.cumsum(np.pad(each, ((0, 0), (1, 0))), axis=1) for each in (np.where(known, values, 0.0), known.astype(int))
    )
    return total[:, width:] - total[:, :-width], count[:, width:] - count[:, :-width]


def ordered_quantiles(ordered: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(..., S) quantiles of the finite values of each row (S, n), ascending before infinite ones; 0 where there are none.

    >>> ordered_quantiles(np.array([[1.0, 3.0, np.inf]]), np.array([0.25])).tolist()
    [1.5]
    """
    if not ordered.shape[1]:
        return np.zeros(share.shape[:-1] + ordered.shape[:1])
    finite = np.where(np.isfinite(ordered), ordered, 0.0)
    place = share * np.maximum(np.isfinite(ordered).sum(axis=1) - 1, 0)
    low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
    rows = np.arange(len(ordered))
    return np.asarray(finite[rows, low] + (place - low) * (finite[rows, high] - finite[rows, low]))


def carried_forward(values: np.ndarray) -> np.ndarray:
    """Each row with its unknown values replaced by the last known one before; NaN before the first.

    >>> carried_forward(np.array([[np.nan, 2.0, np.nan, 3.0]])).tolist()
    [[nan, 2.0, 2.0, 3.0]]
    """
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), -1), axis=1)
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=1), np.nan)


def _refuse(rows: pd.DataFrame, what: str) -> None:
    if not rows.empty:
        first = rows.sort_values(["series_kind", "series", "day"]).iloc[0]
        raise ValueError(f"daily_sales: {first['series_kind']} {first['series']!r}, {first['day']:%Y-%m-%d}: {what}")
