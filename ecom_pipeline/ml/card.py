"""The model card: what was trained, on which data, how good it is beside its baseline, and what was decided.

Every model of the shop, whatever its domain, ends in one card; one card is one row of the model registry. What does not
belong here: how a decision is reached. Each domain decides and says why in ``reason``.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, get_args

Decision = Literal["published", "refused", "kept"]
"""``published``: the model's results go live. ``refused``: it does not beat its baseline, the baseline's results go live.
``kept``: it is worse than the live one by more than the margin, the live results stay."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What a reader of the registry needs to trust a model, or not to.

    Parameters
    ----------
    model, metric
        Names of the model and of the metric it was chosen by.
    value, baseline_value
        The metric for the model and for the baseline on the same test data; ``None`` where nothing could be measured.
    baseline
        Name of the baseline.
    decision, reason
        What was decided, and why, in a sentence with the figures.
    trained_from, trained_to
        First and last date of the data behind the published results; ``None`` without data.
    parameters, metrics
        The chosen parameters, and every further figure worth keeping.
    seed
        The seed all randomness came from.
    libraries
        Distribution names whose installed versions the row records.
    """

    model: str
    metric: str
    value: float | None = None
    baseline: str
    baseline_value: float | None = None
    decision: Decision
    reason: str
    trained_from: dt.date | None = None
    trained_to: dt.date | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int
    metrics: Mapping[str, Any] = field(default_factory=dict)
    libraries: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.decision not in get_args(Decision):
            raise ValueError(f"decision: {self.decision!r} is none of {', '.join(get_args(Decision))}")
        if not self.reason:
            raise ValueError("reason: a card says why it was decided so")

    def row(self) -> dict[str, Any]:
        """Return the card as one row of the registry; nested values as JSON text with sorted keys.

        A figure that is not a finite number becomes ``None``, so that the row can be stored and the text parsed anywhere.
        """
        return {
            "model": self.model,
            "metric": self.metric,
            "value": _plain(self.value),
            "baseline": self.baseline,
            "baseline_value": _plain(self.baseline_value),
            "decision": self.decision,
            "reason": self.reason,
            "trained_from": self.trained_from,
            "trained_to": self.trained_to,
            "parameters": _json(self.parameters),
            "seed": self.seed,
            "versions": _json({name: _installed(name) for name in self.libraries}),
            "metrics": _json(self.metrics),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ModelCard:
        """Read a row of the registry back; the library versions stay behind as names."""
        nested = {name: json.loads(row[name]) for name in ("parameters", "metrics", "versions")}
        plain = {name: row[name] for name in row if name not in nested}
        return cls(
            **plain, parameters=nested["parameters"], metrics=nested["metrics"], libraries=tuple(nested["versions"])
        )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(_plain(values), sort_keys=True, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    """Turn NumPy scalars, dates and containers into what JSON knows; NaN and infinity into ``None``."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "item") and callable(value.item):
        value = value.item()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
