"""Generated events: a shop that brings nothing else, with dirt in every kind that cleaning has to find.

Row ``i`` is arithmetic on ``i`` and nothing else, so that any part of the data can be made again: visits of some eight
events lie interleaved in the order of time. Of a hundred rows about two repeat the row before, half a one each has a
time that is none, a word that no event has, and a price below zero.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

FILES = {"csv": "(format csv, header)", "parquet": "(format parquet)"}
PRICE = "DECIMAL(18,4)"
ROWS_A_DAY, USERS = 100_000, 200_000
SHOP = """\
name: events
timezone: UTC
currency: EUR
sources:
  events:
    files: events/*.{kind}
    inputs:
      events:
        columns:
          event_id: event_id
          event_type: event_type
          event_at: event_time
          customer_id: user_id
          product_id: product_id
          price: price
          channel: channel
          device: device
"""


def write_shop(folder: Path, kind: str) -> None:
    """A ``shop.yaml`` for files of one kind, without files."""
    (folder / "events").mkdir(parents=True, exist_ok=True)
    (folder / "shop.yaml").write_text(SHOP.format(kind=kind), "utf-8")


def write_events(path: Path, first: int, rows: int) -> None:
    """Rows ``first`` to ``first + rows``, in the format that the suffix names."""
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as con:
        con.execute(f"copy ({_select(first, rows)}) to '{path}' {FILES[path.suffix[1:]]}")


def _select(first: int, rows: int) -> str:
    words = "['view', 'view', 'view', 'view', 'cart', 'favourite', 'search', 'purchase']"
    return f"""
        with places as (
            select case when range % 50 = 7 then range - 1 else range end as i from range({first}, {first + rows})
        ),
        drawn as (
            select i, (hash(i // 1024 * 128 + i % 128) >> 8)::bigint as visit, (hash(i + 7919) >> 8)::bigint as dice
            from places
        )
        select
            'e' || lpad(i::varchar, 9, '0') as event_id,
            case when dice % 200 = 0 then 'yesterday'
                else strftime(timestamp '2024-01-01' + to_seconds(i * 86400 // {ROWS_A_DAY}), '%Y-%m-%d %H:%M:%S')
            end as event_time,
            case when dice // 200 % 200 = 0 then 'hover' else {words}[dice // 40000 % 8 + 1] end as event_type,
            'u' || visit % {USERS} as user_id,
            'p' || dice // 400000 % 20000 as product_id,
            (case when dice // 400000 % 200 = 1 then -1 else 1 end * (dice // 1000000 % 50000 + 100) / 100)::decimal(10, 2)
                as price,
            ['direct', 'search', 'email', 'ads'][visit % 4 + 1] as channel,
            ['desktop', 'mobile', 'tablet'][visit // 4 % 3 + 1] as device
        from drawn
    """
