"""How much of the cores a piece of work used, and how much it could have used (Linux). What does not belong here: the work."""

from __future__ import annotations

import resource
import threading
from pathlib import Path
from typing import Self

import numpy as np


class Ready:
    """Counts, twenty times a second, the threads of this process and its children that run or wait for a core (Linux)."""

    def __enter__(self) -> Self:
        self.counts: list[int] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def share(self, cores: int) -> float:
        """Share of so many cores that was asked for, on the mean."""
        return float(np.minimum(self.counts, cores).mean() / cores) if self.counts else 0.0

    def _watch(self) -> None:
        own = threading.get_native_id()
        while not self.ended.wait(0.05):
            tasks = [task for task in _threads("self") if int(task.name) != own]
            tasks += [
                thread for task in tasks for child in _text(task / "children").split() for thread in _threads(child)
            ]
            self.counts.append(sum(_text(task / "stat").rpartition(")")[2].startswith(" R") for task in tasks))


def _threads(process: str) -> list[Path]:
    try:
        return list(Path(f"/proc/{process}/task").iterdir())
    except FileNotFoundError:
        return []


def _text(path: Path) -> str:
    """What a file of ``/proc`` says; nothing if its thread has ended meanwhile."""
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def cpu_seconds() -> float:
    """Of this process and those it waited for: Stan runs in its own."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)
