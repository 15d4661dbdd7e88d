"""The weights of the blend: learned on validation days, so that it is not worse on them than its best part.

Several halves of the customers are climbed on, each from the best part by the best change of one weight at a time, and
the mean of what they lead to is taken: R. Caruana et al., Ensemble selection from libraries of models, ICML 2004. What does
not belong here: how candidates are collected.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ecom_pipeline.ml.recommend.blend import Candidates
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.interactions import Floats
from ecom_pipeline.ml.recommend.metrics import leads

STEPS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
AVERSE = {Frequency.name: (-1.0, -0.25)}
"""Steps below nothing: where hardly anything is bought twice, what a customer bought is not what they want next."""
ROUNDS = 10
SURE = 0.5
"""A change of a weight must gain this many standard errors; less is noise that ties a weight to a few customers."""
BAGS = 4
"""Halves of the customers that weights are learned from, each by itself, and averaged: of few customers, which part looks best
is luck, and what several halves agree in is not."""
LEAST = 0.02
"""Share of the whole below which a part weighs nothing: it would have to be learned and asked each night."""
TRACE = 1e-3
"""What a part that must be there weighs at least."""


def learn_weights(found: Candidates, *, always: str, seed: int) -> tuple[dict[str, float], float, dict[str, float]]:
    """Weights of the parts, what their blend reached, and what each part reached alone: mean NDCG@10 on the candidates.

    ``always`` names the part that weighs something whatever happens.
    """
    alone = {name: float(found.ndcg(scores).mean()) for name, scores in found.scores.items()}
    first = max(alone, key=lambda name: alone[name])
    learned = _bagged(found, seed=seed)
    best_alone = dict.fromkeys(alone, 0.0) | {first: 1.0}
    either = [{**weights, always: weights[always] or TRACE} for weights in (learned, best_alone)]
    reached = [float(found.ndcg(_weighed(found, weights)).mean()) for weights in either]
    chosen = int(np.argmax(reached))
    return either[chosen], reached[chosen], alone


def _bagged(found: Candidates, *, seed: int) -> dict[str, float]:
    """Mean of the weights that halves of the customers lead to, all in all 1, without those that hardly count."""
    random = np.random.default_rng(seed)
    mean = dict.fromkeys(found.scores, 0.0)
    for _ in range(BAGS // 2):
        for half in np.array_split(random.permutation(len(found.customers)), 2):
            weights = _climbed(found.of(half)) if len(half) else {}
            whole = sum(map(abs, weights.values())) or 1.0
            for name, weight in weights.items():
                mean[name] += weight / whole / BAGS
    return {name: round(weight, 3) if abs(weight) >= LEAST else 0.0 for name, weight in mean.items()}


def _climbed(found: Candidates) -> dict[str, float]:
    """From the best part alone by the best change of one weight at a time, as long as it gains more than noise.

    Customers who chose none of the candidates are no better served by any weights: they are counted, not looked at.
    """
    everyone = len(found.customers)
    found = found.of(np.flatnonzero(found.hit.any(axis=1)))
    each_alone = {name: found.ndcg(scores) for name, scores in found.scores.items()}
    first = max(each_alone, key=lambda name: float(each_alone[name].sum()))
    weights = dict.fromkeys(found.scores, 0.0) | {first: 1.0}
    total, best = found.scores[first], each_alone[first]

    def changed(name: str, weight: float) -> Floats:
        return total + np.float32(weight - weights[name]) * found.scores[name]

    for _ in range(ROUNDS):
        changes = {
            (name, step): found.ndcg(changed(name, step))
            for name in weights
            for step in (*AVERSE.get(name, ()), *STEPS)
            if step != weights[name]
        }
        name, step = max(changes, key=lambda change: changes[change].sum())
        gains = np.pad(changes[name, step] - best, (0, everyone - len(best)))
        if not leads(gains, SURE):
            break
        total, best = changed(name, step), changes[name, step]
        weights[name] = step
    return weights


def _weighed(found: Candidates, weights: Mapping[str, float]) -> Floats:
    total: Floats = np.sum(
        [np.float32(weight) * found.scores[name] for name, weight in weights.items() if weight], axis=0
    )
    return total
