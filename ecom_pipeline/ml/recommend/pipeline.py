"""The single entry: a shop's interactions in, everyone's lists, the products like each product, figures and a card out.

Parameters and the weights of the blend are chosen on validation, the models are judged once on the test, and whoever won
learns from everything to make the lists. There are two targets, what is new for a customer and everything; for each the
blend is published only where it beats every baseline, and its lists serve their own customers better than those of others
would, both by more than chance; otherwise the baseline that was best on validation is.

A shelf is ``new`` (nothing the customer purchased before), ``again`` (nothing else, in the order of everything) or ``all``.
Its candidates go through ``serving.serve``, which applies the shop's rules, fills up, cuts and explains.

What does not belong here: reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.blend import Blend, Remembered, weighty
from ecom_pipeline.ml.recommend.cold import segments
from ecom_pipeline.ml.recommend.content import Content
from ecom_pipeline.ml.recommend.contest import Contest
from ecom_pipeline.ml.recommend.evaluate import (
    CHOSEN_BY,
    FIGURE_COLUMNS,
    TARGETS,
    Target,
    figures,
)
from ecom_pipeline.ml.recommend.interactions import checked
from ecom_pipeline.ml.recommend.outcome import Outcome, outcome_of
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline.ml.recommend.rules import Rules, offered
from ecom_pipeline.ml.recommend.serving import (
    SERVED_COLUMNS,
    Candidates,
    Served,
    serve,
    served_to_nobody,
)
from ecom_pipeline.ml.recommend.shelves import candidates_of
from ecom_pipeline.ml.recommend.similar import SIMILAR_COLUMNS, similar_products

EVALUATION_COLUMNS = (*FIGURE_COLUMNS, "cut_off_date")
LIBRARIES = ("lightfm-next", "implicit", "numpy", "scipy", "scikit-learn", "pandas")
SPARE = 3
"""Candidates per place of a list, so that rules of business can take some away."""


@dataclass(frozen=True, kw_only=True)
class RecommendResult:
    """What a night's recommending gives beside the lists.

    Attributes
    ----------
    served
        What the rules filtered, what is bought together and what is trending.
    similar_products
        ``product_id, rank, similar_product_id, score, source``.
    evaluation
        ``model, target, segment, metric, k, customers, value, lower, upper, is_baseline, cut_off_date``, the figures of
        ``evaluate.figures``; the cut-off is the last day of training. Empty where nothing could be tested.
    card
        The row of the registry. ``kept`` asks the caller to leave the live similar products.
    """

    served: Served
    similar_products: pd.DataFrame
    evaluation: pd.DataFrame
    card: ModelCard


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
    live: Candidates | None = None,
    deliver: Callable[[pd.DataFrame], None],
) -> RecommendResult:
    """Recommend products to every customer of a shop, and products like every product.

    Parameters
    ----------
    interactions
        ``customer_id, product_id, interaction_date, event_type, interactions``.
    products
        ``product_id`` and, where known, ``category, brand, price_band`` and what ``serving.serve`` reads.
    customers
        ``customer_id`` and, where known, what ``serving.serve`` and ``cold.segments`` read: everyone who is to get a list; those with interactions
        get one anyway. Of more than the rules allow for those who were active last get one.
    as_of_date
        The last day of the data.
    baskets
        ``basket_id, product_id`` and, where known, ``customer_id``: what was bought in one order.
    rules
        What the shop wants of its lists.
    k
        Length of a list.
    seed
        All randomness comes from it.
    previous_card
        The card of the last run.
    live
        Gives the lists of the live model for customers as candidates, to be served where it is kept: tonight's rules hold
        for them too.
    deliver
        Takes the lists, some customers at a time, as ``serving.serve`` says.

    Raises
    ------
    ValueError
        An interaction is not as expected, or later than ``as_of_date``.
    """
    data = checked(interactions)
    if data.empty:
        deliver(pd.DataFrame(columns=list(SERVED_COLUMNS)))
        available = offered(pd.Index(baskets["product_id"].unique()), products, rules)
        return _nothing(served_to_nobody(baskets, available, as_of_date), as_of_date=as_of_date, seed=seed)
    last = data["interaction_date"].max().date()
    if last > as_of_date:
        raise ValueError(f"interactions: interaction_date {last}; expected none after the as-of date {as_of_date}")
    segment = segments(customers, pd.Index(data["customer_id"].cat.categories), as_of_date=as_of_date)
    outcome = outcome_of(data, products, segment, previous_card, as_of_date=as_of_date, seed=seed)
    popularity = outcome.popularity.fit_checked(data, products)
    candidates = live
    if outcome.verdict.decision != "kept" or candidates is None:
        winners = _winners(outcome, popularity, data, products)
        candidates = candidates_of(winners, data, products, length=SPARE * k)
    content = Content(products)
    served = serve(
        candidates,
        data,
        content,
        customers,
        baskets,
        segment=segment,
        rules=rules,
        k=k,
        as_of_date=as_of_date,
        half_life=popularity.half_life,
        deliver=deliver,
    )
    available = offered(popularity.products_, products, rules)
    told = None if outcome.verdicts.get("new", outcome.verdict).decision == "refused" else data
    return RecommendResult(
        served=served,
        similar_products=similar_products(told, popularity, content, available=available),
        evaluation=_evaluation(outcome.contest, seed=seed),
        card=_card(outcome, data, previous_card, left_out=served.left_out, seed=seed),
    )


def _winners(
    outcome: Outcome, popularity: Popularity, data: pd.DataFrame, products: pd.DataFrame
) -> dict[Target, Recommender]:
    """Who makes the lists of each target; every part that weighs something learns once, from everything."""
    baseline: Recommender = popularity
    if outcome.baseline.name != popularity.name:
        baseline = outcome.baseline.fit_checked(data, products)
    live = {
        target: outcome.contest.rounds[target]
        for target, verdict in outcome.verdicts.items()
        if outcome.contest and verdict.decision != "refused"
    }
    parts = outcome.contest.parts if outcome.contest else ()
    needed = {part.name: part for each in live.values() for part in weighty(parts, each.weights)}
    for part in needed.values():
        part.fit_checked(data, products)
    fitted, shared = list(needed.values()), Remembered()
    return {target: live[target].winner(fitted, data, shared) if target in live else baseline for target in TARGETS}


def _evaluation(contest: Contest | None, *, seed: int) -> pd.DataFrame:
    if contest is None:
        return pd.DataFrame(columns=list(EVALUATION_COLUMNS))
    found = pd.concat(
        [figures(each.judged, each.test, target, seed=seed) for target, each in contest.rounds.items()]
    ).assign(cut_off_date=contest.rounds["new"].test.last_day)
    return found.sort_values(["model", "target", "segment", "metric", "k"], ignore_index=True)[list(EVALUATION_COLUMNS)]


def _card(outcome: Outcome, data: pd.DataFrame, previous: ModelCard | None, *, left_out: int, seed: int) -> ModelCard:
    verdict, dates, contest = outcome.verdict, data["interaction_date"], outcome.contest
    kept = previous if verdict.decision == "kept" else None
    judged = contest.rounds["new"].judged if contest else ()
    by_name = {each.recommender: each.mean(*CHOSEN_BY) for each in judged}
    value = judged[0].mean(*CHOSEN_BY) if judged else None
    live_of_all = kept.metrics.get("all", {}).get("live_value") if kept else None
    if kept is None and "all" in outcome.verdicts:
        live_of_all = outcome.verdicts["all"].live_value
    return ModelCard(
        model=Blend.name,
        metric="ndcg@10",
        value=value,
        baseline=outcome.baseline.name,
        baseline_value=by_name.get(outcome.baseline.name),
        decision=verdict.decision,
        reason=f"{verdict.reason}; {left_out} customers, active longest ago, get no lists"
        if left_out
        else verdict.reason,
        trained_from=kept.trained_from if kept else dates.min().date(),
        trained_to=kept.trained_to if kept else dates.max().date(),
        parameters=contest.parameters() if contest else {},
        seed=seed,
        metrics={
            **verdict.metrics(),
            **_told(outcome, "new"),
            "customers_without_lists": left_out,
            "baseline_half_life": outcome.baseline.half_life,
            "trials": contest.trials if contest else {},
            "all": {"live_value": live_of_all, **_told(outcome, "all")},
        },
        libraries=LIBRARIES,
    )


def _told(outcome: Outcome, target: Target) -> dict[str, Any]:
    """What the card keeps of a target."""
    if outcome.contest is None:
        return {}
    found, verdict = outcome.contest.rounds[target], outcome.verdicts[target]
    return {
        "decision": verdict.decision,
        "winner": found.judged[0].recommender,
        "ranker_lead": None if found.lead is None else {"low": found.lead[0], "high": found.lead[1]},
        "lead": None if verdict.interval is None else {"low": verdict.interval[0], "high": verdict.interval[1]},
        "cold_customers": len(found.test.cold_customers),
        "weights": found.weights,
        "validation": found.validation,
    }


def _nothing(served: Served, *, as_of_date: dt.date, seed: int) -> RecommendResult:
    return RecommendResult(
        served=served,
        similar_products=pd.DataFrame(columns=list(SIMILAR_COLUMNS)),
        evaluation=pd.DataFrame(columns=list(EVALUATION_COLUMNS)),
        card=ModelCard(
            model=Blend.name,
            metric="ndcg@10",
            baseline=Popularity.name,
            decision="refused",
            reason=f"no interactions up to {as_of_date}: nothing to learn from, nothing to list",
            seed=seed,
            metrics={"live_value": None},
            libraries=LIBRARIES,
        ),
    )
