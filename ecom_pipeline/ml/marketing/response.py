"""What spend brings: carry-over and saturation per channel, fitted to daily revenue, with its uncertainty.

Revenue of a day = trend, weekday and season + for each channel ``effect * saturated(carried over spend)``. Carry-over is
geometric, saturation a Hill curve, from next to a line to an S. Bayes: every shape on a grid is as likely beforehand, and the
return of a channel is normal around nothing, as wide as if all channels together brought `BROUGHT` of the revenue: where
spend hardly varies, or saturation cannot be told, nothing else keeps a return from being many times what it is. Gibbs
sampling takes one channel's shape after another. Days are freed of what the day before tells about them (Prais and Winsten 1954). References:
Broadbent (1979), One way TV advertisements work; Jin, Wang, Sun, Chan and Koehler (2017), Bayesian methods for media mix
modeling with carryover and shape effects. What does not belong here: how to split a budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
CARRY_OVER = tuple(step / 12 for step in range(11))
"""Share of an effect that is left a day later."""
REACHED = (0.03, 0.08, 0.15, 0.25, 0.4, 0.55, 0.7, 0.85)
"""Share of the largest effect that a channel's mean spend reaches: from next to a line to hardly more by any more spend."""
STEEPNESS = (1.0, 1.7)
"""Of saturation: at 1 the first unit of money brings most, above it spend has to pass a threshold first."""
BROUGHT = 0.3
"""Share of all revenue that the channels together bring, one standard deviation from nothing."""
DRAWS = 300
WARM_UP = 100
YEAR = 365.25


def carried_over(spend: ArrayLike, share: float) -> Array:
    """Spend of every day with what is left of the days before, scaled so that steady spend stays what it is.

    >>> carried_over([8, 0, 0], 0.5).tolist()
    [4.0, 2.0, 1.0]
    """
    from scipy.signal import lfilter

    carried: Array = lfilter([1.0 - share], [1.0, -share], np.asarray(spend, dtype=float), axis=0)
    return carried


def saturated(spend: ArrayLike, half: ArrayLike, steepness: ArrayLike = 1.0) -> Array:
    """Share of the largest effect that is reached: one half at ``half``.

    >>> saturated([0, 5, 15], 5).tolist()
    [0.0, 0.5, 0.75]
    >>> saturated([0, 5, 15], 5, 2).tolist()
    [0.0, 0.5, 0.9]
    """
    times = np.asarray(spend, dtype=float) / np.asarray(half, dtype=float)
    share: Array = times**steepness / (1 + times**steepness)
    return share


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What one channel does.

    Attributes
    ----------
    carry_over, half, steepness
        Its shape; ``half`` in money a day.
    effect
        Revenue a day where it is saturated.
    """

    carry_over: float
    half: float
    steepness: float
    effect: float

    def revenue(self, spend: ArrayLike) -> Array:
        """Revenue a day of a steady spend a day."""
        return self.effect * saturated(spend, self.half, self.steepness)

    def marginal(self, spend: float) -> float:
        """Revenue of one more unit of money, at a steady spend a day."""
        reached = float(saturated(spend, self.half, self.steepness))
        return self.effect * self.steepness * reached * (1 - reached) / spend


class SpendResponse:
    """Response curves of several channels, as draws from what is likely after seeing the data.

    Parameters
    ----------
    seed
        Fixes the draws.
    draws
        How many.
    length
        Days of a row: more than one where spend is known by week or month, of which rows have the mean a day.

    Attributes
    ----------
    curves_
        One list of a `Curve` per channel, per draw.
    returns_
        Revenue that the spend of all days brought, over that spend: of each draw and channel.
    explained_
        Share of the variance of revenue that the curves and the base explain, of the mean draw.
    noise_
        Standard deviation of a day that they do not explain, of the mean draw.
    persistence_
        Correlation of what is not explained with the day before.
    """

    def __init__(self, *, seed: int, draws: int = DRAWS, length: float = 1.0) -> None:
        self.seed, self.draws, self.length = seed, draws, length

    def fit(
        self, spend: ArrayLike, revenue: ArrayLike, demand: ArrayLike | None = None, paused: ArrayLike | None = None
    ) -> Self:
        """Learn from one row per day, or period, and one column per channel, and the revenue of those days, none missing.

        ``demand`` is a sign of each day's demand that no spend moves, such as direct visits; the base follows it. ``paused``
        has columns of further channels, which are learned beside the others, lest these get the credit, and then forgotten.

        Raises
        ------
        ValueError
            Fewer rows than there is to learn, or a channel without spend.
        """
        paid, earned = np.asarray(spend, dtype=float), np.asarray(revenue, dtype=float)
        kept = paid.shape[1]
        paid = paid if paused is None else np.column_stack([paid, np.asarray(paused, dtype=float)])
        rows, channels = paid.shape
        base = _base(rows, self.length, demand)
        parameters = base.shape[1] + 3 * channels
        if rows < 2 * parameters:
            kind = "days" if self.length == 1 else f"periods of {self.length:g} days"
            raise ValueError(f"{rows} {kind}, at least {2 * parameters} needed for {channels} channels")
        if not (paid.sum(axis=0) > 0).all():
            raise ValueError("a channel has no spend: there is nothing to learn about it")
        random = np.random.default_rng(self.seed)
        first = _Sampler(paid, earned, base, persistence=0.0)
        start = first.draws(random, 1, WARM_UP // 2)[-1]
        unexplained = first.residuals(*start)
        carried = float(unexplained[1:] @ unexplained[:-1]) / max(float(unexplained @ unexplained), 1e-300)
        self.persistence_ = min(max(carried, 0.0), 0.95)
        sampler = _Sampler(paid, earned, base, persistence=self.persistence_)
        drawn = sampler.draws(random, self.draws, WARM_UP, start[0])
        self.curves_ = [sampler.curves(*one)[:kept] for one in drawn]
        self.returns_ = np.array([returns[:kept] for _, returns in drawn])
        left = np.mean([sampler.residuals(*one) for one in drawn], axis=0)
        self.noise_ = float(left.std() / np.sqrt(1 - self.persistence_**2))
        self.explained_ = float(1 - self.noise_**2 / earned.var()) if earned.var() > 0 else 0.0
        return self


class _Sampler:
    """Gibbs sampling over shapes, the base taken out once (Frisch, Waugh and Lovell).

    Columns are scaled so that their coefficient is the channel's return: revenue per unit of money over all days.
    """

    def __init__(self, spend: Array, revenue: Array, base: Array, persistence: float) -> None:
        self.shapes = [
            (share, ((1 - reached) / reached) ** (1 / steepness), steepness)
            for share in CARRY_OVER
            for reached in REACHED
            for steepness in STEEPNESS
        ]
        self.mean = spend.mean(axis=0)
        paid = spend.sum(axis=0)
        columns = np.stack(
            [
                np.stack(
                    [
                        saturated(carried_over(spend[:, one], share), half * self.mean[one], steepness)
                        for share, half, steepness in self.shapes
                    ]
                )
                for one in range(spend.shape[1])
            ]
        )
        self.scale = paid[:, np.newaxis] / columns.sum(axis=2)
        orthogonal, _ = np.linalg.qr(_freed(base.T, persistence).T)

        def cleaned(values: Array) -> Array:
            free = _freed(values, persistence)
            rest: Array = free - (free @ orthogonal) @ orthogonal.T
            return rest

        self.columns = cleaned(columns * self.scale[:, :, np.newaxis])
        self.target = cleaned(revenue)
        flat = self.columns.reshape(-1, len(revenue))
        self.grams = (flat @ flat.T).reshape(*self.scale.shape, *self.scale.shape)
        self.moments = self.columns @ self.target
        self.freedom = len(revenue) - base.shape[1] - spend.shape[1]
        brought = BROUGHT * max(float(np.abs(revenue).sum()), 1e-300)
        self.precision = len(paid) * np.diag((paid / brought) ** 2)
        self.every = np.arange(spend.shape[1])

    def draws(
        self,
        random: np.random.Generator,
        count: int,
        warm_up: int,
        shapes: NDArray[np.int64] | None = None,
    ) -> list[tuple[NDArray[np.int64], Array]]:
        """Shapes and returns, ``count`` times."""
        channels = len(self.every)
        shapes = np.full(channels, len(self.shapes) // 2) if shapes is None else shapes.copy()
        variance = float(self.target @ self.target) / self.freedom
        drawn = []
        for turn in range(warm_up + count):
            for one in range(channels):
                likely = self._likely(one, shapes, variance)
                chances = np.exp(likely - likely.max())
                shapes[one] = random.choice(len(chances), p=chances / chances.sum())
            gram, moment = self._normal(shapes, variance)
            lower = np.linalg.cholesky(gram)
            returns = np.asarray(np.linalg.solve(gram, moment), dtype=float) + np.linalg.solve(
                lower.T, random.normal(size=channels)
            )
            left = self.residuals(shapes, returns)
            variance = float(left @ left) / random.chisquare(self.freedom)
            if turn >= warm_up:
                drawn.append((shapes.copy(), returns))
        return drawn

    def _normal(self, shapes: NDArray[np.int64], variance: float) -> tuple[Array, Array]:
        """Precision of the returns and what they are drawn to."""
        gram: Array = self.grams[self.every, shapes][:, self.every, shapes] / variance + self.precision
        return gram, self.moments[self.every, shapes] / variance

    def _likely(self, one: int, shapes: NDArray[np.int64], variance: float) -> Array:
        """Logarithm of how likely each shape of one channel is, up to a constant, those of the others as they are."""
        others = self.every != one
        gram, moment = self._normal(shapes, variance)
        crossed = self.grams[one][:, self.every[others], shapes[others]] / variance
        known = np.linalg.solve(gram[np.ix_(others, others)], np.column_stack([moment[others], crossed.T]))
        own = self.grams[one, :, one].diagonal() / variance + self.precision[one, one]
        precision = own - (crossed * known[:, 1:].T).sum(axis=1)
        left = self.moments[one] / variance - crossed @ known[:, 0]
        likely: Array = 0.5 * left**2 / precision - 0.5 * np.log(precision)
        return likely

    def residuals(self, shapes: NDArray[np.int64], returns: Array) -> Array:
        left: Array = self.target - returns @ self.columns[self.every, shapes]
        return left

    def curves(self, shapes: NDArray[np.int64], returns: Array) -> list[Curve]:
        return [
            Curve(
                carry_over=self.shapes[shape][0],
                half=float(self.shapes[shape][1] * self.mean[one]),
                steepness=self.shapes[shape][2],
                effect=float(returns[one] * self.scale[one, shape]),
            )
            for one, shape in enumerate(shapes)
        ]


def _freed(values: Array, persistence: float) -> Array:
    """Values of each day without what the day before tells about them; days are the last axis."""
    free: Array = values - persistence * np.concatenate([np.zeros_like(values[..., :1]), values[..., :-1]], axis=-1)
    free[..., 0] = values[..., 0] * np.sqrt(1 - persistence**2)
    return free


def _base(rows: int, length: float, demand: ArrayLike | None) -> Array:
    """Level, trend, weekdays, the year's season where there is half a year, and demand on the day and over its week."""
    day, days = length * np.arange(rows), length * rows
    columns = [np.ones(rows), day / max(1, days)]
    if length == 1:
        columns += [(day % 7 == weekday).astype(float) for weekday in range(6)]
    waves = 3 if days >= 2 * YEAR else 1 if days >= YEAR / 2 else 0
    for wave in range(1, waves + 1):
        angle = 2 * np.pi * wave * day / YEAR
        columns += [np.sin(angle), np.cos(angle)]
    if demand is not None and np.ptp(demand) > 0:
        columns += [np.asarray(demand, dtype=float), *([over_a_week(demand)] if length == 1 else [])]
    return np.column_stack(columns)


def over_a_week(values: ArrayLike) -> Array:
    """Mean of every day and the three before and after it.

    >>> over_a_week([7.0, 0, 0, 0, 0, 0, 0, 0]).tolist()
    [1.75, 1.4, 1.1666666666666667, 1.0, 0.0, 0.0, 0.0, 0.0]
    """
    given = np.asarray(values, dtype=float)
    return np.array([given[max(0, day - 3) : day + 4].mean() for day in range(len(given))])
