"""The single entry: a shop's interactions in, everyone's lists, the products like each product, figures and a card out.

Parameters are chosen on validation, the models are judged once on the test, and whoever won learns from everything to make
the lists. LightFM is published only where it beats every baseline by more than chance; otherwise the baseline that was best
on validation is. Its candidates, those of what a customer buys again, and both merged (two of the latter, one of the former, in
turn) go through ``serving.serve``, which applies the shop's rules, fills up, cuts and explains.

What does not belong here: reading or writing tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.recommend.again import buy_again, habits
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.decision import Verdict, decide, untested
from ecom_pipeline.ml.recommend.evaluate import CHOSEN_BY, LENGTHS, Judged, Window, judge, target_types, windows
from ecom_pipeline.ml.recommend.interactions import checked, pairs
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.metrics import PER_CUSTOMER
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline.ml.recommend.rules import Rules, is_sold, offered
from ecom_pipeline.ml.recommend.serving import CANDIDATE_COLUMNS, Served, nothing_served, serve
from ecom_pipeline.ml.recommend.similar import SIMILAR_COLUMNS, similar_products
from ecom_pipeline.ml.recommend.tuning import Baseline, Trial, tune_baselines, tune_lightfm

EVALUATION_COLUMNS = ("model", "metric", "k", "customers", "value", "is_baseline", "cut_off_date")
DEPTH = 3
"""Candidates per place of a list: what the rules leave of them is to fill it."""
LIBRARIES = ("lightfm-next", "numpy", "scipy", "pandas")


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
        ``model, metric, k, customers, value, is_baseline, cut_off_date``; the cut-off is the last day of training. Empty
        where nothing could be tested.
    card
        The row of the registry. ``kept`` asks the caller to leave the live similar products.
    """

    served: Served
    similar_products: pd.DataFrame
    evaluation: pd.DataFrame
    card: ModelCard


@dataclass(frozen=True, kw_only=True)
class _Contest:
    """Who was judged on the test, and the verdict; recommenders unfitted."""

    verdict: Verdict
    baseline: Baseline
    popularity: Popularity
    model: LightFMRecommender | None = None
    test: Window | None = None
    judged: Sequence[Judged] = ()
    trials: Sequence[Trial] = ()


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
    live: Callable[[], pd.DataFrame] | None = None,
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
    live
        Gives the lists of the live model as candidates, to be served where it is kept: tonight's rules hold for them too.

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
    available = offered(popularity.products_, products, rules)
    model = None
    winner: Recommender = popularity
    if contest.verdict.decision != "refused" and contest.model is not None:
        winner = model = contest.model.fit_checked(data, products)
    elif contest.baseline.name != popularity.name:
        winner = contest.baseline.fit_checked(data, products)
    if contest.verdict.decision == "kept" and live is not None:
        candidates = live()
    else:
        candidates = _candidates(winner, popularity, data, products, length=DEPTH * k)
    return RecommendResult(
        served=serve(
            candidates,
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
    both = windows(data)
    if both is None:
        return _untested("the history is shorter than five days: no days to test on")
    validation, test = both
    if validation.truth.empty or test.truth.empty:
        what = "validation" if validation.truth.empty else "test"
        return _untested(f"no customer with history chose anything new in the {what} days")
    baselines = [each for each, _ in tune_baselines(validation, validation.known(products), seed=seed)]
    popularity = next(each for each in baselines if isinstance(each, Popularity))
    model, trials = tune_lightfm(
        validation, validation.known(products), trend_half_life=popularity.half_life, seed=seed
    )
    contenders = [each.fit_checked(test.train, test.known(products)) for each in (model, *baselines)]
    judged = [judge(each, popularity, test) for each in contenders]
    return _Contest(
        verdict=decide(judged[0], judged[1:], previous, as_of_date=as_of_date, seed=seed),
        baseline=baselines[0],
        popularity=popularity,
        model=model,
        test=test,
        judged=judged,
        trials=trials,
    )


def _untested(reason: str) -> _Contest:
    popularity = Popularity()
    return _Contest(verdict=untested(reason), baseline=popularity, popularity=popularity)


def _candidates(
    winner: Recommender, popularity: Popularity, data: pd.DataFrame, products: pd.DataFrame, *, length: int
) -> pd.DataFrame:
    """Ranked candidates for every shelf of the customers with history; ``all`` takes two to buy again, then a new one."""
    on_sale = popularity.products_.difference(products.loc[~is_sold(products), "product_id"])
    owned = pairs(data, target_types(data))
    new = winner.recommend(list(popularity.customers_), length, exclude=owned, candidates=on_sale).assign(turn=3.0)
    again = buy_again(habits(data), length).assign(turn=1.5)
    both = _joined([again, new])
    order = (both["rank"] * both["turn"]).rename("order")
    both = both.assign(order=order).sort_values(["customer_id", "order"], kind="stable", ignore_index=True)
    both["rank"] = both.groupby("customer_id", sort=False, observed=True).cumcount() + 1
    shelves = [new.assign(shelf="new"), again.assign(shelf="again"), both[both["rank"] <= length].assign(shelf="all")]
    return _joined(shelves)[list(CANDIDATE_COLUMNS)]


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part for part in parts if not part.empty] or parts[:1], ignore_index=True)


def _evaluation(contest: _Contest) -> pd.DataFrame:
    rows = [
        (
            each.recommender,
            metric,
            k,
            len(each.per_customer[CHOSEN_BY]),
            each.coverage[k] if metric == "coverage" else each.mean(metric, k),
            each.is_baseline,
            None if contest.test is None else contest.test.last_day,
        )
        for each in contest.judged
        for metric in (*PER_CUSTOMER, "coverage")
        for k in LENGTHS
    ]
    return pd.DataFrame(rows, columns=list(EVALUATION_COLUMNS)).sort_values(["model", "metric", "k"], ignore_index=True)


def _card(contest: _Contest, data: pd.DataFrame, previous: ModelCard | None, *, seed: int) -> ModelCard:
    verdict, dates = contest.verdict, data["interaction_date"]
    kept = previous if verdict.decision == "kept" else None
    by_name = {each.recommender: each.mean(*CHOSEN_BY) for each in contest.judged}
    interval = verdict.interval
    return ModelCard(
        model=LightFMRecommender.name,
        metric="ndcg@10",
        value=by_name.get(LightFMRecommender.name),
        baseline=contest.baseline.name,
        baseline_value=by_name.get(contest.baseline.name),
        decision=verdict.decision,
        reason=verdict.reason,
        trained_from=kept.trained_from if kept else dates.min().date(),
        trained_to=kept.trained_to if kept else dates.max().date(),
        parameters={} if contest.model is None else contest.model.parameters(),
        seed=seed,
        metrics={
            "live_value": verdict.live_value,
            "lead": None if interval is None else {"low": interval[0], "high": interval[1]},
            "cold_customers": None if contest.test is None else contest.test.cold_customers,
            "baseline_half_life": contest.baseline.half_life,
            "validation": [{**trial.parameters, "ndcg@10": trial.value} for trial in contest.trials],
        },
        libraries=LIBRARIES,
    )


def _nothing(*, as_of_date: dt.date, seed: int) -> RecommendResult:
    return RecommendResult(
        served=nothing_served(),
        similar_products=pd.DataFrame(columns=list(SIMILAR_COLUMNS)),
        evaluation=pd.DataFrame(columns=list(EVALUATION_COLUMNS)),
        card=ModelCard(
            model=LightFMRecommender.name,
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
