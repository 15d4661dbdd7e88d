"""Judges a candidate against its promise, inside DuckDB, with Great Expectations.

What belongs here: turning a contract into expectations, running them, and saying what they found. What does not: moving
rows to quarantine, swapping tables, recording results (``warehouse``), and deciding when (``defs``).

``judge`` knows a contract and gives check results; ``session`` runs expectations on one relation; ``expectations`` are
those that Great Expectations lacks; ``dialect`` lets SQLAlchemy speak to DuckDB 2. Great Expectations takes seconds to
import, so only the act of judging imports it.
"""

from ecom_pipeline.quality.judge import check_specs, judge

__all__ = ["check_specs", "judge"]
