"""The verdict on the intent models: the baselines first, then what is live."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.support import trials
from ecom_pipeline.ml.support.decision import Verdict, decide
from ecom_pipeline.ml.support.examples import Split
from ecom_pipeline.ml.support.trials import Trial

TODAY = dt.date(2024, 3, 10)
TRUTH = ["refund", "status", "price"] * 20
CHANGED = {"refund": "status", "status": "price", "price": "refund"}


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "RESAMPLES", 100)


def trial(name: str, right: int) -> Trial:
    """A model that is right on the first texts and wrong on the rest."""
    guesses = [*TRUTH[:right], *(CHANGED[each] for each in TRUTH[right:])]
    told = SimpleNamespace(
        model=SimpleNamespace(name=name),
        is_baseline=name != "kernel",
        test=SimpleNamespace(intents=np.array(guesses, dtype=object)),
        figures={"macro_f1": right / len(TRUTH)},
    )
    return cast("Trial", told)


def verdict_of(right: int, *baselines: int, previous: ModelCard | None = None, crossed: bool = False) -> Verdict:
    none = pd.DataFrame()
    folds = np.zeros(len(TRUTH), dtype=int) if crossed else None
    examples = Split(train=none, tuning=none, test=pd.DataFrame({"intent": TRUTH}), folds=folds)
    names = ("majority", "keyword")
    tried = [trial("kernel", right), *(trial(name, each) for name, each in zip(names, baselines, strict=True))]
    return decide(tried, examples, "macro_f1", previous, as_of_date=TODAY, seed=1)


def live(value: float, metric: str = "macro_f1", age: int = 1) -> ModelCard:
    day = TODAY - dt.timedelta(days=age)
    figures = {"live_value": value, "live_as_of": day}
    return ModelCard(model="m", metric=metric, baseline="b", decision="kept", reason="so", seed=1, metrics=figures)


def test_better_than_the_best_baseline_is_published() -> None:
    verdict = verdict_of(54, 12, 30)
    assert (verdict.decision, verdict.live_as_of) == ("published", TODAY)
    assert verdict.live_value == pytest.approx(0.9)
    assert (verdict.winner.model.name, verdict.baseline.model.name) == ("kernel", "keyword")
    assert verdict.reason.startswith("macro-F1 0.900 against 0.500 of keyword on the latest 60 labelled messages")
    assert "60 examples by cross-validation" in verdict_of(54, 12, 30, crossed=True).reason


@pytest.mark.parametrize("right", [42, 43, 12])
def test_no_better_than_it_by_more_than_chance_is_refused(right: int) -> None:
    verdict = verdict_of(right, 12, 42, previous=live(0.99))
    assert (verdict.decision, verdict.winner.model.name) == ("refused", "keyword")
    assert verdict.live_value == pytest.approx(0.7)
    assert verdict.reason.endswith("no better by more than chance, so keyword is used")


def test_better_than_a_baseline_that_is_always_wrong_may_still_be_chance() -> None:
    assert verdict_of(20, 0, 0).decision == "refused"
    assert verdict_of(40, 0, 0).decision == "published"


def test_worse_than_the_live_one_is_kept_back_for_a_week_if_both_were_measured_alike() -> None:
    kept = verdict_of(48, 12, 30, previous=live(0.95))
    assert (kept.decision, kept.live_value) == ("kept", 0.95)
    assert verdict_of(48, 12, 30, previous=live(0.85)).decision == "published"
    assert verdict_of(48, 12, 30, previous=live(0.95, age=8)).decision == "published"
    assert verdict_of(48, 12, 30, previous=live(0.95, "cross_validated_macro_f1")).decision == "published"
