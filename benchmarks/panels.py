"""A file of series as a panel: what ``benchmarks.forecast`` and ``benchmarks.purchase`` take.

A file of ``series_id, date, value``, maybe ``price`` (what a piece cost, known until the origin), ``open`` (0 on days
on which nothing can be sold, known in advance) and further numbers: a column of 0 and 1, or one that is never negative and
0 in a quarter of its rows (a discount, a number of coupons), is a promotion, known in advance; any other is an indicator, of
which the last value is known. Rows are days, weeks, months or quarters; hours are summed to days. A period without a row is
unknown demand, not demand of zero. What is not as expected ends in a message that names file and column, and what is left
out is told. What does not belong here: measuring.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.files import FileError, rows_of
from ecom_pipeline.ml.forecast.calendar import EffectKind, Effects, effects_of, supported_country
from ecom_pipeline.ml.forecast.panel import Panel, carried_forward
from ecom_pipeline.ml.forecast.period import DAY, MONTH, QUARTER, WEEK, WEEK_DAYS, Period

NO_CALENDAR = pd.DataFrame(columns=["calendar_date", "name", "kind", "country"])
NEEDED = ("series_id", "date", "value")
HORIZONS = {DAY: 28, WEEK: 8, MONTH: 12, QUARTER: 4}
"""Periods to forecast."""
OF_MONTHS = {MONTH: range(28, 32), QUARTER: range(90, 93)}
"""Days from one row of a series to the next, of periods that are months."""
WHOLE_DAY = 0.9
"""Share of the usual rows of a day that make its sum known: two hours of 24 may be missing, and one is in spring."""
OFTEN_ZERO = 0.25
FIRST_AND_LAST_DAY = ("1800-01-01", "2090-12-31")
"""What lies outside is a mistake, or stands for no date."""


class Data(NamedTuple):
    """The panel of a file, the periods to forecast, and what a reader of the figures should know of it."""

    panel: Panel
    horizon: int
    notes: tuple[str, ...]


def read(path: str, *, country: str | None = None, horizon: int | None = None, series: int | None = None) -> Data:
    """The panel of a file, with the holidays of a country; of so many series, taken evenly, if ``series`` is given.

    Raises
    ------
    FileError
        The file cannot be read, or a column is absent or has values it should not.
    """
    if country is not None and supported_country(country) is None:
        raise FileError(f"country {country!r}: no holidays known; expected a code such as DE")
    table, others = _table(path)
    notes = []
    names = np.sort(table["series_id"].unique())
    if series and series < len(names):
        notes.append(f"{series:,} of {len(names):,} series, taken evenly")
        names = names[np.linspace(0, len(names) - 1, series).astype(int)]
        table = table[table["series_id"].isin(names)]
    parts = _parts_of_days(table)
    if parts:
        table, unknown = _summed(path, table, others, parts)
        notes.append(f"{parts} rows a day, summed; other numbers averaged")
        if unknown:
            notes.append(f"{unknown:,} days with too few of them: unknown")
    period = _period(path, table)
    horizon = horizon or HORIZONS[period]
    places, days = _places(path, table, names, period)
    values = places.wide(table["value"])
    known = np.isfinite(values)
    gaps = int((np.maximum.accumulate(known, axis=1) & ~known).sum())
    if gaps:
        notes.append(f"{gaps:,} periods without a value after a series' first: unknown, and not scored")
    below = int((values < 0).sum())
    if below:
        notes.append(f"{below:,} values below zero, which forecasts never are")
    ended = int((~known[:, -horizon:].any(axis=1)).sum())
    if ended:
        notes.append(f"{ended:,} of {len(names):,} series have ended before the last periods")
    effects = effects_of(days, NO_CALENDAR, country) if period == DAY else Effects.none()
    found, left_out = _effects(path, table, others, places)
    if left_out:
        notes.append("left out, since they are no numbers or never change within a series: " + ", ".join(left_out))
    panel = Panel(
        keys=tuple(("series", name) for name in names),
        days=days,
        values=values,
        effects=_together(effects, found, len(days)),
        period=period,
    )
    if "price" in table:
        price = _numbers(path, table["price"])
        paid = {
            "series_kind": "series",
            "series": table["series_id"],
            "sales_date": days[places.columns],
            "price": price,
        }
        panel = panel.with_prices(pd.DataFrame(paid))
    return Data(panel, horizon, tuple(notes))


def _table(path: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a file with text, days and numbers in the three needed columns; and the names of possible regressors."""
    table = rows_of(Path(path), as_written="series_id".__eq__)
    table = table.reset_index(drop=table.index.names == [None]).rename(columns=str)
    absent = [name for name in NEEDED if name not in table]
    if absent:
        found = ", ".join(table.columns)
        raise FileError(f"{path}: no column {', '.join(absent)}; expected {', '.join(NEEDED)}, found {found}")
    if table.empty:
        raise FileError(f"{path}: no rows")
    _refuse(path, table, table["series_id"].isna(), "series_id", "expected a name")
    dates = _dates(path, table["date"])
    numbers = _numbers(path, table["value"])
    table = table.assign(series_id=table["series_id"].astype(str), date=dates, value=numbers)
    table = table[table["date"] <= table.loc[numbers.notna(), "date"].max()]
    if table.empty:
        raise FileError(f"{path}, column value: no number in {len(numbers):,} rows")
    return table, [name for name in table.columns if name not in (*NEEDED, "price")]


def _dates(path: str, column: pd.Series) -> pd.Series:
    """Local times: where there are zones, what the clock on the wall showed."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
    if not pd.api.types.is_datetime64_any_dtype(column):
        text = column.map("{:.0f}".format) if pd.api.types.is_float_dtype(column) else column.astype(str)
        text = text.str.replace(r"(?<=:\d\d)((?:\.\d+)?)\s*(?:Z|[+-]\d\d:?\d\d)$", r"\1", regex=True)
        parsed = pd.to_datetime(text, format="ISO8601", errors="coerce")
    else:
        parsed = column
    usable = parsed.between(*FIRST_AND_LAST_DAY)
    _refuse(path, column.to_frame("date"), ~usable, "date", "expected a date such as 2024-01-31 or 20240131")
    return parsed.astype("datetime64[ns]")


def _numbers(path: str, column: pd.Series) -> pd.Series:
    """Numbers, NaN where there is none."""
    found = pd.to_numeric(column, errors="coerce").astype(float)
    wrong = (found.isna() & column.notna()) | np.isinf(found)
    _refuse(path, column.to_frame(), wrong, str(column.name), "expected a finite number")
    return found


def _refuse(path: str, table: pd.DataFrame, wrong: pd.Series, column: str, expected: str) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        found = table[column].iloc[row]
        more = f", and in {int(wrong.sum()) - 1:,} more rows" if wrong.sum() > 1 else ""
        raise FileError(
            f"{path}, column {column}, row {row + 1:,}: {repr(found) if isinstance(found, str) else found}, {expected}{more}"
        )


def _parts_of_days(table: pd.DataFrame) -> int:
    """Rows a day, if they are hours or other even parts of days; else 0."""
    ordered = table[["series_id", "date"]].drop_duplicates().sort_values(["series_id", "date"])
    steps = ordered.groupby("series_id")["date"].diff().dropna()
    usual = steps.median()
    if not len(steps) or usual > pd.Timedelta(hours=12) or (steps == usual).mean() < 0.9:
        return 0
    return round(pd.Timedelta(days=1) / usual)


def _summed(path: str, table: pd.DataFrame, others: list[str], parts: int) -> tuple[pd.DataFrame, int]:
    """Days instead of their parts: the sum of the values, the mean of other numbers, and whether it was ever open.

    Second, the number of days whose sum is unknown, since too many of their parts are. An hour may come twice in autumn.
    """
    numbers = [name for name in (*others, "price") if name in table and pd.api.types.is_numeric_dtype(table[name])]
    told = table.assign(**{name: _numbers(path, table[name]) for name in numbers})
    days = told.groupby(["series_id", told["date"].dt.normalize()])
    many = days.size() > (2 - WHOLE_DAY) * parts
    if many.any():
        name, day = many.idxmax()
        raise FileError(
            f"{path}, columns series_id and date: {days.size().loc[(name, day)]} rows of series {name!r} on {day:%Y-%m-%d}, "
            f"expected {parts}"
        )
    known = days["value"].count() >= WHOLE_DAY * parts
    found = days[numbers].mean().assign(value=days["value"].sum().where(known))
    if "open" in found:
        found["open"] = days["open"].max()
    words = [name for name in others if name not in found]
    return found.join(days[words].first()).reset_index(), int((~known).sum())


def _period(path: str, table: pd.DataFrame) -> Period:
    """What the rows of a series are."""
    ordered = table[["series_id"]].assign(day=table["date"].dt.normalize()).drop_duplicates()
    steps = ordered.sort_values(["series_id", "day"]).groupby("series_id")["day"].diff().dropna().dt.days.to_numpy()
    if not len(steps):
        raise FileError(f"{path}, column date: expected more than one day of a series")
    if (steps % WEEK_DAYS == 0).mean() >= 0.9:
        return WEEK
    short = int(np.quantile(steps, 0.1))
    for period, days in OF_MONTHS.items():
        if short in days:
            return period
    if short > WEEK_DAYS:
        raise FileError(
            f"{path}, column date: expected days, weeks, months or quarters, most rows of a series are "
            f"{int(np.median(steps))} days apart"
        )
    return DAY


class _Places(NamedTuple):
    """Row and column of a panel of some shape to which each row of a table belongs."""

    rows: np.ndarray
    columns: np.ndarray
    shape: tuple[int, int]

    def wide(self, column: pd.Series) -> np.ndarray:
        """(S, T) the values of a column; NaN where there is none."""
        found = np.full(self.shape, np.nan)
        found[self.rows, self.columns] = column
        return found


def _places(path: str, table: pd.DataFrame, names: np.ndarray, period: Period) -> tuple[_Places, pd.DatetimeIndex]:
    """Where the rows belong, and the periods of the panel, the last of which begins on the last day."""
    day = table["date"].dt.normalize()
    if period in OF_MONTHS:
        day = day.dt.to_period("M").dt.to_timestamp()
        months = (day.max().year - day.dt.year) * 12 + day.max().month - day.dt.month
        back = months // (12 // period.year)
    else:
        back = (day.max() - day).dt.days // (WEEK_DAYS if period == WEEK else 1)
    _refuse_again(path, table, back, period.name)
    rows = np.searchsorted(names, table["series_id"].to_numpy())
    days = pd.date_range(end=day.max(), periods=int(back.max()) + 1, freq=period.frequency)
    return _Places(rows, (back.max() - back).to_numpy(), (len(names), len(days))), days


def _refuse_again(path: str, table: pd.DataFrame, when: pd.Series, name: str) -> None:
    """Two rows of a series belong to the same period."""
    belongs = table[["series_id", "date"]].assign(when=when)
    again = belongs.duplicated(["series_id", "when"]).to_numpy()
    if not again.any():
        return
    first = belongs.iloc[int(again.argmax())]
    alike = belongs.loc[(belongs["series_id"] == first["series_id"]) & (belongs["when"] == first["when"]), "date"]
    what = "column date: several rows" if alike.nunique() > 1 else "columns series_id and date: the same row"
    more = f", and {int(again.sum()) - 1:,} more" if again.sum() > 1 else ""
    raise FileError(
        f"{path}, {what} of series {first['series_id']!r} on {first['date']:%Y-%m-%d}{more}: expected one a {name}"
    )


def _effects(
    path: str, table: pd.DataFrame, others: Iterable[str], places: _Places
) -> tuple[dict[str, tuple[EffectKind, np.ndarray]], list[str]]:
    """Kind and strength, (S, T) or (1, T), of each column that says something; and the names of the others."""
    found: dict[str, tuple[EffectKind, np.ndarray]] = {}
    left_out = []
    for name in others:
        is_number = pd.api.types.is_numeric_dtype(table[name])
        if not is_number or table.groupby("series_id")[name].nunique(dropna=False).max() <= 1:
            left_out.append(name)
            continue
        column = _numbers(path, table[name])
        rows = _shared(places.wide(column))
        zeros = column.fillna(0.0)
        if name == "open" and set(column.dropna()) <= {0.0, 1.0}:
            found[name] = "closed", 1 - np.nan_to_num(rows, nan=1.0)
        elif zeros.min() >= 0 and zeros.max() > 0 and (set(zeros) <= {0.0, 1.0} or (zeros == 0).mean() >= OFTEN_ZERO):
            found[name] = "promotion", np.nan_to_num(rows) / zeros.max()
        else:
            standard = (rows - column.mean()) / max(float(column.std()), 1e-9)
            found[name] = "market", np.nan_to_num(carried_forward(standard))
    return found, left_out


def _shared(rows: np.ndarray) -> np.ndarray:
    """One row (1, T) instead of many (S, T) where they agree wherever they are known."""
    known = np.isfinite(rows)
    one = np.where(known, rows, -np.inf).max(axis=0)
    one = np.where(np.isfinite(one), one, np.nan)
    return one[np.newaxis] if np.where(known, rows == one, True).all() else rows


def _together(known: Effects, found: dict[str, tuple[EffectKind, np.ndarray]], length: int) -> Effects:
    """What is known of all series, and what the file says: of all alike, or of each."""
    count = max([1, *(len(rows) for _, rows in found.values())])
    shared = np.broadcast_to(known.within(0, length), (count, len(known.names), length))
    own = [np.broadcast_to(rows, (count, length))[:, np.newaxis] for _, rows in found.values()]
    return Effects(
        names=(*known.names, *found),
        kinds=(*known.kinds, *(kind for kind, _ in found.values())),
        values=np.concatenate([shared, *own], axis=1),
    )
