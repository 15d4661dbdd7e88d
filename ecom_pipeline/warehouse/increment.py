"""What a night has to build of a table: nothing, the slices that changed, or the whole.

A table is left alone where nothing that it was built from has changed. A table in mode ``merge`` is built for the values of
``merge_on`` that the changed rows of its inputs bear on, and from the time on that they do, as the contract's ``slices``
and ``since`` say; the result is that of a whole rebuild. Whenever the changed rows are not known (a night was missed,
another table was rebuilt whole, something changed that has no slices) the table is built whole. Nothing here writes a
table that anybody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import duckdb

from ecom_pipeline.contracts import Contract, Rule, Since
from ecom_pipeline.sql import literal, quoted
from ecom_pipeline.warehouse.builds import Build, build_of, changed_from, changes_of, versions_of
from ecom_pipeline.warehouse.journal import QUARANTINE, checks_of_run
from ecom_pipeline.warehouse.lineage import columns_read, redirected, tables_read
from ecom_pipeline.warehouse.names import columns_of, count

SINCE = quoted("_since")
"""The column of a relation of touched values that says from when on each is built."""
CLOCK = "current_timestamp"
"""A rule that names it lets a row through some night that it rejected on others."""
Mode = Literal["unchanged", "merge", "replace"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a table is written tonight, and what it will have been built from.

    Attributes
    ----------
    select
        Mode merge: the SELECT of the touched slices.
    touched
        Mode merge: a relation of the touched values, in a column with the name of ``merge_on``; where the contract bounds
        them in time, ``_since`` is the beginning of the first row of the value that is written.
    arrived
        Mode merge, clean tables: a relation of ``_load_id, _row``, the rows of the input that are judged.
    """

    mode: Mode = "replace"
    built_from: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    select: str | None = None
    touched: str | None = None
    arrived: str | None = None


@dataclass(frozen=True, kw_only=True)
class Increment:
    """Plans the tables of one run.

    Parameters
    ----------
    sliced_input
        Gives the SELECT of an input for the rows that a relation of ``_load_id, _row`` names.
    full
        Build everything whole.
    dates
        First and last business date of a backfill: tables merged on a date build these dates as well.
    """

    connection: duckdb.DuckDBPyConnection
    contracts: Mapping[str, Contract]
    sliced_input: Callable[[str, str], str]
    full: bool = False
    dates: tuple[date, date] | None = None

    def plan(self, contract: Contract, reads: Iterable[str], fingerprint: str) -> Plan:
        """How to write a table that reads others; ``fingerprint`` is that of all else that decides about it."""
        built_from = versions_of(self.connection, reads)
        whole = Plan(built_from=built_from, fingerprint=fingerprint)
        before = build_of(self.connection, contract.name)
        if self.full or before is None or before.fingerprint != fingerprint or not self._was_judged(contract, before):
            return whole
        changed = [table for table, version in built_from.items() if before.built_from.get(table) != version]
        again = bool(contract.input) and self._time_has_come(contract)
        backfilled = self._dates_of(contract)
        if not changed and not again and not backfilled:
            return replace(whole, mode="unchanged")
        if contract.mode == "merge" and all(self._has_slices(contract, table, before) for table in changed):
            return self._merge(contract, before, whole, changed, backfilled)
        return whole

    def _was_judged(self, contract: Contract, before: Build) -> bool:
        """Whether the table is there, and so are the verdicts of its last build."""
        return bool(
            columns_of(self.connection, contract.name) and checks_of_run(self.connection, before.run_id, contract.name)
        )

    def _has_slices(self, contract: Contract, table: str, before: Build) -> bool:
        """Whether it is known which rows of a changed table changed, and what they bear on."""
        if table == _input(contract):
            return True
        if table not in contract.slices or changed_from(self.connection, table) != before.built_from.get(table):
            return False
        gone, come = self.connection.execute(
            f"select count(*) filter (where _was), count(*) filter (where not _was) from {changes_of(table)}"
        ).fetchall()[0]
        rows = count(self.connection, table)
        return bool(rows) and rows - come + gone > 0

    def _merge(
        self, contract: Contract, before: Build, whole: Plan, changed: Sequence[str], backfilled: Sequence[str]
    ) -> Plan:
        touched = f"staging.{quoted('touched__' + contract.name.replace('.', '__'))}"
        key = quoted(str(contract.merge_on))
        parts = list(backfilled)
        if contract.input:
            parts += self._touched_by_input(contract, before, changed)
        else:
            parts += [part for table in changed for part in self._touched_by(contract, table, key)]
        values = " union all ".join(parts) or f"select null as {key}, null as {SINCE}"
        kind = contract.types[str(contract.merge_on)]
        told = f", cast(min({SINCE}) as {contract.types[contract.since.span[0]]}) as {SINCE}" if contract.since else ""
        self._create(
            touched, f"select cast({key} as {kind}) as {key}{told} from ({values}) where {key} is not null group by all"
        )
        if contract.since:
            self._reach_back(contract, contract.since, touched)
        if contract.input:
            return self._merge_clean(contract, before, whole, changed, touched)
        if not count(self.connection, touched):
            return replace(whole, mode="unchanged")
        select = redirected(str(contract.select), self._slices(contract, touched))
        return replace(whole, mode="merge", select=select, touched=touched)

    def _touched_by(self, contract: Contract, table: str, key: str) -> list[str]:
        """SELECTs of the values that the changed rows of a table bear on; only columns that the table reads count."""
        name = table.split(".")[1]
        expressions = contract.slices[table]
        if not expressions:
            return []
        told = f", coalesce({contract.since.changes[table]}, '-infinity') as {SINCE}" if contract.since else ""
        asked = f"select {', '.join(expressions)}{told} from {table} as {quoted(name)}"
        used = columns_read(str(contract.select), self.contracts)[table] | columns_read(asked, self.contracts)[table]
        columns = ", ".join(quoted(column) for column in sorted(used))
        was, now = (
            f"select {columns} from {changes_of(table)} where {condition}" for condition in ("_was", "not _was")
        )
        rows = f"(({was}) except all ({now})) union all (({now}) except all ({was}))"
        return [f"select {expression} as {key}{told} from ({rows}) as {quoted(name)}" for expression in expressions]

    def _reach_back(self, contract: Contract, since: Since, touched: str) -> None:
        """Move each time back to the beginning of the rows that reach beyond it, until none does."""
        key, (first, last) = quoted(str(contract.merge_on)), map(quoted, since.span)
        cut = (
            f"select {key}, min({first}) as {first} from {contract.name} join {touched} using ({key})"
            f" where {first} < {SINCE} and {last} >= {SINCE} group by {key}"
        )
        move = f"update {touched} as touched set {SINCE} = {first} from ({cut}) as cut where touched.{key} = cut.{key}"
        while self.connection.execute(move).fetchall() != [(0,)]:
            pass

    def _slices(self, contract: Contract, touched: str) -> dict[str, str]:
        """The relation to read in the place of each table that has slices: its rows that bear on a touched value."""
        relations, key = {}, quoted(str(contract.merge_on))
        times = contract.since.reads if contract.since else {}
        for table, expressions in contract.slices.items():
            name = quoted(table.split(".")[1])
            if table in times:
                sliced = f"select {name}.*, {expressions[0]} as _value, {times[table]} as _time from {table} as {name}"
                wanted = f"_value = touched.{key} and _time >= touched.{SINCE}"
                relations[table] = (
                    f"(select * exclude (_value, _time) from ({sliced}) semi join {touched} as touched on {wanted})"
                )
            elif expressions:
                wanted = " or ".join(f"{expression} in (select {key} from {touched})" for expression in expressions)
                relations[table] = f"(select * from {table} as {name} where {wanted})"
        return relations

    def _touched_by_input(self, contract: Contract, before: Build, changed: Sequence[str]) -> list[str]:
        """SELECTs of the keys of rows that are new, whose load is gone, that refer to a changed row, or that may be let in."""
        source, key = _input(contract), quoted(str(contract.merge_on))
        parts = [
            f"select nullif(trim({key}), '') as {key} from {source} where _load_id > {_last_load(before.built_from[source])}",
            f"select {key} from {contract.name} where _load_id not in (select load_id from journal.current_loads)",
            f"select key as {key} from ({self._waiting(contract, changed)})",
        ]
        for table in changed:
            for rows in self._touched_by(contract, table, "value") if table != source else ():
                (column,) = contract.slices[table]
                parts.append(f"select {key} from {contract.name} where {quoted(column)} in ({rows})")
        return parts

    def _merge_clean(
        self, contract: Contract, before: Build, whole: Plan, changed: Sequence[str], touched: str
    ) -> Plan:
        """Judge new rows, and those of a touched key, wherever they went: to clean, to quarantine, among the duplicates."""
        source, key, name = _input(contract), quoted(str(contract.merge_on)), literal(contract.name)
        arrived = f"staging.{quoted('arrived__' + contract.name.replace('.', '__'))}"
        aside = " union all ".join(
            f"select load_id, row_number from quarantine.{table} where table_name = {name} and key in (from {touched})"
            for table in QUARANTINE
        )
        known = (
            f"select _load_id, _row from {contract.name} where {key} in (from {touched}) union all {aside}"
            f" union all select load_id, row_number from ({self._waiting(contract, changed)})"
        )
        self._create(
            arrived,
            f"select _load_id, _row from {source} where _load_id > {_last_load(before.built_from[source])}"
            f" union select * from ({known}) semi join (select load_id as _load_id from journal.current_loads) using (_load_id)",
        )
        return replace(whole, mode="merge", select=self._judged(contract, arrived), touched=touched, arrived=arrived)

    def _judged(self, contract: Contract, rows: str) -> str:
        """The SELECT of a clean table over the rows of its input that a relation of ``_load_id, _row`` names."""
        sliced = self.sliced_input(str(contract.input), rows)
        return redirected(str(contract.select), {_input(contract): f"({sliced})"})

    def _time_has_come(self, contract: Contract) -> bool:
        """Whether a row that a rule about the clock rejected keeps the rule now."""
        waiting = self._waiting(contract, ())
        if not count(self.connection, f"({waiting})"):
            return False
        rows = f"(select load_id as _load_id, row_number as _row from ({waiting})) as waiting"
        kept = " or ".join(f"({told} and not {rule.breaks})" for rule, told in _about_the_clock(contract))
        reasons = f"select load_id as _load_id, row_number as _row, reasons from quarantine.rows where table_name = {literal(contract.name)}"
        return (
            count(
                self.connection,
                f"({self._judged(contract, rows)}) join ({reasons}) using (_load_id, _row) where {kept}",
            )
            > 0
        )

    def _waiting(self, contract: Contract, changed: Sequence[str]) -> str:
        """Rejected rows that may be let through tonight: where a rule looks at the clock, or at a table that changed."""
        told = [words for _, words in _about_the_clock(contract)]
        if any(table != _input(contract) for table in changed):
            told.append("true")
        return (
            f"select load_id, row_number, key from quarantine.rows"
            f" where table_name = {literal(contract.name)} and ({' or '.join(told) or 'false'})"
        )

    def _dates_of(self, contract: Contract) -> list[str]:
        if self.dates is None or contract.merge_on is None or contract.types[contract.merge_on] != "DATE":
            return []
        first, last = self.dates
        days = f"range(date '{first}', date '{last}' + 1, interval 1 day)"
        return [f"select unnest({days}) as {quoted(contract.merge_on)}"]

    def _create(self, relation: str, select: str) -> None:
        self.connection.execute(f"create or replace table {relation} as {select}")


def _about_the_clock(contract: Contract) -> list[tuple[Rule, str]]:
    """Rules that look at the clock, each with the condition that a row in quarantine names it."""
    rules = [rule for rule in contract.row_rules if CLOCK in rule.where]
    return [(rule, f"contains(reasons, {literal(rule.description)})") for rule in rules]


def load_version(connection: duckdb.DuckDBPyConnection, sources: Sequence[str], definition: str) -> str:
    """The version of an input: its last load, which loads it stands on, and how they are read."""
    marks = ", ".join("?" for _ in sources) or "null"
    last, loads = connection.execute(
        f"select coalesce(max(load_id), 0), md5(concat_ws(' ', string_agg(load_id, ' ' order by load_id), ?))"
        f" from journal.current_loads where source in ({marks})",
        [definition, *sources],
    ).fetchall()[0]
    return f"{last} {loads}"


def reads_of(contract: Contract) -> tuple[str, ...]:
    """The tables that the SELECT of a contract reads, the journal apart."""
    return tuple(table for table in tables_read(str(contract.select)) if not table.startswith("journal."))


def looks_at_the_run(contract: Contract) -> bool:
    """Whether the SELECT reads what the mechanism writes about itself, so that no night is like another."""
    return any(table.startswith(("journal.", "quarantine.")) for table in tables_read(str(contract.select)))


def _input(contract: Contract) -> str:
    return f"input.{contract.input}"


def _last_load(version: str) -> int:
    return int(version.split()[0])
