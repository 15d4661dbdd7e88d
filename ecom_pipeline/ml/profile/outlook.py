"""The entry for what buyers will do: their days in, probability, value and reasons out, with a card each.

Cut-offs are 30 days apart and look back from the last day. The newest 30 days are the test: nothing that is tested has
seen them. What is published is learned from the newest days. What does not belong here: reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.profile.history import HORIZON, buyers_at, outcome_after
from ecom_pipeline.ml.profile.judgement import Lead, auc, auc_lead, brier, calibration, calibration_error, capture
from ecom_pipeline.ml.profile.lifetime import BetaGeometric, GammaGamma, summary_of
from ecom_pipeline.ml.profile.propensity import PurchasePropensity, RfmRates

CUTOFFS = 3
"""Cut-offs that are learned from; one later calibrates."""
FEWEST_BUYERS = 100
"""Who did and who did not buy in the test, each, below which nothing can be judged."""
TWELVE_MONTHS = 365
PROPENSITY_COLUMNS = (
    "customer_id",
    "buy_probability",
    "expected_revenue_30",
    "source",
    "reasons_en",
    "reasons_zh",
    "as_of_date",
)
EVALUATION_COLUMNS = ("model", "is_baseline", "metric", "value")
CALIBRATION_COLUMNS = ("model", "bin", "customers", "predicted", "observed", "lift")
LIFETIME_COLUMNS = (
    "customer_id",
    "alive_probability",
    "expected_orders_365",
    "expected_order_value",
    "expected_value_365",
    "source",
    "as_of_date",
)


@dataclass(frozen=True, kw_only=True)
class Propensity:
    """Who buys in the next 30 days.

    Attributes
    ----------
    customers
        `PROPENSITY_COLUMNS`, one row per buyer; empty where there is nobody to learn from.
    evaluation
        `EVALUATION_COLUMNS`: every model on the same test.
    calibration
        `CALIBRATION_COLUMNS`: tenths of the customers of the test by probability.
    card
        The row of the registry.
    """

    customers: pd.DataFrame
    evaluation: pd.DataFrame
    calibration: pd.DataFrame
    card: ModelCard


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """What buyers are worth over the next 12 months: `LIFETIME_COLUMNS`, and the row of the registry."""

    customers: pd.DataFrame
    card: ModelCard


def propensity_shop(days: pd.DataFrame, *, as_of_date: dt.date, seed: int) -> Propensity:
    """Judge and publish the probability of an order in the 30 days after the last one.

    Parameters
    ----------
    days
        One row per ``customer_id`` and ``activity_date`` with ``orders``, ``revenue`` and any of `history.ACTIVITIES`.
    as_of_date
        The last day of the data.
    seed
        Fixes all randomness.
    """
    cuts = [as_of_date - dt.timedelta(days=HORIZON * back) for back in range(CUTOFFS + 3)]
    first = _first_order(days)
    usable = [cut for cut in cuts if first is not None and cut >= first + dt.timedelta(days=HORIZON)]
    if len(usable) < 4:
        words = "no order yet" if first is None else f"{(as_of_date - first).days} days of orders, {HORIZON * 4} needed"
        return _nothing(words, seed)
    frames = {cut: buyers_at(days, cut) for cut in usable}
    outcomes = {cut: outcome_after(days, frames[cut].index, cut) for cut in usable[1:]}
    test, earlier = usable[1], usable[2:]
    did = int(outcomes[test]["bought"].sum())
    if min(did, len(frames[test]) - did) < FEWEST_BUYERS:
        return _nothing(
            f"{did} of {len(frames[test])} customers bought in the 30 days after {test}: too few to judge", seed
        )
    ours, rates = _learn(frames, outcomes, earlier, seed), RfmRates().fit(frames[earlier[0]], outcomes[earlier[0]])
    bought, spent = outcomes[test]["bought"].to_numpy(), outcomes[test]["revenue"].to_numpy()
    constant = np.full(len(bought), float(outcomes[earlier[0]]["bought"].mean()))
    given = {
        "gradient_boosting": (ours.probability(frames[test]), ours.revenue(frames[test])),
        "rfm_score": (rates.probability(frames[test]), rates.revenue(frames[test])),
        "constant": (constant, frames[test]["revenue"].to_numpy(float)),
    }
    evaluation = pd.concat([_figures(name, bought, spent, *scores) for name, scores in given.items()])
    lead = auc_lead(bought, given["gradient_boosting"][0], given["rfm_score"][0])
    figure = evaluation.set_index(["model", "metric"])["value"]
    wins = lead.lower > 0 and figure["gradient_boosting", "brier"] <= figure["rfm_score", "brier"]
    decision: Decision = "published" if wins else "refused"
    now, newest = frames[as_of_date], usable[1:]
    if wins:
        final = _learn(frames, outcomes, newest, seed)
        probability, revenue, reasons = final.probability(now), final.revenue(now), final.reasons(now)
    else:
        base = RfmRates().fit(frames[newest[0]], outcomes[newest[0]])
        probability, revenue, reasons = base.probability(now), base.revenue(now), _rfm_reasons(now)
    customers = pd.DataFrame(
        {
            "customer_id": now.index,
            "buy_probability": probability,
            "expected_revenue_30": revenue,
            "source": "gradient_boosting" if wins else "rfm_score",
            "reasons_en": reasons["reasons_en"].to_numpy(),
            "reasons_zh": reasons["reasons_zh"].to_numpy(),
            "as_of_date": as_of_date,
        }
    )
    tenths = pd.concat(
        [calibration(bought, scores[0]).assign(model=name) for name, scores in given.items() if name != "constant"]
    )
    card = ModelCard(
        model="purchase_propensity",
        metric="auc",
        value=figure["gradient_boosting", "auc"],
        baseline="rfm_score",
        baseline_value=figure["rfm_score", "auc"],
        decision=decision,
        reason=_reason(test, len(bought), did, lead, figure),
        trained_from=first,
        trained_to=as_of_date,
        parameters={
            "horizon_days": HORIZON,
            "test_cutoff": test,
            "learned_at": earlier[1:],
            "calibrated_at": earlier[0],
            "features": list(now.columns),
        },
        seed=seed,
        metrics={f"{name}_{metric}": value for (name, metric), value in figure.items()},
        libraries=("scikit-learn", "numpy", "pandas"),
    )
    return Propensity(
        customers=customers,
        evaluation=evaluation[list(EVALUATION_COLUMNS)],
        calibration=tenths[list(CALIBRATION_COLUMNS)],
        card=card,
    )


def lifetime_shop(days: pd.DataFrame, *, as_of_date: dt.date, seed: int) -> Lifetime:
    """Judge and publish what every buyer is worth over the next 12 months.

    The test takes the last third of the history, 12 months at most: the models learn from what came before it, and
    are compared with every customer going on at their own past rate.

    Parameters
    ----------
    days
        One row per ``customer_id`` and ``activity_date`` with ``orders`` and ``revenue``.
    as_of_date
        The last day of the data.
    seed
        Written on the card; nothing here is random.
    """
    first = _first_order(days)
    ahead = min(TWELVE_MONTHS, (as_of_date - first).days // 3) if first else 0
    whole = summary_of(days, as_of_date) if first else pd.DataFrame()
    if ahead < HORIZON or int((whole["repeats"] > 0).sum()) < FEWEST_BUYERS:
        words = "too few repeat orders, or too short a history, to learn a rate"
        return Lifetime(customers=pd.DataFrame(columns=list(LIFETIME_COLUMNS)), card=_lifetime_card(words, seed))
    cut = as_of_date - dt.timedelta(days=ahead)
    past = summary_of(days, cut)
    truth = outcome_after(days, past.index, cut, ahead)["revenue"].to_numpy()
    try:
        model = _Worth.fit(past)
        final = _Worth.fit(whole)
    except ValueError as error:
        return Lifetime(customers=pd.DataFrame(columns=list(LIFETIME_COLUMNS)), card=_lifetime_card(str(error), seed))
    given = {"bg_nbd": model.value(past, ahead), "own_rate": _own_rate(days, past.index, cut) * ahead}
    off = {name: float(np.abs(value - truth).mean()) for name, value in given.items()}
    bias = {name: float(value.sum() / truth.sum() - 1) if truth.sum() else None for name, value in given.items()}
    wins = off["bg_nbd"] < off["own_rate"]
    value = final.value(whole, TWELVE_MONTHS) if wins else _own_rate(days, whole.index, as_of_date) * TWELVE_MONTHS
    customers = pd.DataFrame(
        {
            "customer_id": whole.index,
            "alive_probability": final.orders.alive(whole["repeats"], whole["last"], whole["age"]),
            "expected_orders_365": final.expected_orders(whole, TWELVE_MONTHS),
            "expected_order_value": final.size(whole),
            "expected_value_365": value,
            "source": "bg_nbd" if wins else "own_rate",
            "as_of_date": as_of_date,
        }
    )
    order, size = final.orders, final.sizes
    card = ModelCard(
        model="lifetime_value",
        metric="mean_absolute_error",
        value=off["bg_nbd"],
        baseline="own_rate",
        baseline_value=off["own_rate"],
        decision="published" if wins else "refused",
        reason=(
            f"revenue of {len(past)} customers in the {ahead} days after {cut}: off by {off['bg_nbd']:.2f} a customer,"
            f" going on at their own rate by {off['own_rate']:.2f}"
        ),
        trained_from=first,
        trained_to=as_of_date,
        parameters={"r": order.r_, "alpha_days": order.alpha_, "a": order.a_, "b": order.b_}
        | {"p": size.p_, "q": size.q_, "gamma": size.gamma_},
        seed=seed,
        metrics={
            "test_days": ahead,
            "bias": bias["bg_nbd"],
            "own_rate_bias": bias["own_rate"],
            "capture_top_tenth": capture(truth, given["bg_nbd"]),
            "own_rate_capture_top_tenth": capture(truth, given["own_rate"]),
        },
        libraries=("scipy", "numpy", "pandas"),
    )
    return Lifetime(customers=customers[list(LIFETIME_COLUMNS)], card=card)


@dataclass(frozen=True, kw_only=True)
class _Worth:
    """Both models, learned from one summary."""

    orders: BetaGeometric
    sizes: GammaGamma

    @classmethod
    def fit(cls, summary: pd.DataFrame) -> _Worth:
        return cls(
            orders=BetaGeometric().fit(summary["repeats"], summary["last"], summary["age"]),
            sizes=GammaGamma().fit(summary["repeats"], summary["value"]),
        )

    def expected_orders(self, summary: pd.DataFrame, ahead: float) -> np.ndarray:
        return self.orders.expected_orders(summary["repeats"], summary["last"], summary["age"], ahead)

    def size(self, summary: pd.DataFrame) -> np.ndarray:
        return self.sizes.expected_value(summary["repeats"], summary["value"])

    def value(self, summary: pd.DataFrame, ahead: float) -> np.ndarray:
        value: np.ndarray = self.expected_orders(summary, ahead) * self.size(summary)
        return value


def _own_rate(days: pd.DataFrame, customers: pd.Index, cutoff: dt.date) -> np.ndarray:
    """Revenue per day since the first order, the day itself counted as a month: one order is no rate."""
    dates = pd.to_datetime(days["activity_date"])
    rows = days[(days["orders"] > 0) & (dates <= pd.Timestamp(cutoff))]
    revenue = rows["revenue"].astype(float).groupby(rows["customer_id"]).sum().reindex(customers)
    age = (pd.Timestamp(cutoff) - dates[rows.index].groupby(rows["customer_id"]).min().reindex(customers)).dt.days
    rate: np.ndarray = (revenue / (age + HORIZON)).to_numpy(float)
    return rate


def _learn(
    frames: dict[dt.date, pd.DataFrame], outcomes: dict[dt.date, pd.DataFrame], cuts: list[dt.date], seed: int
) -> PurchasePropensity:
    """Learn at the older cut-offs, calibrate at the newest."""
    newest, older = cuts[0], cuts[1 : CUTOFFS + 1]
    features = pd.concat([frames[cut] for cut in older]).reindex(columns=frames[newest].columns)
    model = PurchasePropensity(seed=seed).fit(features, pd.concat([outcomes[cut] for cut in older]))
    return model.calibrate(frames[newest], outcomes[newest])


def _figures(
    name: str, bought: np.ndarray, spent: np.ndarray, probability: np.ndarray, revenue: np.ndarray
) -> pd.DataFrame:
    tenths = calibration(bought, probability)
    values = {
        "auc": auc(bought, probability),
        "brier": brier(bought, probability),
        "calibration_error": calibration_error(bought, probability),
        "top_tenth_lift": float(tenths["lift"].iloc[-1]),
        "value_capture_top_tenth": capture(spent, revenue),
    }
    return pd.DataFrame(
        {
            "model": name,
            "is_baseline": name != "gradient_boosting",
            "metric": list(values),
            "value": list(values.values()),
        }
    )


def _rfm_reasons(features: pd.DataFrame) -> pd.DataFrame:
    rows = features[["recency_days", "orders", "revenue"]].to_dict("records")
    return pd.DataFrame(
        {
            "reasons_en": [
                "last order {recency_days:.0f} days ago, {orders:.0f} orders, {revenue:.2f} in all".format(**row)
                for row in rows
            ],
            "reasons_zh": [
                "最近一次下单在 {recency_days:.0f} 天前，共 {orders:.0f} 单，累计 {revenue:.2f}".format(**row)
                for row in rows
            ],
        },
        index=features.index,
    )


def _reason(test: dt.date, customers: int, did: int, lead: Lead, figure: pd.Series) -> str:
    ours, base = figure["gradient_boosting", "auc"], figure["rfm_score", "auc"]
    brier_words = f"Brier {figure['gradient_boosting', 'brier']:.4f} against {figure['rfm_score', 'brier']:.4f}"
    return (
        f"{did} of {customers} customers bought in the 30 days after {test}: AUC {ours:.3f} against {base:.3f} of the RFM"
        f" score (lead {lead.lower:+.3f} to {lead.upper:+.3f} at 95 %), {brier_words}"
    )


def _first_order(days: pd.DataFrame) -> dt.date | None:
    dates = pd.to_datetime(days.loc[days["orders"] > 0, "activity_date"])
    return None if dates.empty else dates.min().date()


def _nothing(words: str, seed: int) -> Propensity:
    card = ModelCard(
        model="purchase_propensity",
        metric="auc",
        baseline="rfm_score",
        decision="refused",
        reason=words,
        parameters={"horizon_days": HORIZON},
        seed=seed,
    )
    return Propensity(
        customers=pd.DataFrame(columns=list(PROPENSITY_COLUMNS)),
        evaluation=pd.DataFrame(columns=list(EVALUATION_COLUMNS)),
        calibration=pd.DataFrame(columns=list(CALIBRATION_COLUMNS)),
        card=card,
    )


def _lifetime_card(words: str, seed: int) -> ModelCard:
    return ModelCard(
        model="lifetime_value",
        metric="mean_absolute_error",
        baseline="own_rate",
        decision="refused",
        reason=words,
        seed=seed,
    )
