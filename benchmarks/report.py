"""How the benchmarks of models print: a table of ours beside peers, and one line of JSON last."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure of ours, and what it has to be; neither bound where it is only told."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def bound(self) -> str:
        """The bound in signs; empty without one."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"


def report(tables: Sequence[tuple[str, str]], goals: Sequence[Goal]) -> None:
    """Print tables under their titles, then every goal, then all goals as JSON."""
    for title, table in tables:
        print(f"{title}\n{table}\n")
    for goal in goals:
        said = ("met" if goal.met else "NOT met") if goal.bound else ""
        print(f"{goal.name:<72}{goal.value:>12,.4f}  {goal.bound:<10} {said}")
    print(json.dumps({"goals": [asdict(goal) | {"met": goal.met} for goal in goals]}))
