"""How much each model counts for a series, whether the combination was worth it, and what is published if it was not.

The forecast is the weighted mean of the models. A weight falls steeply with the error on past origins: the series' own
error, drawn towards the error over all series of its kind that sell as often, drawn towards what the models are worth on
other shops' data. So a series with three tested months mostly follows its kind, and one without any follows the
orientation. Picking one champion per series was worse on real data (MASE 1.30 against 1.22 for the mean of two good models). Reference:
Bates & Granger (1969), *The combination of forecasts*; Petropoulos et al. (2022), *Forecasting: theory and practice*,
section 2.6. The proof weighs at each origin from the origins before it, and scores on the days that follow. What does
not belong here: fitting, or what a decision leads to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecom_pipeline.ml.forecast.backtest import Backtested
from ecom_pipeline.ml.forecast.smoothing import CHEAP

COMBINATION = "combination"
"""What the weighted mean of the models is called in every table."""
ORIENTATION: Mapping[str, float] = {
    "moving_average": 1.20,
    "seasonal_naive": 1.35,
    "tsb": 1.15,
    "exponential_smoothing": 1.08,
    "log_smoothing": 1.08,
    "theta": 1.08,
    "boosting": 1.00,
    "prophet": 1.00,
}
"""Error of each model beside the best, on real daily sales of other shops: what is believed before a shop is tested."""
BASELINES = tuple(model.name for model in CHEAP)
"""They see a series' own past alone, and so err alike: together they count as much as the best of them."""
BELIEF = 3.0
"""Origins of the kind's evidence that weigh as much as a series' own, and series that weigh as much as the orientation."""
STEEPNESS = 16.0
"""A weight falls with the error to this power: 10 % more error counts 0.22 times as much."""
CLEARLY = 1.25
"""A baseline is clearly better than what has so many times its error."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """WAPE of an answer beside that of the best single baseline, pooled over the same series and days.

    ``summed`` of the ``series`` are scored by the sums of their days.
    """

    value: float | None
    baseline: str
    baseline_value: float | None
    series: int
    summed: int = 0

    @property
    def holds(self) -> bool:
        """Whether the answer was tested, and no baseline was clearly better.

        On real data a baseline that was a little better on the last origins was worse on the next (MASE 1.11 instead of
        1.04 on Walmart's weeks): picking a champion is what the combination is there to avoid.
        """
        if self.value is None or self.baseline_value is None:
            return False
        return self.value <= CLEARLY * self.baseline_value


def weights(errors: np.ndarray, models: Sequence[str], answered: np.ndarray) -> np.ndarray:
    """(M, S) weights that sum to 1 over the models of a series.

    Parameters
    ----------
    errors
        (M, O, S) mean absolute errors on past origins; NaN where untested. Series of one kind.
    answered
        (M, S) whether a model has an answer to be weighed.
    """
    prior = np.array([ORIENTATION[name] for name in models])
    known = np.isfinite(errors)
    both = known & known.any(axis=0, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        usual = np.where(known, errors, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        relative = np.where(both & (usual > 0), errors / usual, np.nan)
    seen = np.isfinite(relative)
    tested = seen.sum(axis=1)
    own = np.where(tested > 0, np.where(seen, relative, 0.0).sum(axis=1) / np.maximum(tested, 1), 0.0)
    series = (tested > 0).sum(axis=1)
    kind = own.sum(axis=1) / np.maximum(series, 1)
    level = kind[series > 0].mean() / prior[series > 0].mean() if (series > 0).any() else 1.0
    kind = (series * kind + BELIEF * level * prior) / (series + BELIEF)
    believed = (tested * own + BELIEF * kind[:, np.newaxis]) / (tested + BELIEF)
    believed = np.where(answered, believed, np.inf)
    with np.errstate(invalid="ignore"):
        ratio = np.where(answered, believed / believed.min(axis=0), np.inf)
    found = ratio**-STEEPNESS
    alike = [place for place, name in enumerate(models) if name in BASELINES]
    together = found[alike].sum(axis=0)
    found[alike] *= np.where(
        together > 0, found[alike].max(axis=0, initial=0.0) / np.where(together > 0, together, 1.0), 0.0
    )
    total = found.sum(axis=0)
    return np.asarray(np.where(total > 0, found / np.where(total > 0, total, 1.0), 0.0))


def combined(forecast: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(S, H) weighted mean of (M, S, H) forecasts; NaN where no model has an answer."""
    answer = np.einsum("ms,msh->sh", weight, np.where(np.isfinite(forecast), forecast, 0.0))
    return np.where(weight.sum(axis=0)[:, np.newaxis] > 0, answer, np.nan)


def weights_by_kind(errors: np.ndarray, models: Sequence[str], answered: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """The `weights` (M, S) of series of several kinds (S,), each from its own."""
    found = np.zeros(answered.shape)
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        found[:, rows] = weights(errors[:, :, rows], models, answered[:, rows])
    return found


def combine_past(tested: Backtested, kinds: np.ndarray) -> np.ndarray:
    """(O, S, H) what the combination would have said at each origin, weighed by the errors at those before it.

    ``kinds`` is that of each series at each origin, (O, S).
    """
    answer = np.full(tested.actual.shape, np.nan)
    errors = tested.errors()
    for origin, forecast in enumerate(tested.forecast.swapaxes(0, 1)):
        answered = np.isfinite(forecast[:, :, 0])
        weight = weights_by_kind(errors[:, :origin], tested.models, answered, kinds[origin])
        answer[origin] = combined(forecast, weight)
    return answer


def settled(
    weight: np.ndarray, answered: np.ndarray, source: Sequence[str], models: Sequence[str]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """What counts for each series (M, S), and its name: one baseline alone, or the combination, also where that has no answer."""
    found, names = weight.copy(), list(source)
    for row, name in enumerate(source):
        if name == COMBINATION:
            continue
        place = models.index(name)
        if answered[place, row]:
            found[:, row] = np.arange(len(models)) == place
        else:
            names[row] = COMBINATION
    return found, tuple(names)


def past_published(past: np.ndarray, tested: Backtested, source: Sequence[str]) -> np.ndarray:
    """(O, S, H) what a series would have been published with at each origin, where the combination said ``past``."""
    answer = past.copy()
    for row, name in enumerate(source):
        if name != COMBINATION:
            own = tested.of(name)[:, row]
            answer[:, row] = np.where(np.isfinite(own), own, answer[:, row])
    return answer


def prove(tested: Backtested, answer: np.ndarray, rows: np.ndarray, by_sums: np.ndarray | None = None) -> Proof:
    """Score an answer (O, S, H) beside every baseline on the origins whose weights had evidence; on the only one there is.

    What is meant by its sums (S,), all days of an origin together, is scored by these.
    """
    whole = [place for place in range(len(tested.origins)) if np.isfinite(tested.actual[place, rows]).any()]
    scored = whole[1:] or whole
    actual, found = tested.actual[scored][:, rows], answer[scored][:, rows]
    summed = np.zeros(len(rows), dtype=bool) if by_sums is None else by_sums[rows]
    use = np.isfinite(actual) & np.isfinite(found)

    def judged(values: np.ndarray) -> np.ndarray:
        days = np.where(use, values, 0.0)
        return np.concatenate([days[:, ~summed].ravel(), days[:, summed].sum(axis=2).ravel()])

    alone = {name: tested.of(name)[scored][:, rows] for name in tested.models if name in BASELINES}
    wrong = {
        name: float(np.abs(judged(actual) - judged(forecast)).sum())
        for name, forecast in alone.items()
        if use.any() and np.isfinite(forecast[use]).all()
    }
    if not wrong:
        return Proof(value=None, baseline=BASELINES[0], baseline_value=None, series=0)
    best, sold = min(wrong, key=wrong.__getitem__), float(np.abs(judged(actual)).sum())
    is_used = use.any(axis=(0, 2))
    return Proof(
        value=float(np.abs(judged(actual) - judged(found)).sum()) / sold if sold > 0 else None,
        baseline=best,
        baseline_value=wrong[best] / sold if sold > 0 else None,
        series=int(is_used.sum()),
        summed=int((is_used & summed).sum()),
    )
