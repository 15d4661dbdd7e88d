from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.parts import PARTS, moves, split
from ecom_pipeline_tests.ml.forecast.builders import WEEKLY


def test_parts_add_up_and_are_what_they_are_called() -> None:
    plain = np.resize(WEEKLY, 28) + np.arange(28) * 0.5
    holiday = np.zeros(28)
    holiday[10] = 25.0
    forecast = (plain + holiday)[np.newaxis]
    found = split(forecast, {"holiday": plain[np.newaxis]}, np.resize(WEEKLY, (1, 28)), 7)
    part = dict(zip(PARTS, found[:, 0], strict=True))
    assert found.sum(axis=0) == pytest.approx(forecast)
    assert part["level"] == pytest.approx(np.full(28, WEEKLY.mean()))
    assert part["holiday"] == pytest.approx(holiday)
    assert np.diff(part["trend"][4:-4]) == pytest.approx(np.full(19, 0.5))
    assert part["season"][7:14] == pytest.approx(WEEKLY - WEEKLY.mean(), abs=1e-9)
    assert not part["promotion"].any()


def frame(**parts: list[float]) -> pd.DataFrame:
    rows = [
        ("total", "total", dt.date(2024, 3, 1 + day), part, value)
        for part, values in parts.items()
        for day, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["series_kind", "series", "forecast_date", "part", "value"])


def test_the_move_names_the_part_that_caused_it_in_both_languages() -> None:
    before = frame(level=[100, 100], trend=[0, 0], holiday=[0, 0])
    now = frame(level=[90, 90, 90], trend=[0, 0, 0], holiday=[50, 50, 0])
    row = moves(now, before, "EUR").iloc[0]
    assert (row["days"], row["before"], row["now"], row["main_part"], row["main_change"]) == (
        2,
        200,
        280,
        "holiday",
        100,
    )
    assert row["sentence_en"] == (
        "Up 40% since the last release, from 200 to 280 EUR over the same 2 days, mostly because of holidays and events (+100)."
    )
    assert (
        row["sentence_zh"]
        == "与上次发布相比上调 40%：相同 2 天销售额由 200 变为 280 EUR，主要原因是节日与活动（+100）。"
    )


def test_a_fall_is_never_put_down_to_what_rose() -> None:
    now, before = frame(level=[40.0], trend=[-60.0], holiday=[100.0]), frame(level=[100.0], trend=[0.0], holiday=[0.0])
    row = moves(now, before, "EUR").iloc[0]
    assert (row["main_part"], row["main_change"]) == ("level", -60)
    assert "Down 20%" in row["sentence_en"]
    assert "下调" in row["sentence_zh"]


def test_nothing_much_and_the_first_time_have_their_own_words() -> None:
    assert "Unchanged" in moves(frame(level=[100.0]), frame(level=[100.5]), "EUR")["sentence_en"].iloc[0]
    first = moves(frame(level=[100.0, 20.0]), None, "EUR").iloc[0]
    assert first["sentence_en"] == "First forecast: 120 EUR over 2 days."
    assert first["sentence_zh"] == "首次预测：2 天销售额合计 120 EUR。"
    assert pd.isna(first["before"])


def test_small_amounts_are_told_to_the_hundredth_and_none_moves_from_nothing_to_nothing() -> None:
    def told(before: float, now: float) -> str:
        sentence: str = moves(frame(level=[now]), frame(level=[before]), "EUR")["sentence_en"].iloc[0]
        return sentence

    assert told(0.9, 1.2).startswith("Up 33% since the last release, from 0.90 to 1.20 EUR")
    assert told(0.01, 0.06) == "Unchanged since the last release: 0.06 EUR over the same day."
    assert told(0.004, 0.001) == "Unchanged since the last release: 0.00 EUR over the same day."
    assert told(0.0, 0.0) == "Unchanged since the last release: 0.00 EUR over the same day."
    assert told(0.004, 30.0).startswith("Up since the last release, from 0.00 to 30.00 EUR")
    assert told(30.0, 0.0).startswith("Down 100% since the last release, from 30.00 to 0.00 EUR")
