"""What must be true of a release and of a work folder, whatever happened to the runs before."""

from __future__ import annotations

from pathlib import Path

import duckdb

from ecom_pipeline.warehouse import release as releases


def assert_whole(folder: Path) -> None:
    """Both files show every table of the current release as its manifest describes it."""
    manifest = releases.show(folder)
    for file in (folder / "current" / "release.duckdb", folder / "views.duckdb"):
        with duckdb.connect(str(file), read_only=True) as con:
            for table in manifest.tables:
                found = con.execute(
                    "select count(*), coalesce(sum(hash(one)::hugeint), 0)::varchar, any_value(_release_id)"
                    f" from (select * exclude (_release_id) from {table.name}) as one, (select _release_id from"
                    f" {table.name} limit 1)"
                ).fetchall()
                assert found in (
                    [(table.rows, table.digest, manifest.release_id)],
                    [(0, "0", None)] if table.rows == 0 else [],
                ), f"{file}: {table.name}"


def assert_nothing_left(work: Path, published: Path) -> None:
    """What a killed run was building is gone, in the warehouse and in both folders."""
    with duckdb.connect(str(work / "warehouse.duckdb"), read_only=True) as con:
        assert (
            con.execute(
                "select schema_name, table_name from duckdb_tables() where schema_name = 'staging'"
                " or ends_with(table_name, '__next')"
            ).fetchall()
            == []
        )
        assert con.execute("select count(*) from journal.runs where status = 'running'").fetchall() == [(0,)]
    assert {path.name for path in work.iterdir()} - {"tmp"} == {"lock", "warehouse.duckdb"}
    assert not list(work.glob("tmp/*"))
    kept = releases.list_ids(published)
    assert {path.name for path in published.iterdir()} == {*kept, "current", "views.duckdb"}


def assert_loaded_once(work: Path) -> None:
    """Raw holds every row that the ledger says was read, once, and no other."""
    with duckdb.connect(str(work / "warehouse.duckdb"), read_only=True) as con:
        sources = con.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
        for (source,) in sources:
            assert (
                con.execute(
                    f"select _file, _load_id, count(*), count(distinct _row) from raw.{source} group by all order by all"
                ).fetchall()
                == con.execute(
                    "select file, load_id, rows, rows from journal.loads"
                    " where source = ? and superseded_by is null and rows > 0 order by all",
                    [source],
                ).fetchall()
            ), source
