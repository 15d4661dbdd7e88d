"""From the table of daily sales to one gapless series per name.

What does not belong here: any judgement of a series beyond what the table says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

SeriesKey = tuple[str, str]
"""Kind and name of a series, such as ``("category", "Garden")``."""


def daily_series(daily_sales: pd.DataFrame, *, target: str, as_of_date: dt.date) -> Mapping[SeriesKey, pd.Series]:
    """One series per kind and name, with a number for every day from its first sale on.

    A day without a row, or without a value, sold nothing. The as-of day may still be going on, so the series ends the
    day before, unless that day is all it has. Later days are left out.

    Raises
    ------
    ValueError
        A column is missing, a day appears twice in a series, or a value is infinite: says which.
    """
    absent = sorted({"series_kind", "series", "sales_date", target} - set(daily_sales.columns))
    if absent:
        raise ValueError(f"daily_sales: no column {', '.join(absent)}")
    rows = pd.DataFrame(
        {
            "series_kind": daily_sales["series_kind"].astype(str),
            "series": daily_sales["series"].astype(str),
            "day": pd.to_datetime(daily_sales["sales_date"]).astype("datetime64[ns]"),
            "value": daily_sales[target].astype(float).fillna(0.0),
        }
    )
    _refuse(rows[rows.duplicated(["series_kind", "series", "day"])], "appears twice")
    _refuse(rows[np.isinf(rows["value"])], f"has an infinite {target}")
    as_of = pd.Timestamp(as_of_date)
    rows = rows[rows["day"] <= as_of].sort_values(["series_kind", "series", "day"])
    found = {}
    for (kind, name), days in rows.groupby(["series_kind", "series"], sort=True):
        first = days["day"].iloc[0]
        last = max(first, as_of - pd.Timedelta(days=1))
        known = pd.Series(days["value"].to_numpy(), index=pd.DatetimeIndex(days["day"]))
        found[(str(kind), str(name))] = known.reindex(pd.date_range(first, last, freq="D"), fill_value=0.0)
    return found


def _refuse(rows: pd.DataFrame, what: str) -> None:
    if not rows.empty:
        first = rows.iloc[0]
        raise ValueError(f"daily_sales: {first['series_kind']} {first['series']!r}, {first['day']:%Y-%m-%d}: {what}")
