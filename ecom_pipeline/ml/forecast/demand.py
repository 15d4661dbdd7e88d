"""What kind of demand a series shows, and which of its zeros were empty shelves or closed doors.

Reference: Syntetos, Boylan & Croston (2005), *On the categorization of demand patterns* (1.32 periods between sales
separate smooth from intermittent demand). What does not belong here: forecasting it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.panel import Panel, known_mean
from ecom_pipeline.ml.forecast.period import DAY, WEEK_DAYS

Demand = Literal["new", "silent", "ended", "constant", "intermittent", "regular"]
NEW_PERIODS = 56
INTERMITTENT_FROM = 1.32
OFTEN, OFTEN_PERIODS = 0.5, 182
"""What sold in half of its last half year's periods is forecast apart from what sells now and then."""
ENDED_AFTER = 8.0
"""Silences this many times the usual one, and of at least four weeks, mean that a series has ended."""
SURPRISE = 0.05
"""Zeros at the end that were less likely than this are an empty shelf, if the shelf is empty today."""
QUARTER_DAYS = 91
SURPRISING_REST = 0.001
"""A silence of one weekday that was less likely than this is no chance: most series have none, and there are seven to a week."""
STILL_OPEN = 0.01
"""Share of a usual day's sales, on closing days, above which they are none."""
STOCK_COLUMNS = ("product_id", "stock_date", "stock")


def recognise(panel: Panel) -> tuple[Demand, ...]:
    """What each series is: the first of these that fits.

    ``new`` is known for less than eight weeks; ``silent`` never sold; ``ended`` has not sold for long; ``constant`` never
    varies; ``intermittent`` sells less often than every 1.32 periods; the rest is ``regular``.
    """
    known = np.isfinite(panel.values) & ~rest_days(panel, 0)
    sold = known & (panel.values != 0)
    count, periods = sold.sum(axis=1), known.sum(axis=1)
    between = periods / np.maximum(count, 1)
    silence = np.where(count > 0, (known & (np.cumsum(sold[:, ::-1], axis=1)[:, ::-1] == 0)).sum(axis=1), 0)
    low = np.nanmin(np.where(known, panel.values, np.inf), axis=1, initial=np.inf)
    high = np.nanmax(np.where(known, panel.values, -np.inf), axis=1, initial=-np.inf)
    rules: list[tuple[Demand, np.ndarray]] = [
        ("new", panel.known < NEW_PERIODS),
        ("silent", count == 0),
        ("ended", silence >= np.maximum(28, ENDED_AFTER * between)),
        ("constant", low >= high),
        ("intermittent", between >= INTERMITTENT_FROM),
    ]
    found = np.select([fits for _, fits in rules], np.arange(len(rules)), len(rules))
    names: tuple[Demand, ...] = (*(name for name, _ in rules), "regular")
    return tuple(names[place] for place in found)


def sells_often(values: np.ndarray) -> np.ndarray:
    """(S,) whether a series (S, T) sold in at least half of the last periods that are known."""
    recent = values[:, -OFTEN_PERIODS:]
    return known_mean(np.where(np.isfinite(recent), recent != 0, np.nan)) >= OFTEN


def without_stockouts(panel: Panel, stock: pd.DataFrame) -> tuple[Panel, np.ndarray]:
    """Take an empty shelf for unknown demand: days that sold nothing between two looks at the shelf that found it empty.

    Where nobody looked before today, the zeros at the end of what is out of stock today count too, if they would surprise:
    a product that sells once a month is silent for a week with or without stock.

    Parameters
    ----------
    stock
        ``series, stock_date, stock`` of products: pieces on hand at the end of a day; the latest may be after the panel.

    Returns
    -------
    Panel
        The empty days are NaN.
    numpy.ndarray
        (S,) amount probably lost on them in the last 91 days.
    """
    if not len(stock) or not panel.length:
        return panel, np.zeros(len(panel.keys))
    seen = _looks(panel, stock)
    sold = np.nan_to_num(panel.values) > 0
    empty = (panel.values == 0) & (_between_empty_looks(seen, sold) | _surprising_end(panel, seen, sold))
    values = np.where(empty, np.nan, panel.values)
    return replace(panel, values=values), _lost(values, empty)


class Idle(NamedTuple):
    """(S, T + H) days, coming ones included, on which a series sells nothing: the shop is closed, or rests."""

    closed: np.ndarray
    rest: np.ndarray


def idle_days(panel: Panel, horizon: int) -> Idle:
    """The days on which the calendar closes a series, and those of rest."""
    return Idle(closed_days(panel, horizon), rest_days(panel, horizon))


def closed_days(panel: Panel, horizon: int) -> np.ndarray:
    """(S, T + horizon) days, coming ones included, on which a series sells nothing because the shop is closed.

    A closing day closes a series whose known closing days brought at most a hundredth of other days' sales: a shop whose
    warehouse is closed may well go on selling.
    """
    closing, shape = panel.effects.of_kind("closed"), (len(panel.keys), panel.length + horizon)
    if not closing.names:
        return np.broadcast_to(False, shape)
    closed = np.broadcast_to(closing.within(0, shape[1]).max(axis=1) >= 1.0, shape)
    past = closed[:, : panel.length]
    sold, usual = (known_mean(np.where(days, np.abs(panel.values), np.nan)) for days in (past, ~past))
    return closed & (sold <= STILL_OPEN * usual)[:, np.newaxis]


def rest_days(panel: Panel, horizon: int) -> np.ndarray:
    """(S, T + horizon) days, coming ones included, on which the shop rests, as its sales show: on a weekday, or around a holiday.

    A weekday without a sale in the last quarter is one of rest if that would surprise in what sells as often as the series
    does on other days, or all series of the panel together do. Its earlier days count from the last sale on that weekday on.
    Days without any sale around a holiday are rest if so many would surprise; they come again with the holiday.
    """
    if panel.period != DAY or not panel.length:
        return np.broadcast_to(False, (len(panel.keys), panel.length + horizon))
    weekly = _weekly_rest(panel, horizon)
    common = np.asarray(weekly[:, : panel.length].all(axis=0))
    return np.asarray(weekly | _closures(panel, common, horizon))


def _weekly_rest(panel: Panel, horizon: int) -> np.ndarray:
    weeks = -(-panel.length // WEEK_DAYS)
    values = np.pad(panel.values, ((0, 0), (weeks * WEEK_DAYS - panel.length, 0)), constant_values=np.nan)
    known = np.isfinite(values).reshape(-1, weeks, WEEK_DAYS)
    sold = known & (np.nan_to_num(values).reshape(known.shape) != 0)
    rests = _rests(known, sold) | _rests(known.any(axis=0, keepdims=True), sold.any(axis=0, keepdims=True))
    since = ~np.logical_or.accumulate(sold[:, ::-1], axis=1)[:, ::-1]
    past = (rests[:, np.newaxis] & since).reshape(len(values), -1)[:, -panel.length :]
    return np.concatenate([past, np.take(rests, np.arange(horizon) % WEEK_DAYS, axis=1)], axis=1)


def _rests(known: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """(S, 7) weekdays without a sale in the last weeks of (S, weeks, 7), although other days have them."""
    weeks = QUARTER_DAYS // WEEK_DAYS
    known, sold = known[:, -weeks:], sold[:, -weeks:]
    days, sales = known.sum(axis=1), sold.sum(axis=1)
    elsewhere = days.sum(axis=1, keepdims=True) - days
    rate = sales.sum(axis=1, keepdims=True) / np.maximum(elsewhere, 1)
    return np.asarray((sales == 0) & (2 * days >= weeks) & ((1 - rate) ** days < SURPRISING_REST))


def _closures(panel: Panel, rests: np.ndarray, horizon: int) -> np.ndarray:
    """(T + horizon,) days around statutory holidays on which nothing was sold, and those to come as the last time.

    A run of such days, those of weekly rest (T,) included, belongs to the first holiday in it.
    """
    length = panel.length
    known, found = np.isfinite(panel.values), np.zeros(length + horizon, dtype=bool)
    silent = known.any(axis=0) & ~(known & (panel.values != 0)).any(axis=0)
    usual = float(np.mean(silent[~rests])) if not rests.all() else 1.0
    day = np.arange(length)
    opened = np.maximum.accumulate(np.where(silent, -1, day))
    opens = np.minimum.accumulate(np.where(silent, length, day)[::-1])[::-1]
    holidays = panel.effects.of_kind("holiday").within(0, length + horizon)[0] > 0
    for holiday in holidays:
        starts = np.flatnonzero(holiday & np.diff(holiday, prepend=False))
        over = starts[starts < length]
        over = over[opens[over] < length]
        if not len(over):
            continue
        last = over[-1]
        first, end = opened[last] + 1, opens[last]
        if silent[last] and usual ** (end - first) < SURPRISING_REST and not holidays[:, first:last].any():
            for start in starts:
                found[max(0, start + first - last) : start + end - last] = True
    found[:length] &= silent
    return found


def remembered_stock(
    products: pd.DataFrame, previous: pd.DataFrame | None, as_of_date: dt.date, days: int
) -> pd.DataFrame:
    """What was on the shelves night by night: `STOCK_COLUMNS`, today's instead of an earlier look at today.

    Parameters
    ----------
    products
        ``product_id, stock`` of today; products of unknown stock are left out.
    previous
        What was remembered before; looks more than ``days`` ago are forgotten.
    """
    known = products.loc[products["stock"].notna(), ["product_id", "stock"]]
    today = known.assign(stock_date=as_of_date)[list(STOCK_COLUMNS)]
    if previous is None or previous.empty:
        return today.reset_index(drop=True)
    dates = pd.to_datetime(previous["stock_date"]).dt.date
    earlier = previous.assign(stock_date=dates)[list(STOCK_COLUMNS)]
    earlier = earlier[(dates < as_of_date) & (dates > as_of_date - dt.timedelta(days=days))]
    return pd.concat([earlier, today], ignore_index=True) if len(earlier) else today.reset_index(drop=True)


def _looks(panel: Panel, stock: pd.DataFrame) -> np.ndarray:
    """(S, T + 1) pieces on hand at the end of each day; NaN where nobody looked; last, the latest after the panel."""
    place = {name: row for row, (kind, name) in enumerate(panel.keys) if kind == "product"}
    ordered = stock.sort_values("stock_date", kind="stable")
    row = np.array([place.get(str(name), -1) for name in ordered["series"]], dtype=int)
    day = (pd.to_datetime(ordered["stock_date"]) - panel.days[0]).dt.days.to_numpy()
    told = (row >= 0) & (day >= 0)
    seen = np.full((len(panel.keys), panel.length + 1), np.nan)
    seen[row[told], np.minimum(day[told], panel.length)] = ordered["stock"].to_numpy(dtype=float)[told]
    return seen


def _between_empty_looks(seen: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """(S, T) whether the looks before and after a day, its evening included, found nothing, and nothing was sold between."""
    rows, length = np.arange(len(seen))[:, np.newaxis], sold.shape[1]
    looked = np.isfinite(seen)
    before = np.maximum.accumulate(np.where(looked, np.arange(length + 1), -1), axis=1)
    before = np.pad(before[:, : length - 1], ((0, 0), (1, 0)), constant_values=-1)
    ahead = np.where(looked, np.arange(length + 1), length + 1)
    after = np.minimum.accumulate(ahead[:, ::-1], axis=1)[:, ::-1][:, :length]
    framed = (before >= 0) & (after <= length)
    first, last = np.maximum(before, 0), np.minimum(after, length)
    total = np.pad(np.cumsum(sold, axis=1), ((0, 0), (1, 0)))
    silent = total[rows, np.minimum(last + 1, length)] == total[rows, first + 1]
    return np.asarray(framed & silent & (seen[rows, first] <= 0) & (seen[rows, last] <= 0))


def _surprising_end(panel: Panel, seen: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """(S, T) the days after the last sale of what is out of stock today, as far as it was not seen on the shelf."""
    found = np.zeros(sold.shape, dtype=bool)
    for row in np.flatnonzero((seen[:, -1] <= 0) & sold.any(axis=1)):
        last = int(np.flatnonzero(sold[row])[-1])
        before = panel.values[row, max(int(panel.starts[row]), last - QUARTER_DAYS + 1) : last + 1]
        there = np.flatnonzero(seen[row, : panel.length] > 0)
        first = max(last, int(there[-1]) if len(there) else 0) + 1
        found[row, first:] = (1 - np.mean(before > 0)) ** (panel.length - first) < SURPRISE
    return found


def _lost(values: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """(S,) what the empty days of the last quarter would have sold at the mean of the quarter of known days before each."""
    lost = np.zeros(len(values))
    for row in np.flatnonzero(empty[:, -QUARTER_DAYS:].any(axis=1)):
        known = np.isfinite(values[row])
        total = np.concatenate([[0.0], np.cumsum(values[row, known])])
        last = np.cumsum(known)
        first = np.maximum(last - QUARTER_DAYS, 0)
        rate = (total[last] - total[first]) / np.maximum(last - first, 1)
        lost[row] = rate[-QUARTER_DAYS:][empty[row, -QUARTER_DAYS:]].sum()
    return lost
