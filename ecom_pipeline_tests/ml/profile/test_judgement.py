from __future__ import annotations

import numpy as np
import pytest

from ecom_pipeline.ml.profile.judgement import auc, auc_lead, calibration, capture


def test_auc_agrees_with_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(0)
    outcome, score = random.integers(0, 2, 500), random.integers(0, 20, 500)
    assert auc(outcome, score) == pytest.approx(roc_auc_score(outcome, score))


def test_the_interval_of_a_lead_is_as_wide_as_that_of_a_bootstrap() -> None:
    random = np.random.default_rng(1)
    outcome = random.integers(0, 2, 600)
    good, poor = outcome + random.normal(0, 1.0, 600), outcome + random.normal(0, 2.0, 600)
    lead = auc_lead(outcome, good, poor)
    drawn = []
    for _ in range(300):
        rows = random.integers(0, 600, 600)
        drawn.append(auc(outcome[rows], good[rows]) - auc(outcome[rows], poor[rows]))
    lower, upper = np.quantile(drawn, [0.025, 0.975])
    assert lead.value == pytest.approx(auc(outcome, good) - auc(outcome, poor))
    assert lead.upper - lead.lower == pytest.approx(upper - lower, rel=0.2)


def test_calibration_counts_everybody_once() -> None:
    table = calibration([0, 1] * 17, np.linspace(0, 1, 34))
    assert table["customers"].sum() == 34
    assert table["bin"].tolist() == list(range(1, 11))
    assert capture([5.0, 5.0], [1.0, 2.0]) == 0.5
