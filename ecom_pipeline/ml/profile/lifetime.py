"""How often a customer will order again, and for how much: BG/NBD for the orders, Gamma-Gamma for their size.

A customer orders at a rate of their own while alive, and leaves for good after any repeat order (in MBG/NBD after the first
one too) with a chance of their own; rates are gamma-distributed over customers, chances beta-distributed. References: Fader,
Hardie and Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, *Marketing Science*
24(2), 275-284; Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base
analysis, *International Journal of Research in Marketing* 24(3), 201-209; Fader and Hardie (2013), The Gamma-Gamma Model of
Monetary Value. What does not belong here: whether the result is good enough to be
published.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
BOUND = 12.0
"""Logarithm that no parameter exceeds in size: beyond it the likelihood is flat."""
POINTS = 64
"""Of Gauss-Legendre quadrature over the chances to leave."""


def summary_of(days: pd.DataFrame, cutoff: dt.date) -> pd.DataFrame:
    """Repeat orders of every buyer as both models count them: one order a day, the first one left out.

    Parameters
    ----------
    days
        ``customer_id, activity_date, orders, revenue``: one row per customer and day. Revenue may be less refunds, on days
        without an order too.
    cutoff
        The last day that counts.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``customer_id``: ``repeats`` (days with an order after the first), ``last`` and ``age`` (days from the
        first order to the last one and to the cut-off), ``value`` (mean revenue of a repeat day; 0 without one, or where
        no more is left).
    """
    dates = pd.to_datetime(days["activity_date"])
    past = days[["customer_id", "orders"]].assign(date=dates, revenue=days["revenue"].astype(float))
    past = past[dates <= pd.Timestamp(cutoff)]
    ordered = past[past["orders"] > 0].sort_values(["customer_id", "date"]).groupby("customer_id")
    first, last, count = ordered["date"].min(), ordered["date"].max(), ordered["date"].size()
    opening = ordered["revenue"].first()
    whole = past.groupby("customer_id")["revenue"].sum().reindex(opening.index)
    repeats = (count - 1).astype(float)
    return pd.DataFrame(
        {
            "repeats": repeats,
            "last": (last - first).dt.days.astype(float),
            "age": (pd.Timestamp(cutoff) - first).dt.days.astype(float),
            "value": ((whole - opening) / repeats.where(repeats > 0)).fillna(0.0).clip(lower=0.0),
        }
    )


@dataclass(kw_only=True)
class BetaGeometric:
    """BG/NBD by maximum likelihood.

    Parameters
    ----------
    leaves_at_once
        Whether a customer may leave after the first order already (MBG/NBD): else nobody who ordered once has left.

    Attributes
    ----------
    r_, alpha_
        Shape and rate of the gamma distribution of order rates; ``alpha_`` in the unit of time of the data.
    a_, b_
        Of the beta distribution of the chance to leave after an order.
    log_likelihood_, gained_by_leaving_
        At the maximum, and what of it is gained over the same model in which nobody leaves.
    """

    leaves_at_once: bool = False

    def fit(self, repeats: ArrayLike, last: ArrayLike, age: ArrayLike) -> Self:
        """Learn from repeat orders, time of the last one and time observed, one of each per customer.

        Raises
        ------
        ValueError
            Nobody ordered twice, or the likelihood has no maximum that could be found.
        """
        from scipy.special import betaln, gammaln

        x, t, end, times = _distinct(repeats, last, age)
        if not (x > 0).any():
            raise ValueError("no customer ordered twice: there is no rate to learn")
        scale = float(end.mean()) or 1.0
        chances = x + self.leaves_at_once

        def loss(log: Array) -> float:
            r, alpha, a, b = np.exp(log)
            alpha = alpha * scale
            common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
            stayed = betaln(a, b + chances) - (r + x) * np.log(alpha + end)
            left = betaln(a + 1, b + np.maximum(chances, 1.0) - 1) - (r + x) * np.log(alpha + t)
            each = common + np.logaddexp(stayed, np.where(chances > 0, left, -np.inf))
            return -float(each @ times) / float(times.sum())

        found, value = _maximum(loss, starts=([-1.0, -1.0, -0.5, 0.5], [0.0, -2.0, 0.5, 2.0]))
        r, alpha, a, b = np.exp(found)
        self.r_, self.alpha_, self.a_, self.b_ = float(r), float(alpha * scale), float(a), float(b)
        _, staying = _maximum(lambda log: loss(np.append(log, [-BOUND, BOUND])), starts=([-1.0, -1.0], [0.0, -2.0]))
        self.log_likelihood_ = -value * float(times.sum())
        self.gained_by_leaving_ = (staying - value) * float(times.sum())
        return self

    def alive(self, repeats: ArrayLike, last: ArrayLike, age: ArrayLike) -> Array:
        """Probability that a customer has not left."""
        return 1.0 / (1.0 + self._odds_of_having_left(*_arrays(repeats, last, age)))

    def expected_orders(self, repeats: ArrayLike, last: ArrayLike, age: ArrayLike, ahead: float) -> Array:
        """Expected orders in the next ``ahead`` units of time.

        The mean over the chances to leave that are likely of a customer who is alive: the paper's closed form is the same,
        and no finite number where rates hardly differ or next to nobody returns.
        """
        from scipy.special import betaincinv

        x, t, end = _arrays(repeats, last, age)
        points, weights = np.polynomial.legendre.leggauss(POINTS)
        distinct, which = np.unique(x, return_inverse=True)
        stayed = self.b_ + distinct[:, np.newaxis] + self.leaves_at_once
        leaves = np.maximum(betaincinv(self.a_, stayed, (points + 1) / 2), 1e-12)[which]
        until_gone = -np.expm1(
            -(self.r_ + x)[:, np.newaxis] * np.log1p(leaves * (ahead / (self.alpha_ + end))[:, np.newaxis])
        )
        orders: Array = (until_gone / leaves) @ weights / 2 / (1 + self._odds_of_having_left(x, t, end))
        return orders

    def _odds_of_having_left(self, x: Array, t: Array, end: Array) -> Array:
        chances = x + self.leaves_at_once
        log = np.log(self.a_ / (self.b_ + np.maximum(chances, 1) - 1)) + (self.r_ + x) * np.log(
            (self.alpha_ + end) / (self.alpha_ + t)
        )
        odds: Array = np.where(chances > 0, np.exp(np.minimum(log, 700.0)), 0.0)
        return odds


class GammaGamma:
    """Size of an order by maximum likelihood, from customers who ordered again.

    Attributes
    ----------
    p_, q_, gamma_
        Shape of the orders of one customer; shape and scale of the gamma distribution of their rates over customers.
    """

    def fit(self, repeats: ArrayLike, value: ArrayLike) -> Self:
        """Learn from the number of repeat orders and their mean size.

        Raises
        ------
        ValueError
            Nobody ordered again for more than nothing.
        """
        from scipy.special import gammaln

        x, m = _arrays(repeats, value)
        known = (x > 0) & (m > 0)
        x, m = x[known], m[known]
        if not len(x):
            raise ValueError("no repeat order with a value: there is no size to learn")
        scale = float(m.mean())
        unit = m / scale

        def loss(log: Array) -> float:
            p, q, gamma = np.exp(log)
            each = (
                gammaln(p * x + q)
                - gammaln(p * x)
                - gammaln(q)
                + q * np.log(gamma)
                + (p * x - 1) * np.log(unit)
                + p * x * np.log(x)
                - (p * x + q) * np.log(gamma + x * unit)
            )
            return -float(each.mean())

        found, _ = _maximum(loss, starts=([1.0, 1.0, 0.0], [2.0, 2.0, 1.0]))
        p, q, gamma = np.exp(found)
        self.p_, self.q_, self.gamma_ = float(p), float(q), float(gamma * scale)
        return self

    def expected_value(self, repeats: ArrayLike, value: ArrayLike) -> Array:
        """Expected size of a customer's next order: their own mean, drawn towards everybody's by how little is known."""
        x, m = _arrays(repeats, value)
        q = max(self.q_, 1.0 + 1e-6)
        size: Array = self.p_ * (self.gamma_ + x * m) / (self.p_ * x + q - 1)
        return size


def _maximum(loss: Callable[[Array], float], starts: tuple[list[float], ...]) -> tuple[Array, float]:
    from scipy.optimize import minimize

    best: tuple[Array, float] | None = None
    for start in starts:
        found = minimize(
            loss,
            np.array(start),
            method="L-BFGS-B",
            bounds=[(-BOUND, BOUND)] * len(start),
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best[1]):
            best = found.x, float(found.fun)
    if best is None:
        raise ValueError("the likelihood has no maximum that could be found")
    return best


def _distinct(*columns: ArrayLike) -> tuple[Array, ...]:
    """The distinct rows, and how often each occurs."""
    rows, times = np.unique(np.column_stack(_arrays(*columns)), axis=0, return_counts=True)
    return (*rows.T, times.astype(float))


def _arrays(*columns: ArrayLike) -> tuple[Array, ...]:
    return tuple(np.asarray(column, dtype=float) for column in columns)
