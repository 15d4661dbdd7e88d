"""What the test of a night says, and what follows for what is live: the contest held, the verdict on each target.

What does not belong here: the lists and the card that follow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.recommend.contest import Contest, compete
from ecom_pipeline.ml.recommend.decision import Verdict, decide, together, untested
from ecom_pipeline.ml.recommend.evaluate import TARGETS, Target, earlier, windows
from ecom_pipeline.ml.recommend.popularity import Popularity
from ecom_pipeline.ml.recommend.tuning import Baseline


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the test said of each target, and what follows for the lists; without a contest nothing could be tested."""

    verdict: Verdict
    baseline: Baseline
    popularity: Popularity
    contest: Contest | None = None
    verdicts: Mapping[Target, Verdict] = field(default_factory=dict)


def outcome_of(
    data: pd.DataFrame,
    products: pd.DataFrame,
    segment: pd.Series,
    previous: ModelCard | None,
    *,
    as_of_date: dt.date,
    seed: int,
) -> Outcome:
    """Hold the contest of a shop and decide.

    Parameters
    ----------
    data
        Checked interactions.
    segment
        Of customers, as ``cold.segments`` returns them.
    previous
        The card of the last run.
    """
    new, every = windows(data, "new"), windows(data, "all")
    if new is None or every is None:
        return _untested("the history is shorter than five days: no days to test on")
    if any(window.truth.empty for window in new):
        what = "validation" if new[0].truth.empty else "test"
        return _untested(f"no customer with history chose anything new in the {what} days")
    past = {target: found for target in TARGETS if (found := earlier(data, target)) is not None}
    contest = compete({"new": new, "all": every}, products, before=past or None, segments=segment, seed=seed)
    verdicts = {
        target: decide(
            rounds.judged[0],
            [each for each in rounds.judged if each.is_baseline],
            _previous(previous, target),
            personal=rounds.personal,
            as_of_date=as_of_date,
            seed=seed,
        )
        for target, rounds in contest.rounds.items()
    }
    return Outcome(
        verdict=together(verdicts["new"], verdicts["all"], previous),
        baseline=contest.baselines[0],
        popularity=next(each for each in contest.baselines if isinstance(each, Popularity)),
        contest=contest,
        verdicts=verdicts,
    )


def _previous(card: ModelCard | None, target: Target) -> ModelCard | None:
    """Return the card as it speaks of the target: its own figures are those of ``new``."""
    if card is None or target == "new":
        return card
    return replace(card, value=None, metrics=card.metrics.get(target, {}))


def _untested(reason: str) -> Outcome:
    popularity = Popularity()
    return Outcome(verdict=untested(reason), baseline=popularity, popularity=popularity)
