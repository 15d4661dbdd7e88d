"""What purchase advice is worth: lost sales at equal average stock, on held-back demand.

``python -m benchmarks.purchase DATA.parquet`` (columns as in ``benchmarks.forecast``) lets three rules order for the same
last days: fixed minimum and maximum, our base stock fed by Prophet alone, and fed by our forecast. Every ``--review`` days
each rule sees the demand up to now (true demand, as a shop without stock-outs would) and orders what arrives ``--lead``
days later; what is not on the shelf is lost. The safety factor runs through a range, which gives each rule a curve of
stock against lost sales; curves are compared at the same average stock.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.forecast import SEED, read
from ecom_pipeline.ml.forecast.backtest import Entry, backtest
from ecom_pipeline.ml.forecast.engine import forecast_panel
from ecom_pipeline.ml.forecast.panel import Panel
from ecom_pipeline.ml.forecast.prophet import ProphetForecaster
from ecom_pipeline.ml.forecast.uncertainty import learn_uncertainty

HORIZON = 28
SERVICE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.995)
COVER = (0.6, 0.8, 1.0, 1.2, 1.4, 1.7, 2.0, 2.5)
Rule = Callable[[Panel, int], np.ndarray]
"""A panel and the days to protect in; (levels, S) stock to order up to, lean levels first, out."""


def fixed(panel: Panel, protected: int) -> np.ndarray:
    """The same multiple of the mean of the last quarter for every product."""
    return np.outer(COVER, np.nanmean(panel.values[:, -91:], axis=1) * protected)


def base_stock(
    forecast: np.ndarray, past: np.ndarray, actual: np.ndarray, history: np.ndarray, protected: int
) -> np.ndarray:
    """Expected demand plus the quantile of its error."""
    uncertain = learn_uncertainty(past, actual, history, forecast.mean(axis=1))
    expected, days = forecast[:, :protected].sum(axis=1), np.full(len(forecast), protected)
    return np.stack([expected + uncertain.quantile(days, np.full(len(forecast), share)) for share in SERVICE])


def ours(panel: Panel, protected: int) -> np.ndarray:
    found = forecast_panel(panel, horizon=HORIZON, seed=SEED)
    return base_stock(found.expected, found.expected_past, found.tested.actual, panel.values, protected)


def prophet(panel: Panel, protected: int) -> np.ndarray:
    model = ProphetForecaster(seed=SEED)
    tested = backtest(panel, [Entry(model=model)], HORIZON)
    forecast = model.fit(panel).predict(HORIZON)
    return base_stock(forecast, tested.of(model.name), tested.actual, panel.values, protected)


RULES: dict[str, Rule] = {"fixed minimum and maximum": fixed, "Prophet alone": prophet, "ours": ours}


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


def curve(panel: Panel, rule: Rule, *, days: int, review: int, lead: int) -> tuple[np.ndarray, np.ndarray]:
    """Per level, mean stock in days of demand and the share of demand lost, both the mean over products of equal weight."""
    start = panel.length - days
    demand = np.nan_to_num(panel.values[:, start:])
    reviews = [rule(panel.until(start + day), review + lead) for day in range(0, days, review)]
    stock, lost = [], []
    mean = np.maximum(demand.mean(axis=1), 1e-9)
    for level in range(len(reviews[0])):
        held, gone = simulate(demand, np.stack([each[level] for each in reviews]), review=review, lead=lead)
        stock.append(float((held / mean).mean()))
        lost.append(float((gone / mean / days).mean()))
    return np.array(stock), np.array(lost)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--country")
    parser.add_argument("--series", type=int)
    parser.add_argument("--days", type=int, default=84)
    parser.add_argument("--review", type=int, default=14)
    parser.add_argument("--lead", type=int, default=7)
    given = parser.parse_args(arguments)
    panel, _ = read(given.data, country=given.country, horizon=HORIZON, series=given.series)
    panel = panel.only(np.flatnonzero(np.nanmean(panel.values[:, -given.days :], axis=1) > 0))
    curves = {
        name: curve(panel, rule, days=given.days, review=given.review, lead=given.lead) for name, rule in RULES.items()
    }
    low = max(stock.min() for stock, _ in curves.values())
    high = min(stock.max() for stock, _ in curves.values())
    at = np.linspace(low, high, 5)
    print(f"{len(panel.keys)} products, {given.days} days, review {given.review}, lead time {given.lead}")
    print(f"{'share of demand lost at a mean stock of':42}" + "".join(f"{stock:>8.1f} d" for stock in at))
    figures = {}
    for name, (stock, lost) in curves.items():
        order = np.argsort(stock)
        found = np.interp(at, stock[order], lost[order])
        figures[name] = {"mean": float(found.mean()), "lost": found.tolist(), "stock_days": at.tolist()}
        print(f"{name:42}" + "".join(f"{each:>10.3f}" for each in found))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
