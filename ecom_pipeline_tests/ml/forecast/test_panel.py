from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.panel import daily_panel
from ecom_pipeline.ml.forecast.period import DAY, MONTH, QUARTER, WEEK, Period
from ecom_pipeline_tests.ml.forecast.builders import effect, panel_of, sales

LAST = dt.date(2024, 3, 10)


def values_of(table: pd.DataFrame, as_of_date: dt.date = LAST) -> list[list[float]]:
    values = daily_panel(table, target="revenue", as_of_date=as_of_date).values
    return [row[np.isfinite(row)].tolist() for row in values]


def test_the_day_that_may_be_incomplete_is_left_out() -> None:
    found = daily_panel(sales({"total": [1, 2, 3]}, LAST), target="revenue", as_of_date=LAST)
    assert found.values.tolist() == [[1.0, 2.0]]
    assert found.days[-1] == pd.Timestamp("2024-03-09")


def test_a_shop_that_began_on_that_day_keeps_it() -> None:
    assert values_of(sales({"New": [7]}, LAST)) == [[7.0]]


def test_a_series_that_began_on_that_day_has_sold_nothing_the_day_before() -> None:
    found = daily_panel(sales({"New": [7], "total": [1, 2, 7]}, LAST), target="revenue", as_of_date=LAST)
    assert found.keys == (("category", "New"), ("total", "total"))
    assert found.values[0, -1] == 0.0
    assert found.known.tolist() == [1, 2]


def test_days_after_the_as_of_date_are_left_out() -> None:
    table = sales({"total": [1, 2, 3, 4]}, LAST)
    assert values_of(table, LAST - dt.timedelta(days=1)) == [[1.0, 2.0]]
    assert daily_panel(table, target="revenue", as_of_date=dt.date(2020, 1, 1)).keys == ()


def test_gaps_and_missing_values_sold_nothing() -> None:
    table = sales({"total": [5, 6, 7, 8, 9]}, LAST).drop(index=1)
    table.loc[2, "revenue"] = np.nan
    assert values_of(table) == [[5, 0, 0, 8]]


def test_a_series_that_stopped_selling_goes_on_with_zeros() -> None:
    assert values_of(sales({"Old": [4]}, LAST - dt.timedelta(days=3))) == [[4, 0, 0]]


def test_decimals_and_dates_as_the_database_gives_them() -> None:
    table = pd.DataFrame(
        {
            "series_kind": ["total", "total"],
            "series": ["total", "total"],
            "sales_date": [dt.date(2024, 3, 8), dt.date(2024, 3, 9)],
            "revenue": [Decimal("1.5000"), Decimal("2.5000")],
        }
    )
    assert values_of(table) == [[1.5, 2.5]]


def test_a_table_that_is_not_as_promised_is_refused() -> None:
    table = sales({"Garden": [1, 2, 3]}, LAST)
    with pytest.raises(ValueError, match="no column pieces"):
        daily_panel(table, target="pieces", as_of_date=LAST)
    with pytest.raises(ValueError, match=r"category 'Garden', 2024-03-08: appears twice"):
        daily_panel(pd.concat([table, table.head(1)]), target="revenue", as_of_date=LAST)
    with pytest.raises(ValueError, match=r"category 'Garden', 2024-03-09: has an infinite revenue"):
        daily_panel(table.assign(revenue=[1, np.inf, 2]), target="revenue", as_of_date=LAST)


@pytest.mark.parametrize(
    ("period", "coming"),
    [
        (DAY, ["2023-01-07", "2023-01-08"]),
        (WEEK, ["2023-02-06", "2023-02-13"]),
        (MONTH, ["2023-06-01", "2023-07-01"]),
        (QUARTER, ["2024-04-01", "2024-07-01"]),
    ],
)
def test_coming_periods_follow_the_calendar(period: Period, coming: list[str]) -> None:
    first = dt.date(2023, 1, 2 if period in (DAY, WEEK) else 1)
    panel = panel_of(np.ones(5), first=first, period=period)
    assert panel.coming(2).strftime("%Y-%m-%d").tolist() == coming
    assert panel.until(3).coming(4)[2:].tolist() == panel.coming(2).tolist()
    assert panel.last(2).coming(2).tolist() == panel.coming(2).tolist()


def test_the_past_knows_coming_holidays_and_no_coming_market() -> None:
    holiday = panel_of([1.0] * 10, effects=effect("holiday", [8], 12)).until(5)
    market = panel_of([1.0] * 10, effects=effect("market", [8], 12)).until(5)
    assert holiday.effects.within(5, 12)[0, 0].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert not market.effects.within(5, 12).any()


def test_the_end_of_a_panel_keeps_days_and_effects_together() -> None:
    panel = panel_of(list(range(10)), effects=effect("event", [7], 12)).last(4)
    assert panel.values.tolist() == [[6, 7, 8, 9]]
    assert panel.days[0] == pd.Timestamp("2023-01-08")
    assert panel.effects.within(0, 4)[0, 0].tolist() == [0, 1, 0, 0]


def test_a_price_stays_until_the_next_one_and_only_real_prices_count() -> None:
    paid = pd.DataFrame(
        {
            "series_kind": "product",
            "series": ["s0", "s0", "s0", "s1", "gone"],
            "sales_date": pd.to_datetime(["2023-01-03", "2023-01-05", "2023-01-06", "2023-01-04", "2023-01-04"]),
            "price": [4.0, 5.0, 0.0, np.nan, 9.0],
        }
    )
    panel = panel_of(np.ones(6), np.ones(6), kind="product").with_prices(paid)
    assert panel.prices is not None
    np.testing.assert_array_equal(panel.prices[0], [np.nan, 4, 4, 5, 5, 5])
    assert np.isnan(panel.prices[1]).all()
    cut = panel.until(4).last(2).only([0])
    np.testing.assert_array_equal(cut.prices, [[4, 5]])
