"""Which channels get the credit for the orders, by seven methods that share out the same revenue, to the cent.

A journey is the sequence of touches before one order, or of a visitor who did not order. References: Anderl, Becker, von
Wangenheim and Schumann (2016), Mapping the customer journey, *International Journal of Research in Marketing* 33(3), for
the Markov chain; Shapley (1953), A value for n-person games. What does not belong here: finding the touches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
COLUMNS = ("method", "channel", "credited_orders", "credited_revenue", "share")
ENDS = 0.4
"""Share of the first and of the last touch in the position method; the others share the rest."""
HALF_LIFE_DAYS = 7.0
"""Days before the order after which a touch counts half in the time decay method."""


@dataclass(frozen=True, kw_only=True)
class _Journeys:
    """Touches of journeys in order, as arrays.

    Attributes
    ----------
    journey, channel
        Code of the journey and of the channel of each touch.
    place, length
        Place of the touch in its journey from 0, and touches of the journey.
    days_before
        Days from the touch to the order.
    converts, revenue
        Of each journey, by its code: whether it ends in an order, and for how much.
    """

    journey: NDArray[np.int64]
    channel: NDArray[np.int64]
    place: NDArray[np.int64]
    length: NDArray[np.int64]
    days_before: Array
    converts: NDArray[np.bool_]
    revenue: Array


def attribute(touches: pd.DataFrame) -> pd.DataFrame:
    """Share out orders and their revenue among the channels, by every method.

    Parameters
    ----------
    touches
        One row per touch: ``journey_id``, ``position`` (from 1), ``channel``, ``days_before`` (days from the touch to the
        order), ``is_converted`` and ``revenue`` (both of the journey, the same in all its rows).

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, one row per method and channel. ``credited_revenue`` is a Decimal of two places; its sum is the same for
        every method: the revenue of all journeys, rounded once. ``credited_orders`` sums to the orders, ``share`` to 1.
    """
    journeys, names = _read(touches)
    orders = float(journeys.converts.sum())
    cents = round(float(journeys.revenue[journeys.converts].sum()) * 100)
    rows = []
    for method, shares_of in METHODS.items():
        by_orders, by_revenue = shares_of(journeys) if orders else (np.zeros(len(names)), np.zeros(len(names)))
        money = _whole(by_revenue, cents)
        for code, name in enumerate(names):
            rows.append(
                (method, name, orders * by_orders[code], Decimal(int(money[code])).scaleb(-2), by_revenue[code])
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _read(touches: pd.DataFrame) -> tuple[_Journeys, list[str]]:
    codes, journeys = pd.factorize(touches["journey_id"], sort=True)
    order = np.lexsort((touches["position"].to_numpy(), codes))
    journey = codes[order].astype(np.int64)
    channel, names = pd.factorize(touches["channel"].to_numpy()[order], sort=True)
    lengths = np.bincount(journey, minlength=len(journeys))
    starts = np.cumsum(lengths) - lengths
    first = order[starts] if len(order) else order
    return (
        _Journeys(
            journey=journey,
            channel=channel.astype(np.int64),
            place=np.arange(len(journey)) - starts[journey],
            length=lengths[journey],
            days_before=touches["days_before"].to_numpy(float)[order],
            converts=touches["is_converted"].to_numpy(bool)[first],
            revenue=touches["revenue"].to_numpy(float)[first],
        ),
        [str(name) for name in names],
    )


def _by_weight(weigh: Callable[[_Journeys], Array]) -> Callable[[_Journeys], tuple[Array, Array]]:
    """A method that gives every touch a weight, and each order to its touches in proportion."""

    def shares(journeys: _Journeys) -> tuple[Array, Array]:
        weights = weigh(journeys)
        whole = np.bincount(journeys.journey, weights=weights)
        part = weights / whole[journeys.journey] * journeys.converts[journeys.journey]
        by_orders = np.bincount(journeys.channel, weights=part)
        by_revenue = np.bincount(journeys.channel, weights=part * journeys.revenue[journeys.journey])
        by_orders = by_orders / by_orders.sum()
        return by_orders, by_revenue / by_revenue.sum() if by_revenue.sum() else by_orders

    return shares


def _first(journeys: _Journeys) -> Array:
    weights: Array = (journeys.place == 0).astype(float)
    return weights


def _last(journeys: _Journeys) -> Array:
    weights: Array = (journeys.place == journeys.length - 1).astype(float)
    return weights


def _linear(journeys: _Journeys) -> Array:
    return np.ones(len(journeys.place))


def _position(journeys: _Journeys) -> Array:
    middle = (1 - 2 * ENDS) / np.maximum(journeys.length - 2, 1)
    ends = (journeys.place == 0) | (journeys.place == journeys.length - 1)
    weights: Array = np.where(journeys.length <= 2, 1.0, np.where(ends, ENDS, middle))
    return weights


def _time_decay(journeys: _Journeys) -> Array:
    decay: Array = np.exp2(-np.clip(journeys.days_before, 0.0, 365.0) / HALF_LIFE_DAYS)
    return decay


def _shapley(journeys: _Journeys) -> Array:
    """Each order is shared equally by the distinct channels of its journey.

    That is the Shapley value of the game in which a set of channels earns the orders whose journeys it contains: the game
    is a sum of unanimity games, one per journey, and in each of them the members are worth the same.
    """
    pairs = journeys.journey * (journeys.channel.max() + 1) + journeys.channel
    _, opening = np.unique(pairs, return_index=True)
    weights = np.zeros(len(pairs))
    weights[opening] = 1.0
    return weights


def _markov(journeys: _Journeys) -> tuple[Array, Array]:
    """Removal effects of a first-order chain: how many orders are lost where a channel leads nowhere, as shares."""
    effects = removal_effects(journeys.journey, journeys.channel, journeys.place, journeys.length, journeys.converts)
    shares = effects / effects.sum()
    return shares, shares


def removal_effects(
    journey: NDArray[np.int64],
    channel: NDArray[np.int64],
    place: NDArray[np.int64],
    length: NDArray[np.int64],
    converts: NDArray[np.bool_],
) -> Array:
    """Share of the journeys that would no longer lead to an order without each channel.

    Parameters
    ----------
    journey, channel, place, length
        Of each touch, sorted by journey and place.
    converts
        Of each journey.
    """
    count = int(channel.max()) + 1
    start, order, nowhere = count, count + 1, count + 2
    ends = np.where(converts[journey], order, nowhere)
    source = np.where(place == 0, start, np.roll(channel, 1))
    steps = np.concatenate([source * (count + 3) + channel, (channel * (count + 3) + ends)[place == length - 1]])
    counts = np.bincount(steps, minlength=(count + 3) ** 2).reshape(count + 3, count + 3).astype(float)
    chances = counts[: count + 1] / np.maximum(counts[: count + 1].sum(axis=1, keepdims=True), 1.0)
    inverse = np.linalg.inv(np.eye(count) - chances[:count, :count])
    visits, reached = chances[count, :count] @ inverse, inverse @ chances[:count, order]
    # Visits over those that follow from one of them: the share of journeys that come to the channel at all.
    coming = visits / inverse.diagonal()
    effects: Array = np.maximum(coming * reached, 0.0)
    return effects


def _whole(shares: Array, total: int) -> NDArray[np.int64]:
    """Whole numbers in proportion to shares that sum to the total: the largest remainders get what is left."""
    exact = shares * total
    floor = np.floor(exact).astype(np.int64)
    left = int(total - floor.sum())
    floor[np.argsort(-(exact - floor), kind="stable")[:left]] += 1
    return floor


METHODS: dict[str, Callable[[_Journeys], tuple[Array, Array]]] = {
    "first": _by_weight(_first),
    "last": _by_weight(_last),
    "linear": _by_weight(_linear),
    "position": _by_weight(_position),
    "time_decay": _by_weight(_time_decay),
    "markov": _markov,
    "shapley": _by_weight(_shapley),
}
"""The methods, in the order in which they are told."""
