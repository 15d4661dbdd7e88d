"""What is asked to go live, who judges it, and what became of it: the words of :mod:`ecom_pipeline.warehouse.write`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import duckdb
import pandas as pd

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.contracts import Contract
from ecom_pipeline.warehouse.aside import Counts
from ecom_pipeline.warehouse.increment import Plan


class Judge(Protocol):
    """Decides about a relation: ``scope`` is ``rows`` (before rows are moved out) or ``table`` (what would go live).

    ``beside`` counts the rows of the table that are not in the relation, and those of them that are in quarantine.
    """

    def __call__(
        self,
        connection: duckdb.DuckDBPyConnection,
        contract: Contract,
        relation: str,
        *,
        tolerance: float,
        scope: str,
        beside: tuple[int, int] = (0, 0),
    ) -> list[CheckResult]:
        """Give the result of every check, in the order of the contract."""
        ...


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A table to be.

    Parameters
    ----------
    content
        A SELECT, a frame, or None to write the promised columns with no rows.
    skipped
        Why there are no rows, where an input is missing.
    plan
        What of the table is written; the whole of it by default.
    is_staged
        Whether the rows already lie in :func:`~ecom_pipeline.warehouse.stage.next_of` the table.
    together
        Called within the transaction, once the rows are live: what must never be true of one and not of the other.
    """

    contract: Contract
    content: str | pd.DataFrame | None = None
    skipped: str | None = None
    plan: Plan = field(default_factory=Plan)
    is_staged: bool = False
    together: Callable[[], None] | None = None


@dataclass(kw_only=True)
class Outcome:
    """What became of a candidate: ``swapped``, ``merged``, ``unchanged``, ``refused`` or ``skipped``."""

    contract: Contract
    status: str = "refused"
    rows: int = 0
    reason: str = ""
    checks: list[CheckResult] = field(default_factory=list)
    quarantined: dict[str, int] = field(default_factory=dict)
    conservation: list[Counts] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether the live table stayed as it was, against the plan."""
        return self.status == "refused"
