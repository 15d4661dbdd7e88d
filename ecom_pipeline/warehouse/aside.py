"""Rows of a clean table's candidate that do not go live: copies and rejects, where they are kept, and that none is lost."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.contracts import PROVENANCE, Contract, Rule
from ecom_pipeline.sql import literal, quoted
from ecom_pipeline.warehouse.journal import now
from ecom_pipeline.warehouse.names import columns_of, count

CONSERVATION = "conservation"
CONSERVATION_WORDS = "every row that arrived is clean, a duplicate, or in quarantine"
COPIES = "copies_agree"
COPIES_WORDS = "rows of one file with the same key tell the same"


Counts = tuple[str, int, int, int, int]
"""A source, and how many of its rows were routed, kept, dropped as duplicates, rejected."""


class Aside:
    """What is taken out of one candidate.

    Parameters
    ----------
    candidate
        The relation that the rows leave.
    leaves
        The condition on the rows of quarantine that this write decides about anew.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract, candidate: str, leaves: str) -> None:
        self.con, self.contract, self.next, self.leaves = connection, contract, candidate, leaves
        own = f"{contract.schema_name}__{contract.table}"
        self.rejects = f"staging.{quoted(own + '__rejects')}"
        self.duplicates = f"staging.{quoted(own + '__duplicates')}"

    def take_copies(self, tolerance: float, staying: int) -> list[CheckResult]:
        """Take out the rows that share their key with a better one: they are not judged. A null is like no other.

        ``staying`` counts the live rows that this write leaves alone.
        """
        numbered, arrived = self.next, count(self.con, self.next) + staying
        is_copy = "_duplicate > 1"
        if self.contract.first_by:  # only rows whose key is there twice need an order
            key = ", ".join(quoted(name) for name in self.contract.key)
            repeated = f"select {key} from {self.next} group by {key} having count(*) > 1"
            place = f"row_number() over (partition by {key} order by {self.contract.first_by}) as _duplicate"
            told = f"rowid, *, {place}, {self._disagreeing(key)} as _disagreeing, {self._unread(key)} as _unread"
            is_copy += " and not _unread"
            numbered = f"(select {told} from {self.next} semi join ({repeated}) using ({key}))"
        kept = f"{self._place}{', _disagreeing' if self.contract.first_by else ''}"
        self._take_out(self.duplicates, f"select {kept} from {numbered} where {is_copy}")
        return [self._copies_agree(arrived, tolerance)] if self.contract.copies_share else []

    def _unread(self, key: str) -> str:
        """Whether what could not be read of a row is neither told by the row that stays nor mended by a later file."""
        stays = f"first_value(_reasons) over (partition by {key} order by {self.contract.first_by})"
        is_last = f"_load_id = max(_load_id) over (partition by {key})"
        return f"(_reasons is not null and _reasons is distinct from {stays} and {is_last})"

    def _disagreeing(self, key: str) -> str:
        """The key of a row that tells something else than the first row of its file with this key; a null tells nothing."""
        if not self.contract.copies_share:
            return "null"
        columns = [quoted(name) for name in self.contract.copies_share]
        window = f"(partition by {key}, _load_id order by {self.contract.first_by})"
        differs = " or ".join(f"{column} <> first_value({column}) over {window}" for column in columns)
        return f"case when {differs} then cast({key} as varchar) end"

    def _copies_agree(self, arrived: int, tolerance: float) -> CheckResult:
        """That copies are copies: a number that begins anew in each order, taken for an id, would drop most rows."""
        arrived, differing, example, file = self.con.execute(
            f"""
            with copies as (
                select _disagreeing as told, _file as file, false as is_earlier from {self.duplicates}
                union all
                select case when differs then key end, file, true from quarantine.duplicates where {self._earlier}
            )
            select {arrived} + (select count(*) from quarantine.rows where {self._earlier}) + count(*) filter (is_earlier),
                count(told), min(told), arg_min(file, told)
            from copies
            """
        ).fetchall()[0]
        key, shared = ", ".join(self.contract.key), ", ".join(self.contract.copies_share)
        return CheckResult(
            table=self.contract.name,
            name=COPIES,
            description=f"{COPIES_WORDS}: {shared}",
            action="fail" if differing > tolerance * arrived else "warn",
            passed=not differing,
            rows_failed=differing,
            rows_checked=arrived,
            observed=f"{differing:,} of {arrived:,} rows have the {key} of another row of their file and differ from it in"
            f" {shared} (such as {key} '{example}' in {file}): where the export repeats it by mistake, mend the"
            f" export; where it is no id, leave it unmapped or make one of several columns"
            if differing
            else "",
        )

    def take_rejects(self) -> dict[str, int]:
        """Take out the rows that break a rule, and say how many have which reasons, the most frequent first."""
        rules = [rule for rule in self.contract.row_rules if rule.action == "quarantine"]
        told = [f"case when {_told(rule)} then {literal(rule.description)} end" for rule in rules]
        reasons = f"concat_ws('; ', {', '.join(['_reasons', *told])}) as reasons"
        broken = " or ".join(["_reasons is not null", *(rule.breaks for rule in rules)])
        self._take_out(self.rejects, f"select {self._place}, {reasons} from {self.next} where {broken}")
        for column in self.contract.steering:
            self.con.execute(f"alter table {self.next} drop column {column}")
        return dict(
            self.con.execute(
                f"select reasons, count(*) from {self.rejects} group by reasons order by count(*) desc, reasons"
            ).fetchall()
        )

    @property
    def _place(self) -> str:
        """What is kept of a row that is taken out of the candidate, beside why."""
        key = quoted(self.contract.merge_on) if self.contract.merge_on else "null"
        return f"rowid as _place, {', '.join(PROVENANCE)}, cast({key} as varchar) as key"

    @property
    def _earlier(self) -> str:
        """The condition on the rows of quarantine that earlier nights decided about."""
        return f"table_name = {literal(self.contract.name)} and not ({self.leaves})"

    def _take_out(self, relation: str, select: str) -> None:
        self.con.execute(f"create or replace table {relation} as {select}")
        self.con.execute(f"delete from {self.next} where rowid in (select _place from {relation})")

    def conserved(self, counts: Sequence[Counts]) -> CheckResult:
        """Whether every routed row is in clean, a duplicate, or in quarantine."""
        unbalanced = [
            (source, routed, kept + twice + out)
            for source, routed, kept, twice, out in counts
            if routed != kept + twice + out
        ]
        return CheckResult(
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

    def counts(self, kept: str) -> list[Counts]:
        """Count the rows of each source, those of earlier nights among them; ``kept`` is a relation of the rows let in."""
        return self.con.execute(
            f"""
            with routed as (select _source, count(*) as n from input.{quoted(str(self.contract.input))} group by _source),
                kept as (select _source, count(*) as n from {kept} group by _source),
                twice as (
                    select _source, count(*) as n
                    from (
                        select _source from {self.duplicates}
                        union all select source from quarantine.duplicates where {self._earlier}
                    )
                    group by _source
                ),
                rejected as (
                    select _source, count(*) as n
                    from (
                        select _source from {self.rejects}
                        union all select source from quarantine.rows where {self._earlier}
                    )
                    group by _source
                )
            select _source, coalesce(routed.n, 0), coalesce(kept.n, 0), coalesce(twice.n, 0), coalesce(rejected.n, 0)
            from routed full join kept using (_source) full join twice using (_source) full join rejected using (_source)
            order by _source
            """
        ).fetchall()

    def keep(self, run_id: str) -> None:
        """Within the transaction: have quarantine hold what was taken out."""
        quarantine(self.con, self.contract.name, self.rejects, run_id, self.leaves)
        name = literal(self.contract.name)
        differs = "_disagreeing is not null" if self.contract.copies_share else "null"
        self.con.execute(f"delete from quarantine.duplicates where table_name = {name} and ({self.leaves})")
        self.con.execute(
            f"insert into quarantine.duplicates by name select {name} as table_name, _source as source, _file as file,"
            f" _row as row_number, _load_id as load_id, key, {differs} as differs from {self.duplicates}"
        )


def quarantine(connection: duckdb.DuckDBPyConnection, table: str, rejects: str, run_id: str, leaves: str) -> None:
    """Replace what a table has in quarantine by its present rejects, with the rows as they arrived.

    Parameters
    ----------
    rejects
        A relation of ``_source, _load_id, _file, _row, reasons, key``.
    leaves
        The condition on the rows of quarantine that are replaced; the others stay.
    """
    connection.execute(f"delete from quarantine.rows where table_name = ? and ({leaves})", [table])
    for (source,) in connection.execute(f"select distinct _source from {rejects} order by _source").fetchall():
        raw = f"raw.{quoted(source)}"
        own = [name for name in columns_of(connection, raw) if name not in (*PROVENANCE, "_problem", "_line")]
        arrived = ", ".join(f"{literal(name)}: raw.{quoted(name)}" for name in own)
        connection.execute(
            f"""
            insert into quarantine.rows by name
            select ? as table_name, _source as source, rejected._file as file, _row as row_number, _load_id as load_id, reasons,
                case when _line is null then to_json({{{arrived}}}) else to_json({{'_line': _line}}) end as original,
                ? as run_id, ? as quarantined_at, key
            from {rejects} as rejected join {raw} as raw using (_load_id, _row)
            where _source = ?
            order by _load_id, _row
            """,
            [table, run_id, now(), source],
        )


def _told(rule: Rule) -> str:
    """When a broken rule is a reason of its own: a value that could not be read is not missing as well."""
    if rule.kind != "not_null":
        return rule.breaks
    return f"{rule.breaks} and not contains('; ' || coalesce(_reasons, ''), {literal(f'; {rule.column}: ')})"
