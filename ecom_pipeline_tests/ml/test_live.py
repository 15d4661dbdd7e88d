from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.live import beside_live, live_of

TODAY = dt.date(2024, 3, 10)


def card(value: float | None, *, trained_to: dt.date | None = TODAY, **metrics: Any) -> ModelCard:
    return ModelCard(
        model="m",
        metric="f",
        value=value,
        baseline="b",
        decision="kept",
        reason="so",
        trained_to=trained_to,
        seed=1,
        metrics=metrics,
    )


@pytest.mark.parametrize(
    ("value", "lower_is_better", "decision"),
    [
        (0.5, False, "published"),
        (0.45, False, "published"),
        (0.449, False, "kept"),
        (0.5, True, "published"),
        (0.55, True, "published"),
        (0.551, True, "kept"),
    ],
)
def test_more_than_a_tenth_worse_does_not_replace_what_is_live(
    value: float, lower_is_better: bool, decision: str
) -> None:
    since = TODAY - dt.timedelta(days=3)
    live = card(0.9, live_value=0.5, live_as_of=since)
    verdict = beside_live(value, "so it is", live, TODAY, lower_is_better=lower_is_better)
    assert verdict.decision == decision
    assert (verdict.live_value, verdict.live_as_of) == ((value, TODAY) if decision == "published" else (0.5, since))
    assert verdict.reason == ("so it is" if decision == "published" else "so it is, but the live one had 0.5000")


@pytest.mark.parametrize(("age", "decision"), [(7, "kept"), (8, "published")])
def test_what_is_live_stays_for_a_week_however_often_it_is_kept(age: int, decision: str) -> None:
    since = TODAY - dt.timedelta(days=age)
    verdict = beside_live(0.1, "so it is", card(0.1, live_value=0.5, live_as_of=since), TODAY)
    assert verdict.decision == decision
    assert verdict.reason.endswith("older than 7 days") is (decision == "published")
    assert verdict.metrics() == (
        {"live_value": 0.1, "live_as_of": TODAY}
        if decision == "published"
        else {"live_value": 0.5, "live_as_of": since}
    )


def test_what_is_live_is_read_back_from_the_registry() -> None:
    stored = ModelCard.from_row(card(0.9, live_value=0.5, live_as_of=TODAY).row())
    assert json.loads(stored.row()["metrics"]) == {"live_value": 0.5, "live_as_of": "2024-03-10"}
    assert live_of(stored) == (0.5, TODAY)


def test_a_card_that_does_not_say_what_is_live_speaks_of_its_own_figure() -> None:
    assert live_of(card(0.4)) == (0.4, TODAY)
    assert live_of(card(None)) == (None, TODAY)
    assert live_of(None) == (None, None)


@pytest.mark.parametrize("previous", [None, card(0.9, live_value=None), card(0.9, trained_to=None)])
def test_where_nothing_is_known_of_what_is_live_anything_better_than_its_baseline_is_published(
    previous: ModelCard | None,
) -> None:
    assert beside_live(0.1, "so it is", previous, TODAY).decision == "published"
