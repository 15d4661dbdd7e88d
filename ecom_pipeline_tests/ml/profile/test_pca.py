from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecom_pipeline.ml.profile.pca import BehaviourPCA

BEHAVIOUR = st.tuples(st.integers(2, 30), st.integers(1, 6)).flatmap(
    lambda shape: arrays(float, shape, elements=st.integers(-1000, 1000).map(float))
)


def frame(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, columns=[f"feature_{column}" for column in range(values.shape[1])])


def mixed(rows: int = 500, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return frame(random.normal(size=(rows, 6)) @ random.normal(size=(6, 6)) * [1, 10, 100, 1, 5, 0.1] + 3)


def test_two_features_by_hand() -> None:
    # correlation 0.5, so eigenvalues 1.5 and 0.5 along the diagonals
    behaviour = frame(np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]]))
    found = BehaviourPCA().fit(behaviour)
    assert found.explained_variance_ == pytest.approx([1.5, 0.5])
    assert found.explained_variance_ratio_ == pytest.approx([0.75, 0.25])
    assert found.components_[0] == pytest.approx([2**-0.5, 2**-0.5])
    assert np.abs(found.components_[1]) == pytest.approx([2**-0.5, 2**-0.5])
    assert found.transform(behaviour)[:, 0] == pytest.approx([-(2**-0.5), -(2**-0.5), 2**0.5])


def test_agrees_with_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    behaviour = mixed()
    ours = BehaviourPCA().fit(behaviour)
    standard = ((behaviour - behaviour.mean()) / behaviour.std(ddof=1)).to_numpy()
    theirs = PCA(svd_solver="full").fit(standard)
    signs = np.sign((ours.components_ * theirs.components_).sum(axis=1))
    assert np.abs(ours.explained_variance_ - theirs.explained_variance_).max() < 1e-9
    assert np.abs(ours.explained_variance_ratio_ - theirs.explained_variance_ratio_).max() < 1e-9
    assert np.abs(ours.components_ - theirs.components_ * signs[:, np.newaxis]).max() < 1e-9
    assert np.abs(ours.transform(behaviour) - theirs.transform(standard) * signs).max() < 1e-9


def test_skewed_counts_are_taken_on_a_logarithmic_scale() -> None:
    random = np.random.default_rng(1)
    size = random.normal(size=400)
    behaviour = pd.DataFrame(
        {
            "revenue": np.expm1(4 + 2 * size) * np.where(np.arange(400) == 0, -1, 1),
            "days": 50 + 10 * size + random.normal(size=400),
        }
    )
    found = BehaviourPCA().fit(behaviour)
    assert found.logged_.tolist() == [True, False]
    assert found.explained_variance_ratio_[0] > 0.9 > (1 + behaviour.corr().iloc[0, 1]) / 2


def test_features_that_do_not_vary_are_left_out() -> None:
    behaviour = mixed(50).assign(constant=0.1)
    found = BehaviourPCA().fit(behaviour)
    assert "constant" not in found.features_
    assert found.transform(behaviour).shape == (50, 6)
    nothing = BehaviourPCA().fit(behaviour[["constant"]])
    assert nothing.features_ == []
    assert nothing.transform(behaviour).shape == (50, 0)


@settings(deadline=None)
@given(BEHAVIOUR)
def test_components_are_an_orthonormal_split_of_the_whole_variance(values: np.ndarray) -> None:
    found = BehaviourPCA().fit(frame(values))
    count = len(found.features_)
    varying = sum(len(set(column)) > 1 for column in values.T)
    assert count == varying
    if not count:
        return
    assert found.explained_variance_ratio_.sum() == pytest.approx(1.0)
    assert found.explained_variance_.sum() == pytest.approx(count)
    assert (np.diff(found.explained_variance_) <= 1e-12).all()
    assert (found.explained_variance_ >= 0).all()
    assert found.components_ @ found.components_.T == pytest.approx(np.eye(count), abs=1e-9)
    assert all(row[np.abs(row).argmax()] > 0 for row in found.components_)


@pytest.mark.slow
@settings(deadline=None)
@given(BEHAVIOUR)
def test_scores_keep_distances_and_have_the_variance_of_their_component(values: np.ndarray) -> None:
    behaviour = frame(values)
    found = BehaviourPCA().fit(behaviour)
    scores, standard = found.transform(behaviour), found.standardise(behaviour)
    assert np.linalg.norm(scores, axis=1) == pytest.approx(np.linalg.norm(standard, axis=1), abs=1e-7)
    assert scores.var(axis=0, ddof=1) == pytest.approx(found.explained_variance_, abs=1e-7)


def test_the_order_of_customers_changes_nothing() -> None:
    behaviour = mixed(200)
    first = BehaviourPCA().fit(behaviour)
    second = BehaviourPCA().fit(behaviour.sample(frac=1, random_state=3))
    assert np.abs(first.components_ - second.components_).max() < 1e-9
