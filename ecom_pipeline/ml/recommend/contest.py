"""The contest: parts chosen and weighed on validation, then the blend, its parts and the baselines judged once on the test.

The shop's lists and the benchmarks rest on the same contest. What does not belong here: how the windows were cut, and what
follows from the figures.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.blend import Blend, Remembered, candidates
from ecom_pipeline.ml.recommend.evaluate import Judged, Target, Window, informative, judge, personal, sampled
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.interactions import Floats
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.metrics import leads, paired_interval
from ecom_pipeline.ml.recommend.popularity import FirstChoices, Popularity
from ecom_pipeline.ml.recommend.ranker import Firsts, Ranker, firsts, learn_trees, told
from ecom_pipeline.ml.recommend.tuning import Baseline, tune_baselines, tune_parts
from ecom_pipeline.ml.recommend.weighing import learn_weights

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

JUDGED = 2_000
"""Customers the models are judged on: enough for intervals of a hundredth."""
LESSONS = 20_000
"""Choices of each window that the ranker learns from and is judged by, or those of 1,000 customers: of choices by one each,
few are among the blend's first products."""
FEWEST_LESSONS = 5_000
"""Choices of a window that trees can learn from: where there were fewer, the ranker was within chance of the blend."""
SURE = 1.0
"""Standard errors by which trees must lead on validation. On earlier days leads of that size held on the days after, also where
a 95 % interval had not ruled out that they were nothing."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One target.

    Attributes
    ----------
    test
        The window judged on.
    weights
        Of the parts, by name.
    validation
        What the blend and each part alone reached there, and the ranker that had learned from the days before.
    lead
        95 % interval of the lead of that ranker over the blend on validation; ``None`` where there was none.
    trees
        What the ranker goes by, learned from validation too; ``None`` where it did not beat the blend by ``SURE``.
    judged
        The ranker where it is used, the blend, its parts and the baselines.
    personal
        Of the first of them, how much better than others' lists their own serve customers of the test.
    """

    test: Window
    weights: Mapping[str, float]
    validation: Mapping[str, float]
    lead: tuple[float, float] | None
    trees: HistGradientBoostingClassifier | None
    judged: Sequence[Judged]
    personal: Floats

    def winner(
        self, fitted: Sequence[Recommender], train: pd.DataFrame, remembered: Remembered | None = None
    ) -> Recommender:
        """Return who makes the lists, of parts fitted on ``train``; ``remembered`` as in ``Blend.of``."""
        blend = Blend.of(fitted, self.weights, train, remembered)
        return blend if self.trees is None else Ranker.of(blend, self.trees, train)


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What was chosen and how it was judged.

    Attributes
    ----------
    parts
        With the parameters that were chosen, the baselines among them; fitted on the test's ``train``.
    baselines
        The best on validation first.
    rounds
        By target.
    trials
        Every trial of each part: its parameters and its figure on validation.
    cpu_seconds
        What it cost: ``parts`` to be tried and learned, ``blend`` and ``ranker`` on top, ``judged`` everyone on the test.
    """

    parts: Sequence[Recommender]
    baselines: Sequence[Baseline]
    rounds: Mapping[Target, Round]
    trials: Mapping[str, Sequence[Mapping[str, Any]]]
    cpu_seconds: Mapping[str, float]

    def parameters(self) -> dict[str, Any]:
        """Return what was chosen for each part, by its name."""
        return {part.name: part.parameters() for part in self.parts}


def compete(
    both: Mapping[Target, tuple[Window, Window]],
    products: pd.DataFrame,
    *,
    before: Mapping[Target, Window] | None = None,
    segments: pd.Series | None = None,
    seed: int,
    judged: int = JUDGED,
) -> Contest:
    """Hold the contest.

    Parameters
    ----------
    both
        By target the validation and the test window; the targets share their interactions. Parameters are chosen on the
        windows of ``new``, those of what is bought again on ``all`` where it is a target.
    products
        ``product_id`` and, where known, ``category, brand, price_band``.
    before
        By target the window before the validation, for the ranker to learn from; without it there is no ranker.
    segments
        Of customers, as ``cold.segments`` returns them.
    seed
        All randomness comes from it.
    judged
        At most that many customers with history, and without, are judged.
    """
    clock = [time.process_time()]
    validation, test = both["new"]
    known = validation.known(products)
    baselines = tune_baselines(validation, known, seed=seed)
    popularity = next(each for each in baselines if isinstance(each, Popularity))
    tuned = tune_parts(
        validation,
        both.get("all", both["new"])[0],
        known,
        segments=segments,
        trend_half_life=popularity.half_life,
        seed=seed,
    )
    learned = [*(part.fitted for part in tuned), *(each.fit_checked(validation.train, known) for each in baselines)]
    clock.append(time.process_time())
    chosen = _weights(learned, {target: informative(each, seed=seed) for target, (each, _) in both.items()}, seed=seed)
    clock.append(time.process_time())
    weights_of = {target: weights for target, (weights, _) in chosen.items()}
    rankers = _rankers(learned, weights_of, {target: each for target, (each, _) in both.items()}, before, seed=seed)
    clock.append(time.process_time())
    parts = [*(part.unfitted() for part in tuned), *baselines]
    trials = {part.fitted.name: [{**each.parameters, "ndcg@10": each.value} for each in part.trials] for part in tuned}
    del tuned, learned  # what the validation's models learned is as large as what the test's will
    for part in parts:
        part.fit_checked(test.train, test.known(products))
    clock.append(time.process_time())
    rounds = {}
    for target, (_, each) in both.items():
        weights, reached = chosen[target]
        trees, lead, ranked = rankers.get(target, (None, None, {}))
        window = sampled(each, judged, seed=seed)
        blend = Blend.of(parts, weights, window.train)
        ranker = [] if trees is None else [Ranker.of(blend, trees, window.train)]
        rounds[target] = Round(
            test=window,
            weights=weights,
            validation={**reached, **ranked},
            lead=lead,
            trees=trees,
            judged=[judge(each, popularity, window) for each in (*ranker, blend, *_of_target(parts, target))],
            personal=personal([*ranker, blend][0], window, seed=seed),
        )
    tried, weighed, ranked_, again, judging = np.diff([*clock, time.process_time()]).tolist()
    return Contest(
        parts=parts,
        baselines=baselines,
        rounds=rounds,
        trials=trials,
        cpu_seconds={"parts": tried + again, "blend": weighed, "ranker": ranked_, "judged": judging},
    )


def _weights(
    learned: Sequence[Recommender], windows: Mapping[Target, Window], *, seed: int
) -> dict[Target, tuple[dict[str, float], dict[str, float]]]:
    """By target weights by part, and what the blend and each part reached on validation."""
    found = candidates({target: _of_target(learned, target) for target in windows}, windows)
    chosen = {target: learn_weights(each, always=LightFMRecommender.name, seed=seed) for target, each in found.items()}
    return {target: (weights, {Blend.name: reached, **alone}) for target, (weights, reached, alone) in chosen.items()}


Ranking = tuple["HistGradientBoostingClassifier | None", tuple[float, float], Mapping[str, float]]


def _rankers(
    learned: Sequence[Recommender],
    weights: Mapping[Target, Mapping[str, float]],
    validation: Mapping[Target, Window],
    before: Mapping[Target, Window] | None,
    *,
    seed: int,
) -> dict[Target, Ranking]:
    """Trees by target, where those of the days before beat the blend on validation by more than a standard error."""
    enough = [target for target in validation if before and len(before[target].truth) >= FEWEST_LESSONS]
    if before is None or not enough:
        return {}
    needed = [part for part in learned if any(part in told(learned, each) for each in weights.values())]
    then = [_brief(part).fit_checked(before["new"].train) for part in needed]
    found: dict[Target, Ranking] = {}
    for target in enough:

        def seen(fitted: Sequence[Recommender], of: Window, target: Target = target) -> Firsts:
            return firsts(Blend.of(fitted, weights[target], of.train), informative(of, choices=LESSONS, seed=seed))

        past = seen(then, before[target])
        if not len(past.places):
            continue
        now = seen(learned, validation[target])
        values = now.ndcg(learn_trees([past], seed=seed))
        gains = values - now.ndcg(None)
        lead = paired_interval(gains, seed=seed)
        trees = learn_trees([past, now], seed=seed) if leads(gains, SURE) else None
        found[target] = trees, lead, {Ranker.name: float(values.mean())}
    return found


def _brief(part: Recommender) -> Recommender:
    """Return a copy to learn once more for the ranker: LightFM of half as many epochs teaches the trees as much."""
    other = copy.copy(part)
    if isinstance(other, LightFMRecommender):
        other.epochs = -(-other.epochs // 2)
    return other


def _of_target(parts: Sequence[Recommender], target: Target) -> list[Recommender]:
    """Leave out what a customer buys again where only what is new counts, and else what is chosen for the first time."""
    foreign = Frequency.name if target == "new" else FirstChoices.name
    return [part for part in parts if part.name != foreign]
