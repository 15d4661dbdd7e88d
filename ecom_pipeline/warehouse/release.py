"""Releases: what BI tools read, published as one unit or not at all.

A release is a folder: ``release.duckdb`` (one file, no torn reads; stays on its snapshot while it is open), ``parquet/``,
``manifest.json`` and ``views.duckdb`` with the links that its views read through. ``current`` is a symbolic link that is
replaced in one step, so that publishing and rolling back cost the same at any size. ``views.duckdb`` beside it is a link
too: its views show the current release's Parquet also to those who keep it open; two tables may for milliseconds come
from different releases, seen by ``_release_id`` (docs/decisions/0004-releases-are-files-in-an-old-storage-version.md).
The files are written in the storage version that DuckDB 1.4 still reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.warehouse.connection import WarehouseError
from ecom_pipeline.warehouse.describe import describe
from ecom_pipeline.warehouse.journal import now
from ecom_pipeline.warehouse.write import literal, quoted

PUBLISHED = ("marts", "models", "ops")
STORAGE_VERSION = "v1.2.0"
ID = "%Y%m%dT%H%M%S.%fZ"
IDS = f"{'[0-9]' * 8}T{'[0-9]' * 6}.{'[0-9]' * 6}Z"
NEWEST_FIRST = str.maketrans("0123456789", "9876543210")


class ReleaseError(RuntimeError):
    """A release that does not exist or cannot be written: says which and why."""


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """A table of a release: its rows, and a digest of their content that does not depend on their order."""

    name: str
    rows: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """What ``manifest.json`` says. ``digest`` covers marts and models, not the history of runs in ops."""

    release_id: str
    run_id: str
    shop: str
    published_at: str
    digest: str
    tables: list[PublishedTable] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class TableDifference:
    """How a table moved from one release to the next, by its key where it has one."""

    table: str
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int


def publish(
    connection: duckdb.DuckDBPyConnection,
    contracts: Iterable[Contract],
    folder: Path,
    *,
    run_id: str,
    shop: str,
    keep: int,
) -> Release:
    """Write a release beside the others and make it the current one.

    Raises
    ------
    ReleaseError
        It could not be written whole; the current release stays as it was.
    """
    moment, replaced = now(), current_id(folder)
    release_id = _next_id(folder, moment)
    building = folder / f".building-{release_id}"
    try:
        _clear(folder)
        (building / "parquet").mkdir(parents=True)
        published = [contract for contract in contracts if contract.schema_name in PUBLISHED]
        tables = _write_tables(connection, published, building, release_id)
        digest = _digest_of(table for table in tables if not table.name.startswith("ops."))
        release = Release(
            release_id=release_id,
            run_id=run_id,
            shop=shop,
            published_at=moment.isoformat(),
            digest=digest,
            tables=tables,
        )
        (building / "manifest.json").write_text(json.dumps(asdict(release), indent=1) + "\n")
        _write_views(published, folder, building, release_id)
        _verify(building, tables)
        _sync(building)
        (folder / ".publishing").symlink_to(release_id, target_is_directory=True)
        os.rename(building, folder / release_id)
        _sync_one(folder)
        os.replace(folder / ".publishing", folder / "current")
        if not (folder / "views.duckdb").is_symlink():
            _link(folder / "views.duckdb", "current/views.duckdb")
        _sync_one(folder)
    except (OSError, duckdb.Error) as error:
        with suppress(OSError):
            _clear(folder)
        raise ReleaseError(f"{folder}: release {release_id} was not published: {error}") from error
    try:
        _prune(folder, keep, replaced)
    except OSError as error:
        raise ReleaseError(
            f"{folder}: release {release_id} is published, but an older one cannot be removed: {error}"
        ) from error
    return release


def _next_id(folder: Path, moment: datetime) -> str:
    """The moment as an id, or the first id after the newest release where the clock was set back since."""
    newest = [datetime.strptime(one, ID) + timedelta(microseconds=1) for one in list_ids(folder)[-1:]]
    return max([moment, *newest]).strftime(ID)


def _clear(folder: Path) -> None:
    """Remove what a publication that did not come to its end has left, and what was being removed."""
    link = folder / ".publishing"
    if link.is_symlink():
        if (never_current := os.readlink(link)) != current_id(folder):
            shutil.rmtree(folder / never_current, ignore_errors=True)
        link.unlink()
    for leftover in (*folder.glob(".building-*"), *folder.glob(".removing-*")):
        shutil.rmtree(leftover)


def _write_tables(
    connection: duckdb.DuckDBPyConnection, contracts: list[Contract], building: Path, release_id: str
) -> list[PublishedTable]:
    connection.execute(
        f"attach {literal(str(building / 'release.duckdb'))} as release (storage_version '{STORAGE_VERSION}')"
    )
    try:
        tables = []
        for contract in contracts:
            source, table = f"{contract.schema_name}.{quoted(contract.table)}", quoted(contract.table)
            columns = ", ".join(quoted(name) for name in contract.types)
            order = f" order by {', '.join(quoted(name) for name in contract.key)}" if contract.key else ""
            rows = f"select {columns}, {literal(release_id)} as _release_id from {source}{order}"
            connection.execute(f"create schema if not exists release.{contract.schema_name}")
            connection.execute(f"create table release.{contract.schema_name}.{table} as {rows}")
            describe(connection, contract, catalog="release")
            connection.execute(
                f"comment on column release.{contract.schema_name}.{table}._release_id is 'The release the row was published in.'"
            )
            file = literal(str(building / "parquet" / f"{contract.name}.parquet"))
            connection.execute(
                f"copy (from release.{contract.schema_name}.{table}) to {file} (format parquet, compression zstd)"
            )
            count, digest = connection.execute(
                f"select count(*), coalesce(sum(hash(one)::hugeint), 0)::varchar from (select {columns} from {source}) as one"
            ).fetchall()[0]
            tables.append(PublishedTable(name=contract.name, rows=count, digest=digest))
        return tables
    finally:
        connection.execute("detach release")


def _write_views(contracts: list[Contract], folder: Path, building: Path, release_id: str) -> None:
    """Put a file of views over the current release's Parquet into the release.

    A reader opens a Parquet file several times in one query. It finds the file through ``current/recent``, where the
    releases before this one are linked too: a query that began before this one was published ends with the files it
    began with. The newest sorts first, and only that one is shown. The variable stands for ``current`` while the views
    are made, since DuckDB looks at the files then.
    """
    recent = building / "recent"
    recent.mkdir()
    (recent / release_id.translate(NEWEST_FIRST)).symlink_to("../parquet", target_is_directory=True)
    for before in {*list_ids(folder)[-2:], *filter(None, [current_id(folder)])}:
        (recent / before.translate(NEWEST_FIRST)).symlink_to(f"../../{before}/parquet", target_is_directory=True)
    with duckdb.connect() as connection:
        file = literal(str(building / "views.duckdb"))
        connection.execute(f"attach {file} as release (storage_version '{STORAGE_VERSION}')")
        connection.execute(f"set variable release = {literal(str(building.resolve()))}")
        current = f"coalesce(getvariable('release'), {literal(str(folder.resolve() / 'current'))})"
        for contract in contracts:
            view = f"release.{contract.schema_name}.{quoted(contract.table)}"
            files = f"{current} || {literal(f'/recent/*/{contract.name}.parquet')}"
            columns = ", ".join(f"{quoted(name)}::{kind} as {quoted(name)}" for name, kind in contract.types.items())
            connection.execute(f"create schema if not exists release.{contract.schema_name}")
            connection.execute(
                f"create view {view} as select {columns}, _release_id"
                f" from read_parquet({files}, union_by_name = true) where file_index = 0"
            )
            connection.execute(f"comment on view {view} is {literal(contract.description)}")
        connection.execute("detach release")


def _verify(building: Path, tables: list[PublishedTable]) -> None:
    with duckdb.connect(str(building / "release.duckdb"), read_only=True) as connection:
        for table in tables:
            schema, name = table.name.split(".", 1)
            found = connection.execute(f"select count(*) from {schema}.{quoted(name)}").fetchall()[0][0]
            if found != table.rows:
                raise OSError(f"{table.name}: {found} rows were written of {table.rows}")


def _digest_of(tables: Iterable[PublishedTable]) -> str:
    text = "\n".join(f"{table.name} {table.rows} {table.digest}" for table in sorted(tables, key=lambda one: one.name))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _link(path: Path, target: str) -> None:
    """Make the path a link to the target, in one step."""
    fresh = path.with_name(f".{path.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, path)


def _sync(folder: Path) -> None:
    """Bring everything below a folder to the disk, before a link says that it is there."""
    for path, _, files in os.walk(folder):
        for name in files:
            _sync_one(Path(path, name))
        _sync_one(Path(path))


def _sync_one(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(folder: Path, keep: int, replaced: str | None) -> None:
    """Remove old releases; the one that was just replaced stays for those who are about to open it."""
    for old in list_ids(folder)[:-keep]:
        if old not in (current_id(folder), replaced):
            removing = folder / f".removing-{old}"
            os.rename(folder / old, removing)
            shutil.rmtree(removing)


def list_ids(folder: Path) -> list[str]:
    """Ids of the kept releases, oldest first."""
    return sorted(path.parent.name for path in folder.glob(f"{IDS}/manifest.json"))


def current_id(folder: Path) -> str | None:
    """The id of the release that ``current`` names, or None before the first."""
    link = folder / "current"
    return os.readlink(link) if link.is_symlink() else None


def show(folder: Path, release_id: str | None = None) -> Release:
    """The manifest of a release, the current one by default.

    Raises
    ------
    ReleaseError
        There is no such release; names those that exist.
    """
    wanted = release_id or current_id(folder)
    if wanted is None:
        raise ReleaseError(f"{folder}: nothing has been published yet")
    if wanted not in list_ids(folder):
        raise ReleaseError(f"{folder}: there is no release {wanted}; kept are {', '.join(list_ids(folder)) or 'none'}")
    content = json.loads((folder / wanted / "manifest.json").read_text())
    return Release(**(content | {"tables": [PublishedTable(**table) for table in content["tables"]]}))


def rollback(folder: Path, release_id: str | None = None) -> Release:
    """Make a kept release the current one: the one before the current by default.

    Raises
    ------
    ReleaseError
        There is no such release.
    """
    if release_id is None:
        earlier = [one for one in list_ids(folder) if one < (current_id(folder) or "")]
        if not earlier:
            raise ReleaseError(f"{folder}: there is no release before the current one")
        release_id = earlier[-1]
    release = show(folder, release_id)
    _link(folder / "current", release_id)
    _sync_one(folder)
    return release


def difference(folder: Path, before: str, after: str, contracts: Mapping[str, Contract]) -> list[TableDifference]:
    """What changed between two releases, table by table.

    Raises
    ------
    ReleaseError
        One of them does not exist.
    """
    first, second = show(folder, before), show(folder, after)
    names = sorted({table.name for table in (*first.tables, *second.tables)} & set(contracts))
    with duckdb.connect() as connection:
        for alias, release in (("before", first), ("after", second)):
            connection.execute(
                f"attach {literal(str(folder / release.release_id / 'release.duckdb'))} as {quoted(alias)} (read_only)"
            )
        return [_table_difference(connection, contracts[name]) for name in names]


def _table_difference(connection: duckdb.DuckDBPyConnection, contract: Contract) -> TableDifference:
    existing = {
        row[0]
        for row in connection.execute(
            "select database_name from duckdb_tables() where schema_name = ? and table_name = ?",
            [contract.schema_name, contract.table],
        ).fetchall()
    }
    columns = ", ".join(quoted(name) for name in contract.types)
    one, two = (
        f"select {columns} from {quoted(side)}.{contract.schema_name}.{quoted(contract.table)}"
        if side in existing
        else f"select {', '.join(f'null::{kind} as {quoted(name)}' for name, kind in contract.types.items())} where false"
        for side in ("before", "after")
    )
    key = ", ".join(quoted(name) for name in contract.key) or columns
    rows_before, rows_after, gone, come, moved = connection.execute(
        f"""
        with before as ({one}), after as ({two}),
            gone as (from before except all from after), come as (from after except all from before),
            moved as (select {key} from gone intersect all select {key} from come)
        select (select count(*) from before), (select count(*) from after),
            (select count(*) from gone), (select count(*) from come), (select count(*) from moved)
        """
    ).fetchall()[0]
    return TableDifference(
        table=contract.name,
        rows_before=rows_before,
        rows_after=rows_after,
        added=come - moved,
        removed=gone - moved,
        changed=moved,
    )


def require_writable(folder: Path) -> None:
    """Fail before a run starts where its release could not be written.

    Raises
    ------
    WarehouseError
        The folder cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(f"{folder}: cannot be written: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise WarehouseError(f"{folder}: cannot be written: permission denied")
