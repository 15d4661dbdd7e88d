from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.calendar import Effects, effects_of, supported_country
from ecom_pipeline_tests.ml.forecast.builders import NO_CALENDAR, calendar


def days(first: str, last: str) -> pd.DatetimeIndex:
    return pd.date_range(first, last, freq="D")


def on(effects: Effects, name: str, within: pd.DatetimeIndex) -> list[str]:
    place = next(place for place, each in enumerate(effects.names) if name in each)
    return [str(day.date()) for day in within[effects.values[0, place] > 0]]


def test_events_of_the_shop_and_its_country_count() -> None:
    year = days("2024-01-01", "2024-12-31")
    found = effects_of(
        year,
        calendar(
            ("2024-06-18", "618", "event", None),
            ("2024-07-04", "Independence Day", "holiday", "US"),
            ("2024-05-01", "stocktaking", "closed", "cn"),
            ("2024-08-08", "anniversary", None, None),
            ("2024-06-18", "618", "event", None),
        ),
        "CN",
    )
    kinds = dict(zip(found.names, found.kinds, strict=True))
    own = {name: kind for name, kind in kinds.items() if name.startswith("shop: ")}
    assert own == {"shop: 618": "event", "shop: stocktaking": "closed", "shop: anniversary": "event"}
    assert on(found, "shop: 618", year) == ["2024-06-18"]


def test_a_moving_feast_moves() -> None:
    both = days("2023-01-01", "2024-12-31")
    found = effects_of(both, NO_CALENDAR, "CN")
    holiday = both[found.of_kind("holiday").values[0].max(axis=0) > 0]
    assert {pd.Timestamp("2023-01-22"), pd.Timestamp("2024-02-10")} <= set(holiday)
    assert pd.Timestamp("2024-01-22") not in set(holiday)


def test_shopping_days_are_known_unless_the_shop_names_them_itself() -> None:
    both = days("2023-01-01", "2024-12-31")
    assert on(effects_of(both, NO_CALENDAR, "CN"), "双十一", both) == ["2023-11-11", "2024-11-11"]
    assert on(effects_of(both, NO_CALENDAR, "GB"), "Black Friday", both) == ["2023-11-24", "2024-11-29"]
    own = effects_of(both, calendar(("2024-11-11", "Singles", "event", None)), "CN")
    assert on(own, "双十一", both) == ["2023-11-11"]
    assert on(own, "Singles", both) == ["2024-11-11"]


def test_a_working_day_takes_the_holiday_off_its_day() -> None:
    week = days("2024-10-01", "2024-10-07")
    moved = effects_of(week, calendar(("2024-10-07", "调休", "working_day", "CN")), "CN")
    usual = effects_of(week, NO_CALENDAR, "CN").of_kind("holiday").values[0].max(axis=0)
    holiday = moved.of_kind("holiday").values[0].max(axis=0)
    assert (usual[6], holiday[6]) == (1, 0)
    assert holiday[:6].tolist() == usual[:6].tolist()
    assert on(moved, "working day", week) == ["2024-10-07"]


def test_a_market_indicator_is_standardised_and_goes_on() -> None:
    week = days("2024-01-01", "2024-01-07")
    market = pd.DataFrame({"market_date": ["2024-01-01", "2024-01-03"], "indicator": "oil", "value": [1.0, 3.0]})
    found = effects_of(week, NO_CALENDAR, None, market=market)
    assert found.names == ("market: oil",)
    assert found.values[0, 0].tolist() == [-1, -1, 1, 1, 1, 1, 1]


def test_campaigns_are_known_while_they_last() -> None:
    week = days("2024-01-01", "2024-01-07")
    rows = [("email", "2023-12-20", "2024-01-02"), ("email", "2024-01-06", "2024-03-01"), ("ads", "2024-01-04", None)]
    found = effects_of(week, NO_CALENDAR, None, promotions=pd.DataFrame(rows, columns=["name", "starts_on", "ends_on"]))
    assert found.kinds == ("promotion",)
    assert on(found, "email", week) == ["2024-01-01", "2024-01-02", "2024-01-06", "2024-01-07"]


def test_effects_can_be_taken_away_from_a_day_on() -> None:
    week = days("2024-01-01", "2024-01-07")
    market = pd.DataFrame({"market_date": ["2024-01-01", "2024-01-05"], "indicator": "oil", "value": [1.0, 3.0]})
    own = calendar(("2024-01-02", "early", "event", None), ("2024-01-06", "late", "event", None))
    found = effects_of(week, own, None, market=market).without(("event", "market"), 4)
    assert found.of_kind("event").values[0].sum(axis=0).tolist() == [0, 1, 0, 0, 0, 0, 0]
    assert found.of_kind("market").values[0, 0].tolist() == [-1] * 7


def test_what_never_happens_is_no_effect() -> None:
    found = effects_of(days("2024-01-01", "2024-01-07"), calendar(("2024-06-18", "618", "event", None)), None)
    assert found.names == ()
    assert found.within(0, 30).shape == (1, 0, 30)


def test_an_unknown_country_has_no_holidays() -> None:
    assert [supported_country(code) for code in ("CN", "gb", "XX", "", None)] == ["CN", "GB", None, None, None]
    assert not effects_of(days("2024-01-01", "2024-12-31"), NO_CALENDAR, None).names


@pytest.mark.parametrize(("start", "held"), [(0, 4), (5, 1), (9, 0)])
def test_beyond_what_is_known_nothing_happens(start: int, held: int) -> None:
    effects = Effects(names=("x",), kinds=("event",), values=np.ones((1, 1, 6)))
    assert effects.within(start, start + 4).sum() == held
