"""Who buys in the next 30 days, for how much, and why: gradient boosting beside a logistic regression, calibrated.

Boosted trees find the bends, the regression keeps its head where there is little to learn from; the mean of their
log-odds is better than either. It is calibrated on days later than those it learned from (Platt 1999). Value is the
probability times what those who buy spend, by a Poisson regression. What does not belong here: which days are for
learning and which for judging.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.profile.drawing import drawn
from ecom_pipeline.ml.profile.reasons import groups_of, in_words

Array = NDArray[np.float64]
ROWS = 60_000
"""Rows that are learned from at most."""
TREES = 200
FARTHEST = 4.0
"""Standard deviations from the mean beyond which a feature counts as that far for the regressions."""
EXPECTED = 100
"""Customers by whom a calibration is drawn to none; chosen on samples of 200 and 800 customers, 60 days before the end."""
MOST_SPENT = 0.99
"""Of those who spend, the share who spend less than what any amount is cut to: a single huge order is not repeated."""


class PurchasePropensity:
    """Probability of an order within the horizon, and the value expected in it: revenue less refunds.

    Parameters
    ----------
    seed
        Fixes which rows are learned from, and the trees.
    trees
        Rounds of boosting.

    Attributes
    ----------
    features_
        Names of the columns learned from: those that anybody has a value in.
    slope_, intercept_
        Of the calibration, on the log-odds; 1 and 0 until `calibrate`.
    spent_
        What those who buy spend, in units of the regression: on the days learned from, values sum to what they were.
    """

    def __init__(self, *, seed: int, trees: int = TREES) -> None:
        self.seed, self.trees = seed, trees

    def fit(self, features: pd.DataFrame, outcome: pd.DataFrame) -> Self:
        """Learn from customers at several cut-offs.

        Parameters
        ----------
        features
            Rows of `history.buyers_at`, whose index tells them apart.
        outcome
            Rows of `history.outcome_after`, in the same order.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression, PoissonRegressor

        some = drawn(features.index, ROWS, seed=self.seed)
        features, outcome = features.iloc[some], outcome.iloc[some]
        features = features.dropna(axis=1, how="all")
        self.features_ = list(features.columns)
        settings: dict[str, Any] = {
            "learning_rate": 0.03,
            "max_iter": self.trees,
            "max_leaf_nodes": 6,
            "min_samples_leaf": max(40, len(features) // 200),
            "l2_regularization": 10.0,
            "early_stopping": False,
            "random_state": self.seed,
        }
        values = features.to_numpy(float)
        bought = outcome["bought"].to_numpy(bool)
        self._trees = HistGradientBoostingClassifier(**settings).fit(values, bought)
        self._largest = np.nanmax(values, axis=0)
        smooth = self._smooth(values)
        self._mean, self._scale = smooth.mean(axis=0), smooth.std(axis=0)
        self._scale[self._scale == 0] = 1.0
        standard = self._standard(values)
        self._line = LogisticRegression(C=0.03, max_iter=300).fit(standard, bought)
        net = outcome["value"].to_numpy(float)[bought]
        self.slope_, self.intercept_ = 1.0, 0.0
        self.spent_ = 0.0
        if (net > 0).any():
            spent = np.clip(net, 0.0, np.quantile(net[net > 0], MOST_SPENT))
            self._sizes = PoissonRegressor(alpha=0.1, max_iter=300).fit(standard[bought], spent / spent.mean())
            expected = self.probability(features) * self._sizes.predict(standard)
            self.spent_ = max(float(net.sum()), 0.0) / float(expected.sum())
        return self

    def calibrate(self, features: pd.DataFrame, outcome: pd.DataFrame) -> Self:
        """Fit the probabilities to later days than those learned from.

        They are drawn to what they are by `EXPECTED` customers who do as expected: few customers tell little.
        """
        from sklearn.linear_model import LogisticRegression

        bought, given = outcome["bought"].to_numpy(), self._log_odds(features)
        expected, share = _logistic(given), EXPECTED / len(given)
        if 0 < bought.sum() < len(bought):
            fitted = LogisticRegression(C=1e6).fit(
                np.tile(given, 3)[:, np.newaxis],
                np.concatenate([bought, np.ones_like(bought), np.zeros_like(bought)]),
                sample_weight=np.concatenate([np.ones_like(expected), share * expected, share * (1 - expected)]),
            )
            if fitted.coef_[0, 0] > 0:
                self.slope_, self.intercept_ = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
        return self

    def calibrated_as(self, earlier: PurchasePropensity) -> Self:
        """Take over the calibration of a model that learned from older days alone."""
        self.slope_, self.intercept_ = earlier.slope_, earlier.intercept_
        return self

    def shift(self, log_odds: float, features: pd.DataFrame) -> Self:
        """Expect more buyers, or fewer, than were calibrated for; each of them spends as the orders of these customers grow."""
        before = self._orders_of_a_buyer(features)
        self.intercept_ += log_odds
        self.spent_ *= self._orders_of_a_buyer(features) / before
        return self

    def _orders_of_a_buyer(self, features: pd.DataFrame) -> float:
        """Mean orders within the horizon, where they come by chance at a rate of each customer's own (Poisson)."""
        rate = np.logaddexp(0.0, self.log_odds(features))
        return float(rate.sum() / self.probability(features).sum())

    def log_odds(self, features: pd.DataFrame) -> Array:
        """Calibrated log-odds of an order within the horizon."""
        calibrated: Array = self.slope_ * self._log_odds(features) + self.intercept_
        return calibrated

    def probability(self, features: pd.DataFrame) -> Array:
        """Calibrated probability of an order within the horizon."""
        return _logistic(self.log_odds(features))

    def value(self, features: pd.DataFrame) -> Array:
        """Expected value within the horizon."""
        if not self.spent_:
            return np.zeros(len(features))
        relative: Array = self._sizes.predict(self._standard(features[self.features_].to_numpy(float)))
        return self.probability(features) * self.spent_ * relative

    def trees_probability(self, features: pd.DataFrame) -> Array:
        """Probability by the boosted trees alone, not calibrated."""
        return _logistic(self._parts(features)[0])

    def line_probability(self, features: pd.DataFrame) -> Array:
        """Probability by the regression alone, not calibrated."""
        return _logistic(self._parts(features)[1])

    def effects(self, features: pd.DataFrame) -> pd.DataFrame:
        """Change of the log-odds by each group of features, against the median customer in that group alone."""
        whole = self._log_odds(features)
        middle = features[self.features_].median()
        effects = {}
        for name, columns in groups_of(self.features_).items():
            effects[name] = self.slope_ * (whole - self._log_odds(features.assign(**dict(middle[columns]))))
        return pd.DataFrame(effects, index=features.index)

    def reasons(self, features: pd.DataFrame) -> pd.DataFrame:
        """The strongest effects of each customer in words, as `reasons.in_words` has them."""
        return in_words(features, self.effects(features))

    def _standard(self, values: Array) -> Array:
        """In standard deviations of what was learned from, `FARTHEST` at most: no line goes on for ever."""
        standard: Array = np.clip((self._smooth(values) - self._mean) / self._scale, -FARTHEST, FARTHEST)
        return standard

    def _smooth(self, values: Array) -> Array:
        """Values on a logarithmic scale; the largest where one is missing."""
        filled = np.where(np.isnan(values), self._largest, values)
        smooth: Array = np.sign(filled) * np.log1p(np.abs(filled))
        return smooth

    def _log_odds(self, features: pd.DataFrame) -> Array:
        trees, line = self._parts(features)
        return (trees + line) / 2

    def _parts(self, features: pd.DataFrame) -> tuple[Array, Array]:
        values = features[self.features_].to_numpy(float)
        trees = self._trees.decision_function(values)
        line = self._line.decision_function(self._standard(values))
        return np.asarray(trees, dtype=float), np.asarray(line, dtype=float)


def rfm_points(features: pd.DataFrame) -> NDArray[np.int64]:
    """Recency, frequency and monetary value as fifths of the buyers, summed: 3 to 15, equal values scored alike.

    >>> rfm_points(pd.DataFrame({"recency_days": [1, 9], "orders": [5, 1], "revenue": [50.0, 5.0]})).tolist()
    [12, 6]
    """
    points = np.zeros(len(features), dtype=np.int64)
    for column, sign in (("recency_days", -1), ("orders", 1), ("revenue", 1)):
        share = (sign * features[column]).rank(pct=True, method="average") - 0.5 / max(1, len(features))
        points += np.clip(np.ceil(5 * share.to_numpy(float)), 1, 5).astype(np.int64)
    return points


class RfmRates:
    """The baseline: of customers with the same RFM points, as many buy as did before.

    Attributes
    ----------
    rates_, values_
        By points: share who bought within the horizon and mean value in it, drawn towards all by ten customers.
    """

    def fit(self, features: pd.DataFrame, outcome: pd.DataFrame) -> Self:
        """Count at an earlier cut-off."""
        points = rfm_points(features)
        counts = np.bincount(points, minlength=16).astype(float)
        self.rates_, self.values_ = (
            (np.bincount(points, weights=outcome[name].to_numpy(float), minlength=16) + 10 * outcome[name].mean())
            / (counts + 10)
            for name in ("bought", "value")
        )
        return self

    def probability(self, features: pd.DataFrame) -> Array:
        """Share of equals who bought."""
        rates: Array = self.rates_[rfm_points(features)]
        return rates

    def value(self, features: pd.DataFrame) -> Array:
        """Mean value of equals; nothing where they gave back more than they bought."""
        values: Array = np.maximum(self.values_[rfm_points(features)], 0.0)
        return values


def _logistic(log_odds: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-np.clip(log_odds, -30, 30)))
