"""Touches, spend and experiments of files in every shape that is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.files import FileError
from benchmarks.marketing import experiment
from benchmarks.marketing_data import spend_of, touches_of, trial_of
from ecom_pipeline.ml.marketing.attribution import attribute


def written(folder: Path, text: str) -> Path:
    file = folder / "its file.csv"
    file.write_text(text)
    return file


def credited(touches: pd.DataFrame, method: str) -> dict[str, float]:
    rows = attribute(touches)
    return dict(rows[rows["method"] == method].set_index("channel")["credited_revenue"].astype(float))


def test_visits_of_users_are_cut_into_journeys_at_every_order(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "uid,time,channel,is_converted,revenue\n"
        "007,2024-01-02,b,1,50\n007,2024-01-01,a,0,\n007,2024-01-05 12:00,c,0,\n7,2024-01-01,a,0,\n007,2024-01-06,d,1,8\n",
    )
    touches = touches_of(file, {"user_id": "uid"})
    assert touches.groupby("journey_id")["channel"].agg("".join).tolist() == ["ab", "cd", "a"]
    assert touches["days_before"].tolist() == [1.0, 0.0, 0.5, 0.0, 0.0]
    assert credited(touches, "first") == {"a": 50.0, "b": 0.0, "c": 8.0, "d": 0.0}


def test_seconds_are_moments_and_an_order_is_worth_one(tmp_path: Path) -> None:
    file = written(tmp_path, "user_id,time,channel,is_converted\nu,0,a,0\nu,86400,b,1\n")
    touches = touches_of(file, {})
    assert touches["days_before"].tolist() == [1.0, 0.0]
    assert credited(touches, "last") == {"a": 0.0, "b": 1.0}


def test_touches_of_one_conversion_are_one_journey(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "uid,time,channel,is_converted,conversion_id\nu,1,a,1,7\nu,3,b,1,7\nu,2,c,0,-1\nu,4,d,1,8\nv,5,a,0,-1\n",
    )
    touches = touches_of(file, {"user_id": "uid"})
    assert touches.groupby("journey_id")["channel"].agg("".join).tolist() == ["ab", "c", "d", "a"]
    assert credited(touches, "linear") == {"a": 0.5, "b": 0.5, "c": 0.0, "d": 1.0}


def test_paths_are_told_out(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "path,total_conversions,total_conversion_value,total_null\na > b > a,2,10.0,1\nb,0,0,3\nc,1,7.5,0\n",
    )
    touches = touches_of(file, {})
    assert touches.groupby("journey_id")["channel"].agg("".join).value_counts().to_dict() == {"aba": 3, "b": 3, "c": 1}
    assert credited(touches, "linear") == pytest.approx({"a": 6.67, "b": 3.33, "c": 7.5})


def test_semicolons_part_columns_too(tmp_path: Path) -> None:
    file = written(tmp_path, "path;total_conversions;total_null\na > b;2;1\n")
    assert credited(touches_of(file), "linear") == {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("user_id,time,channel,is_converted\nu,soon,a,0\n", "row 1: time is 'soon', neither seconds nor a day"),
        ("user_id,time,channel,is_converted\nu,1,a,2\n", "is_converted is not 0 or 1 everywhere"),
        ("a,b\n1,2\n", "no column journey_id, position, channel, days_before, is_converted; it has a, b"),
        ("path,total_conversions\na > b,99999999\n", "199,999,998 touches, at most 20,000,000 are judged"),
    ],
)
def test_touches_that_cannot_be_read_say_why(tmp_path: Path, text: str, complaint: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(FileError, match=f"^{file}: {complaint}$"):
        touches_of(file, {})


def test_weeks_side_by_side_are_spend_by_channel_and_revenue_by_day(tmp_path: Path) -> None:
    file = written(tmp_path, "DATE,revenue,tv,radio\n2024-01-01,700,10,\n2024-01-08,1400,20,5\n2024-01-15,7,0,5\n")
    spend, revenue = spend_of(file, ["tv", "radio"], {"date": "DATE"})
    assert spend.groupby("channel")["spend"].sum().to_dict() == {"radio": 10.0, "tv": 30.0}
    assert len(revenue) == 21
    assert revenue["revenue"].sum() == pytest.approx(2107)
    assert revenue["revenue"].iloc[[0, 7, 20]].tolist() == pytest.approx([100, 200, 1])


def test_spend_that_is_no_number_or_on_no_day_says_where(tmp_path: Path) -> None:
    for row, complaint in (
        ("2024-01-01,a,1.5 EUR,1", "spend is '1.5 EUR', no number"),
        ("soon,a,1,1", "date is 'soon'"),
    ):
        file = written(tmp_path, f"Day,channel,spend,revenue\n{row}\n")
        with pytest.raises(FileError, match=f"row 1: {complaint}"):
            spend_of(file, [], {"date": "Day"})


def test_a_test_of_unequal_groups_is_read_and_names_are_nothing_known(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rows = pd.DataFrame({"flag": (random.random(4000) < 0.85).astype(float), "age": random.normal(40, 9, 4000)})
    rows = rows.assign(client=[f"c{one}" for one in range(4000)], empty=np.nan, bought=0)
    rows["bought"] = (random.random(4000) < 0.2 + 0.1 * rows["flag"]).astype(int)
    rows.to_csv(tmp_path / "test.csv", index=False)
    trial = trial_of(tmp_path / "test.csv", treatment="flag", outcome="bought", control="0", after=[])
    assert list(trial.known) == ["age"]
    printed, goals = experiment(trial, "0")
    assert "1 works" in printed
    assert len(goals) == 3


def test_groups_that_did_alike_are_too_few_to_learn_from(tmp_path: Path) -> None:
    rows = pd.DataFrame({"group": ["a", "b"] * 20, "age": range(40), "bought": [1, 0] * 20})
    rows.to_csv(tmp_path / "test.csv", index=False)
    trial = trial_of(tmp_path / "test.csv", treatment="group", outcome="bought", control="b", after=[])
    assert "too few to learn from" in experiment(trial, "b")[0]
    with pytest.raises(FileError, match="no row whose group is 'c' beside others \\('a', 'b'\\)"):
        trial_of(tmp_path / "test.csv", treatment="group", outcome="bought", control="c", after=[])
