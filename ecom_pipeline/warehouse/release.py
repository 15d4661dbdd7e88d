"""Releases: what BI tools read, published as one unit or not at all.

A release is a folder: ``release.duckdb`` (one file, no torn reads; stays on its snapshot while it is open), ``parquet/``
and ``manifest.json``. ``current`` is a symbolic link that is replaced in one step, so that publishing and rolling back
cost the same at any size. ``views.duckdb`` beside it always shows the current release's Parquet; it may tear for
milliseconds while one is published, seen by ``_release_id``. The files are written in the storage version that DuckDB 1.4
still reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.warehouse.connection import WarehouseError
from ecom_pipeline.warehouse.describe import describe
from ecom_pipeline.warehouse.journal import now
from ecom_pipeline.warehouse.names import literal, quoted

PUBLISHED = ("marts", "models", "ops")
STORAGE_VERSION = "v1.2.0"


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
    moment = now()
    release_id = f"{moment:%Y%m%dT%H%M%S.%f}Z"
    building = folder / f".building-{release_id}"
    try:
        for leftover in folder.glob(".building-*"):
            shutil.rmtree(leftover)
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
        _verify(building, tables)
        os.rename(building, folder / release_id)
        _point(folder, release_id)
        _write_views(published, folder)
    except (OSError, duckdb.Error) as error:
        shutil.rmtree(building, ignore_errors=True)
        raise ReleaseError(f"{folder}: release {release_id} was not published: {error}") from error
    _prune(folder, keep)
    return release


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


def _write_views(contracts: list[Contract], folder: Path) -> None:
    """Put a file of views over the current release's Parquet beside the releases, in place of the last."""
    fresh = folder / ".views.duckdb"
    fresh.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(fresh))} as release (storage_version '{STORAGE_VERSION}')")
        for contract in contracts:
            view = f"release.{contract.schema_name}.{quoted(contract.table)}"
            file = literal(str(folder.resolve() / "current" / "parquet" / f"{contract.name}.parquet"))
            connection.execute(f"create schema if not exists release.{contract.schema_name}")
            connection.execute(f"create view {view} as from read_parquet({file})")
            connection.execute(f"comment on view {view} is {literal(contract.description)}")
        connection.execute("detach release")
    os.replace(fresh, folder / "views.duckdb")


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


def _point(folder: Path, release_id: str) -> None:
    link = folder / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(release_id, target_is_directory=True)
    os.replace(link, folder / "current")


def _prune(folder: Path, keep: int) -> None:
    now_current = current_id(folder)
    for old in sorted(list_ids(folder), reverse=True)[keep:]:
        if old != now_current:
            shutil.rmtree(folder / old)


def list_ids(folder: Path) -> list[str]:
    """Ids of the kept releases, oldest first."""
    return sorted(path.parent.name for path in folder.glob("[!.]*/manifest.json") if not path.parent.is_symlink())


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
    _point(folder, release_id)
    return release


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
