from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.series import daily_series
from ecom_pipeline_tests.ml.forecast.builders import sales

LAST = dt.date(2024, 3, 10)


def test_the_day_that_may_be_incomplete_is_left_out() -> None:
    found = daily_series(sales({"total": [1, 2, 3]}, LAST), target="revenue", as_of_date=LAST)
    assert found["total", "total"].tolist() == [1.0, 2.0]
    assert found["total", "total"].index[-1] == pd.Timestamp("2024-03-09")


def test_a_series_that_began_on_that_day_keeps_it() -> None:
    found = daily_series(sales({"New": [7]}, LAST), target="revenue", as_of_date=LAST)
    assert found["category", "New"].tolist() == [7.0]


def test_days_after_the_as_of_date_are_left_out() -> None:
    table = sales({"total": [1, 2, 3, 4]}, LAST)
    found = daily_series(table, target="revenue", as_of_date=LAST - dt.timedelta(days=1))
    assert found["total", "total"].tolist() == [1.0, 2.0]
    assert daily_series(table, target="revenue", as_of_date=dt.date(2020, 1, 1)) == {}


def test_gaps_and_missing_values_sold_nothing() -> None:
    table = sales({"total": [5, 6, 7, 8, 9]}, LAST).drop(index=1)
    table.loc[2, "revenue"] = np.nan
    assert daily_series(table, target="revenue", as_of_date=LAST)["total", "total"].tolist() == [5, 0, 0, 8]


def test_a_series_that_stopped_selling_goes_on_with_zeros() -> None:
    table = sales({"Old": [4]}, LAST - dt.timedelta(days=3))
    assert daily_series(table, target="revenue", as_of_date=LAST)["category", "Old"].tolist() == [4, 0, 0]


def test_decimals_and_dates_as_the_database_gives_them() -> None:
    table = pd.DataFrame(
        {
            "series_kind": ["total", "total"],
            "series": ["total", "total"],
            "sales_date": [dt.date(2024, 3, 8), dt.date(2024, 3, 9)],
            "revenue": [Decimal("1.5000"), Decimal("2.5000")],
        }
    )
    assert daily_series(table, target="revenue", as_of_date=LAST)["total", "total"].tolist() == [1.5, 2.5]


def test_a_table_that_is_not_as_promised_is_refused() -> None:
    table = sales({"Garden": [1, 2, 3]}, LAST)
    with pytest.raises(ValueError, match="no column units"):
        daily_series(table, target="units", as_of_date=LAST)
    with pytest.raises(ValueError, match=r"category 'Garden', 2024-03-08: appears twice"):
        daily_series(pd.concat([table, table.head(1)]), target="revenue", as_of_date=LAST)
    with pytest.raises(ValueError, match=r"category 'Garden', 2024-03-09: has an infinite revenue"):
        daily_series(table.assign(revenue=[1, np.inf, 2]), target="revenue", as_of_date=LAST)
