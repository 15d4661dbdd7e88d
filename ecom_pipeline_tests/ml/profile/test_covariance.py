from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecom_pipeline.ml.profile.covariance import correlation, sample_covariance

TABLES = st.tuples(st.integers(2, 30), st.integers(1, 6)).flatmap(
    lambda shape: arrays(float, shape, elements=st.floats(-1e6, 1e6, width=32))
)


def test_covariance_and_correlation_by_hand() -> None:
    # means 4 and 5; deviations (-2, -1), (0, -2), (2, 3); products 2 + 0 + 6 = 8, over 3 - 1
    found = sample_covariance([[2, 4], [4, 3], [6, 8]])
    assert found.tolist() == [[4.0, 4.0], [4.0, 7.0]]
    assert correlation(found)[0, 1] == pytest.approx(4 / (2 * 7**0.5))


@given(TABLES)
def test_agrees_with_numpy(table: np.ndarray) -> None:
    expected = np.atleast_2d(np.cov(table, rowvar=False, ddof=1))
    scale = max(1.0, float(np.abs(expected).max()))
    assert np.abs(sample_covariance(table) - expected).max() <= 1e-12 * scale


def test_large_values_do_not_cancel() -> None:
    table = np.array([[4.0, 1.0], [7.0, 2.0], [13.0, 4.0], [16.0, 5.0]])
    assert sample_covariance(table + 1e9).tolist() == sample_covariance(table).tolist()
    assert sample_covariance(table)[0, 0] == 30.0


@given(TABLES)
def test_covariance_is_symmetric_and_positive_semidefinite(table: np.ndarray) -> None:
    found = sample_covariance(table)
    assert (found == found.T).all()
    assert np.linalg.eigvalsh(found).min() >= -1e-9 * max(1.0, float(np.abs(found).max()))


@given(TABLES)
def test_correlation_is_within_bounds_and_missing_only_where_nothing_varies(table: np.ndarray) -> None:
    covariances = sample_covariance(table)
    found = correlation(covariances)
    varies = np.diag(covariances) > 0
    assert (np.isnan(found) == ~np.outer(varies, varies)).all()
    known = found[~np.isnan(found)]
    assert ((known >= -1) & (known <= 1)).all()
    assert (np.diag(found)[varies] == 1).all()


@given(TABLES, st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_covariance_follows_scale_and_ignores_shift(table: np.ndarray, factor: float, shift: float) -> None:
    expected = sample_covariance(table) * factor**2
    scale = max(1.0, float(np.abs(table).max()) * factor + abs(shift)) ** 2
    assert np.abs(sample_covariance(table * factor + shift) - expected).max() <= 1e-9 * scale


def test_a_column_that_does_not_vary_has_no_variance_at_all() -> None:
    found = sample_covariance(np.column_stack([np.full(7, 0.1), np.arange(7.0)]))
    assert found[0].tolist() == [0.0, 0.0]
    assert np.isnan(correlation(found)[0]).all()


def test_unusable_values_are_named() -> None:
    with pytest.raises(ValueError, match=r"row 1, column 0: nan"):
        sample_covariance([[1.0, 2.0], [np.nan, 2.0]])
    with pytest.raises(ValueError, match=r"row 0, column 1: 1e\+200"):
        sample_covariance([[1.0, 1e200], [3.0, 2.0]])
    with pytest.raises(ValueError, match="1 rows"):
        sample_covariance([[1.0, 2.0]])
    with pytest.raises(ValueError, match="1 dimensions"):
        sample_covariance([1.0, 2.0])
