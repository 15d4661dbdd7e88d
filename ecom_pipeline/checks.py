"""What a check said about a candidate: the words in which ``quality`` answers and ``warehouse`` decides and records."""

from __future__ import annotations

from dataclasses import dataclass

from ecom_pipeline.contracts import Action


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What one check of a contract said about one candidate."""

    table: str
    name: str
    description: str
    action: Action
    passed: bool
    rows_failed: int = 0
    rows_checked: int = 0
    observed: str = ""

    @property
    def refuses(self) -> bool:
        """Whether this result alone keeps the candidate from going live."""
        return not self.passed and self.action == "fail"
