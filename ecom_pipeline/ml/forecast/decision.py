"""What a backtest means for what is live: published, refused or kept.

What does not belong here: how the figures came about.
"""

from __future__ import annotations

import datetime as dt

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast.combination import Proof
from ecom_pipeline.ml.live import Verdict, beside_live

UNTESTED = "no series is long enough, or sold enough, to be tested"


def decide(proof: Proof, is_combined: bool, previous: ModelCard | None, as_of_date: dt.date) -> Verdict:
    """Tell what became of the series a shop is judged by.

    Parameters
    ----------
    proof
        Their combination beside the best single baseline.
    is_combined
        Whether tonight's forecast of them is the combination, since no baseline was clearly better (`Proof.holds`), or
        that baseline.
    previous
        The card of the last run.
    """
    if proof.value is None or proof.baseline_value is None:
        return Verdict(decision="refused", reason=UNTESTED, live_value=None, live_as_of=None)
    baseline = f"{proof.baseline_value:.3f} of {proof.baseline}"
    summed = f", {proof.summed} of them by sums, since they sell now and then" if proof.summed else ""
    figures = f"WAPE {proof.value:.3f} against {baseline} over {proof.series} series{summed}"
    if not is_combined:
        why = f"{figures}: the baseline is clearly better"
        return Verdict(decision="refused", reason=why, live_value=proof.baseline_value, live_as_of=as_of_date)
    return beside_live(proof.value, figures, previous, as_of_date, lower_is_better=True)
