"""Files of series become panels, and what is odd about them is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import forecast
from benchmarks.files import FileError
from benchmarks.panels import read
from ecom_pipeline.ml.forecast.period import MONTH, QUARTER, WEEK, Period

DAYS = pd.date_range("2024-01-01", periods=120)
PLAIN = pd.concat(
    [
        pd.DataFrame({"series_id": name, "date": DAYS, "value": level + (np.arange(120) % 7)})
        for name, level in (("a", 10.0), ("b", 0.0))
    ],
    ignore_index=True,
)
ROWS = np.arange(len(PLAIN))
MONTHS = pd.date_range("2014-01-01", periods=90, freq="MS")


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(table: pd.DataFrame) -> str:
        table.to_parquet(tmp_path / "file.parquet")
        return str(tmp_path / "file.parquet")

    return write


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (PLAIN.drop(columns="series_id"), "no column series_id; expected series_id, date, value, found date, value"),
        (PLAIN.iloc[:0], "no rows"),
        (PLAIN.iloc[:1], "column date: expected more than one day of a series"),
        (PLAIN.assign(series_id=np.where(ROWS == 3, None, "a")), "column series_id, row 4: None, expected a name"),
        (PLAIN.assign(date=np.where(ROWS == 7, "soon", "2024-01-01")), "column date, row 8: 'soon', expected a date"),
        (PLAIN.assign(date="31/01/2024"), "'31/01/2024', expected a date such as 2024-01-31 or 20240131, and in"),
        (PLAIN.assign(date=45322), "column date, row 1: 45322, expected a date such as 2024-01-31 or 20240131"),
        (PLAIN.assign(date=PLAIN["date"].where(ROWS != 5, pd.Timestamp("1700-01-01"))), "row 6: 1700-01-01 00:00:00"),
        (PLAIN.assign(value="many"), "column value, row 1: 'many', expected a finite number"),
        (PLAIN.assign(value=np.where(ROWS == 9, np.inf, 1)), "column value, row 10: inf, expected a finite number"),
        (PLAIN.assign(value=np.nan), "column value: no number in 240 rows"),
        (PLAIN.assign(price="dear"), "column price, row 1: 'dear', expected a finite number"),
        (pd.concat([PLAIN, PLAIN.iloc[:2]]), "the same row of series 'a' on 2024-01-01, and 1 more"),
        (
            pd.DataFrame({"series_id": "a", "date": DAYS[ROWS // 2] + (ROWS % 2) * pd.Timedelta("1h"), "value": 1.0}),
            "column date: several rows of series 'a' on 2024-01-01, and 119 more: expected one a day",
        ),
        (
            pd.DataFrame({"series_id": "a", "date": pd.date_range("1914-01-01", periods=90, freq="YS"), "value": 1.0}),
            "column date: expected days, weeks, months or quarters, most rows of a series are 365 days apart",
        ),
        (
            pd.DataFrame({"series_id": "a", "date": [*MONTHS, pd.Timestamp("2021-06-20")], "value": 1.0}),
            "column date: several rows of series 'a' on 2021-06-20: expected one a month",
        ),
    ],
)
def test_a_file_of_another_form_is_refused_with_its_column(file: Any, table: pd.DataFrame, words: str) -> None:
    path = file(table)
    with pytest.raises(FileError) as told:
        read(path)
    assert str(told.value).startswith(path)
    assert words in str(told.value)


def test_text_is_read_like_parquet_with_ids_as_they_are_written(file: Any, tmp_path: Path) -> None:
    named = PLAIN.assign(series_id="0" + PLAIN["series_id"].astype(str))
    named.to_csv(tmp_path / "data.csv", index=False)
    (found, *_), (expected, *_) = read(str(tmp_path / "data.csv")), read(file(named))
    assert found.keys == expected.keys
    assert found.values == pytest.approx(expected.values, nan_ok=True)


def test_too_few_periods_for_the_origins_are_told(file: Any) -> None:
    with pytest.raises(SystemExit, match="120 periods, expected at least 154 for 5 origins of 28"):
        forecast.main([file(PLAIN), "--origins", "5"])


def test_a_country_without_holidays_is_told(file: Any) -> None:
    with pytest.raises(FileError, match="country 'Atlantis'"):
        read(file(PLAIN), country="Atlantis")


@pytest.mark.parametrize(
    "dates",
    [
        PLAIN["date"].dt.strftime("%Y-%m-%d"),
        PLAIN["date"].dt.date,
        PLAIN["date"].dt.strftime("%Y%m%d").astype(int),
        PLAIN["date"].dt.strftime("%Y%m%d").astype(float),
        PLAIN["date"] + pd.Timedelta(hours=23),
        (PLAIN["date"] + pd.Timedelta(hours=1)).dt.tz_localize("Asia/Shanghai"),
        (PLAIN["date"] + pd.Timedelta(hours=1)).dt.tz_localize("Europe/Berlin").astype(str),
    ],
)
def test_days_are_those_of_the_clock_on_the_wall(file: Any, dates: pd.Series) -> None:
    panel = read(file(PLAIN.assign(date=dates))).panel
    assert (panel.days == DAYS).all()
    np.testing.assert_array_equal(panel.values, read(file(PLAIN)).panel.values)


def test_weeks_of_series_that_start_on_different_weekdays_lie_side_by_side(file: Any) -> None:
    weeks = [pd.date_range(first, periods=110, freq="7D") for first in ("2020-01-03", "2020-01-06")]
    table = pd.concat([pd.DataFrame({"series_id": str(days[0]), "date": days, "value": 1.0}) for days in weeks])
    panel, horizon, notes = read(file(table), country="US")
    assert (panel.period, panel.values.shape, horizon, notes) == (WEEK, (2, 110), 8, ())


@pytest.mark.parametrize(
    ("frequency", "period", "horizon"),
    [("MS", MONTH, 12), ("ME", MONTH, 12), ("QS", QUARTER, 4), ("QE-FEB", QUARTER, 4)],
)
def test_months_and_quarters_are_counted_by_the_calendar(
    file: Any, frequency: str, period: Period, horizon: int
) -> None:
    dates = pd.date_range("2004-01-01", periods=60, freq=frequency)
    late = pd.DataFrame({"series_id": "late", "date": dates[20:], "value": 5.0})
    all_but_one = pd.DataFrame({"series_id": "all", "date": dates, "value": np.arange(60.0)}).drop(index=7)
    found = read(file(pd.concat([late, all_but_one])), country="US")
    assert (found.panel.period, found.horizon, found.panel.effects.names) == (period, horizon, ())
    assert found.panel.days[-1] == dates[-1].replace(day=1)
    assert np.flatnonzero(np.isnan(found.panel.values[0])).tolist() == [7]
    assert found.panel.values[0, [0, 59]].tolist() == [0, 59]
    assert found.panel.starts.tolist() == [0, 20]


def test_hours_are_summed_to_days_that_are_known_well_enough(file: Any) -> None:
    hours = pd.date_range("2024-01-01 05:00", "2024-02-20 23:00", freq="h")
    table = pd.DataFrame(
        {
            "series_id": "a",
            "date": hours,
            "value": 2.0,
            "heat": hours.hour.astype(float) + hours.day,
            "open": (hours.hour > 8) & (hours.dayofweek < 6),
            "place": "Berlin",
        }
    )
    spring = hours != pd.Timestamp("2024-01-10 02:00")
    autumn = table[hours == pd.Timestamp("2024-01-04 02:00")]
    panel, _, notes = read(file(pd.concat([table[spring], autumn])))
    assert panel.values[0, :10].tolist() == pytest.approx([np.nan, 48.0, 48.0, 50.0, *[48.0] * 5, 46.0], nan_ok=True)
    assert panel.effects.kinds == ("market", "closed")
    np.testing.assert_array_equal(panel.effects.values[0, 1, :8], [0, 0, 0, 0, 0, 0, 1, 0])
    assert panel.effects.values[0, 0, 1] < panel.effects.values[0, 0, 2]
    assert notes[:2] == ("24 rows a day, summed; other numbers averaged", "1 days with too few of them: unknown")
    with pytest.raises(FileError, match="38 rows of series 'a' on 2024-01-02, expected 24"):
        read(file(pd.concat([table[24:], table[24:]])))


def test_what_is_unknown_has_ended_or_was_not_taken_is_told(file: Any) -> None:
    gaps = PLAIN[(PLAIN["series_id"] == "a") | (PLAIN["date"] < "2024-03-01")].drop(index=[3, 5])
    panel, _, notes = read(file(gaps))
    assert np.isnan(panel.values).sum() == 2 + 60
    assert notes == (
        "62 periods without a value after a series' first: unknown, and not scored",
        "1 of 2 series have ended before the last periods",
    )
    assert read(file(PLAIN.assign(value=PLAIN["value"] - 9))).notes == (
        "120 values below zero, which forecasts never are",
    )
    assert read(file(PLAIN), series=1).notes == ("1 of 2 series, taken evenly",)


def test_days_to_come_that_nobody_has_values_of_are_left_out(file: Any) -> None:
    panel = read(file(PLAIN.assign(value=PLAIN["value"].where(PLAIN["date"] < "2024-04-01")))).panel
    assert panel.days[-1] == pd.Timestamp("2024-03-31")


def test_regressors_of_each_series_stay_apart_and_those_of_all_are_kept_once(file: Any) -> None:
    alike = PLAIN.assign(promo=PLAIN["date"].dt.day == 1)
    assert read(file(alike)).panel.effects.values.shape == (1, 1, 120)
    own = read(file(alike.assign(coupons=np.where(PLAIN["series_id"] == "a", 4 * (ROWS % 2), 0)))).panel.effects
    assert own.kinds == ("promotion", "promotion")
    assert own.values.shape == (2, 2, 120)
    np.testing.assert_array_equal(own.values[0, 0], own.values[1, 0])
    assert own.values[0, 1, :4].tolist() == [0, 1, 0, 1]
    assert own.values[1, 1].sum() == 0


def test_columns_are_promotions_opening_days_or_indicators(file: Any) -> None:
    weekday = PLAIN["date"].dt.dayofweek
    table = PLAIN.assign(
        open=(weekday < 6).astype(float).where(ROWS != 8),
        discount=np.where(ROWS % 3 == 0, 0.2, np.nan),
        oil=1e9 + 1e8 * np.sin(ROWS),
        place="Berlin",
        tags=[["new"]] * len(PLAIN),
        size=80,
    )
    panel, _, notes = read(file(table))
    assert dict(zip(panel.effects.names, panel.effects.kinds, strict=True)) == {
        "open": "closed",
        "discount": "promotion",
        "oil": "market",
    }
    closed, discount, oil = panel.effects.values[0]
    assert closed[:14].tolist() == [0, 0, 0, 0, 0, 0, 1] * 2
    assert discount[:4].tolist() == [1, 0, 0, 1]
    assert np.abs(panel.effects.values[:, 2]).max() < 3
    assert oil.std() > 0.5
    assert notes == ("left out, since they are no numbers or never change within a series: place, tags, size",)


def test_more_than_a_hundred_series_are_sampled_unless_all_are_asked_for(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    days = pd.date_range("2024-01-01", periods=80)
    many = pd.concat([pd.DataFrame({"series_id": str(place), "date": days, "value": 1.0}) for place in range(101)])
    path = file(many)
    forecast.main([path, "--only", "moving average"])
    assert "100 of 101 series, taken evenly" in capsys.readouterr().out
    forecast.main([path, "--only", "moving average", "--series", "0"])
    assert "101 series x 80" in capsys.readouterr().out


def test_a_peer_that_fails_is_told_and_the_others_go_on(
    file: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> forecast.Answer:
        raise RuntimeError("too odd")

    monkeypatch.setitem(forecast.METHODS, "AutoETS", failing)
    forecast.main([file(PLAIN), "--only", "AutoETS", "theta"])
    printed = capsys.readouterr().out
    assert "failed: RuntimeError: too odd" in printed
    assert "\ntheta" in printed
    monkeypatch.setitem(forecast.METHODS, "ours", failing)
    with pytest.raises(RuntimeError, match="too odd"):
        forecast.main([file(PLAIN), "--only", "ours"])
