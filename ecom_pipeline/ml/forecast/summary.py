"""The model card of a night's forecasts.

What does not belong here: the decision it tells of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast.base import LEVELS
from ecom_pipeline.ml.forecast.calendar import supported_country
from ecom_pipeline.ml.forecast.combination import BASELINES, Proof
from ecom_pipeline.ml.forecast.decision import decide
from ecom_pipeline.ml.forecast.engine import Outcome
from ecom_pipeline.ml.forecast.series import REST, Measure
from ecom_pipeline.ml.live import Verdict

LIBRARIES = ("prophet", "cmdstanpy", "lightgbm", "holidays", "numpy", "pandas")


def card_of(
    shop: Mapping[str, Measure],
    outcomes: Mapping[str, Outcome],
    judged: str,
    verdict: Verdict,
    previous_card: ModelCard | None,
    country: str | None,
    horizon: int,
    seed: int,
    prophet_series: int,
) -> ModelCard:
    """The row of the registry: how the forecasts came about, and what was decided about those ``judged``."""
    panel, outcome = shop["revenue"].panel, outcomes["revenue"]
    proof = outcome.proof[judged]
    days = pd.Series([outcome.source[row] for row in shop["revenue"].shown], dtype=object).value_counts()
    failures = {
        f"{measure}: {model}": len(reasons)
        for measure, each in outcomes.items()
        for model, reasons in each.failures.items()
    }
    by_kind = {
        f"{measure} {kind}": {"wape": found.value, "baseline": found.baseline, "baseline_wape": found.baseline_value}
        for measure, each in outcomes.items()
        for kind, found in each.proof.items()
        if kind != REST
    }
    held = {
        f"{measure} {kind} {level:.0%}": _mean_known(each.covered[place, shop[measure].rows(kind)])
        for measure, each in outcomes.items()
        for kind in each.proof
        if kind != REST
        for place, level in enumerate(LEVELS)
    }
    reason = verdict.reason
    share = next(
        (each for name, each in held.items() if name.startswith(("revenue category 80", "revenue total 80"))), None
    )
    if share is not None:
        reason += f"; 80% bands held {share:.0%} of the last {outcome.tested.actual.shape[2]} days"
    if failures:
        reason += "; without an answer: " + ", ".join(
            f"{name} for {count} series" for name, count in sorted(failures.items())
        )
    if supported_country(country) is None:
        reason += f"; no statutory holidays known for country {country!r}"
    kept = previous_card if verdict.decision == "kept" else None
    return ModelCard(
        model="sales_forecast",
        metric="wape",
        value=proof.value,
        baseline=proof.baseline,
        baseline_value=proof.baseline_value,
        decision=verdict.decision,
        reason=reason,
        trained_from=kept.trained_from if kept else panel.days[0].date(),
        trained_to=kept.trained_to if kept else panel.days[-1].date(),
        parameters={
            "horizon": horizon,
            "intervals": list(LEVELS),
            "country": supported_country(country),
            "prophet_series_at_most": prophet_series,
        },
        seed=seed,
        metrics={
            **verdict.metrics(),
            "series_scored": proof.series,
            "series_by_model": {str(name): int(count) for name, count in days.items()},
            "by_kind": by_kind,
            "bands_held": held,
            "failures": failures,
        },
        libraries=LIBRARIES,
    )


def card_of_nothing(country: str | None, horizon: int, seed: int) -> ModelCard:
    """That of a shop without any sale."""
    proof = Proof(value=None, baseline=BASELINES[0], baseline_value=None, series=0)
    verdict = decide(proof, False, None, dt.date.min)
    return ModelCard(
        model="sales_forecast",
        metric="wape",
        baseline=proof.baseline,
        decision=verdict.decision,
        reason=verdict.reason,
        parameters={"horizon": horizon, "country": supported_country(country)},
        seed=seed,
        libraries=LIBRARIES,
    )


def _mean_known(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
