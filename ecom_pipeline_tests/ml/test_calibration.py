"""The one figure of how far stated probabilities lie from what happened."""

from __future__ import annotations

import numpy as np
import pytest

from ecom_pipeline.ml.calibration import calibration_error


def test_it_is_the_distance_of_what_was_stated_and_what_happened() -> None:
    assert calibration_error([1, 1], [0.5, 0.5]) == pytest.approx(0.5)
    assert calibration_error([0, 0, 1, 1], [0.2, 0.2, 0.6, 0.6]) == pytest.approx(0.3)
    assert np.isnan(calibration_error([], []))


def test_it_sees_small_probabilities_that_are_in_the_wrong_order() -> None:
    stated = np.repeat([0.01, 0.05], 1000)
    happened = np.concatenate([np.arange(1000) < 50, np.arange(1000) < 10])
    assert calibration_error(happened, stated) == pytest.approx(0.04)


def test_the_order_of_equal_probabilities_does_not_count() -> None:
    random = np.random.default_rng(1)
    stated = random.integers(1, 5, 300) / 5
    happened = random.random(300) < stated
    order = random.permutation(300)
    assert calibration_error(happened[order], stated[order]) == pytest.approx(calibration_error(happened, stated))
    assert calibration_error(np.arange(300) % 2, np.full(300, 0.5)) == pytest.approx(0)
