"""The entry for behaviour: customer features in, components, a map of the customers and a model card out.

Principal components always find something; the card says whether it is more than chance, by comparing with the same
columns shuffled, which keeps every column's values and destroys what they have in common. What does not belong here:
reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.profile.pca import BehaviourPCA, correlation

FEATURES = (
    "orders",
    "units",
    "revenue",
    "average_order_value",
    "recency_days",
    "tenure_days",
    "active_days",
    "sessions",
    "views",
    "carts",
    "favourites",
    "distinct_products",
    "distinct_categories",
    "messages",
)
SHUFFLES = 99
SHUFFLED_CUSTOMERS = 5_000
"""Shuffles use a sample of this size at most. A smaller sample explains more by chance, so the test gets no easier."""
SIGNIFICANCE = 0.05
COMPONENT_COLUMNS = ("component", "feature", "loading", "explained_variance", "explained_variance_ratio")
MAP_COLUMNS = ("customer_id", "component_1", "component_2")


@dataclass(frozen=True, kw_only=True)
class ProfileResult:
    """What is known of the customers' behaviour as a whole.

    Attributes
    ----------
    components
        ``component, feature, loading, explained_variance, explained_variance_ratio``; component 1 explains most.
    map
        ``customer_id, component_1, component_2``.
    card
        The row of the registry. Components and map are empty where it says ``refused``.
    """

    components: pd.DataFrame
    map: pd.DataFrame
    card: ModelCard


def profile_shop(customers: pd.DataFrame, *, as_of_date: dt.date, seed: int) -> ProfileResult:
    """Describe the behaviour of a shop's customers.

    A value a customer does not have (the average order of one who never ordered) is replaced by the median of the
    others; the card counts them by feature. Features without any value are left out.

    Parameters
    ----------
    customers
        One row per ``customer_id`` with any of `FEATURES`.
    as_of_date
        The day the features are true for.
    seed
        Fixes the shuffles.
    """
    ids, behaviour, filled = _behaviour(customers)
    pca = BehaviourPCA().fit(behaviour)
    test = _beyond_chance(behaviour, pca, seed) if pca.features_ else None
    components, places = pd.DataFrame(columns=list(COMPONENT_COLUMNS)), pd.DataFrame(columns=list(MAP_COLUMNS))
    decision: Decision = "refused"
    if test is not None and test.p_value <= SIGNIFICANCE:
        decision, components, places = "published", _components(pca), _map(ids, pca.transform(behaviour))
    card = ModelCard(
        model="behaviour_pca",
        metric="explained_variance_ratio_2",
        value=test.explained if test else None,
        baseline="shuffled_columns",
        baseline_value=test.by_chance if test else None,
        decision=decision,
        reason=_reason(len(ids), test),
        trained_from=_first_day(customers, as_of_date),
        trained_to=as_of_date if len(ids) else None,
        parameters={
            "features": pca.features_,
            "on_log_scale": [name for name, logged in zip(pca.features_, pca.logged_, strict=True) if logged],
            "shuffles": SHUFFLES,
            "significance": SIGNIFICANCE,
        },
        seed=seed,
        metrics={
            "customers": len(ids),
            "p_value": test.p_value if test else None,
            "filled_with_median": filled,
        },
        libraries=("numpy", "pandas"),
    )
    return ProfileResult(components=components, map=places, card=card)


def _behaviour(customers: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame, dict[str, int]]:
    """Identifiers and usable features in the order of the identifiers, and how many values had to be filled."""
    ordered = customers.sort_values("customer_id", ignore_index=True)
    known = [name for name in FEATURES if name in ordered.columns and ordered[name].notna().any()]
    behaviour = ordered[known].astype(float)
    filled = {name: int(count) for name, count in behaviour.isna().sum().items() if count}
    return ordered["customer_id"], behaviour.fillna(behaviour.median()), filled


@dataclass(frozen=True, kw_only=True)
class _Test:
    """Share of the variance that two components explain, the same by chance, and how often chance did as well."""

    explained: float
    by_chance: float
    p_value: float


def _beyond_chance(behaviour: pd.DataFrame, pca: BehaviourPCA, seed: int) -> _Test:
    """Compare with what the first two components explain of columns that were shuffled each on its own."""
    explained = float(pca.explained_variance_ratio_[:2].sum())
    random = np.random.default_rng(seed)
    standard = pca.standardise(behaviour)
    if len(standard) > SHUFFLED_CUSTOMERS:
        standard = standard[random.choice(len(standard), SHUFFLED_CUSTOMERS, replace=False)]
        standard = standard[:, standard.min(axis=0) < standard.max(axis=0)]
    if standard.shape[1] <= 2:
        return _Test(explained=explained, by_chance=1.0, p_value=1.0)
    shuffled = np.empty(SHUFFLES)
    for turn in range(SHUFFLES):
        variances = np.linalg.eigvalsh(correlation(random.permuted(standard, axis=0)))
        shuffled[turn] = variances[-2:].sum() / variances.sum()
    as_good = int((shuffled >= explained - 1e-12).sum())
    return _Test(explained=explained, by_chance=float(shuffled.mean()), p_value=(1 + as_good) / (1 + SHUFFLES))


def _components(pca: BehaviourPCA) -> pd.DataFrame:
    count = len(pca.features_)
    return pd.DataFrame(
        {
            "component": np.repeat(np.arange(1, count + 1), count),
            "feature": np.tile(pca.features_, count),
            "loading": pca.components_.ravel(),
            "explained_variance": np.repeat(pca.explained_variance_, count),
            "explained_variance_ratio": np.repeat(pca.explained_variance_ratio_, count),
        }
    )


def _map(ids: pd.Series, scores: np.ndarray) -> pd.DataFrame:
    second = scores[:, 1] if scores.shape[1] > 1 else np.zeros(len(scores))
    return pd.DataFrame({"customer_id": ids, "component_1": scores[:, 0], "component_2": second})


def _reason(customers: int, test: _Test | None) -> str:
    if test is None:
        return f"{customers} customers: no feature varies, there is nothing to explain"
    figures = (
        f"two components explain {test.explained:.1%} of the behaviour of {customers} customers, {test.by_chance:.1%} "
        f"after shuffling (p = {test.p_value:.2f})"
    )
    return figures if test.p_value <= SIGNIFICANCE else f"{figures}: no more than chance"


def _first_day(customers: pd.DataFrame, as_of_date: dt.date) -> dt.date | None:
    if "tenure_days" not in customers or customers["tenure_days"].isna().all():
        return None
    return as_of_date - dt.timedelta(days=int(customers["tenure_days"].astype(float).max()))
