"""Touches, spend and experiments of a file in the shape that ``benchmarks.marketing`` judges, whichever shape they come in.

What does not belong here: what is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from benchmarks.files import FileError, dates, expect, numbers, read
from ecom_pipeline.ml.marketing.periods import DAILY

TOUCH = ("journey_id", "position", "channel", "days_before", "is_converted")
VISIT = ("user_id", "time", "channel", "is_converted")
PATH = ("path", "total_conversions")
SPEND = ("date", "channel", "spend", "revenue")
SECONDS_A_DAY = 86_400.0
MOST_TOUCHES = 20_000_000


def touches_of(file: Path, called: Mapping[str, str] = MappingProxyType({})) -> pd.DataFrame:
    """The touches of a file, of one of three shapes.

    A row per touch of a journey: `TOUCH`. A row per touch of a user: `VISIT`, ``time`` in seconds or like 2024-01-31 12:00;
    a journey ends with the touch that was converted, or, with a ``conversion_id`` as in Criteo's logs, is the touches of a
    user that have the same one. A row per path: `PATH`, channels parted by ``>``, and maybe
    ``total_null``. ``revenue`` (of a path ``total_conversion_value``) is 1 an order where there is none.
    """
    rows = read(file, (), ids=("journey_id", "user_id", "channel", "path"), called=called)
    shape = next((shape for shape in (PATH, VISIT) if set(shape).issubset(rows)), TOUCH)
    expect(file, rows, shape, whole=shape)
    if shape == PATH:
        return _of_paths(file, rows)
    touches = _of_visits(file, rows) if shape == VISIT else rows
    did = numbers(file, touches, "is_converted")
    if not did.isin((0, 1)).all():
        raise FileError(f"{file}: is_converted is not 0 or 1 everywhere")
    figures = {name: numbers(file, touches, name) for name in ("position", "days_before")}
    revenue = numbers(file, touches, "revenue").fillna(0.0) if "revenue" in touches else did
    return touches.assign(**figures, is_converted=did.astype(bool), revenue=revenue)


def _of_visits(file: Path, rows: pd.DataFrame) -> pd.DataFrame:
    if pd.api.types.is_numeric_dtype(rows["time"]):
        moment = numbers(file, rows, "time")
    else:
        moment = dates(rows, "time").sub(pd.Timestamp(0)).dt.total_seconds()
    if (wrong := moment.isna().to_numpy()).any():
        raise FileError(
            f"{file}: row {wrong.argmax() + 1}: time is {rows['time'].iloc[wrong.argmax()]!r}, neither seconds nor a day"
        )
    rows = rows.assign(time=moment).sort_values(["user_id", "time"], kind="stable", ignore_index=True)
    did = numbers(file, rows, "is_converted")
    if "conversion_id" in rows:
        journey = rows.groupby(["user_id", "conversion_id"], sort=False, dropna=False).ngroup()
    else:
        journey = ((rows["user_id"] != rows["user_id"].shift()) | (did.shift(fill_value=0) > 0)).cumsum()
    by_journey = rows.groupby(journey)
    ends = {"is_converted": did.groupby(journey).transform("max")}
    if "revenue" in rows:
        ends["revenue"] = numbers(file, rows, "revenue").groupby(journey).transform("last")
    return rows.assign(
        journey_id=journey,
        position=by_journey.cumcount() + 1,
        days_before=(by_journey["time"].transform("max") - rows["time"]) / SECONDS_A_DAY,
        **ends,
    )


def _of_paths(file: Path, rows: pd.DataFrame) -> pd.DataFrame:
    paths = rows["path"].astype(str).str.split(r"\s*>\s*", regex=True)
    orders, failures = (
        numbers(file, rows, name).fillna(0).astype(int) if name in rows else pd.Series(0, index=rows.index)
        for name in ("total_conversions", "total_null")
    )
    worth = numbers(file, rows, "total_conversion_value") if "total_conversion_value" in rows else orders.astype(float)
    length = paths.str.len()
    if (size := int(((orders + failures) * length).sum())) > MOST_TOUCHES:
        raise FileError(f"{file}: {size:,} touches, at most {MOST_TOUCHES:,} are judged")
    times = np.concatenate([orders, failures])
    place = np.repeat(np.tile(np.arange(len(rows)), 2), times)
    converted = np.arange(len(place)) < int(orders.sum())
    touched = length.to_numpy()[place]
    journey = np.repeat(np.arange(len(place)), touched)
    first = np.cumsum(touched) - touched
    position = np.arange(len(journey)) - first[journey]
    start = (length.cumsum() - length).to_numpy()[place]
    each = (worth / orders.where(orders > 0)).fillna(0.0).to_numpy()[place]
    return pd.DataFrame(
        {
            "journey_id": journey,
            "position": position + 1,
            "channel": paths.explode().to_numpy()[start[journey] + position],
            "days_before": (touched[journey] - position - 1).astype(float),
            "is_converted": converted[journey],
            "revenue": np.where(converted, each, 0.0)[journey],
        }
    )


def spend_of(file: Path, channels: Sequence[str], called: Mapping[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Spend by day and channel, and the revenue of every day from the first to the last.

    A row per day and channel, `SPEND`, where the revenue of a day is the sum of its rows; or ``date, revenue`` and a column of
    spend per channel, which ``channels`` names. A day without a row has neither; where a week or more lies between two
    rows, the revenue of a row is that of all days until the next.
    """
    if channels:
        wide = read(file, ("date", "revenue", *channels), whole=("date",), called=called)
        money = {name: numbers(file, wide, name).fillna(0.0) for name in ("revenue", *channels)}
        rows = wide.assign(**money)[["date", "revenue", *channels]]
        day, revenue = _days(file, rows), rows["revenue"]
        spend = rows[list(channels)].assign(spend_date=day).melt("spend_date", var_name="channel", value_name="spend")
    else:
        rows = read(file, SPEND, ids=("channel",), whole=SPEND, called=called)
        day, revenue = _days(file, rows), numbers(file, rows, "revenue")
        spend = pd.DataFrame({"spend_date": day, "channel": rows["channel"], "spend": numbers(file, rows, "spend")})
    earned = revenue.groupby(day).sum()
    gap = float(np.median(np.diff(earned.index) / np.timedelta64(1, "D"))) if len(earned) > 1 else 1.0
    if gap < DAILY:
        every = earned.reindex(pd.date_range(earned.index[0], earned.index[-1]), fill_value=0.0)
    else:
        until = pd.DatetimeIndex([*earned.index[1:], earned.index[-1] + pd.Timedelta(days=gap)])
        length = np.asarray((until - earned.index) / np.timedelta64(1, "D"))
        every = (earned / length).reindex(pd.date_range(earned.index[0], until[-1], inclusive="left"), method="ffill")
    return spend, every.rename("revenue").rename_axis("sales_date").reset_index()


def _days(file: Path, rows: pd.DataFrame) -> pd.Series:
    day = dates(rows, "date").dt.normalize()
    if (wrong := day.isna().to_numpy()).any():
        raise FileError(
            f"{file}: row {wrong.argmax() + 1}: date is {rows['date'].iloc[wrong.argmax()]!r}, not like 2024-01-31"
        )
    return day


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A randomised test: the group, what was done (1 or 0) and what was known before, of each customer."""

    group: pd.Series
    outcome: np.ndarray
    known: pd.DataFrame


def trial_of(file: Path, *, treatment: str, outcome: str, control: str, after: Sequence[str]) -> Trial:
    """A row per customer: all other columns are what was known before, words as categories.

    A column that nobody has a value in is left out, and so are words that no two customers share: they are names.
    """
    rows = read(file, (treatment, outcome), ids=(treatment,), whole=(treatment, outcome))
    coded = pd.to_numeric(rows[treatment], errors="coerce")
    group = coded.map("{:g}".format) if coded.notna().all() else rows[treatment].astype(str)
    did = numbers(file, rows, outcome).to_numpy()
    if control not in set(group) or group.nunique() < 2:
        some = ", ".join(map(repr, sorted(group.unique())[:5]))
        raise FileError(
            f"{file}: no row whose {treatment} is {control!r} beside others ({some}); --control names one of it"
        )
    if not np.isin(did, (0, 1)).all():
        raise FileError(f"{file}: {outcome} is not 0 or 1 everywhere")
    known = rows.drop(columns=[treatment, outcome, *after], errors="ignore").dropna(axis=1, how="all")
    names = [name for name in known if known[name].dtype.kind not in "biuf" and known[name].is_unique]
    known = known.drop(columns=names)
    if known.empty:
        raise FileError(f"{file}: no column of what was known of customers before, beside {treatment} and {outcome}")
    return Trial(group=group, outcome=did, known=known.apply(_as_numbers))


def _as_numbers(column: pd.Series) -> pd.Series:
    if column.dtype.kind in "biuf":
        return column.astype(float)
    codes = pd.factorize(column, sort=True)[0]
    return pd.Series(np.where(codes < 0, np.nan, codes), index=column.index)
