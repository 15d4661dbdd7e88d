"""Choosing parameters on the validation window, within a budget of work rather than of time.

A budget in seconds of the clock would choose differently on a busy machine. So the work of a fit is estimated from its size
(``seconds_of``, measured on one core), and as many trials are made as the estimate allows: the same data and seed always
give the same choice. Trials change one thing at a time and start from the best so far. What does not belong here: the test
window; nothing chosen here may have seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.als import ALS
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import MANY_ROWS, Window, informative, score
from ecom_pipeline.ml.recommend.features import described
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.graph import GraphFilter
from ecom_pipeline.ml.recommend.history import MANY_PRODUCTS, MINIMUM_CUSTOMERS, HistoryModel
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.neighbours import ItemNeighbours
from ecom_pipeline.ml.recommend.popularity import CategoryPopularity, Popularity, SegmentPopularity
from ecom_pipeline.ml.recommend.transitions import Transitions

Baseline = Popularity | CategoryPopularity
HALF_LIVES: tuple[float | None, ...] = (3.0, 7.0, 28.0, 90.0, None)
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
RECENCIES = (28.0, 7.0, 2.0)
"""Days of half-life of the history that a list is made from; trying them costs no fit."""
PENALTIES = (80.0, 5.0, 1.25)
"""Of EASE beside the one it starts with; together they cost little more than one fit."""
FITS = 4
FINAL_FITS = 2
"""Fits after tuning: one for the test, one for the lists."""
WORTHWHILE = 0.01
"""A change must gain this share on validation; less is noise."""
LARGEST_INVERSE = 4_000
"""How large a matrix EASE may invert: each takes 25e-12 seconds times the cube on one core, and there are five fits."""


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
    """Seconds that all fits together may take, by the estimate: 15 at most, less for a small shop; LightFM is one part of several."""
    return float(np.clip(60e-6 * pairs, 3.0, 15.0))


def start(pairs: int, products: int, features_per_product: float) -> dict[str, Any]:
    """Parameters of the first trial."""
    parameters: dict[str, Any] = {
        "epochs": int(np.clip(2_300_000 / pairs, 3, 16)),
        "learning_rate": 0.05,
        "item_alpha": 0.0,
        "user_alpha": 0.0,
        "half_life": 90.0,
        "minimum_customers": 1 if products <= MANY_PRODUCTS else MINIMUM_CUSTOMERS,
    }
    sizes = [{**parameters, **size} for size in SIZES]
    if features_per_product == 0:
        sizes = [{**size, "features": False} for size in sizes]
    room = budget_seconds(pairs) / FITS
    return next((size for size in sizes if seconds_of(size, pairs, features_per_product) <= room), sizes[-1])


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the blend, fitted on the validation window's ``train``, and every trial in the order made."""

    fitted: Recommender
    trials: Sequence[Trial]

    def unfitted(self) -> Recommender:
        """Return the same recommender with nothing learned."""
        stored = {name: value for name, value in vars(self.fitted).items() if not name.endswith("_")}
        return type(self.fitted)(**stored)


def tune_parts(new: Window, every: Window, *, segments: pd.Series | None = None, seed: int) -> list[Part]:
    """Choose the parameters of each part of the blend but LightFM and the baselines.

    ``new`` and ``every`` are the validation windows of the two targets; what a customer buys again is chosen on the second,
    the rest on the first, but how soon a history fades and the penalty of EASE on both. ``segments`` are those of customers, as
    ``cold.segments`` returns them.

    Beyond ``MANY_ROWS`` fewer settings of EASE and the graph filter are tried, no other penalty among them, and item-kNN
    and transitions are left out, as is the graph filter where EASE learns from every product: they cost as much as the rest and weighed next to
    nothing wherever they were tried.
    """
    few = informative(new, seed=seed)
    few_of_all = few if every is new else informative(every, seed=seed)
    small = len(new.train) <= MANY_ROWS
    fading: dict[str, Any] = {"half_life": 90.0, "recency": 90.0}
    lasting: dict[str, Any] = {"half_life": None, "recency": None}
    products, customers = (len(new.train[name].cat.categories) for name in ("product_id", "customer_id"))
    half_lives: list[Mapping[str, Any]] = [{"half_life": each} for each in (30.0, 180.0, None)]
    other_als: list[Mapping[str, Any]] = [
        {"half_life": None},
        {"confidence": 5.0},
        {"confidence": 30.0},
        {"components": 128},
    ]
    damped: list[Mapping[str, Any]] = [{"damping": 1.0}, {"damping": 5.0}]
    milder: Mapping[str, Any] = {"customer_exponent": 0.35, "product_exponent": 0.4}
    longer: list[Mapping[str, Any]] = [{"steps": 3, "damping": 0.0}]
    parts = [
        _climb(Frequency, {"half_life": 90.0}, half_lives, few_of_all),
        _climb(
            EASE,
            {"penalty": 20.0, "largest_inverse": LARGEST_INVERSE, **fading},
            [lasting],
            few,
        ),
        _climb(ALS, {"half_life": 90.0, "seed": seed}, other_als, few),
    ]
    if small or min(products, customers) > LARGEST_INVERSE:
        parts.append(_climb(GraphFilter, {"seed": seed, **fading}, [lasting, milder] if small else [], few))
    if small:
        parts += [_climb(ItemNeighbours, fading, damped, few), _climb(Transitions, {}, longer, few)]
    if segments is not None and segments.notna().any():
        half_lives = [{"half_life": each} for each in (7.0, 90.0)]
        parts.append(_climb(SegmentPopularity, {"segments": segments, "half_life": 28.0}, half_lives, few))
    if small:
        parts = [_penalties(part, few, few_of_all) for part in parts]
    return [_fading(part, few, few_of_all) for part in parts]


def _climb(
    kind: Callable[..., Recommender], start: Mapping[str, Any], changes: Sequence[Mapping[str, Any]], window: Window
) -> Part:
    """Try the changes one by one, each from the best so far; where everything is of one day, none of a half-life alone."""
    if window.train["interaction_date"].nunique() == 1:
        changes = [change for change in changes if change.keys() - {"half_life", "recency"}]
    best = kind(**start).fit_checked(window.train)
    chosen = dict(start)
    trials = [Trial(parameters=best.parameters(), value=score(best, window))]
    lead = trials[0]
    for change in changes:
        model = kind(**{**chosen, **change}).fit_checked(window.train)
        trials.append(Trial(parameters=model.parameters(), value=score(model, window)))
        if trials[-1].value > lead.value * (1 + WORTHWHILE):
            best, lead, chosen = model, trials[-1], {**chosen, **change}
    return Part(fitted=best, trials=trials)


def _penalties(part: Part, new: Window, every: Window) -> Part:
    """Try other penalties of EASE, which learns them all at once."""
    best = part.fitted
    if not isinstance(best, EASE):
        return part
    trials = list(part.trials)
    lead = _of_both(best, new, every)
    for other in best.with_penalties(PENALTIES, new.train):
        found = _of_both(other, new, every)
        trials.append(Trial(parameters=other.parameters(), value=found[0]))
        if _gains(found, lead):
            best, lead = other, found
    return Part(fitted=best, trials=trials)


def _fading(part: Part, new: Window, every: Window) -> Part:
    """Let the history fade sooner, as long as that is worthwhile."""
    best = part.fitted
    if not isinstance(best, HistoryModel):
        return part
    trials = list(part.trials)
    lead = _of_both(best, new, every)
    for recency in RECENCIES:
        if best.recency is not None and recency >= best.recency:
            continue
        sooner = best.with_recency(recency, new.train)
        found = _of_both(sooner, new, every)
        trials.append(Trial(parameters=sooner.parameters(), value=found[0]))
        if not _gains(found, lead):
            break
        best, lead = sooner, found
    return Part(fitted=best, trials=trials)


def _of_both(model: Recommender, new: Window, every: Window) -> tuple[float, float]:
    value = score(model, new)
    return value, value if every is new else score(model, every)


def _gains(found: tuple[float, float], lead: tuple[float, float]) -> bool:
    """Whether what the one target gains is worthwhile, and more than the other loses."""
    return found[0] * found[1] > lead[0] * lead[1] * (1 + WORTHWHILE) ** 2


def tune_baselines(window: Window, products: pd.DataFrame | None, *, seed: int) -> list[Baseline]:
    """Choose each baseline's half-life; returns them unfitted, the best first. Popularity is always among them."""
    few = informative(window, seed=seed)
    kinds: list[type[Baseline]] = [Popularity]
    if "category" in described(pd.Index(window.train["product_id"].cat.categories), products):
        kinds.append(CategoryPopularity)
    reached: dict[Baseline, float] = {}
    for kind in kinds:
        values = {each: score(kind(half_life=each).fit_checked(window.train, products), few) for each in HALF_LIVES}
        half_life = max(values, key=lambda each: values[each])
        reached[kind(half_life=half_life)] = values[half_life]
    return sorted(reached, key=lambda each: -reached[each])


def tune_lightfm(window: Window, products: pd.DataFrame | None, *, trend_half_life: float | None, seed: int) -> Part:
    """Choose LightFM's parameters."""
    few = informative(window, seed=seed)
    ids = pd.Index(window.train["product_id"].cat.categories)
    pairs = len(window.train[["customer_id", "product_id"]].drop_duplicates())
    features = float(described(ids, products).notna().sum().sum() / len(ids))
    best, lead = _try(start(pairs, len(ids), features), few, products, trend_half_life, seed)
    trials = [lead]
    spent = seconds_of(lead.parameters, pairs, features)
    for change in CHANGES:
        parameters = {**lead.parameters, **change}
        cost = seconds_of(parameters, pairs, features)
        dearest = max(cost, seconds_of(lead.parameters, pairs, features))
        if parameters == lead.parameters or spent + cost + FINAL_FITS * dearest > budget_seconds(pairs):
            continue
        spent += cost
        model, trial = _try(parameters, few, products, trend_half_life, seed)
        trials.append(trial)
        if trial.value > lead.value * (1 + WORTHWHILE):
            best, lead = model, trial
    return Part(fitted=best, trials=trials)


def _try(
    parameters: Mapping[str, Any],
    window: Window,
    products: pd.DataFrame | None,
    trend_half_life: float | None,
    seed: int,
) -> tuple[LightFMRecommender, Trial]:
    untrended = {name: value for name, value in parameters.items() if name != "trend"}
    model = LightFMRecommender(**untrended, trend_half_life=trend_half_life, seed=seed)
    model.fit_checked(window.train, products)
    values = {trend: score(model.with_trend(trend), window) for trend in TRENDS}
    trend = max(values, key=lambda each: values[each])
    return model.with_trend(trend), Trial(parameters={**untrended, "trend": trend}, value=values[trend])
