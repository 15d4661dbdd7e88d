"""The one way to write a table: candidate, judged, then swapped or refused.

A candidate is built beside the live table: the whole of it, or the slices that changed. The judge is asked twice: about
the rows of the candidate (clean tables only lose rows here, to quarantine, each with its reasons), then about the rows
that would go live. Only when no candidate of the group is refused do all of them go live, in one transaction. The live
table is never half written, and a refusal leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.sql import columns_of_table, literal, quoted
from ecom_pipeline.warehouse.aside import Aside
from ecom_pipeline.warehouse.builds import Build, build_of, changes_of, note_changes, remember
from ecom_pipeline.warehouse.candidate import Candidate, Judge, Outcome
from ecom_pipeline.warehouse.connection import WarehouseError, transaction
from ecom_pipeline.warehouse.describe import describe
from ecom_pipeline.warehouse.increment import SINCE
from ecom_pipeline.warehouse.journal import checks_of_run, now, record, record_checks
from ecom_pipeline.warehouse.names import columns_of, content_of, count
from ecom_pipeline.warehouse.stage import next_of, stage_frame


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes tables of one run.

    Parameters
    ----------
    judge
        See :class:`~ecom_pipeline.warehouse.candidate.Judge`.
    tolerances
        Share of rows that a clean table may lose to quarantine, where the shop overrides the contract.
    watched
        Tables of which others want to know the rows that changed.
    """

    connection: duckdb.DuckDBPyConnection
    judge: Judge
    run_id: str
    tolerances: Mapping[str, float] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()

    def write(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        """Judge the candidates and let all of them go live, or none.

        Raises
        ------
        WarehouseError
            A candidate cannot be computed: the statement, the disk or the memory failed.
        """
        staged = [_Staged(self, candidate) for candidate in candidates]
        try:
            for one in staged:
                one.build()
            verdict = not any(check.refuses for one in staged if not one.is_unchanged for check in one.outcome.checks)
            with transaction(self.connection):
                for one in staged:
                    one.settle(goes_live=verdict)
        except duckdb.Error as error:
            names = ", ".join(candidate.contract.name for candidate in candidates)
            raise WarehouseError(f"{names}: {error}") from error
        finally:
            for one in staged:
                one.discard()
        return [one.outcome for one in staged]


class _Staged:
    """One candidate on its way. It lies in ``next``, from which rows only leave, and which goes live."""

    def __init__(self, writer: Writer, candidate: Candidate) -> None:
        contract = candidate.contract
        self.writer, self.given, self.contract, self.plan = writer, candidate, contract, candidate.plan
        self.con = writer.connection
        self.live = f"{contract.schema_name}.{quoted(contract.table)}"
        self.next = next_of(contract)
        own = f"{contract.schema_name}__{contract.table}"
        self.keys = f"staging.{quoted(own + '__keys')}"
        self.leaving = f"staging.{quoted(own + '__leaving')}"
        self.outcome = Outcome(contract=contract)
        self.is_unchanged, self.merges = self.plan.mode == "unchanged", self.plan.mode == "merge"
        self.aside = Aside(self.con, contract, self.next, self._leaves) if contract.input else None

    def build(self) -> None:
        if self.is_unchanged:
            self._carry_over()
            return
        self._stage()
        tolerance = self.writer.tolerances.get(self.contract.table, self.contract.tolerance)
        lacking = self._lacking()
        if self.aside and lacking:
            raise WarehouseError(f"{self.contract.name}: the SELECT does not give {', '.join(lacking)}")
        copies = self.aside.take_copies(tolerance, self._count_staying()) if self.aside else []
        beside = self._beside() if self.aside and self.merges else (0, 0)
        judged = [] if lacking else self._judge(self.next, tolerance, "rows", beside)
        if self.aside:
            self.outcome.quarantined = self.aside.take_rejects()
        checks = self._judge(self._would_be_live(), tolerance, "table", (0, 0))
        if self.aside:
            self.outcome.conservation = self.aside.counts(self._kept())
            checks.append(self.aside.conserved(self.outcome.conservation))
        self.outcome.checks = [*copies, *judged, *checks]
        self.outcome.rows = count(self.con, self.next) + self._count_staying()

    def _carry_over(self) -> None:
        """The verdicts of the last build: the rows are the same."""
        build = build_of(self.con, self.contract.name)
        run_id = build.run_id if build else ""
        self.outcome.rows = count(self.con, self.live)
        self.outcome.checks = checks_of_run(self.con, run_id, self.contract.name)
        self.outcome.conservation = self.con.execute(
            "select source, routed_rows, clean_rows, duplicate_rows, quarantined_rows from journal.conservation"
            " where run_id = ? and table_name = ? order by source",
            [run_id, self.contract.name],
        ).fetchall()

    def _judge(self, relation: str, tolerance: float, scope: str, beside: tuple[int, int]) -> list[CheckResult]:
        return self.writer.judge(self.con, self.contract, relation, tolerance=tolerance, scope=scope, beside=beside)

    def _stage(self) -> None:
        content = self.plan.select or self.given.content
        if self.merges:
            key, since = quoted(str(self.contract.merge_on)), self.contract.since
            later = f" and live.{quoted(since.span[0])} >= touched.{SINCE}" if since else ""
            touched = f"semi join {self.plan.touched} as touched on live.{key} = touched.{key}{later}"
            self._create(self.leaving, f"select live.rowid as _place, live.* from {self.live} as live {touched}")
        if self.given.is_staged:
            return
        if content is None:
            kinds = self.contract.types | self.contract.steering
            nothing = ", ".join(f"null::{kind} as {quoted(name)}" for name, kind in kinds.items())
            self._create(self.next, f"select {nothing} where false")
        elif isinstance(content, str):
            self._fill_next(content)
        else:
            stage_frame(self.con, self.contract, content)

    def _fill_next(self, select: str) -> None:
        """Have the candidate hold what a SELECT gives; a key of one column of text is another one in every row."""
        kinds = {name: kind for name, kind, *_ in self.con.execute(f"describe {select}").fetchall()}
        key = self.contract.key
        varied = key if len(key) == 1 and kinds.get(key[0]) == "VARCHAR" else ()
        self.con.execute(f"create or replace table {self.next} ({columns_of_table(kinds, varied)})")
        self.con.execute(f"insert into {self.next} {select}")

    def _create(self, relation: str, select: str) -> None:
        self.con.execute(f"create or replace table {relation} as {select}")

    def _lacking(self) -> list[str]:
        """Promised columns that the candidate does not have, so that its rules cannot be asked at all."""
        found = columns_of(self.con, self.next)
        return [name for name in [*self.contract.types, *self.contract.steering] if name not in found]

    def _beside(self) -> tuple[int, int]:
        """Rows of the table that are not judged tonight, and those of them that are in quarantine."""
        name = literal(self.contract.name)
        held = f"select 1 from quarantine.rows where table_name = {name} and not ({self._leaves})"
        broken = count(self.con, f"({held})")
        return self._count_staying() + broken, broken

    @property
    def _leaves(self) -> str:
        """The condition on rows of quarantine that this write decides about anew."""
        if not self.merges:
            return "true"
        return (
            f"(load_id, row_number) in (select (_load_id, _row) from {self.plan.arrived})"
            " or load_id not in (select load_id from journal.current_loads)"
        )

    def _count_staying(self) -> int:
        """Rows of the live table that this write leaves alone."""
        return count(self.con, self.live) - count(self.con, self.leaving) if self.merges else 0

    @property
    def _stays(self) -> str:
        return f"rowid not in (select _place from {self.leaving})"

    def _kept(self) -> str:
        """The rows that the table would have, each with its source."""
        staying = f" union all select _source from {self.live} where {self._stays}" if self.merges else ""
        return f"(select _source from {self.next}{staying})"

    def _would_be_live(self) -> str:
        """What is judged as a table: the new rows, and of the others those with a key that a new row has too."""
        key, merge_on = self.contract.key, self.contract.merge_on
        if not self.merges or not key or merge_on in key:
            return self.next
        columns, keys = (", ".join(quoted(name) for name in names) for names in (self.contract.types, key))
        self.con.execute(
            f"create or replace view {self.keys} as select * from {self.next} union all by name"
            f" select {columns} from {self.live} semi join {self.next} using ({keys}) where {self._stays}"
        )
        return self.keys

    def settle(self, *, goes_live: bool) -> None:
        """Within the transaction: go live or not, and write down what happened."""
        name, run_id, moment = self.contract.name, self.writer.run_id, now()
        if goes_live:
            self._remember(self._go_live())
            self.outcome.reason = self.given.skipped or ""
            if self.given.together:
                self.given.together()
        else:
            self.outcome.reason = self._why_refused()
        if self.aside and not self.is_unchanged:
            self.aside.keep(run_id)
        record(
            self.con, "writes", [(run_id, name, self.outcome.status, self.outcome.rows, self.outcome.reason, moment)]
        )
        record_checks(self.con, run_id, self.outcome.checks)
        record(
            self.con,
            "conservation",
            [(run_id, self.contract.input or "raw", *counts, name) for counts in self.outcome.conservation],
        )

    def _why_refused(self) -> str:
        refusing = [f"{check.name}: {check.observed}" for check in self.outcome.checks if check.refuses]
        most = max(self.outcome.quarantined.items(), key=lambda counted: counted[1], default=None)
        if refusing and most:
            often = f"most often ({most[1]:,} rows)" if most[1] > 1 else "one of them"
            refusing.append(f"{often} {most[0]}")
        return "; ".join(refusing) or "another table of the same step was refused"

    def _go_live(self) -> str:
        """Let the candidate go live; the version of the table from now on."""
        before = build_of(self.con, self.contract.name)
        if self.is_unchanged:
            self.outcome.status = "skipped" if self.given.skipped else "unchanged"
            return before.version if before else ""
        if self.merges:
            self.outcome.status = "merged"
            return self._merge(before)
        self.outcome.status = "skipped" if self.given.skipped else "swapped"
        return self._replace(before)

    def _merge(self, before: Build | None) -> str:
        if self.contract.name in self.writer.watched and before:
            note_changes(self.con, self.contract.name, self.contract.types, self.leaving, self.next, before.version)
            if not count(self.con, changes_of(self.contract.name)):
                return before.version
        held = columns_of(self.con, self.live)
        for column, kind in columns_of(self.con, self.next).items():
            if column not in held:
                self.con.execute(f"alter table {self.live} add column {quoted(column)} {kind}")
        self.con.execute(f"delete from {self.live} where not ({self._stays})")
        self.con.execute(f"insert into {self.live} by name select * from {self.next}")
        describe(self.con, self.contract)
        return self.writer.run_id

    def _replace(self, before: Build | None) -> str:
        self.con.execute(f"drop table if exists {changes_of(self.contract.name)}")
        grows = self.contract.mode == "merge" and not self.given.skipped
        version = self.writer.run_id if grows else " ".join(map(str, content_of(self.con, self.next)))
        is_known = before is not None and columns_of(self.con, self.live) == columns_of(self.con, self.next)
        if before and is_known and self.contract.mode == "replace" and self.contract.name in self.writer.watched:
            note_changes(self.con, self.contract.name, self.contract.types, self.live, self.next, before.version)
        self.con.execute(f"drop table if exists {self.live}")
        self.con.execute(f"alter table {self.next} rename to {quoted(self.contract.table)}")
        describe(self.con, self.contract)
        return version

    def _remember(self, version: str) -> None:
        build = Build(
            version=version,
            built_from=self.plan.built_from,
            fingerprint=self.plan.fingerprint,
            run_id=self.writer.run_id,
        )
        remember(self.con, self.contract.name, build)

    def discard(self) -> None:
        self.con.execute(f"drop view if exists {self.keys}")
        aside = (self.aside.rejects, self.aside.duplicates) if self.aside else ()
        own = (self.next, self.leaving, *aside)
        for relation in (*own, *filter(None, (self.plan.touched, self.plan.arrived))):
            self.con.execute(f"drop table if exists {relation}")
