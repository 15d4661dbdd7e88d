"""Choosing parameters on the validation window, within a budget of work rather than of time.

A budget in seconds of the clock would choose differently on a busy machine. So how much is tried follows from the size of
the shop: the same data and seed always give the same choice. Trials change one thing at a time and start from the best so
far. What does not belong here: the test window; nothing chosen here may have seen it.
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
from ecom_pipeline.ml.recommend.history import HistoryModel
from ecom_pipeline.ml.recommend.interactions import firsts_of_pairs
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.neighbours import ItemNeighbours
from ecom_pipeline.ml.recommend.popularity import CategoryPopularity, FirstChoices, Popularity, SegmentPopularity
from ecom_pipeline.ml.recommend.transitions import Transitions

Baseline = Popularity | CategoryPopularity
HALF_LIVES: tuple[float | None, ...] = (3.0, 7.0, 28.0, 90.0, None)
TRENDS = (0.0, 0.25, 0.5, 1.0, 2.0)
RECENCIES = (28.0, 7.0, 2.0, 0.5)
"""Days of half-life of the history that a list is made from; trying them costs no fit."""
WORTHWHILE = 0.01
"""A change must gain this share on validation; less is noise."""
LARGEST_INVERSE = 4_000
"""How large a matrix EASE may invert: each takes 25e-12 seconds times the cube on one core, and there are five fits."""
PASSES = 2_300_000
"""Pairs of customers and products that LightFM goes through in all, in at least 3 and at most 16 epochs."""
PER_COMPONENT = 30
"""Products for each component of ALS, of which 8 at least and 64 at most: of few products more learn the pairs by heart."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Parameters and what they reached on validation."""

    parameters: Mapping[str, Any]
    value: float


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the blend, fitted on the validation window's ``train``, and every trial in the order made."""

    fitted: Recommender
    trials: Sequence[Trial]

    def unfitted(self) -> Recommender:
        """Return the same recommender with nothing learned."""
        stored = {name: value for name, value in vars(self.fitted).items() if not name.endswith("_")}
        return type(self.fitted)(**stored)


def tune_parts(
    new: Window,
    every: Window,
    products: pd.DataFrame | None = None,
    *,
    segments: pd.Series | None = None,
    trend_half_life: float | None = 28.0,
    seed: int,
) -> list[Part]:
    """Choose the parameters of each part of the blend but the baselines.

    ``new`` and ``every`` are the validation windows of the two targets; what a customer buys again is chosen on the second,
    LightFM and what segments choose or everyone for the first time on the first, the rest on both. ``products`` is what is said of them, ``segments`` those
    of customers, as ``cold.segments`` returns them, ``trend_half_life`` that of the popularity that LightFM's trend is made of.

    Beyond ``MANY_ROWS`` fewer settings of EASE are tried, and item-kNN and transitions are left out: they cost as much as
    the rest and weighed next to nothing wherever they were tried. The graph filter says what EASE says, and more only where
    EASE goes by neighbours. Where nobody chose anything twice, first choices are what popularity is.
    """
    few = informative(new, seed=seed)
    few_of_all = few if every is new else informative(every, seed=seed)
    both = [few] if every is new else [few, few_of_all]
    small = len(new.train) <= MANY_ROWS
    many, customers = (len(new.train[name].cat.categories) for name in ("product_id", "customer_id"))
    fading: dict[str, Any] = {"half_life": 90.0, "recency": 90.0}
    lasting: dict[str, Any] = {"half_life": None, "recency": None}
    points = int(np.clip(many // PER_COMPONENT, 8, 64))
    parts = [
        _lightfm(few, products, trend_half_life, seed),
        _climb(Frequency, {"half_life": 90.0}, [{"half_life": each} for each in (30.0, 180.0, None)], [few_of_all]),
        _climb(
            EASE,
            {"penalty": 5.0 if small else 20.0, "largest_inverse": LARGEST_INVERSE, **fading},
            [lasting, *({"penalty": each} for each in (20.0, 1.25) if small)],
            both,
        ),
        _climb(
            ALS,
            {"components": points, "half_life": 90.0, "seed": seed},
            [{"half_life": None}, {"confidence": 5.0}, {"confidence": 30.0}],
            both,
        ),
    ]
    if min(many, customers) > LARGEST_INVERSE:
        milder = {"customer_exponent": 0.35, "product_exponent": 0.4}
        parts.append(_climb(GraphFilter, {"seed": seed, **fading}, [milder] if small else [], both))
    if small:
        parts.append(_climb(ItemNeighbours, fading, [{"damping": 1.0}], both))
        parts.append(_climb(Transitions, {}, [{"steps": 3, "damping": 0.0}], both))
    if not firsts_of_pairs(new.train).all():
        parts.append(_climb(FirstChoices, {"half_life": 7.0}, [{"half_life": 28.0}], [few]))
    if segments is not None and segments.notna().any():
        half_lives = [{"half_life": each} for each in (7.0, 90.0)]
        parts.append(_climb(SegmentPopularity, {"segments": segments, "half_life": 28.0}, half_lives, [few]))
    return parts


def _climb(
    kind: Callable[..., Recommender],
    start: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    judged: Sequence[Window],
) -> Part:
    """Try the changes one by one, each from the best so far, then let the history fade sooner as long as that is worthwhile.

    Where everything is of one day, no change of a half-life alone is tried.
    """
    train = judged[0].train
    if train["interaction_date"].nunique() == 1:
        changes = [change for change in changes if change.keys() - {"half_life", "recency"}]
    best = kind(**start).fit_checked(train)
    chosen, lead = dict(start), _values(best, judged)
    trials = [Trial(parameters=best.parameters(), value=lead[0])]
    for change in changes:
        model = kind(**{**chosen, **change}).fit_checked(train)
        found = _values(model, judged)
        trials.append(Trial(parameters=model.parameters(), value=found[0]))
        if _gains(found, lead):
            best, lead, chosen = model, found, {**chosen, **change}
    for recency in RECENCIES:
        if not isinstance(best, HistoryModel) or (best.recency is not None and recency >= best.recency):
            continue
        sooner = best.with_recency(recency, train)
        found = _values(sooner, judged)
        trials.append(Trial(parameters=sooner.parameters(), value=found[0]))
        if not _gains(found, lead):
            break
        best, lead = sooner, found
    return Part(fitted=best, trials=trials)


def _values(model: Recommender, judged: Sequence[Window]) -> list[float]:
    return [score(model, window) for window in judged]


def _gains(found: Sequence[float], lead: Sequence[float]) -> bool:
    """Whether what the one target gains is worthwhile, and more than the other loses."""
    return float(np.prod(found)) > float(np.prod(lead)) * (1 + WORTHWHILE) ** len(lead)


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


def _lightfm(window: Window, products: pd.DataFrame | None, trend_half_life: float | None, seed: int) -> Part:
    """LightFM, with what products say of themselves where that is worthwhile, and how much trend is added, which costs no fit."""
    epochs = int(np.clip(PASSES / np.count_nonzero(firsts_of_pairs(window.train)), 3, 16))
    tags = described(pd.Index(window.train["product_id"].cat.categories), products)
    tried: list[tuple[LightFMRecommender, Trial]] = []
    for features in (False, True)[: 1 + len(tags.columns)]:
        model = LightFMRecommender(epochs=epochs, features=features, trend_half_life=trend_half_life, seed=seed)
        model.fit_checked(window.train, products)
        for each in map(model.with_trend, TRENDS):
            tried.append((each, Trial(parameters=each.parameters(), value=score(each, window))))
    best, _ = max(tried, key=lambda each: each[1].value / (1 + WORTHWHILE * each[0].features))
    return Part(fitted=best, trials=[trial for _, trial in tried])
