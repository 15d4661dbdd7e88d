"""What purchase advice is worth: lost sales at equal average stock, on held-back demand.

``python -m benchmarks.purchase DATA.parquet`` (columns as in ``benchmarks.forecast``) lets rules order for the same last
days: a fixed minimum and maximum from the last quarter, the same from the last year, our base stock fed by Prophet alone
and by our forecast. Every ``--review`` days each rule sees the demand up to now (true demand, as a shop without stock-outs
would) and orders what arrives ``--lead`` days later; what is not on the shelf is lost.
The safety factor runs through a range, which gives each rule a curve of stock against lost sales; curves are compared at the
same average stock. ``--skip 84`` ends the data 84 days earlier: days to choose a method on, before those to report.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.files import FileError
from benchmarks.forecast import SEED, SERIES, at_least
from benchmarks.panels import read
from ecom_pipeline.ml.forecast.backtest import FEWEST_PERIODS, Entry, backtest
from ecom_pipeline.ml.forecast.engine import forecast_panel
from ecom_pipeline.ml.forecast.panel import Panel, known_mean
from ecom_pipeline.ml.forecast.period import DAY
from ecom_pipeline.ml.forecast.prophet import ProphetForecaster
from ecom_pipeline.ml.forecast.uncertainty import learn_uncertainty

HORIZON = 28
SERVICE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.995)
COVER = (0.6, 0.8, 1.0, 1.2, 1.4, 1.7, 2.0, 2.5)
FIXED, FIXED_YEAR = "fixed minimum and maximum", "fixed, from the last year"
PROPHET, OURS = "Prophet alone", "ours"
NAMES = (FIXED, FIXED_YEAR, PROPHET, OURS)


def targets(panel: Panel, protected: int, names: Sequence[str] = NAMES) -> dict[str, np.ndarray]:
    """(levels, S) stock to order up to by each rule, lean levels first, to last for the ``protected`` days after the panel."""
    ever = known_mean(panel.values)
    quarter, year = (known_mean(panel.values[:, -days:]) for days in (91, panel.year))
    quarter, year = (np.where(np.isfinite(each), each, ever) for each in (quarter, year))
    found = {FIXED: np.outer(COVER, quarter * protected), FIXED_YEAR: np.outer(COVER, year * protected)}
    if PROPHET in names:
        model = ProphetForecaster(seed=SEED)
        tested = backtest(panel, [Entry(model=model)], HORIZON)
        forecast = model.fit(panel).predict(HORIZON)
        forecast = np.where(np.isfinite(forecast), forecast, quarter[:, np.newaxis])
        found[PROPHET] = _base_stock(forecast, tested.of(model.name), tested.actual, panel, protected)
    if OURS in names:
        ours = forecast_panel(panel, horizon=HORIZON, seed=SEED)
        found[OURS] = _base_stock(ours.expected, ours.expected_past, ours.tested.actual, panel, protected)
    return {name: found[name] for name in names}


def _base_stock(forecast: np.ndarray, past: np.ndarray, actual: np.ndarray, panel: Panel, protected: int) -> np.ndarray:
    """Expected demand plus the quantile of its error."""
    uncertain = learn_uncertainty(past, actual, panel.values, forecast.mean(axis=1))
    expected, days = forecast[:, :protected].sum(axis=1), np.full(len(forecast), protected)
    return np.stack([expected + uncertain.quantile(days, np.full(len(forecast), share)) for share in SERVICE])


def simulate(demand: np.ndarray, targets: np.ndarray, *, review: int, lead: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean stock and lost units of products that start with the first target on the shelf.

    Parameters
    ----------
    demand
        (S, D) units wanted per day.
    targets
        (reviews, S) stock on hand and on order after each review; the first is on day 0.

    Returns
    -------
    tuple of numpy.ndarray
        (S,) mean stock at the end of a day, and (S,) units lost.
    """
    stock = targets[0].astype(float)
    due = np.zeros((demand.shape[1] + lead + 1, len(demand)))
    held, lost = np.zeros(len(demand)), np.zeros(len(demand))
    for day in range(demand.shape[1]):
        stock = stock + due[day]
        if day % review == 0:
            on_order = due[day + 1 :].sum(axis=0)
            due[day + lead] += np.ceil(np.maximum(0, targets[day // review] - stock - on_order) - 1e-9)
            if lead == 0:
                stock = stock + due[day]
        sold = np.minimum(stock, demand[:, day])
        lost += demand[:, day] - sold
        stock = stock - sold
        held += stock
    return held / demand.shape[1], lost


def curves(
    panel: Panel, names: Sequence[str], *, days: int, review: int, lead: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per rule and level, mean stock in days of demand and the share of demand lost, both the mean over products of equal weight.

    A day's demand is the mean of the simulated days and as many before them: of the simulated days alone, a product that
    sells once in them would weigh as much as all others together.
    """
    start = panel.length - days
    demand = np.nan_to_num(panel.values[:, start:])
    reviews = [targets(panel.until(start + day), review + lead, names) for day in range(0, days, review)]
    mean = np.nan_to_num(panel.values[:, -2 * days :]).mean(axis=1)
    found = {}
    for name in names:
        stock, lost = [], []
        for levels in zip(*(each[name] for each in reviews), strict=True):
            held, gone = simulate(demand, np.stack(levels), review=review, lead=lead)
            stock.append(float((held / mean).mean()))
            lost.append(float((gone / mean / days).mean()))
        found[name] = np.array(stock), np.array(lost)
    return found


def _products(given: argparse.Namespace) -> tuple[Panel, tuple[str, ...]]:
    """The products of a file that sold in the days to be simulated and are known long enough before, and what to know of it."""
    panel, _, notes = read(given.data, country=given.country, series=given.series)
    if panel.period != DAY:
        raise FileError(f"{given.data}, column date: expected days, found {panel.period.name}s")
    before = FEWEST_PERIODS + HORIZON
    if panel.length - given.skip - given.days < before:
        raise FileError(
            f"{given.data}, column date: {panel.length} days, expected at least {before} before the {given.days} simulated "
            f"and the {given.skip} skipped; take fewer with --days"
        )
    panel = panel.until(panel.length - given.skip)
    panel = replace(panel, values=np.maximum(panel.values, 0.0))
    sold = np.nan_to_num(panel.values[:, -given.days :]).sum(axis=1) > 0
    rows = np.flatnonzero(sold & (panel.starts < panel.length - given.days - HORIZON))
    if not len(rows):
        raise FileError(
            f"{given.data}, column value: none of {len(panel.keys)} series sold in the simulated days and before"
        )
    if len(rows) < len(panel.keys):
        notes = (
            *notes,
            f"{len(panel.keys) - len(rows):,} series left out, which sold nothing or are not known long enough",
        )
    return panel.only(rows), notes


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--country")
    parser.add_argument("--series", type=at_least(0), default=SERIES, help="take this many; 0: all")
    parser.add_argument("--days", type=at_least(1), default=84)
    parser.add_argument("--review", type=at_least(1), default=14)
    parser.add_argument("--lead", type=at_least(0), default=7)
    parser.add_argument("--skip", type=at_least(0), default=0, help="days left out at the end of the data")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    given = parser.parse_args(arguments)
    panel, notes = _products(given)
    print("".join(f"{note}\n" for note in notes), end="")
    found = curves(panel, given.only, days=given.days, review=given.review, lead=given.lead)
    low = max(stock.min() for stock, _ in found.values())
    high = min(stock.max() for stock, _ in found.values())
    at = np.linspace(low, high, 5)
    print(f"{len(panel.keys)} products, {given.days} days, review {given.review}, lead time {given.lead}")
    print(f"{'share of demand lost at a mean stock of':42}" + "".join(f"{stock:>8.1f} d" for stock in at))
    figures = {}
    for name, (stock, lost) in found.items():
        order = np.argsort(stock)
        alike = np.interp(at, stock[order], lost[order])
        figures[name] = {"mean": float(alike.mean()), "lost": alike.tolist(), "stock_days": at.tolist()}
        print(f"{name:42}" + "".join(f"{each:>10.3f}" for each in alike) + f"   mean {alike.mean():.4f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
