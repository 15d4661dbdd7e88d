"""Choosing parameters on the validation window, within a budget of work rather than of time.

A budget in seconds of the clock would choose differently on a busy machine. So the work of a fit is estimated from its size
(``seconds_of``, measured on one core), and as many trials are made as the estimate allows: the same data and seed always
give the same choice. Trials change one thing at a time and start from the best so far. What does not belong here: the test
window; nothing chosen here may have seen it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.evaluate import Window, sampled, score
from ecom_pipeline.ml.recommend.features import described
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.popularity import CategoryPopularity, Popularity

Baseline = Popularity | CategoryPopularity
HALF_LIVES = (3.0, 7.0, 28.0, 90.0)
TRENDS = (0.0, 0.25, 0.5, 1.0, 2.0)
SIZES: tuple[Mapping[str, Any], ...] = (
    {"components": 64, "features": True},
    {"components": 32, "features": True},
    {"components": 32, "features": False},
    {"components": 16, "features": False},
)
"""Where to start: the first that leaves room for ``FITS`` fits."""
CHANGES: tuple[Mapping[str, Any], ...] = (
    {"features": False},
    {"half_life": 30.0},
    {"components": 32},
    {"learning_rate": 0.02},
    {"item_alpha": 1e-5, "user_alpha": 1e-5},
    {"half_life": None},
)
FITS = 4
FINAL_FITS = 2
"""Fits after tuning: one for the test, one for the lists."""
CUSTOMERS = 1_000
"""Customers a trial is judged on."""
WORTHWHILE = 0.01
"""A change must gain this share on validation; less is noise."""
MANY_PRODUCTS = 10_000
"""Beyond it a product needs five customers for a point of its own; the long tail costs time and gains nothing."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Parameters and what they reached on validation."""

    parameters: Mapping[str, Any]
    value: float


def seconds_of(parameters: Mapping[str, Any], pairs: int, features_per_product: float) -> float:
    """Estimate the seconds a fit takes on one core; measured on three shops from 68,000 to 740,000 pairs."""
    features = features_per_product if parameters["features"] else 0.0
    microseconds = (0.8 + 0.05 * parameters["components"]) * (1.0 + 0.3 * features)
    return float(pairs * parameters["epochs"] * microseconds * 1e-6)


def budget_seconds(pairs: int) -> float:
    """Seconds that all fits together may take, by the estimate: 50 at most, less for a small shop."""
    return float(np.clip(250e-6 * pairs, 5.0, 50.0))


def start(pairs: int, products: int, features_per_product: float) -> dict[str, Any]:
    """Parameters of the first trial."""
    parameters: dict[str, Any] = {
        "epochs": int(np.clip(2_300_000 / pairs, 5, 16)),
        "learning_rate": 0.05,
        "item_alpha": 0.0,
        "user_alpha": 0.0,
        "half_life": 90.0,
        "minimum_customers": 1 if products <= MANY_PRODUCTS else 5,
    }
    sizes = [{**parameters, **size} for size in SIZES]
    if features_per_product == 0:
        sizes = [{**size, "features": False} for size in sizes]
    room = budget_seconds(pairs) / FITS
    return next((size for size in sizes if seconds_of(size, pairs, features_per_product) <= room), sizes[-1])


def tune_baselines(window: Window, products: pd.DataFrame | None, *, seed: int) -> list[tuple[Baseline, Trial]]:
    """Choose each baseline's half-life; returns them unfitted, the best first. Popularity is always among them."""
    few = sampled(window, CUSTOMERS, seed=seed)
    kinds: list[type[Baseline]] = [Popularity]
    if "category" in described(pd.Index(window.train["product_id"].cat.categories), products):
        kinds.append(CategoryPopularity)
    chosen: list[tuple[Baseline, Trial]] = []
    for kind in kinds:
        values = {each: score(kind(half_life=each).fit_checked(window.train, products), few) for each in HALF_LIVES}
        half_life = max(values, key=lambda each: values[each])
        chosen.append((kind(half_life=half_life), Trial(parameters={"half_life": half_life}, value=values[half_life])))
    return sorted(chosen, key=lambda each: -each[1].value)


def tune_lightfm(
    window: Window, products: pd.DataFrame | None, *, trend_half_life: float | None, seed: int
) -> tuple[LightFMRecommender, list[Trial]]:
    """Choose LightFM's parameters; returns an unfitted recommender and every trial in the order made."""
    few = sampled(window, CUSTOMERS, seed=seed)
    ids = pd.Index(window.train["product_id"].cat.categories)
    pairs = len(window.train[["customer_id", "product_id"]].drop_duplicates())
    features = float(described(ids, products).notna().sum().sum() / len(ids))
    best = _try(start(pairs, len(ids), features), few, products, trend_half_life, seed)
    trials = [best]
    spent = seconds_of(best.parameters, pairs, features)
    for change in CHANGES:
        parameters = {**best.parameters, **change}
        cost = seconds_of(parameters, pairs, features)
        dearest = max(cost, seconds_of(best.parameters, pairs, features))
        if parameters == best.parameters or spent + cost + FINAL_FITS * dearest > budget_seconds(pairs):
            continue
        spent += cost
        trial = _try(parameters, few, products, trend_half_life, seed)
        trials.append(trial)
        if trial.value > best.value * (1 + WORTHWHILE):
            best = trial
    return LightFMRecommender(**best.parameters, trend_half_life=trend_half_life, seed=seed), trials


def _try(
    parameters: Mapping[str, Any],
    window: Window,
    products: pd.DataFrame | None,
    trend_half_life: float | None,
    seed: int,
) -> Trial:
    untrended = {name: value for name, value in parameters.items() if name != "trend"}
    model = LightFMRecommender(**untrended, trend_half_life=trend_half_life, seed=seed).fit_checked(
        window.train, products
    )
    values = {trend: score(model.with_trend(trend), window) for trend in TRENDS}
    trend = max(values, key=lambda each: values[each])
    return Trial(parameters={**untrended, "trend": trend}, value=values[trend])
