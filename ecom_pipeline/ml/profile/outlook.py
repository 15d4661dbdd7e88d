"""The entry for who buys next: the days of the buyers in, probability, value and reasons out, with a card.

The newest 30 days are the test: nothing that is tested has seen them. What is published is learned from the newest days.
What does not belong here: which days are learned from, and reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.calibration import calibration_error
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.profile.cutoffs import Learned, Past, TooLittleError, learn
from ecom_pipeline.ml.profile.history import HORIZON, buyers_at, first_order, outcome_after
from ecom_pipeline.ml.profile.judgement import Lead, auc, auc_lead, brier, calibration, capture
from ecom_pipeline.ml.profile.propensity import TREES
from ecom_pipeline.ml.profile.reasons import facts_of

FEWEST_BUYERS = 100
"""Who did and who did not buy in the test, each, below which nothing can be judged."""
PROPENSITY_COLUMNS = (
    "customer_id",
    "buy_probability",
    "expected_value_30",
    "source",
    "reasons_en",
    "reasons_zh",
    "as_of_date",
)
EVALUATION_COLUMNS = ("model", "is_baseline", "metric", "value")
CALIBRATION_COLUMNS = ("model", "bin", "customers", "predicted", "observed", "lift")


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


def propensity_shop(days: pd.DataFrame, *, as_of_date: dt.date, seed: int, trees: int = TREES) -> Propensity:
    """Judge and publish the probability of an order in the 30 days after the last one.

    Parameters
    ----------
    days
        One row per ``customer_id`` and ``activity_date`` with ``orders``, ``revenue`` and any of `history.ACTIVITIES`.
    as_of_date
        The last day of the data.
    seed
        Fixes all randomness.
    trees
        Rounds of boosting.
    """
    first, test = first_order(days), as_of_date - dt.timedelta(days=HORIZON)
    if first is None:
        return _nothing("no order yet", seed)
    then, now = buyers_at(days, test), buyers_at(days, as_of_date)
    outcome = outcome_after(days, then.index, test)
    did = int(outcome["bought"].sum())
    if min(did, len(then) - did) < FEWEST_BUYERS:
        return _nothing(f"{did} of {len(then)} customers bought in the 30 days after {test}: too few to judge", seed)
    past = Past(days, first, seed=seed)
    try:
        learned = learn(past, test, seed=seed, trees=trees)
        final = learn(past, as_of_date, seed=seed, trees=trees)
    except TooLittleError as error:
        return _nothing(str(error), seed)
    ours, rates = learned.model, learned.rates
    bought, spent = outcome["bought"].to_numpy(), outcome["value"].to_numpy()
    given = {
        "gradient_boosting": (ours.probability(then), ours.value(then)),
        "rfm_score": (rates.probability(then), rates.value(then)),
        "constant": (np.full(len(bought), learned.bought), then["revenue"].to_numpy(float)),
    }
    evaluation = pd.concat([_figures(name, bought, spent, *scores) for name, scores in given.items()])
    lead = auc_lead(bought, given["gradient_boosting"][0], given["rfm_score"][0])
    figure = evaluation.set_index(["model", "metric"])["value"]
    wins = lead.lower > 0 and figure["gradient_boosting", "brier"] <= figure["rfm_score", "brier"]
    customers = _customers(final, now, by_model=wins).assign(as_of_date=as_of_date)
    tenths = pd.concat(
        [calibration(bought, scores[0]).assign(model=name) for name, scores in given.items() if name != "constant"]
    )
    card = ModelCard(
        model="purchase_propensity",
        metric="auc",
        value=figure["gradient_boosting", "auc"],
        baseline="rfm_score",
        baseline_value=figure["rfm_score", "auc"],
        decision="published" if wins else "refused",
        reason=_reason(test, len(bought), did, lead, figure),
        trained_from=first,
        trained_to=as_of_date,
        parameters={
            "horizon_days": HORIZON,
            "test_cutoff": test,
            "learned_at": learned.cutoffs,
            "calibrated_at": learned.cutoffs[0],
            "features": list(now.columns),
        },
        seed=seed,
        metrics={f"{name}_{metric}": value for (name, metric), value in figure.items()},
        libraries=("scikit-learn", "numpy", "pandas"),
    )
    return Propensity(
        customers=customers[list(PROPENSITY_COLUMNS)],
        evaluation=evaluation[list(EVALUATION_COLUMNS)],
        calibration=tenths[list(CALIBRATION_COLUMNS)],
        card=card,
    )


def _customers(learned: Learned, now: pd.DataFrame, *, by_model: bool) -> pd.DataFrame:
    """What is expected of every buyer and why, by the model or by the baseline."""
    expecting = learned.model if by_model else learned.rates
    reasons = learned.model.reasons(now) if by_model else facts_of(now)
    return pd.DataFrame(
        {
            "customer_id": now.index,
            "buy_probability": expecting.probability(now),
            "expected_value_30": expecting.value(now),
            "source": "gradient_boosting" if by_model else "rfm_score",
            "reasons_en": reasons["reasons_en"].to_numpy(),
            "reasons_zh": reasons["reasons_zh"].to_numpy(),
        }
    )


def _figures(
    name: str, bought: np.ndarray, spent: np.ndarray, probability: np.ndarray, expected: np.ndarray
) -> pd.DataFrame:
    tenths = calibration(bought, probability)
    values = {
        "auc": auc(bought, probability),
        "brier": brier(bought, probability),
        "calibration_error": calibration_error(bought, probability),
        "top_tenth_lift": float(tenths["lift"].iloc[-1]),
        "value_capture_top_tenth": capture(spent, expected),
    }
    return pd.DataFrame(
        {
            "model": name,
            "is_baseline": name != "gradient_boosting",
            "metric": list(values),
            "value": list(values.values()),
        }
    )


def _reason(test: dt.date, customers: int, did: int, lead: Lead, figure: pd.Series) -> str:
    ours, base = figure["gradient_boosting", "auc"], figure["rfm_score", "auc"]
    brier_words = f"Brier {figure['gradient_boosting', 'brier']:.4f} against {figure['rfm_score', 'brier']:.4f}"
    return (
        f"{did} of {customers} customers bought in the 30 days after {test}: AUC {ours:.3f} against {base:.3f} of the RFM"
        f" score (lead {lead.lower:+.3f} to {lead.upper:+.3f} at 95 %), {brier_words}"
    )


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
