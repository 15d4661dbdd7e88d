"""The model card of a night's forecasts: what was decided about the series a shop is judged by, and all figures.

What does not belong here: how it is decided.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast.base import LEVELS
from ecom_pipeline.ml.forecast.calendar import supported_country
from ecom_pipeline.ml.forecast.combination import BASELINES, COMBINATION
from ecom_pipeline.ml.forecast.decision import UNTESTED, decide
from ecom_pipeline.ml.forecast.engine import Outcome
from ecom_pipeline.ml.forecast.panel import known_mean
from ecom_pipeline.ml.forecast.series import PROPHET_SERIES, REST, Measure, Sources, proving

LIBRARIES = ("prophet", "cmdstanpy", "lightgbm", "holidays", "numpy", "pandas")


def card_of(
    shop: Sources,
    measures: Mapping[str, Measure],
    outcomes: Mapping[str, Outcome],
    previous: ModelCard | None,
    horizon: int,
    seed: int,
) -> ModelCard:
    """The row of the registry: how the forecasts came about, and what was decided about those a shop is judged by."""
    revenue, outcome = measures["revenue"], outcomes["revenue"]
    judged = proving(outcome.proof)
    proof = outcome.proof[judged]
    is_combined = outcome.source[int(revenue.rows(judged)[0])] == COMBINATION
    verdict = decide(proof, is_combined, previous, shop.as_of_date)
    told = _figures(measures, outcomes)
    reason = verdict.reason
    if (held := told["bands_held"][f"revenue {judged} {LEVELS[0]:.0%}"]) is not None:
        reason += f"; 80% bands held {held:.0%} of the last {outcome.tested.actual.shape[2]} days"
    if failures := sorted(told["failures"].items()):
        reason += "; without an answer: " + ", ".join(f"{name} for {count} series" for name, count in failures)
    if supported_country(shop.country) is None:
        reason += f"; no statutory holidays known for country {shop.country!r}"
    kept = previous if verdict.decision == "kept" else None
    return ModelCard(
        model="sales_forecast",
        metric="wape",
        value=proof.value,
        baseline=proof.baseline,
        baseline_value=proof.baseline_value,
        decision=verdict.decision,
        reason=reason,
        trained_from=kept.trained_from if kept else revenue.panel.days[0].date(),
        trained_to=kept.trained_to if kept else revenue.panel.days[-1].date(),
        parameters={
            "horizon": horizon,
            "intervals": list(LEVELS),
            "country": supported_country(shop.country),
            "prophet_series_at_most": PROPHET_SERIES,
        },
        seed=seed,
        metrics={**verdict.metrics(), "series_scored": proof.series, **told},
        libraries=LIBRARIES,
    )


def card_of_nothing(country: str | None, horizon: int, seed: int) -> ModelCard:
    """That of a shop without any sale."""
    return ModelCard(
        model="sales_forecast",
        metric="wape",
        baseline=BASELINES[0],
        decision="refused",
        reason=UNTESTED,
        parameters={"horizon": horizon, "country": supported_country(country)},
        seed=seed,
        libraries=LIBRARIES,
    )


def _figures(measures: Mapping[str, Measure], outcomes: Mapping[str, Outcome]) -> dict[str, dict[str, Any]]:
    """By measure and kind of series what each was published with, proved, held and failed at."""
    kinds = [(name, each, kind) for name, each in outcomes.items() for kind in each.proof if kind != REST]
    proofs = {f"{name} {kind}": each.proof[kind] for name, each, kind in kinds}
    revenue = outcomes["revenue"].source
    return {
        "series_by_model": dict(Counter(revenue[row] for row in measures["revenue"].shown)),
        "by_kind": {
            name: {"wape": proof.value, "baseline": proof.baseline, "baseline_wape": proof.baseline_value}
            for name, proof in proofs.items()
        },
        "bands_held": {
            f"{name} {kind} {level:.0%}": _mean_known(each.covered[place, measures[name].rows(kind)])
            for name, each, kind in kinds
            for place, level in enumerate(LEVELS)
        },
        "failures": {
            f"{name}: {model}": len(reasons)
            for name, each in outcomes.items()
            for model, reasons in each.failures.items()
        },
    }


def _mean_known(values: np.ndarray) -> float | None:
    mean = float(known_mean(values))
    return mean if math.isfinite(mean) else None
