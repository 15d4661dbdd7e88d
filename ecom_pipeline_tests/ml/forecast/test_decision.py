from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ecom_pipeline.ml.card import Decision, ModelCard
from ecom_pipeline.ml.forecast.combination import Proof
from ecom_pipeline.ml.forecast.decision import decide

TODAY = dt.date(2024, 3, 10)


def proof(value: float | None, baseline_value: float | None = 0.5) -> Proof:
    return Proof(value=value, baseline="seasonal_naive", baseline_value=baseline_value, series=9)


def card(value: float, decision: Decision = "published", age: int = 1, **metrics: Any) -> ModelCard:
    return ModelCard(
        model="sales_forecast",
        metric="wape",
        value=value,
        baseline="seasonal_naive",
        baseline_value=0.5,
        decision=decision,
        reason="it was so",
        trained_from=dt.date(2023, 1, 1),
        trained_to=TODAY - dt.timedelta(days=age),
        parameters={},
        seed=1,
        metrics=metrics,
    )


@pytest.mark.parametrize("value", [0.4, 0.55])
def test_a_combination_is_published_with_its_figures(value: float) -> None:
    verdict = decide(proof(value), True, None, TODAY)
    assert (verdict.decision, verdict.live_value) == ("published", value)
    assert verdict.reason == f"WAPE {value:.3f} against 0.500 of seasonal_naive over 9 series"
    summed = decide(replace(proof(value), summed=4), True, None, TODAY)
    assert summed.reason == f"{verdict.reason}, 4 of them by sums, since they sell now and then"


def test_a_baseline_in_its_place_is_a_refusal() -> None:
    verdict = decide(proof(0.7), False, card(0.1), TODAY)
    assert (verdict.decision, verdict.live_value) == ("refused", 0.5)
    assert "WAPE 0.700 against 0.500 of seasonal_naive over 9 series: the baseline is clearly better" in verdict.reason


def test_nothing_measured_is_refused() -> None:
    verdict = decide(proof(None, None), False, None, TODAY)
    assert (verdict.decision, verdict.live_value) == ("refused", None)


@pytest.mark.parametrize(("value", "decision"), [(0.32, "published"), (0.34, "kept")])
def test_worse_than_the_live_one_by_more_than_a_tenth_is_kept_back(value: float, decision: str) -> None:
    assert decide(proof(value), True, card(0.3), TODAY).decision == decision
