"""One file of who chose what, and when, to the windows that ``benchmarks.recommend`` judges on.

The file is parquet, CSV or TSV. What is in it says how it is split:

- a user, an item and a time, optionally a weight (how often) and ``event_type`` (in the words of a shop's exports; purchase
  where there is none; what is none of view, favourite, cart and purchase is left out and counted): the last
  28 days are the test, the 28 before the validation, the 28 before those what the ranker learns from; as in a shop, with the
  targets ``new`` and ``all``. ``days`` says how many other than 28.
- ``split`` (train, test, perhaps validation): as published. Without a validation it is drawn from the training rows by
  the seed, as large a share as the test has of all rows: how many products each chose decides which model looks best.
- ``position`` (the order of a customer's rows, or of their orders): the last is the test, the one before validation, the one
  before that what the ranker learns from; customers with fewer than five are only learned from. Positions count as days,
  everyone's last alike. Where somebody chose something again, there is the target ``all`` too.

``COLUMNS`` has the names that are understood, whatever their case, with or without underscores. Times are dates, moments,
whole days (numbers below 100,000), dates as YYYYMMDD or MMDD, or seconds, milliseconds, microseconds or nanoseconds since 1970. Rows
without a user, an item or a time are left out and counted; a weight below 1, or none, counts as 1. What does not belong here:
what is learned from the windows.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.files import rows_of
from ecom_pipeline.ml.recommend.evaluate import TARGETS, WINDOW_DAYS, Target, Window, earlier, target_types, windows
from ecom_pipeline.ml.recommend.interactions import WEIGHTS, checked, pairs, used
from ecom_pipeline.shop.words import SYNONYMS

SEED = 1
FIRST_DAY = pd.Timestamp(2024, 1, 1)
# fmt: off
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "customer_id": ("user_id", "customer_id", "user", "customer", "visitor_id", "session_id"),
    "product_id": ("item_id", "product_id", "item", "product", "movie_id", "business_id", "artist_id", "stock_code"),
    "interaction_date": ("time", "interaction_date", "timestamp", "date", "datetime", "event_time", "event_date",
                         "order_date", "invoice_date", "transaction_dt"),
    "interactions": ("weight", "interactions", "rating", "quantity", "count", "plays"),
    "event_type": ("event_type", "event", "behavior", "behaviour"),
    "split": ("split",),
    "position": ("position", "order_number"),
}
# fmt: on
IDS = ("customer_id", "product_id")
KINDS = {word: kind for kind in WEIGHTS for word in (kind, *SYNONYMS["event_type"][kind])}
PARTS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
         "dev": "validation", "test": "test"}  # fmt: skip
EXPECTED = {"interaction_date": "a time", "position": "a number", "event_type": f"one of {', '.join(WEIGHTS)}"}
VALIDATION_SHARES = 0.1, 0.25
"""At least and at most that share of the training rows is held out for validation, else the share that the test has of all."""
LEAST = 5
LONGEST = 10_000
"""Positions of a customer, from the last one, that keep their order; those before count as of one day."""
MOST_DAYS = 100_000
UNITS = ((10**11, "s"), (10**14, "ms"), (10**17, "us"), (10**20, "ns"))
"""Below what number a time since 1970 has which unit."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Windows by target, the one before the validation by target where there is one, and how the file was read and split."""

    both: Mapping[Target, tuple[Window, Window]]
    before: Mapping[Target, Window] | None
    split: str
    notes: Sequence[str]


def read(path: Path, *, days: int = WINDOW_DAYS) -> Data:
    """Read a file; where it is split in time, into windows of so many days.

    Raises
    ------
    FileError
        It cannot be read.
    ValueError
        It is not a file of who chose what, or there is nothing to judge on; says what was expected.
    """
    frame, notes = _named(rows_of(path, as_written=_is_id))
    if "split" in frame:
        both, before, split = _published(frame)
    elif "position" in frame:
        both, before, split = _by_position(frame)
    else:
        both, before, split = _in_time(frame, days)
    for target, each in both.items():
        for what, window in zip(("validation", "test"), each, strict=True):
            if window.truth.empty:
                raise ValueError(
                    f"nothing to judge on: in the {what} ({split}) no customer with rows before it chose anything"
                    f"{' new' if target == 'new' else ''}"
                )
    return Data(both=both, before=before, split=split, notes=notes)


def _is_id(name: str) -> bool:
    return any(word in IDS for word in _columns(pd.Index([name])))


def _columns(columns: pd.Index) -> dict[str, Any]:
    """Which column is which."""
    plain = {str(column).lower().replace("_", "").replace(" ", ""): column for column in reversed(columns)}
    found = {}
    for name, words in COLUMNS.items():
        matches = [plain[key] for word in words if (key := word.replace("_", "")) in plain]
        if matches:
            found[name] = matches[0]
    return found


def _named(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Rename the columns, bring their values to one form, and say what was left out."""
    found = _columns(frame.columns)
    needed = [*IDS] if "split" in found or "position" in found else [*IDS, "interaction_date"]
    missing = [f"one for {' or '.join(COLUMNS[name])}" for name in needed if name not in found]
    if missing:
        hint = "; without a time, a column split or position" if needed[-1] not in found else ""
        columns = ", ".join(map(str, frame.columns))
        raise ValueError(f"the columns are {columns}; expected {' and '.join(missing)}{hint}")
    notes = [f"{COLUMNS[name][0]} is {column}" for name, column in found.items() if column not in COLUMNS[name]]
    if unused := [str(column) for column in frame.columns if column not in found.values()]:
        notes.append(f"not used: {', '.join(unused)}")
    data = pd.DataFrame({name: frame[column] for name, column in found.items()}).reset_index(drop=True)
    if "interaction_date" in data:
        data["interaction_date"] = _days(data["interaction_date"])
    if "position" in data:
        data["position"] = pd.to_numeric(data["position"], errors="coerce")
    if "event_type" in data:
        data["event_type"] = data["event_type"].astype(str).str.strip().str.lower().map(KINDS)
    for name in data.columns.intersection([*needed, "interaction_date", "position", "split", "event_type"]):
        empty = data[name].isna() | (data[name].astype(object) == "" if name in IDS else False)
        if empty.any():
            expected = EXPECTED.get(name, "a value")
            row = int(empty.to_numpy().argmax())
            value = frame[found[name]].iloc[data.index[row]]
            notes.append(
                f"{int(empty.sum()):,} rows left out: {found[name]} is not {expected}, such as {value!r} in row {data.index[row] + 1}"
            )
            data = data[~empty]
    if data.empty:
        raise ValueError("; ".join(["no rows are left", *notes]))
    weights = pd.to_numeric(data.get("interactions", pd.Series(1, index=data.index)), errors="coerce")
    low = ~(weights >= 1)
    if low.any():
        notes.append(f"{int(low.sum()):,} weights below 1, or none, count as 1")
    data["interactions"] = weights.where(~low, 1).clip(upper=np.finfo(np.float32).max)
    for name in IDS:
        if not pd.api.types.is_hashable(data[name].iloc[0]):
            raise ValueError(f"{found[name]} is {data[name].iloc[0]!r} in row {data.index[0] + 1}; expected one value")
        codes, ids = pd.factorize(data[name])
        data[name] = ids.astype(str).to_numpy(dtype=object)[codes]
    return data.assign(event_type=data.get("event_type", "purchase")), notes


def _days(times: pd.Series) -> pd.Series:
    """The day of each time, missing where it is none."""
    if pd.api.types.is_datetime64_any_dtype(times):
        found = times.dt.tz_localize(None)
    elif (numbers := pd.to_numeric(times, errors="coerce")).notna().mean() > 0.5:
        found = _of_numbers(numbers)
    else:
        found = _of_texts(times)
    return found.dt.normalize().astype("datetime64[us]")


def _of_texts(texts: pd.Series) -> pd.Series:
    """The times of texts, in the first form that most of them have."""
    forms: tuple[Mapping[str, Any], ...] = ({"format": "ISO8601"}, {}, {"dayfirst": True})
    read = []
    for form in forms:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            read.append(pd.to_datetime(texts, errors="coerce", utc=True, **form).dt.tz_localize(None))
        if read[-1].notna().all():
            break
    return max(read, key=lambda found: int(found.notna().sum()))


def _of_numbers(numbers: pd.Series) -> pd.Series:
    numbers = numbers.astype(np.float64).where(np.isfinite(numbers))
    largest = numbers.abs().max()
    if _are_days_of_a_year(numbers):
        return pd.to_datetime(FIRST_DAY.year * 10_000 + numbers, format="%Y%m%d", errors="coerce")
    if largest < MOST_DAYS:
        return FIRST_DAY.as_unit("s") + pd.to_timedelta(np.floor(numbers - numbers.min()), unit="D").dt.as_unit("s")
    written = pd.to_datetime(numbers, format="%Y%m%d", errors="coerce")
    if written.notna().sum() == numbers.notna().sum():
        return written
    unit = next((unit for bound, unit in UNITS if largest < bound), None)
    if unit is None:
        return pd.Series(pd.NaT, index=numbers.index)
    return pd.to_datetime(numbers, unit=unit, errors="coerce")


def _are_days_of_a_year(numbers: pd.Series) -> bool:
    """Whether they are written as MMDD: days counted through would not leave out those from 32 to 100."""
    whole = numbers.dropna()
    month, day = whole // 100, whole % 100
    return bool((month.between(1, 12) & day.between(1, 31) & (day % 1 == 0)).all() and month.nunique() > 1)


Cut = tuple[Mapping[Target, tuple[Window, Window]], Mapping[Target, Window] | None, str]


def _in_time(frame: pd.DataFrame, days: int) -> Cut:
    data = checked(frame)
    found = {target: windows(data, target, length=days) for target in TARGETS}
    both = {target: each for target, each in found.items() if each is not None}
    if not both:
        first, last = data["interaction_date"].min().date(), data["interaction_date"].max().date()
        raise ValueError(
            f"the days from {first} to {last} are too few to be split; expected five at least, or a column position"
        )
    before = {target: past for target in TARGETS if (past := earlier(data, target, length=days)) is not None}
    return both, before or None, f"test after {both['new'][1].last_day}, validation after {both['new'][0].last_day}"


def _published(frame: pd.DataFrame) -> Cut:
    part = frame["split"].astype(str).str.lower().map(PARTS)
    if part.isna().any() or not {"train", "test"} <= set(part):
        values = ", ".join(map(str, frame["split"].unique()[:10]))
        raise ValueError(f"split is {values}; expected train and test, and perhaps validation")
    train, held, test = (frame[part == each] for each in ("train", "validation", "test"))
    every, split = pd.concat([train, held]), "as published"
    if held.empty:
        share = float(np.clip(len(test) / len(frame), *VALIDATION_SHARES))
        drawn = np.random.default_rng(SEED).random(len(train)) < share
        train, held = train[~drawn], train[drawn]
        split = f"test as published, validation {share:.0%} of training pairs"
    both = _window(train, held), _window(every, test)
    return {"new": both}, None, split


def _by_position(frame: pd.DataFrame) -> Cut:
    positions = frame.groupby("customer_id")["position"]
    from_end = positions.rank("dense", ascending=False)
    judged = positions.transform("nunique") >= LEAST
    day = FIRST_DAY.as_unit("s") + pd.to_timedelta(LONGEST - np.minimum(from_end, LONGEST), unit="D").dt.as_unit("s")
    dated = frame.assign(interaction_date=day)
    again = dated.duplicated([*IDS]) & ~dated.duplicated([*IDS, "position"])
    both: dict[Target, tuple[Window, Window]] = {}
    before: dict[Target, Window] = {}
    for target in TARGETS if again.any() else TARGETS[:1]:
        before[target], *cut = [
            _window(dated[(from_end > last) | ~judged], dated[(from_end == last) & judged], target)
            for last in (3, 2, 1)
        ]
        both[target] = cut[0], cut[1]
    split = f"the last {'order' if again.any() else 'item'} of customers with {LEAST} or more is the test, the one before validation"
    return both, before if any(not first.truth.empty for first in before.values()) else None, split


def _window(train: pd.DataFrame, later: pd.DataFrame, target: Target = "new") -> Window:
    """What ``train`` knows, all on one day where it does not say when, and what was chosen ``later``."""
    data = used(checked(train.assign(interaction_date=train.get("interaction_date", FIRST_DAY))))
    types = target_types(data)
    owned = pairs(data, types).astype(object)
    if target == "all":
        owned = owned.iloc[:0]
    wanted = later.loc[later["event_type"].isin(types), ["customer_id", "product_id"]].astype(object).drop_duplicates()
    wanted = wanted[~pd.MultiIndex.from_frame(wanted).isin(pd.MultiIndex.from_frame(owned))]
    truth = wanted.sort_values(["customer_id", "product_id"], ignore_index=True)
    known = truth["customer_id"].isin(data["customer_id"].cat.categories)
    last_day: dt.date = data["interaction_date"].max().date()
    return Window(train=data, last_day=last_day, owned=owned, truth=truth[known], cold_truth=truth[~known])
