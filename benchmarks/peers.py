"""The same cleaning as ours in pandas and in polars, written as their users would, as fast as we could make it.

Read as text, cast, reject with reasons (the row as it arrived beside them), drop the copies of an event that is there
already (a readable copy wins over an unreadable one), cut a visitor's events into sessions at pauses of more than 30
minutes, and write three Parquet files. Neither keeps what arrived, as ``raw`` does, nor trims names.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

WORDS = ["view", "cart", "favourite", "remove", "purchase", "search", "visit"]
COUNTED = {"view": "views", "search": "searches", "cart": "carts", "favourite": "favourites", "purchase": "purchases"}
TIME = "%Y-%m-%d %H:%M:%S"
PAUSE_MINUTES = 30
ARRIVED = ["event_id", "event_time", "event_type", "user_id", "product_id", "price", "channel", "device"]
REASONS = {"at": "event_at: not a time", "kind": "event_type: not one of ours", "amount": "price: not a number"}
NEGATIVE = "price: expected at least 0"
Work = Callable[[], dict[str, Any]]


def in_pandas(file: str, folder: str) -> Work:
    import pandas as pd

    def work() -> dict[str, Any]:
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        text = "string[pyarrow]"
        rows = pd.read_csv(file, dtype=text) if file.endswith(".csv") else pd.read_parquet(file).astype(text)
        arrived = len(rows)
        rows["at"] = pd.to_datetime(rows["event_time"], format=TIME, errors="coerce")
        words = rows["event_type"].str.strip().str.lower()
        rows["kind"] = words.where(words.isin(WORDS)).astype("category")
        rows["amount"] = pd.to_numeric(rows["price"], errors="coerce")
        unreadable = rows["at"].isna() | rows["kind"].isna() | rows["amount"].isna()
        good, bad = rows[~unreadable], rows[unreadable]
        del rows, words
        good = good[~good["event_id"].duplicated()]
        bad = bad[~bad["event_id"].duplicated() & ~bad["event_id"].isin(good["event_id"])]
        told = [bad[column].isna().map({True: f"{words}; ", False: ""}) for column, words in REASONS.items()]
        negative = good["amount"] < 0
        rejects = pd.concat(
            [
                bad[ARRIVED].assign(reasons=told[0] + told[1] + told[2]),
                good.loc[negative, ARRIVED].assign(reasons=NEGATIVE),
            ]
        )
        rejects.to_parquet(target / "rejects.parquet")
        clean = good.loc[~negative, ["event_id", "kind", "at", "user_id", "product_id", "amount", "channel", "device"]]
        del good
        clean.to_parquet(target / "clean.parquet")
        visits = clean[["user_id", "at", "kind", "channel", "device"]].sort_values(["user_id", "at"], kind="stable")
        other = (visits["user_id"] != visits["user_id"].shift()).fillna(True).to_numpy(bool)
        late = (visits["at"].diff() > pd.Timedelta(minutes=PAUSE_MINUTES)).to_numpy(bool)
        counted = {name: (visits["kind"] == word).astype("int64") for word, name in COUNTED.items()}
        sessions = (
            visits.assign(**counted)
            .groupby((other | late).cumsum(), sort=False)
            .agg(
                user_id=("user_id", "first"),
                started_at=("at", "first"),
                ended_at=("at", "last"),
                events=("at", "size"),
                **{name: (name, "sum") for name in counted},
                channel=("channel", "first"),
                device=("device", "first"),
            )
        )
        sessions.to_parquet(target / "sessions.parquet")
        return _found(arrived, len(clean), len(rejects), len(sessions))

    return work


def in_polars(file: str, folder: str) -> Work:
    import polars as pl

    def work() -> dict[str, Any]:
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        source = pl.scan_csv(file, infer_schema=False) if file.endswith(".csv") else pl.scan_parquet(file)
        word = pl.col("event_type").str.strip_chars().str.to_lowercase()
        rows = source.with_columns(
            at=pl.col("event_time").str.to_datetime(TIME, strict=False),
            kind=pl.when(word.is_in(WORDS)).then(word).cast(pl.Categorical),
            amount=pl.col("price").cast(pl.Decimal(18, 4), strict=False),
        ).collect(engine="streaming")
        unreadable = pl.any_horizontal(pl.col(name).is_null() for name in REASONS)
        arrived = rows.height
        good = rows.filter(~unreadable).unique("event_id", keep="first", maintain_order=True)
        bad = rows.filter(unreadable).unique("event_id", keep="first", maintain_order=True)
        bad = bad.join(good.select("event_id"), on="event_id", how="anti")
        del rows
        told = pl.concat_str(
            [pl.when(pl.col(name).is_null()).then(pl.lit(words)) for name, words in REASONS.items()],
            separator="; ",
            ignore_nulls=True,
        )
        negative = pl.col("amount") < 0
        rejects = pl.concat(
            [
                bad.select(*ARRIVED, reasons=told),
                good.filter(negative).select(*ARRIVED, reasons=pl.lit(NEGATIVE)),
            ]
        )
        rejects.write_parquet(target / "rejects.parquet")
        clean = good.filter(~negative).select(
            "event_id", "kind", "at", "user_id", "product_id", "amount", "channel", "device"
        )
        del good
        clean.write_parquet(target / "clean.parquet")
        sessions = (
            clean.lazy()
            .select("user_id", "at", "kind", "channel", "device")
            .sort("user_id", "at", maintain_order=True)
            .with_columns(
                session=(
                    (pl.col("user_id") != pl.col("user_id").shift()).fill_null(True)
                    | (pl.col("at").diff() > pl.duration(minutes=PAUSE_MINUTES)).fill_null(True)
                ).cum_sum()
            )
            .group_by("session")
            .agg(
                pl.col("user_id").first(),
                started_at=pl.col("at").min(),
                ended_at=pl.col("at").max(),
                events=pl.len(),
                channel=pl.col("channel").first(),
                device=pl.col("device").first(),
                **{name: (pl.col("kind") == word).sum() for word, name in COUNTED.items()},
            )
            .collect()
        )
        sessions.write_parquet(target / "sessions.parquet")
        return _found(arrived, clean.height, rejects.height, sessions.height)

    return work


def _found(arrived: int, clean: int, rejects: int, sessions: int) -> dict[str, Any]:
    return {
        "arrived": arrived,
        "clean": clean,
        "duplicates": arrived - clean - rejects,
        "rejects": rejects,
        "sessions": sessions,
    }
