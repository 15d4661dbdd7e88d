"""The single entry: a shop's interactions in, everyone's lists, the products like each product, figures and a card out.

Parameters and the weights of the blend are chosen on validation, the models are judged once on the test, and whoever won
learns from everything to make the lists. There are two targets, what is new for a customer and everything; for each the
blend is published only where it beats every baseline by more than chance, otherwise the baseline that was best on validation
is.

A shelf is ``new`` (nothing the customer purchased before), ``again`` (nothing else, in the order of everything) or ``all``.
Its candidates go through ``serving.serve``, which applies the shop's rules, fills up, cuts and explains.

What does not belong here: reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.blend import Blend, candidates, learn_weights, weighty
from ecom_pipeline.ml.recommend.decision import Verdict, decide, together, untested
from ecom_pipeline.ml.recommend.evaluate import (
    CHOSEN_BY,
    FIGURE_COLUMNS,
    TARGETS,
    Judged,
    Target,
    Window,
    figures,
    judge,
    sampled,
    target_types,
    windows,
)
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.interactions import checked, pairs
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline.ml.recommend.rules import Rules, is_sold, offered
from ecom_pipeline.ml.recommend.serving import CANDIDATE_COLUMNS, Served, nothing_served, serve
from ecom_pipeline.ml.recommend.similar import SIMILAR_COLUMNS, similar_products
from ecom_pipeline.ml.recommend.tuning import Baseline, tune_baselines, tune_lightfm, tune_parts

EVALUATION_COLUMNS = (*FIGURE_COLUMNS, "cut_off_date")
LIBRARIES = ("lightfm-next", "implicit", "numpy", "scipy", "scikit-learn", "pandas")
SPARE = 3
"""Candidates per place of a list, so that rules of business can take some away."""
LEARNED_FROM = 2_000
"""Customers the weights are learned from."""
JUDGED = 5_000
"""Customers the models are judged on: enough for intervals of a hundredth."""


@dataclass(frozen=True, kw_only=True)
class RecommendResult:
    """What a night's recommending gives.

    Attributes
    ----------
    served
        The lists, what the rules filtered, what is bought together and what is trending.
    similar_products
        ``product_id, rank, similar_product_id, score, source``.
    evaluation
        ``model, target, segment, metric, k, customers, value, lower, upper, is_baseline, cut_off_date``, the figures of
        ``evaluate.figures``; the cut-off is the last day of training. Empty where nothing could be tested.
    card
        The row of the registry. Its decision governs both lists: ``kept`` asks the caller to leave the live ones.
    """

    served: Served
    similar_products: pd.DataFrame
    evaluation: pd.DataFrame
    card: ModelCard


@dataclass(frozen=True, kw_only=True)
class _Aim:
    """What was learned and judged for one target."""

    weights: Mapping[str, float]
    validation: Mapping[str, float]
    judged: Sequence[Judged]
    figures: pd.DataFrame
    verdict: Verdict
    cold_customers: int


@dataclass(frozen=True, kw_only=True)
class _Contest:
    """What was chosen on validation, recommenders unfitted, and what the test said of each target."""

    verdict: Verdict
    baseline: Baseline
    popularity: Popularity
    parts: Sequence[Recommender] = ()
    aims: Mapping[Target, _Aim] = field(default_factory=dict)
    trials: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    last_day: dt.date | None = None


def recommend_shop(
    interactions: pd.DataFrame,
    products: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    as_of_date: dt.date,
    baskets: pd.DataFrame,
    rules: Rules,
    k: int = 20,
    seed: int,
    previous_card: ModelCard | None = None,
) -> RecommendResult:
    """Recommend products to every customer of a shop, and products like every product.

    Parameters
    ----------
    interactions
        ``customer_id, product_id, interaction_date, event_type, interactions``.
    products
        ``product_id`` and, where known, ``category, brand, price_band`` and what ``serving.serve`` reads.
    customers
        ``customer_id`` and, where known, what ``serving.serve`` reads: everyone who is to get a list; those with interactions
        get one anyway.
    as_of_date
        The last day of the data.
    baskets
        ``basket_id, product_id``: what was bought in one order.
    rules
        What the shop wants of its lists.
    k
        Length of a list.
    seed
        All randomness comes from it.
    previous_card
        The card of the last run.

    Raises
    ------
    ValueError
        An interaction is not as expected, or later than ``as_of_date``.
    """
    data = checked(interactions)
    if data.empty:
        return _nothing(as_of_date=as_of_date, seed=seed)
    last = data["interaction_date"].max().date()
    if last > as_of_date:
        raise ValueError(f"interactions: interaction_date {last}; expected none after the as-of date {as_of_date}")
    contest = _contest(data, products, previous_card, as_of_date=as_of_date, seed=seed)
    popularity = contest.popularity.fit_checked(data, products)
    baseline: Recommender = popularity
    if contest.baseline.name != popularity.name:
        baseline = contest.baseline.fit_checked(data, products)
    winners = _winners(contest, baseline, data, products)
    available = offered(popularity.products_, products, rules)
    model = next((part for part in getattr(winners["new"], "parts_", ()) if isinstance(part, LightFMRecommender)), None)
    return RecommendResult(
        served=serve(
            _candidates(winners, popularity, data, products, length=SPARE * k),
            data,
            products,
            customers,
            baskets,
            rules=rules,
            k=k,
            as_of_date=as_of_date,
            half_life=popularity.half_life,
        ),
        similar_products=similar_products(model, popularity, products, available=available),
        evaluation=_evaluation(contest),
        card=_card(contest, data, previous_card, seed=seed),
    )


def _contest(
    data: pd.DataFrame,
    products: pd.DataFrame,
    previous: ModelCard | None,
    *,
    as_of_date: dt.date,
    seed: int,
) -> _Contest:
    found = {target: windows(data, target) for target in TARGETS}
    both = {target: each for target, each in found.items() if each is not None}
    if not both:
        return _untested("the history is shorter than five days: no days to test on")
    validation, test = both["new"]
    if validation.truth.empty or test.truth.empty:
        what = "validation" if validation.truth.empty else "test"
        return _untested(f"no customer with history chose anything new in the {what} days")
    known = validation.known(products)
    baselines = [each for each, _ in tune_baselines(validation, known, seed=seed)]
    popularity = next(each for each in baselines if isinstance(each, Popularity))
    tuned = [
        tune_lightfm(validation, known, trend_half_life=popularity.half_life, seed=seed),
        *tune_parts(validation, both["all"][0], seed=seed),
    ]
    learned = [*(part.fitted for part in tuned), *(each.fit_checked(validation.train, known) for each in baselines)]
    weights = {target: _weights(learned, each, target, seed=seed) for target, (each, _) in both.items()}
    parts = [*(part.unfitted() for part in tuned), *baselines]
    for part in parts:
        part.fit_checked(test.train, test.known(products))
    aims = {
        target: _aim(target, parts, *weights[target], sampled(each, JUDGED, seed=seed), previous, as_of_date, seed)
        for target, (_, each) in both.items()
    }
    return _Contest(
        verdict=together(aims["new"].verdict, aims["all"].verdict, previous),
        baseline=baselines[0],
        popularity=popularity,
        parts=parts,
        aims=aims,
        trials={
            part.fitted.name: [{**each.parameters, "ndcg@10": each.value} for each in part.trials] for part in tuned
        },
        last_day=test.last_day,
    )


def _weights(
    learned: Sequence[Recommender], window: Window, target: Target, *, seed: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Weights by part, and what the blend and each part reached on validation."""
    few = sampled(window, LEARNED_FROM, seed=seed)
    weights, reached, alone = learn_weights(
        candidates(_of_target(learned, target), few), always=LightFMRecommender.name
    )
    return weights, {Blend.name: reached, **alone}


def _of_target(parts: Sequence[Recommender], target: Target) -> list[Recommender]:
    """What a customer buys again says nothing about what is new."""
    return [part for part in parts if target == "all" or part.name != Frequency.name]


def _aim(
    target: Target,
    fitted: Sequence[Recommender],
    weights: Mapping[str, float],
    validation: Mapping[str, float],
    test: Window,
    previous: ModelCard | None,
    as_of_date: dt.date,
    seed: int,
) -> _Aim:
    popularity = next(each for each in fitted if isinstance(each, Popularity))
    contenders = [Blend.of(fitted, weights, test.train), *_of_target(fitted, target)]
    judged = [judge(each, popularity, test) for each in contenders]
    baselines = [each for each in judged if each.is_baseline]
    return _Aim(
        weights=weights,
        validation=validation,
        judged=judged,
        figures=figures(judged, test, target, seed=seed),
        verdict=decide(judged[0], baselines, _previous(previous, target), as_of_date=as_of_date, seed=seed),
        cold_customers=len(test.cold_customers),
    )


def _previous(card: ModelCard | None, target: Target) -> ModelCard | None:
    """Return the card as it speaks of the target: its own figures are those of ``new``."""
    if card is None or target == "new":
        return card
    return replace(card, value=None, metrics=card.metrics.get(target, {}))


def _untested(reason: str) -> _Contest:
    popularity = Popularity()
    return _Contest(verdict=untested(reason), baseline=popularity, popularity=popularity)


def _winners(
    contest: _Contest, baseline: Recommender, data: pd.DataFrame, products: pd.DataFrame
) -> dict[Target, Recommender]:
    """Who makes the lists of each target; every part learns once, from everything, where it weighs something."""
    live = {target: aim for target, aim in contest.aims.items() if aim.verdict.decision != "refused"}
    needed = {part.name: part for aim in live.values() for part in weighty(contest.parts, aim.weights)}
    for part in needed.values():
        part.fit_checked(data, products)
    return {
        target: Blend.of(list(needed.values()), live[target].weights, data) if target in live else baseline
        for target in TARGETS
    }


def _candidates(
    winners: Mapping[Target, Recommender],
    popularity: Popularity,
    data: pd.DataFrame,
    products: pd.DataFrame,
    *,
    length: int,
) -> pd.DataFrame:
    """Ranked candidates of every shelf for the customers with history."""
    on_sale = popularity.products_.difference(products.loc[~is_sold(products), "product_id"])
    owned = pairs(data, target_types(data))
    everyone, buyers = list(popularity.customers_), sorted(owned["customer_id"].unique())
    shelves = {
        "new": winners["new"].recommend(everyone, length, exclude=owned, candidates=on_sale),
        "again": winners["all"].recommend(buyers, length, among=owned),
        "all": winners["all"].recommend(everyone, length, candidates=on_sale),
    }
    return pd.concat([each.assign(shelf=shelf) for shelf, each in shelves.items()], ignore_index=True)[
        list(CANDIDATE_COLUMNS)
    ]


def _evaluation(contest: _Contest) -> pd.DataFrame:
    if not contest.aims:
        return pd.DataFrame(columns=list(EVALUATION_COLUMNS))
    found = pd.concat([aim.figures for aim in contest.aims.values()]).assign(cut_off_date=contest.last_day)
    return found.sort_values(["model", "target", "segment", "metric", "k"], ignore_index=True)[list(EVALUATION_COLUMNS)]


def _card(contest: _Contest, data: pd.DataFrame, previous: ModelCard | None, *, seed: int) -> ModelCard:
    verdict, dates = contest.verdict, data["interaction_date"]
    kept = previous if verdict.decision == "kept" else None
    new, every = contest.aims.get("new"), contest.aims.get("all")
    live_of_all = None if every is None else every.verdict.live_value
    if kept:
        live_of_all = kept.metrics.get("all", {}).get("live_value")
    by_name = {each.recommender: each.mean(*CHOSEN_BY) for each in (new.judged if new else ())}
    lightfm = next((part for part in contest.parts if isinstance(part, LightFMRecommender)), None)
    return ModelCard(
        model=Blend.name,
        metric="ndcg@10",
        value=by_name.get(Blend.name),
        baseline=contest.baseline.name,
        baseline_value=by_name.get(contest.baseline.name),
        decision=verdict.decision,
        reason=verdict.reason,
        trained_from=kept.trained_from if kept else dates.min().date(),
        trained_to=kept.trained_to if kept else dates.max().date(),
        parameters={} if new is None or lightfm is None else {"weights": new.weights, "lightfm": lightfm.parameters()},
        seed=seed,
        metrics={
            **_told(new, verdict.live_value),
            "baseline_half_life": contest.baseline.half_life,
            "trials": contest.trials,
            "all": _told(every, live_of_all),
        },
        libraries=LIBRARIES,
    )


def _told(aim: _Aim | None, live_value: float | None) -> dict[str, Any]:
    """What the card keeps of a target."""
    if aim is None:
        return {"live_value": live_value}
    interval = aim.verdict.interval
    return {
        "live_value": live_value,
        "decision": aim.verdict.decision,
        "lead": None if interval is None else {"low": interval[0], "high": interval[1]},
        "cold_customers": aim.cold_customers,
        "weights": aim.weights,
        "validation": aim.validation,
    }


def _nothing(*, as_of_date: dt.date, seed: int) -> RecommendResult:
    return RecommendResult(
        served=nothing_served(),
        similar_products=pd.DataFrame(columns=list(SIMILAR_COLUMNS)),
        evaluation=pd.DataFrame(columns=list(EVALUATION_COLUMNS)),
        card=ModelCard(
            model=Blend.name,
            metric="ndcg@10",
            value=None,
            baseline=Popularity.name,
            baseline_value=None,
            decision="refused",
            reason=f"no interactions up to {as_of_date}: nothing to learn from, nothing to list",
            trained_from=None,
            trained_to=None,
            parameters={},
            seed=seed,
            metrics={"live_value": None},
            libraries=LIBRARIES,
        ),
    )
