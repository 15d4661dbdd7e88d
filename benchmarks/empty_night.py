"""What a night costs in which nothing arrived, step by step: ``python -m benchmarks.empty_night``.

Two nights of the sample shop; the second has nothing new. Printed are the seconds of each step, of the run around them
(Dagster's history, mostly) and of the command around the run (imports, definitions, the page that it prints); the last
line is JSON. ``--folder`` keeps the shop and its data, so that a further call measures the next night only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT

GOAL = 20.0


def measure(folder: Path) -> dict[str, Any]:
    """Seconds of the command, the run and each step of a night of the sample shop in which nothing is new."""
    shop = folder / "shop"
    place = ["--shop", str(shop), "--data-dir", str(folder / "data")]
    if not shop.exists():
        _ecom("init", str(shop), "--sample", "sample")
        _ecom("run", *place)
    before = os.times()
    started = time.perf_counter()
    told = json.loads(_ecom("run", *place, "--json"))
    seconds = time.perf_counter() - started
    after = os.times()
    if told["loads"]:
        raise SystemExit(f"{shop}: something was new: {told['loads']}")
    begun, ended = (datetime.fromisoformat(told["run"][name]) for name in ("started_at", "ended_at"))
    return {
        "command": round(seconds, 2),
        "run": round((ended - begun).total_seconds(), 2),
        "cpu": round(after.children_user + after.children_system - before.children_user - before.children_system, 2),
        "peak_mb": max(one["peak_memory_bytes"] for one in told["steps"]) >> 20,
        "steps": {one["step"]: round(one["seconds"], 3) for one in told["steps"]},
    }


def _ecom(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ECOM_", "DAGSTER_"))}
    command = [sys.executable, "-m", "ecom_pipeline.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the shop and its data are kept; nowhere by default")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        found = measure(given.folder or Path(temporary))
    for step, seconds in found["steps"].items():
        print(f"{step:<45}{seconds:>8.2f} s")
    steps = sum(found["steps"].values())
    for name, seconds in (
        (f"{len(found['steps'])} steps together", steps),
        ("the run around them", found["run"] - steps),
        ("the command around the run", found["command"] - found["run"]),
        ("an empty night, from command to prompt", found["command"]),
    ):
        print(f"{name:<45}{seconds:>8.2f} s")
    print(f"{'goal':<45}{GOAL:>8.2f} s {'met' if found['command'] <= GOAL else 'NOT met'}")
    print(json.dumps({"cores": os.cpu_count(), **found, "goal": GOAL}))


if __name__ == "__main__":
    main()
