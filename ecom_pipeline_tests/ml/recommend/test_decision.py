from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.recommend.decision import Verdict, decide, together, untested
from ecom_pipeline.ml.recommend.evaluate import CHOSEN_BY, Judged

TODAY = dt.date(2024, 3, 10)
SPREAD = np.random.default_rng(0).normal(0, 0.02, 100)
SPREAD -= SPREAD.mean()


def judged(name: str, scores: np.ndarray) -> Judged:
    return Judged(
        recommender=name, is_baseline=name != "lightfm", per_customer={CHOSEN_BY: scores}, cold={}, coverage={}
    )


PERSONAL = 0.05 + SPREAD


def verdict_of(
    value: float,
    *baselines: float,
    previous: ModelCard | None = None,
    customers: int = 100,
    personal: np.ndarray = PERSONAL,
) -> Verdict:
    names = ("popularity", "category_popularity")
    return decide(
        judged("lightfm", (value + SPREAD)[:customers]),
        [judged(name, np.full(customers, each)) for name, each in zip(names, baselines, strict=False)],
        previous,
        personal=personal,
        as_of_date=TODAY,
        seed=1,
    )


def card(value: float | None, decision: Decision = "published", age: int = 1, **metrics: Any) -> ModelCard:
    return ModelCard(
        model="lightfm",
        metric="ndcg@10",
        value=value,
        baseline="popularity",
        baseline_value=0.1,
        decision=decision,
        reason="it was so",
        trained_from=dt.date(2023, 1, 1),
        trained_to=TODAY - dt.timedelta(days=age),
        parameters={},
        seed=1,
        metrics=metrics,
    )


def test_better_than_the_baseline_is_published() -> None:
    verdict = verdict_of(0.2, 0.1)
    assert verdict.decision == "published"
    assert verdict.live_value == pytest.approx(0.2)
    assert verdict.reason.startswith(
        "NDCG@10 0.2000 against 0.1000 of popularity on 100 customers, lead over popularity"
    )
    assert verdict.interval == pytest.approx((0.096, 0.104), abs=0.001)


@pytest.mark.parametrize("value", [0.05, 0.1, 0.102])
def test_no_better_by_more_than_chance_is_refused(value: float) -> None:
    verdict = verdict_of(value, 0.1, previous=card(0.01))
    assert verdict.decision == "refused"
    assert verdict.live_value == pytest.approx(0.1)
    assert "no better by more than chance" in verdict.reason


def test_the_baseline_itself_is_no_better() -> None:
    same = judged("lightfm", np.full(100, 0.1)), [judged("popularity", np.full(100, 0.1))]
    assert decide(*same, None, personal=PERSONAL, as_of_date=TODAY, seed=1).decision == "refused"


def test_every_baseline_must_be_beaten() -> None:
    verdict = verdict_of(0.2, 0.1, 0.3)
    assert verdict.decision == "refused"
    assert "0.1000 of popularity and 0.3000 of category_popularity" in verdict.reason
    assert "lead over category_popularity" in verdict.reason
    assert verdict.live_value == pytest.approx(0.1)
    assert verdict_of(0.2, 0.1, 0.15).decision == "published"


@pytest.mark.parametrize("personal", [SPREAD, SPREAD + 0.002, SPREAD + 0.0044, SPREAD - 0.05, np.empty(0)])
def test_lists_that_serve_others_as_well_are_no_skill(personal: np.ndarray) -> None:
    verdict = verdict_of(0.2, 0.1, personal=personal, previous=card(0.01))
    assert (verdict.decision, verdict.live_value) == ("refused", pytest.approx(0.1))
    assert verdict.reason.endswith("customers are served as well by the lists of others")
    assert verdict.interval is not None
    assert verdict.interval[0] > 0


def test_too_few_customers_tell_nothing() -> None:
    assert verdict_of(0.9, 0.1, customers=30).decision == "published"
    verdict = verdict_of(0.9, 0.1, customers=29)
    assert verdict.decision == "refused"
    assert "29 customers: too few to tell, 30 are needed" in verdict.reason


@pytest.mark.parametrize(("value", "decision"), [(0.28, "published"), (0.26, "kept")])
def test_worse_than_the_live_one_by_more_than_a_tenth_is_kept_back(value: float, decision: str) -> None:
    verdict = verdict_of(value, 0.1, previous=card(0.3))
    assert verdict.decision == decision
    assert verdict.live_value == pytest.approx(value if decision == "published" else 0.3)


def test_what_cannot_be_tested_is_refused() -> None:
    verdict = untested("no days")
    assert (verdict.decision, verdict.reason) == ("refused", "no days; popularity is published")
    assert (verdict.interval, verdict.live_value) == (None, None)


def test_the_lists_of_both_targets_go_live_together() -> None:
    better, worse, none = verdict_of(0.2, 0.1), verdict_of(0.26, 0.1, previous=card(0.3)), verdict_of(0.1, 0.1)
    live = card(0.21, live_value=0.21)
    found = together(better, none, live)
    assert (found.decision, found.live_value) == ("published", better.live_value)
    assert found.reason == f"new: {better.reason}; all: {none.reason}"
    assert together(none, better, live).decision == "refused"
    kept = together(better, worse, live)
    assert (worse.decision, kept.decision, kept.live_value) == ("kept", "kept", 0.21)
    assert together(worse, better, live).decision == "kept"
