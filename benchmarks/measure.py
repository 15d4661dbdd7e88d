"""One job in a process of its own: wall and CPU seconds, and the peak of its memory, imports stated apart.

A job is a function of ``benchmarks.jobs`` that imports what it needs and gives back the work to be measured, which says
what it found.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
Measured = dict[str, Any]
"""``import_seconds``, ``seconds``, ``cpu_seconds``, ``peak_mb``, and what the work found."""


def alone(job: str, **arguments: Any) -> Measured:
    """The job in a new process; ``skipped`` where it lacks a package."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure", job, json.dumps(arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def here(job: str, **arguments: Any) -> Measured:
    """The job in this process, whose memory and imports it shares."""
    from benchmarks import jobs

    started = time.perf_counter()
    try:
        work = getattr(jobs, job)(**arguments)
    except ModuleNotFoundError as error:
        return {"skipped": f"{error.name} is not installed"}
    begun, cpu = time.perf_counter(), _cpu_seconds()
    found = work()
    return {
        "import_seconds": round(begun - started, 2),
        "seconds": round(time.perf_counter() - begun, 3),
        "cpu_seconds": round(_cpu_seconds() - cpu, 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **found,
    }


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(json.dumps(here(sys.argv[1], **json.loads(sys.argv[2]))))
