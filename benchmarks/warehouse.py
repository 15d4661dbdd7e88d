"""What the warehouse costs beside its peers: loading and cleaning, the gate, a night with little new, a night with nothing.

``python -m benchmarks.warehouse`` measures 10 and 50 million events and prints a table and, last, one line of JSON; keep
30 GB of disk free for it. ``--rows 1000000`` is a quick try, ``--parts`` picks parts. Every figure has its peer or floor
from the same run: each is measured in a process of its own, one after the other, imports stated apart.
polars is no dependency of the project: ``pip install polars``, or its figures are skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import empty_night
from benchmarks.events import FILES, write_events, write_shop
from benchmarks.measure import Measured, alone
from benchmarks.report import Goal

PARTS = ("load", "peers", "gate", "night", "empty")
COUNTS = ("arrived", "clean", "duplicates", "rejects", "sessions")
MEMORY_MB = 2000
NEW_ROWS = 0.01


@dataclass
class Benchmark:
    """Measures part by part; ``run`` does a job and says what it took."""

    folder: Path
    sizes: Sequence[int]
    run: Callable[..., Measured] = alone
    measured: dict[str, Measured] = field(default_factory=dict)
    figures: list[Goal] = field(default_factory=list)

    def load(self) -> None:
        """Files to clean events, beside DuckDB's bare ``create table as select`` of the same file."""
        for kind in FILES:
            for rows in self.sizes:
                with self._shop(kind, rows) as shop:
                    ours = self._measure(f"load {kind} {rows}: ours", "ours", **_at(shop), features=False)
                    floor = self._measure(
                        f"load {kind} {rows}: duckdb",
                        "duckdb_alone",
                        file=str(_file(shop, kind)),
                        database=str(shop / "floor.duckdb"),
                    )
                self._figure(f"load and clean, {kind}, {rows:,} rows / DuckDB", ours, floor, at_most=2.0)
                self._number(f"load and clean, {kind}, {rows:,} rows: peak MB", ours["peak_mb"], at_most=MEMORY_MB)
            small, large = min(self.sizes), max(self.sizes)
            if small < large:
                ours = [self.measured[f"load {kind} {rows}: ours"] for rows in (large, small)]
                growth = 5.5 / 5 * large / small
                self._figure(f"load and clean, {kind}, growth {small:,} to {large:,} rows", *ours, at_most=growth)

    def peers(self) -> None:
        """The same cleaning and sessions in pandas and polars; all three must find the same."""
        rows = min(self.sizes)
        with self._shop("csv", rows) as shop:
            ours = self._measure(f"clean {rows}: ours", "ours", **_at(shop), features=True)
            for peer, at_least in (("pandas", 3.0), ("polars", 1.0)):
                told = self._measure(
                    f"clean {rows}: {peer}", f"in_{peer}", file=str(_file(shop, "csv")), folder=str(shop / peer)
                )
                if "skipped" in told:
                    continue
                for count in COUNTS:
                    if told[count] != ours[count]:
                        raise SystemExit(f"{count}: ours found {ours[count]:,}, {peer} {told[count]:,}")
                self._figure(f"clean and sessionise, {rows:,} rows: {peer} / ours", told, ours, at_least=at_least)
                memory = ours["peak_mb"] / told["peak_mb"]
                self._number(f"clean and sessionise, {rows:,} rows: memory, ours / {peer}", memory, at_most=1.0)

    def gate(self) -> None:
        """Great Expectations inside DuckDB beside the same rules and key in plain SQL."""
        rows = min(self.sizes)
        found = self._measure(f"gate {rows}", "gate", rows=rows)
        self._number(f"the gate, {rows:,} rows, without its fixed overhead / plain SQL", found["ratio"], at_most=1.7)
        self._number("the gate: fixed overhead per table, s", found["fixed_seconds"], at_most=0.5)

    def night(self) -> None:
        """A night with one per cent of new rows beside the full rebuild."""
        rows = max(self.sizes)
        with self._shop("csv", rows) as shop:
            full = self._measure(f"night {rows}: full", "ours", **_at(shop), features=True)
            write_events(shop / "events" / "later.csv", rows, int(rows * NEW_ROWS))
            later = self._measure(f"night {rows}: 1 % new", "ours", **_at(shop), features=True)
        self._figure(f"a night with 1 % new rows on {rows:,} / full rebuild", later, full, at_most=0.05)

    def empty(self) -> None:
        """The whole night of the sample shop when nothing is new."""
        found = empty_night.measure(self.folder)
        self.measured["empty night"] = {"seconds": found["command"], **found}
        self._number("an empty night, from command to prompt, s", found["command"], at_most=empty_night.GOAL)

    def _measure(self, name: str, job: str, **arguments: Any) -> Measured:
        found = self.measured[name] = self.run(job, **arguments)
        print(f"{name}: {found.get('skipped') or found['seconds']}", file=sys.stderr, flush=True)
        return found

    def _figure(self, name: str, one: Measured, other: Measured, **goal: float) -> None:
        self._number(name, one["seconds"] / other["seconds"], **goal)

    def _number(self, name: str, value: float, **goal: float) -> None:
        self.figures.append(Goal(name=name, value=round(value, 3), **goal))

    @contextmanager
    def _shop(self, kind: str, rows: int) -> Iterator[Path]:
        """A shop with that many events, gone afterwards: at 50 million rows it takes gigabytes."""
        shop = self.folder / f"{kind}-{rows}"
        write_shop(shop, kind)
        write_events(_file(shop, kind), 0, rows)
        try:
            yield shop
        finally:
            shutil.rmtree(shop)


def _at(shop: Path) -> dict[str, str]:
    return {"shop": str(shop), "data": str(shop / "data")}


def _file(shop: Path, kind: str) -> Path:
    return shop / "events" / f"first.{kind}"


def main(arguments: Sequence[str] | None = None, run: Callable[..., Measured] = alone) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000_000, 50_000_000], help="one size or two")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--folder", type=Path, help="where the data go; a temporary folder by default")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        benchmark = Benchmark(Path(folder), given.rows, run)
        for part in given.parts:
            getattr(benchmark, part)()
    for name, found in benchmark.measured.items():
        took = found.get("skipped") or f"{found['seconds']:>10,.2f} s {found['peak_mb']:>8,} MB"
        print(f"{name:<45}{took}")
    print()
    for figure in benchmark.figures:
        print(f"{figure.name:<75}{figure.value:>10,.2f}  {figure.bound:<8} {'met' if figure.met else 'NOT met'}")
    figures = [asdict(figure) | {"goal": figure.bound, "met": figure.met} for figure in benchmark.figures]
    print(json.dumps({"cores": os.cpu_count(), "measured": benchmark.measured, "figures": figures}))


if __name__ == "__main__":
    main()
