from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.marketing.experiment import (
    UpliftModel,
    difference,
    qini,
    read_out,
    uplift_by_segment,
    wilson,
)


def groups(control: int, mail: int) -> list[str]:
    return ["control"] * control + ["mail"] * mail


def outcome(successes: int, of: int) -> list[int]:
    return [1] * successes + [0] * (of - successes)


def test_lift_with_its_interval_and_words() -> None:
    (row,) = read_out(groups(80, 70), outcome(48, 80) + outcome(56, 70), control="control").to_dict("records")
    assert (row["lift"], row["lower"], row["upper"]) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert (row["rate"], row["control_rate"]) == pytest.approx((0.8, 0.6))
    assert row["is_readable"]
    assert row["sentence_en"] == "mail works: 80.00% against 60.00%, +20.00% (+5.24% to +33.39%, 95 %)."
    assert row["sentence_zh"] == "mail 有效：80.00% 对 60.00%，差 +20.00%（95% 区间 +5.24% 至 +33.39%）。"


def test_no_effect_is_said_to_be_none() -> None:
    (row,) = read_out(groups(1000, 1000), outcome(100, 1000) * 2, control="control").to_dict("records")
    assert row["lower"] < 0 < row["upper"]
    assert "no effect shown" in row["sentence_en"]
    (harm,) = read_out(groups(80, 70), outcome(64, 80) + outcome(28, 70), control="control").to_dict("records")
    assert harm["sentence_en"].startswith("mail does harm: 40.00% against 80.00%")


def test_groups_that_are_not_as_planned_cannot_be_read() -> None:
    given = groups(1000, 1300), outcome(100, 1000) + outcome(300, 1300)
    (row,) = read_out(*given, control="control").to_dict("records")
    assert not row["is_readable"]
    assert "not as large as planned" in row["sentence_en"]
    (planned,) = read_out(*given, control="control", planned={"control": 1.0, "mail": 1.3}).to_dict("records")
    assert planned["is_readable"]


def test_no_control_group_is_an_error() -> None:
    with pytest.raises(ValueError, match="control group"):
        read_out(["mail"] * 3, [0, 1, 0], control="control")


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        given, left = random.binomial(300, 0.15), random.binomial(300, 0.10)
        _, lower, upper = difference(given, 300, left, 300)
        held += lower <= 0.05 <= upper
    assert 0.92 <= held / 400 <= 0.98


def test_of_nobody_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_qini_by_hand() -> None:
    # What the treated gained, less what as many of the control group did: 1, 1, 1, 0 and 1, 0, -1, 0, over a line of 0.
    score, treated = [4, 3, 2, 1], [1, 0, 1, 0]
    assert qini(score, treated, [1, 0, 0, 1], seed=1, draws=20).value == pytest.approx(3 / 4 / (0.5 * 4))
    assert qini(score, treated, [1, 1, 0, 0], seed=1, draws=20).value == pytest.approx(0.0)


def experiment(rows: int, effect: float, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """A treatment that works on the keen half only."""
    random = np.random.default_rng(seed)
    features = pd.DataFrame({"keen": random.integers(0, 2, rows), "noise": random.normal(size=rows)})
    treated = random.integers(0, 2, rows)
    chance = 0.1 + effect * treated * features["keen"]
    return features, treated, (random.random(rows) < chance).astype(int)


def test_uplift_is_found_where_there_is_one_and_not_where_there_is_none() -> None:
    features, treated, did = experiment(12_000, 0.15)
    half = len(features) // 2
    model = UpliftModel(seed=1).fit(features[:half], treated[:half], did[:half])
    found = qini(model.predict(features[half:]), treated[half:], did[half:], seed=1, draws=50)
    assert found.is_better_than_chance
    chance = qini(features["noise"][half:], treated[half:], did[half:], seed=1, draws=50)
    assert chance.lower <= 0 <= chance.upper


def test_lift_by_segment() -> None:
    features, treated, did = experiment(20_000, 0.15)
    rows = uplift_by_segment(np.where(features["keen"], "keen", "cool"), treated, did).set_index("segment")
    assert rows.loc["keen", "lower"] <= 0.15 <= rows.loc["keen", "upper"]
    assert rows.loc["cool", "lower"] <= 0 <= rows.loc["cool", "upper"]


def test_a_segment_that_one_group_has_nobody_in_has_no_lift() -> None:
    rows = uplift_by_segment(["both", "both", "mail", "control"], [1, 0, 1, 0], [1, 0, 1, 1])
    assert rows[["segment", "customers", "lift"]].to_numpy().tolist() == [["both", 2, 1.0]]
