"""What kind of demand a series shows, and which of its zeros were empty shelves.

Reference: Syntetos, Boylan & Croston (2005), *On the categorization of demand patterns* (1.32 periods between sales
separate smooth from intermittent demand). What does not belong here: forecasting it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

import numpy as np

from ecom_pipeline.ml.forecast.panel import Panel, SeriesKey

Demand = Literal["new", "silent", "ended", "constant", "intermittent", "regular"]
NEW_PERIODS = 56
INTERMITTENT_FROM = 1.32
ENDED_AFTER = 8.0
"""Silences this many times the usual one, and of at least four weeks, mean that a series has ended."""
SURPRISE = 0.05
"""Zeros at the end that were less likely than this are an empty shelf, if the shelf is empty today."""


def recognise(panel: Panel) -> tuple[Demand, ...]:
    """What each series is: the first of these that fits.

    ``new`` is known for less than eight weeks; ``silent`` never sold; ``ended`` has not sold for long; ``constant`` never
    varies; ``intermittent`` sells less often than every 1.32 periods; the rest is ``regular``.
    """
    known = np.isfinite(panel.values)
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


def without_stockouts(panel: Panel, out_of_stock: Collection[SeriesKey]) -> tuple[Panel, np.ndarray]:
    """Take an empty shelf for unknown demand: the zeros at the end of series that are out of stock today.

    Only zeros that would surprise count: a product that sells once a month is silent for a week with or without stock.
    Only today's stock is known, so earlier empty shelves stay zeros.

    Returns
    -------
    Panel
        The zeros after the last sale are NaN.
    numpy.ndarray
        (S,) amount probably lost meanwhile: the mean of the 56 periods before times the periods without stock.
    """
    values, lost = panel.values.copy(), np.zeros(len(panel.keys))
    for row, key in enumerate(panel.keys):
        sales = np.flatnonzero(np.nan_to_num(values[row]) > 0)
        if key not in out_of_stock or not len(sales):
            continue
        last = int(sales[-1])
        empty = panel.length - 1 - last
        before = values[row, max(int(panel.starts[row]), last - 55) : last + 1]
        if empty and (1 - np.mean(before > 0)) ** empty < SURPRISE:
            values[row, last + 1 :] = np.nan
            lost[row] = empty * before.mean()
    return replace(panel, values=values), lost
