"""What the gate costs: Great Expectations judging a table inside DuckDB, beside the same rules as plain SQL.

``python -m benchmarks.gate [ROWS]`` prints a table and, last, the same as JSON. Both sides judge the same table in the same
process, one after the other, three times; the median counts. Stated apart: the time to import Great Expectations, which a
run pays once, and the fixed overhead per table, which is what judging a thousand rows takes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median

import duckdb

from ecom_pipeline.contracts import Contract, parse_contract
from ecom_pipeline.quality import judge

FEW = 1_000
"""Rows that cost nothing by themselves: what the gate takes for them is its fixed overhead."""

CONTRACT = """
description: One row per generated event.
domain: shop
key: [event_id]
minimum_rows: 1
on_violation: quarantine
tolerance: 0.1
columns:
  - {name: event_id, type: BIGINT, description: Key., required: true}
  - {name: event_type, type: VARCHAR, description: Kind., required: true, values: [view, cart, favourite, purchase]}
  - {name: price, type: "DECIMAL(18,4)", description: Price., minimum: 0, maximum: 10000}
  - {name: quantity, type: BIGINT, description: Pieces., required: true, minimum: 1, maximum: 100}
  - {name: customer_id, type: VARCHAR, description: Who., required: true, matches: "C[0-9]+"}
"""


def generate(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    con.execute("create schema staging")
    con.execute(
        f"""
        create table staging.events as
        select
            range as event_id,
            case range % 4 when 0 then 'view' when 1 then 'cart' when 2 then 'favourite' else 'purchase' end as event_type,
            ((range * 7919) % 1000000 / 100 - 5)::decimal(18, 4) as price,
            (range * 31) % 101 + 1 as quantity,
            'C' || (range * 17) % 500000 as customer_id
        from range({rows})
        """
    )


def timed(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return median(seconds)


def figures(rows: int) -> dict[str, float]:
    """Seconds of both sides; ``ratio`` compares what is left of the gate's once its fixed overhead is taken off."""
    contract = parse_contract(CONTRACT, "staging", "events", "benchmark")
    found: dict[str, float] = {"rows": rows, "rules": len(contract.row_rules)}
    started = time.perf_counter()
    import great_expectations  # noqa: F401

    found["import_seconds"] = round(time.perf_counter() - started, 2)
    found["fixed_seconds"] = round(_seconds(contract, FEW)[1], 3)
    plain, gate = _seconds(contract, rows)
    found |= {"plain_sql_seconds": round(plain, 3), "gate_seconds": round(gate, 3)}
    found["ratio"] = round((gate - found["fixed_seconds"]) / plain, 2)
    return found


def _seconds(contract: Contract, rows: int) -> tuple[float, float]:
    """Of the rules and the key in plain SQL, and of the gate."""
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as con:
        generate(con, rows)

        def in_plain_sql() -> None:
            counts = ", ".join(f"count(*) filter (where {rule.breaks})" for rule in contract.row_rules)
            con.execute(f"select {counts} from staging.events").fetchall()
            con.execute(
                "select count(*) from (select event_id from staging.events group by event_id having count(*) > 1)"
            ).fetchall()

        def by_the_gate() -> None:
            judge(con, contract, "staging.events", scope="rows")
            judge(con, contract, "staging.events", scope="table")

        by_the_gate()
        return timed(in_plain_sql), timed(by_the_gate)


def main(rows: int = 10_000_000) -> None:
    found = figures(rows)
    for name, figure in found.items():
        print(f"{name:<20}{figure:>14,}")
    print(json.dumps(found))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
