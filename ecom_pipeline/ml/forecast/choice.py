"""Which model a series gets, and whether choosing was worth it.

A series gets the model with the least absolute error over its backtest; on equal error the simpler one. Picking a
winner and praising its score on the same days would flatter every choice, so the proof repeats the choice at each
origin from the origins before it, and scores it on the days that follow. What does not belong here: fitting, or what
a decision leads to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

SIMPLEST_FIRST = ("moving_average", "seasonal_naive", "exponential_smoothing", "prophet")


@dataclass(frozen=True, kw_only=True)
class Proof:
    """WAPE of the chosen models beside that of the best single baseline, pooled over the same days.

    ``unseen`` tells whether every choice was scored on days it was not made on.
    """

    value: float | None
    baseline: str
    baseline_value: float | None
    unseen: bool
    series: int


def absolute_errors(tested: pd.DataFrame) -> pd.DataFrame:
    """Sum of absolute errors of one series' backtest by origin (rows) and model (columns)."""
    errors = tested.assign(error=(tested["actual"] - tested["forecast"]).abs())
    return errors.pivot_table(index="origin", columns="model", values="error", aggfunc="sum")


def ranking(errors: pd.DataFrame) -> list[str]:
    """Models of one series, least absolute error first, the simpler one first where equal."""
    totals = errors.sum()
    return sorted(totals.index, key=lambda model: (totals[model], SIMPLEST_FIRST.index(model)))


def prove(backtests: Iterable[pd.DataFrame], baselines: Sequence[str]) -> Proof:
    """Score the choice on origins it did not see; on the only origin where a shop's history holds no more."""
    tables = [(absolute_errors(tested), _sold(tested)) for tested in backtests]
    unseen = any(len(errors) > 1 for errors, _ in tables)
    chosen, sold, series = 0.0, 0.0, 0
    alone = dict.fromkeys(baselines, 0.0)
    for errors, volume in tables:
        scored = errors.index[1:] if unseen else errors.index
        series += len(scored) > 0
        for position, origin in enumerate(scored, start=1):
            seen = errors.iloc[:position] if unseen else errors
            chosen += float(errors.at[origin, ranking(seen)[0]])
            sold += float(volume[origin])
            for name in baselines:
                alone[name] += float(errors.at[origin, name])
    best = min(baselines, key=lambda name: (alone[name], SIMPLEST_FIRST.index(name)))
    return Proof(
        value=chosen / sold if sold > 0 else None,
        baseline=best,
        baseline_value=alone[best] / sold if sold > 0 else None,
        unseen=unseen,
        series=series,
    )


def _sold(tested: pd.DataFrame) -> pd.Series:
    one_model = tested[tested["model"] == tested["model"].iloc[0]]
    return one_model["actual"].abs().groupby(one_model["origin"]).sum()
