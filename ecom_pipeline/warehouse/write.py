"""The one way to write a table: candidate, judged, then swapped or refused.

A candidate is built beside the live table. The judge is asked twice: about the rows of the candidate (clean tables only
lose rows here, to quarantine, each with its reasons), then about the table that would go live. Only when no candidate of
the group is refused do all of them replace their live tables, in one transaction. The live table is never half written,
and a refusal leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import duckdb
import pandas as pd

from ecom_pipeline.contracts import PROVENANCE, CheckResult, Contract, Rule
from ecom_pipeline.warehouse.connection import WarehouseError
from ecom_pipeline.warehouse.describe import describe
from ecom_pipeline.warehouse.journal import now, record, record_checks

CONSERVATION = "conservation"
CONSERVATION_WORDS = "every row that arrived is clean, a duplicate, or in quarantine"
STEERING = {"_reasons": "VARCHAR", "_duplicate": "BIGINT"}
"""What a SELECT of ``clean`` says about a row beside the promised columns: why it is rejected, and which copy it is."""


class Judge(Protocol):
    """Decides about a relation: ``scope`` is ``rows`` (before rows are moved out) or ``table`` (what would go live)."""

    def __call__(
        self, connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str, *, tolerance: float, scope: str
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
    replace_where
        Merge mode: the condition on live rows that the candidate's rows replace; None replaces the table.
    """

    contract: Contract
    content: str | pd.DataFrame | None
    skipped: str | None = None
    replace_where: str | None = None


@dataclass(kw_only=True)
class Outcome:
    """What became of a candidate: ``swapped``, ``refused`` or ``skipped``."""

    contract: Contract
    status: str = "refused"
    rows: int = 0
    reason: str = ""
    checks: list[CheckResult] = field(default_factory=list)
    quarantined: dict[str, int] = field(default_factory=dict)
    conservation: list[tuple[str, int, int, int, int]] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether the live table stayed as it was."""
        return self.status == "refused"


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes tables of one run.

    Parameters
    ----------
    judge
        See :class:`Judge`.
    tolerances
        Share of rows that a clean table may lose to quarantine, where the shop overrides the contract.
    """

    connection: duckdb.DuckDBPyConnection
    judge: Judge
    run_id: str
    tolerances: Mapping[str, float] = field(default_factory=dict)

    def write(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        """Judge the candidates and swap all of them, or none.

        Raises
        ------
        WarehouseError
            A candidate cannot be computed: the statement, the disk or the memory failed.
        """
        staged = [_Staged(self, candidate) for candidate in candidates]
        try:
            for one in staged:
                one.build()
            verdict = not any(check.refuses for one in staged for check in one.outcome.checks)
            with self._transaction():
                for one in staged:
                    one.settle(swap=verdict)
        except duckdb.Error as error:
            names = ", ".join(candidate.contract.name for candidate in candidates)
            raise WarehouseError(f"{names}: {error}") from error
        finally:
            for one in staged:
                one.discard()
        return [one.outcome for one in staged]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("begin")
        try:
            yield
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")


class _Staged:
    """One candidate on its way: ``candidate`` as computed, ``next`` as it would go live."""

    def __init__(self, writer: Writer, candidate: Candidate) -> None:
        contract = candidate.contract
        self.writer, self.given, self.contract = writer, candidate, contract
        self.con = writer.connection
        self.live = f"{contract.schema_name}.{quoted(contract.table)}"
        self.next = f"{contract.schema_name}.{quoted(contract.table + '__next')}"
        self.splits = contract.input is not None
        own = f"{contract.schema_name}__{contract.table}"
        self.candidate = f"staging.{quoted(own)}" if self.splits else self.next
        self.rejects = f"staging.{quoted(own + '__rejects')}"
        self.outcome = Outcome(contract=contract)

    def build(self) -> None:
        self._stage()
        tolerance = self.writer.tolerances.get(self.contract.table, self.contract.tolerance)
        lacking = self._lacking()
        if self.splits and lacking:
            raise WarehouseError(f"{self.contract.name}: the SELECT does not give {', '.join(lacking)}")
        judged = (
            []
            if lacking
            else self.writer.judge(self.con, self.contract, self.candidate, tolerance=tolerance, scope="rows")
        )
        if self.splits:
            self._split()
        checks = self.writer.judge(self.con, self.contract, self.next, tolerance=tolerance, scope="table")
        self.outcome.checks = [*judged, *checks, *self._conserved()]
        self.outcome.rows = _count(self.con, self.next)

    def _stage(self) -> None:
        content = self.given.content
        if content is None:
            kinds = self.contract.types | (STEERING if self.splits else {})
            nothing = ", ".join(f"null::{kind} as {quoted(name)}" for name, kind in kinds.items())
            self._create(self.candidate, f"select {nothing} where false")
        elif isinstance(content, str):
            self._create(self.candidate, content)
        else:
            self.con.register("candidate_frame", content)
            try:
                kinds = self.contract.types
                promised = [
                    f"cast({quoted(name)} as {kinds[name]}) as {quoted(name)}" for name in kinds if name in content
                ]
                beyond = [quoted(name) for name in content if name not in kinds]
                self._create(self.candidate, f"select {', '.join(promised + beyond)} from candidate_frame")
            finally:
                self.con.unregister("candidate_frame")

    def _create(self, relation: str, select: str) -> None:
        self.con.execute(f"create or replace table {relation} as {select}")

    def _lacking(self) -> list[str]:
        """Promised columns that the candidate does not have, so that its rules cannot be asked at all."""
        found = columns_of(self.con, self.candidate)
        return [name for name in [*self.contract.types, *(STEERING if self.splits else [])] if name not in found]

    def _split(self) -> None:
        rules = [rule for rule in self.contract.row_rules if rule.action == "quarantine"]
        keep = " and ".join(["_duplicate = 1", "_reasons is null", *(f"not {rule.breaks}" for rule in rules)])
        own = ", ".join(quoted(name) for name in self.contract.types)
        self._create(self.next, f"select {own} from {self.candidate} where {keep}")
        reasons = ", ".join(
            [
                "_reasons",
                *(f"case when {_told(rule)} then {literal(rule.description)} end" for rule in rules),
            ]
        )
        rejected = f"_duplicate = 1 and not ({keep.removeprefix('_duplicate = 1 and ')})"
        self._create(
            self.rejects,
            f"select {', '.join(PROVENANCE)}, concat_ws('; ', {reasons}) as reasons from {self.candidate} where {rejected}",
        )
        self.outcome.quarantined = dict(
            self.con.execute(
                f"select reasons, count(*) from {self.rejects} group by reasons order by count(*) desc, reasons"
            ).fetchall()
        )

    def _conserved(self) -> list[CheckResult]:
        """Every routed row is in clean, a duplicate, or in quarantine: counted apart, per source."""
        if not self.splits:
            return []
        counts = self._counts()
        self.outcome.conservation = counts
        unbalanced = [
            (source, routed, kept + twice + out)
            for source, routed, kept, twice, out in counts
            if routed != kept + twice + out
        ]
        return [
            CheckResult(
                table=self.contract.name,
                name=CONSERVATION,
                description=CONSERVATION_WORDS,
                action="fail",
                passed=not unbalanced,
                rows_failed=sum(abs(routed - found) for _, routed, found in unbalanced),
                rows_checked=sum(routed for _, routed, *_ in counts),
                observed="; ".join(
                    f"{source}: {routed} arrived, {found} accounted for" for source, routed, found in unbalanced
                ),
            )
        ]

    def _counts(self) -> list[tuple[str, int, int, int, int]]:
        """Per source: rows routed, kept, dropped as duplicates, rejected."""
        return self.con.execute(
            f"""
            with routed as (select _source, count(*) as n from input.{quoted(str(self.contract.input))} group by _source),
                kept as (select _source, count(*) as n from {self.next} group by _source),
                twice as (select _source, count(*) as n from {self.candidate} where _duplicate > 1 group by _source),
                rejected as (select _source, count(*) as n from {self.rejects} group by _source)
            select _source, coalesce(routed.n, 0), coalesce(kept.n, 0), coalesce(twice.n, 0), coalesce(rejected.n, 0)
            from routed full join kept using (_source) full join twice using (_source) full join rejected using (_source)
            order by _source
            """
        ).fetchall()

    def settle(self, *, swap: bool) -> None:
        """Within the transaction: swap or not, and write down what happened."""
        name, run_id, moment = self.contract.name, self.writer.run_id, now()
        if swap:
            self._swap()
            self.outcome.status = "skipped" if self.given.skipped else "swapped"
            self.outcome.reason = self.given.skipped or ""
        else:
            self.outcome.reason = self._why_refused()
        if self.splits:
            quarantine(self.con, name, self.rejects, run_id)
        record(
            self.con, "writes", [(run_id, name, self.outcome.status, self.outcome.rows, self.outcome.reason, moment)]
        )
        record_checks(self.con, run_id, self.outcome.checks)
        record(
            self.con, "conservation", [(run_id, self.contract.input, *counts) for counts in self.outcome.conservation]
        )

    def _why_refused(self) -> str:
        refusing = [f"{check.name}: {check.observed}" for check in self.outcome.checks if check.refuses]
        most = max(self.outcome.quarantined.items(), key=lambda counted: counted[1], default=None)
        if refusing and most:
            refusing.append(f"most often ({most[1]:,} rows) {most[0]}")
        return "; ".join(refusing) or "another table of the same step was refused"

    def _swap(self) -> None:
        if self.given.replace_where is not None and columns_of(self.con, self.live):
            for column, kind in columns_of(self.con, self.next).items():
                self.con.execute(f"alter table {self.live} add column if not exists {quoted(column)} {kind}")
            self.con.execute(f"delete from {self.live} where {self.given.replace_where}")
            self.con.execute(f"insert into {self.live} by name select * from {self.next}")
            self.outcome.rows = _count(self.con, self.live)
        else:
            self.con.execute(f"drop table if exists {self.live}")
            self.con.execute(f"alter table {self.next} rename to {quoted(self.contract.table)}")
        describe(self.con, self.contract)

    def discard(self) -> None:
        for relation in (self.next, self.candidate, self.rejects):
            self.con.execute(f"drop table if exists {relation}")


def quarantine(connection: duckdb.DuckDBPyConnection, table: str, rejects: str, run_id: str) -> None:
    """Replace what a table has in quarantine by its present rejects, with the original rows as they stand in raw.

    Parameters
    ----------
    rejects
        A relation of ``_source, _load_id, _file, _row, reasons``.
    """
    connection.execute("delete from quarantine.rows where table_name = ?", [table])
    for (source,) in connection.execute(f"select distinct _source from {rejects} order by _source").fetchall():
        connection.execute(
            f"""
            insert into quarantine.rows by name
            select ? as table_name, _source as source, _file as file, _row as row_number, _load_id as load_id, reasons,
                to_json(original) as original, ? as run_id, ? as quarantined_at
            from {rejects} join raw.{quoted(source)} as original using (_load_id, _file, _row)
            where _source = ?
            order by _load_id, _file, _row
            """,
            [table, run_id, now(), source],
        )


def _told(rule: Rule) -> str:
    """When a broken rule is a reason of its own: a value that could not be read is not missing as well."""
    if rule.kind != "not_null":
        return rule.breaks
    return f"{rule.breaks} and not contains('; ' || coalesce(_reasons, ''), {literal(f'; {rule.column}: ')})"


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column names and types of ``schema.table``; empty where there is no such table."""
    schema, table = relation.split(".", 1)
    return dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where database_name = current_database()"
            " and schema_name = ? and table_name = ? order by column_index",
            [schema, table.strip('"').replace('""', '"')],
        ).fetchall()
    )


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"select count(*) from {relation}").fetchall()[0][0])
