"""What is live after a run, and whether a result that beat its baseline replaces it.

What does not belong here: whether a baseline was beaten. Each domain decides that in its ``decision``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecom_pipeline.ml.card import Decision, ModelCard

MARGIN = 0.10
"""A result worse than the live one by more than this share does not replace it."""
KEEP_DAYS = 7
"""A live result older than this is replaced all the same: it lacks what came since, and its score is of another season."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision, why, and what is live after it.

    Attributes
    ----------
    live_value
        The metric of what is live; ``None`` where nothing was measured.
    live_as_of
        The last business date that it knows.
    """

    decision: Decision
    reason: str
    live_value: float | None
    live_as_of: dt.date | None

    def metrics(self) -> Mapping[str, Any]:
        """What the card keeps of it, for `live_of`."""
        return {"live_value": self.live_value, "live_as_of": self.live_as_of}


def live_of(previous: ModelCard | None) -> tuple[float | None, dt.date | None]:
    """Metric and date of what the last run left live, whatever it decided."""
    if previous is None:
        return None, None
    value, day = previous.metrics.get("live_value", previous.value), previous.metrics.get("live_as_of")
    return (
        None if value is None else float(value),
        previous.trained_to if day is None else dt.date.fromisoformat(str(day)),
    )


def beside_live(
    value: float, figures: str, previous: ModelCard | None, as_of_date: dt.date, *, lower_is_better: bool = False
) -> Verdict:
    """Judge a result that beat its baseline by what is live.

    Parameters
    ----------
    value, figures
        Its metric, and the sentence that says it beside the baseline's.
    previous
        The card of the last run.
    as_of_date
        The last business date in the data.
    """
    live, since = live_of(previous)
    if live is None or (value <= live * (1 + MARGIN) if lower_is_better else value >= live * (1 - MARGIN)):
        return Verdict(decision="published", reason=figures, live_value=value, live_as_of=as_of_date)
    worse = f"{figures}, but the live one had {live:.4f}"
    if since is not None and (as_of_date - since).days <= KEEP_DAYS:
        return Verdict(decision="kept", reason=worse, live_value=live, live_as_of=since)
    stale = f"{worse}; replaced all the same, it is older than {KEEP_DAYS} days"
    return Verdict(decision="published", reason=stale, live_value=value, live_as_of=as_of_date)
