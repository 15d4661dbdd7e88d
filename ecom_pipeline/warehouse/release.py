"""Releases: what BI tools read, published as one unit or not at all.

A release is a folder: ``release.duckdb``, ``parquet/``, ``views.duckdb`` with views over that Parquet, files for other
tools, and ``manifest.json``. ``current`` is a symbolic link that is replaced in one step, so that publishing and rolling back cost
the same at any size; ``views.duckdb`` beside it leads to the current one. Whoever opens one of the files reads one whole
release until it is opened again. They are written in the storage version that DuckDB 1.4 still reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import duckdb

from ecom_pipeline.contracts import Contract
from ecom_pipeline.sql import file_literal, literal, quoted
from ecom_pipeline.warehouse.connection import transaction
from ecom_pipeline.warehouse.describe import describe
from ecom_pipeline.warehouse.journal import now
from ecom_pipeline.warehouse.names import content_of, count

PUBLISHED = ("marts", "models", "ops")
STORAGE_VERSION = "v1.2.0"
ID = "%Y%m%dT%H%M%S.%fZ"
IDS = f"{'[0-9]' * 8}T{'[0-9]' * 6}.{'[0-9]' * 6}Z"


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
    exports: Mapping[str, str] = MappingProxyType({}),
) -> Release:
    """Write a release beside the others and make it the current one.

    Parameters
    ----------
    exports
        CSV files beside the tables: path in the release to the SELECT of its rows.

    Raises
    ------
    ReleaseError
        It could not be written whole; the current release stays as it was.
    """
    moment, replaced = now(), current_id(folder)
    release_id = _next_id(folder, moment)
    building, unpublished = folder / release_id, folder / ".publishing"
    try:
        _clear(folder)
        (building / "parquet").mkdir(parents=True)
        unpublished.symlink_to(release_id, target_is_directory=True)
        published = [contract for contract in contracts if contract.schema_name in PUBLISHED]
        tables = _write_tables(connection, published, building, release_id)
        _write_exports(connection, exports, building)
        _write_views(connection, published, building)
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
        _verify(connection, building, tables)
        if not (folder / "views.duckdb").is_symlink():
            _link(folder / "views.duckdb", "current/views.duckdb")
        _sync([*building.rglob("*"), building, folder])
        os.replace(unpublished, folder / "current")
        _sync([folder])
    except (OSError, duckdb.Error) as error:
        with suppress(OSError):
            _clear(folder)
        raise ReleaseError(f"{folder}: release {release_id} was not published: {error}") from error
    try:
        _prune(folder, keep, replaced)
    except OSError as error:
        raise ReleaseError(f"{folder}: release {release_id} is published; an older one cannot go: {error}") from error
    return release


def _next_id(folder: Path, moment: datetime) -> str:
    """The moment as an id, or the first id after the newest release where the clock was set back since."""
    newest = [datetime.strptime(one, ID) + timedelta(microseconds=1) for one in list_ids(folder)[-1:]]
    return max([moment, *newest]).strftime(ID)


def _clear(folder: Path) -> None:
    """Remove what is no release: one that a killed run did not make current, one whose removal did not end."""
    unpublished = folder / ".publishing"
    if unpublished.is_symlink():
        (unpublished / "manifest.json").unlink(missing_ok=True)
        unpublished.unlink()
    for path in folder.glob(IDS):
        if path.name != current_id(folder) and not (path / "manifest.json").exists():
            shutil.rmtree(path)


def _write_tables(
    connection: duckdb.DuckDBPyConnection, contracts: list[Contract], building: Path, release_id: str
) -> list[PublishedTable]:
    tables = []
    with _attached(connection, building / "release.duckdb", f"storage_version '{STORAGE_VERSION}'"):
        for contract in contracts:
            source = f"{contract.schema_name}.{quoted(contract.table)}"
            target = f"release.{source}"
            columns = ", ".join(quoted(name) for name in contract.types)
            order = f" order by {', '.join(quoted(name) for name in contract.key)}" if contract.key else ""
            select = f"select {columns}, {literal(release_id)} as _release_id from {source}{order}"
            with transaction(connection):
                connection.execute(f"create schema if not exists release.{contract.schema_name}")
                connection.execute(f"create table {target} as {select}")
                _describe(connection, contract, target, "table")
            file = literal(str(building / "parquet" / f"{contract.name}.parquet"))
            connection.execute(f"copy (from {target}) to {file} (format parquet, compression zstd)")
            rows, digest = content_of(connection, f"(select {columns} from {source})")
            tables.append(PublishedTable(name=contract.name, rows=rows, digest=digest))
    return tables


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, file: Path, options: str) -> Iterator[None]:
    """Have the file beside the warehouse, as ``release``: to start another DuckDB for it takes forty times as long."""
    connection.execute(f"attach {literal(str(file))} as release ({options})")
    try:
        yield
    finally:
        connection.execute("detach release")


def _describe(connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str, kind: str) -> None:
    describe(connection, contract, catalog="release", kind=kind)
    connection.execute(f"comment on column {relation}._release_id is 'The release the row was published in.'")


def _write_exports(connection: duckdb.DuckDBPyConnection, exports: Mapping[str, str], building: Path) -> None:
    for name, select in exports.items():
        file = building / name
        file.parent.mkdir(exist_ok=True)
        connection.execute(f"copy ({select}) to {literal(str(file))} (format csv, header)")


def _write_views(connection: duckdb.DuckDBPyConnection, contracts: list[Contract], building: Path) -> None:
    """Put a file of views over the Parquet into the release.

    They name the release, not ``current``: a query opens a Parquet file several times, and would fail or mix two
    releases where the link is replaced in between.
    """
    with _attached(connection, building / "views.duckdb", f"storage_version '{STORAGE_VERSION}'"):
        for contract in contracts:
            view = f"release.{contract.schema_name}.{quoted(contract.table)}"
            file = file_literal(building.resolve() / "parquet" / f"{contract.name}.parquet")
            connection.execute(f"create schema if not exists release.{contract.schema_name}")
            connection.execute(f"create view {view} as from read_parquet({file})")
            _describe(connection, contract, view, "view")


def _verify(connection: duckdb.DuckDBPyConnection, building: Path, tables: list[PublishedTable]) -> None:
    with _attached(connection, building / "release.duckdb", "read_only"):
        for table in tables:
            schema, name = table.name.split(".", 1)
            found = count(connection, f"release.{schema}.{quoted(name)}")
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


def _sync(paths: Iterable[Path]) -> None:
    """Bring files and folders to the disk, before a link says that they are there."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _prune(folder: Path, keep: int, replaced: str | None) -> None:
    """Remove old releases; the one that was just replaced stays for those who are about to open it."""
    for old in list_ids(folder)[:-keep]:
        if old not in (current_id(folder), replaced):
            (folder / old / "manifest.json").unlink()
    _clear(folder)


def list_ids(folder: Path) -> list[str]:
    """Ids of the kept releases, oldest first."""
    unpublished = folder / ".publishing"
    unfinished = os.readlink(unpublished) if unpublished.is_symlink() else None
    ids = (path.parent.name for path in folder.glob(f"{IDS}/manifest.json"))
    return sorted(one for one in ids if one != unfinished)


def current_id(folder: Path) -> str | None:
    """The id of the release that ``current`` names, or None before the first."""
    link = folder / "current"
    return os.readlink(link) if link.is_symlink() else None


def show(folder: Path, release_id: str | None = None) -> Release:
    """The manifest of a release, the current one by default.

    Raises
    ------
    ReleaseError
        There is no such release, which names those that exist; or its manifest says what this version cannot read.
    """
    wanted = release_id or current_id(folder)
    if wanted is None:
        raise ReleaseError(f"{folder}: nothing has been published yet")
    if wanted not in list_ids(folder):
        raise ReleaseError(f"{folder}: there is no release {wanted}; kept are {', '.join(list_ids(folder)) or 'none'}")
    try:
        content = json.loads((folder / wanted / "manifest.json").read_text())
        return Release(**(content | {"tables": [PublishedTable(**table) for table in content["tables"]]}))
    except (ValueError, TypeError, KeyError) as error:
        raise ReleaseError(f"{folder / wanted}: this version cannot read its manifest.json: {error}") from error


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
    _sync([folder])
    return release
