"""What every table was built from: the memory that lets a night build only what changed.

A version is an opaque text that is another one when the rows of a table are. Each table remembers its own version, those
of the tables it read, and the fingerprint of everything else that decides about it: promise, SELECT, code, libraries,
``shop.yaml``. Rows that changed in this run, as they were and as they are, lie in ``staging`` until its end.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import duckdb

import ecom_pipeline
from ecom_pipeline.sql import literal, quoted

PACKAGE = "ecom_pipeline"


@dataclass(frozen=True, kw_only=True)
class Build:
    """The last successful build of a table."""

    version: str
    built_from: Mapping[str, str]
    fingerprint: str
    run_id: str


def build_of(connection: duckdb.DuckDBPyConnection, table: str) -> Build | None:
    """The last successful build of ``schema.table``, or None before the first."""
    found = connection.execute(
        "select version, built_from, fingerprint, run_id from journal.builds where table_name = ?", [table]
    ).fetchall()
    if not found:
        return None
    version, built_from, fingerprint, run_id = found[0]
    return Build(version=version, built_from=json.loads(built_from), fingerprint=fingerprint, run_id=run_id)


def versions_of(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> dict[str, str]:
    """The present version of each table; the empty text where it was never built."""
    known = dict(connection.execute("select table_name, version from journal.builds").fetchall())
    return {table: known.get(table, "") for table in tables}


def remember(connection: duckdb.DuckDBPyConnection, table: str, build: Build) -> None:
    """Put a build in the place of the last one; part of the transaction that swaps the table."""
    connection.execute("delete from journal.builds where table_name = ?", [table])
    connection.execute(
        "insert into journal.builds values (?, ?, ?, ?, ?)",
        [table, build.version, json.dumps(dict(build.built_from), sort_keys=True), build.fingerprint, build.run_id],
    )


def is_of_this_version(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the last build of a table was made by the project and the libraries that run now."""
    query = "select count(*) from journal.builds join journal.runs using (run_id) where table_name = ? and code_fingerprint = ?"
    return connection.execute(query, [table, code_fingerprint()]).fetchall() != [(0,)]


def forget_others(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Drop the tables and views of an earlier version that are none of these, and what was noted about them."""
    known = list(tables)
    for kind, schema, name in connection.execute(
        """
        select kind, schema_name, name from (
            select 'table' as kind, schema_name, table_name as name from duckdb_tables()
            union all
            select 'view', schema_name, view_name from duckdb_views()
        )
        where schema_name in (select split_part(unnest($1), '.', 1)) and schema_name || '.' || name not in (select unnest($1))
        """,
        [known],
    ).fetchall():
        connection.execute(f"drop {kind} {schema}.{quoted(name)}")
    for noted in ("journal.builds", "quarantine.rows", "quarantine.duplicates"):
        connection.execute(
            f"delete from {noted} where not starts_with(table_name, 'raw.') and table_name not in (select unnest(?))",
            [known],
        )


def changes_of(table: str) -> str:
    """The relation of the rows of ``schema.table`` that changed in this run, with ``_was`` true for those gone."""
    return f"staging.{quoted('changed__' + table.replace('.', '__'))}"


def note_changes(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Collection[str], gone: str, come: str, before: str
) -> None:
    """Keep the rows that are in one of two relations and not in the other; ``before`` is the version they change.

    No row is twice in a relation, so that an anti join finds what ``except all`` finds, in half of its time.
    """
    names = ", ".join(quoted(column) for column in columns)
    same = " and ".join(f"gone.{quoted(column)} is not distinct from come.{quoted(column)}" for column in columns)
    connection.execute(
        f"""
        create or replace table {changes_of(table)} as
        with gone as (select {names} from {gone}), come as (select {names} from {come})
        select gone.*, true as _was from gone anti join come on {same}
        union all
        select come.*, false as _was from come anti join gone on {same}
        """
    )
    connection.execute(f"comment on table {changes_of(table)} is {literal(before)}")


def changed_from(connection: duckdb.DuckDBPyConnection, table: str) -> str | None:
    """The version that the table had before this run, where the rows that changed since are known."""
    name = changes_of(table).removeprefix("staging.").strip('"')
    found = connection.execute(
        "select comment from duckdb_tables() where schema_name = 'staging' and table_name = ?", [name]
    ).fetchall()
    return found[0][0] if found else None


@cache
def code_fingerprint() -> str:
    """Of every file of this package and the version of every library it names: other code, other results.

    A library that may be lacking counts too: with it installed a model learns otherwise. What only developers need does not.
    """
    root = Path(ecom_pipeline.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".sql", ".yml", ".yaml", ".csv"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for requirement in sorted(metadata.requires(PACKAGE) or []):
        if 'extra == "dev"' not in requirement:
            name = re.split(r"[^\w.-]", requirement)[0]
            digest.update(f"{name} {_installed(name)}\n".encode())
    return digest.hexdigest()


def _installed(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""
