from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.contracts import Contract
from ecom_pipeline.warehouse import release as releases


def fill(con: duckdb.DuckDBPyConnection, values: str) -> None:
    con.execute(
        f"create or replace table marts.products as select id as product_id, price::decimal(18,2) as price from (values {values}) t(id, price)"
    )


def publish(con: duckdb.DuckDBPyConnection, mart: Contract, folder: Path, keep: int = 3) -> releases.Release:
    return releases.publish(con, [mart], folder, run_id="r", shop="s", keep=keep)


def read(path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as reader:
        return reader.execute("select product_id, _release_id from marts.products order by 1").fetchall()


def test_both_files_show_the_release_and_its_comments(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    fill(con, "('a', 1), ('b', 2)")
    done = publish(con, mart, tmp_path / "releases")
    expected = [("a", done.release_id), ("b", done.release_id)]
    assert read(tmp_path / "releases/current/release.duckdb") == expected
    assert read(tmp_path / "releases/views.duckdb") == expected
    with duckdb.connect(str(tmp_path / "releases/current/release.duckdb"), read_only=True) as reader:
        assert reader.execute("select comment from duckdb_tables()").fetchall() == [("One row per product.",)]
        assert reader.execute(
            "select count(*) from duckdb_columns() where comment is null and schema_name = 'marts'"
        ).fetchall() == [(0,)]


def test_the_same_content_has_the_same_digest_whatever_the_order(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    fill(con, "('a', 1), ('b', 2)")
    first = publish(con, mart, tmp_path)
    fill(con, "('b', 2), ('a', 1)")
    assert publish(con, mart, tmp_path).digest == first.digest
    fill(con, "('b', 2), ('a', 1.01)")
    assert publish(con, mart, tmp_path).digest != first.digest


def test_an_open_reader_keeps_its_release_and_a_new_one_sees_the_next(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    fill(con, "('a', 1)")
    publish(con, mart, tmp_path)
    with duckdb.connect(str((tmp_path / "current/release.duckdb").resolve()), read_only=True) as reader:
        fill(con, "('z', 1)")
        publish(con, mart, tmp_path)
        assert reader.execute("select product_id from marts.products").fetchall() == [("a",)]
    assert read(tmp_path / "current/release.duckdb")[0][0] == "z"


def test_rollback_makes_an_earlier_release_current(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    fill(con, "('a', 1), ('b', 2)")
    first = publish(con, mart, tmp_path)
    fill(con, "('b', 3), ('c', 4)")
    second = publish(con, mart, tmp_path)
    assert releases.rollback(tmp_path).release_id == first.release_id
    assert [row[0] for row in read(tmp_path / "current/release.duckdb")] == ["a", "b"]
    with pytest.raises(releases.ReleaseError, match="no release before"):
        releases.rollback(tmp_path)
    with pytest.raises(releases.ReleaseError, match=second.release_id):
        releases.rollback(tmp_path, "nonsense")


def test_only_the_last_releases_are_kept_but_never_the_current_one_removed(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    fill(con, "('a', 1)")
    made = [publish(con, mart, tmp_path, keep=2).release_id for _ in range(4)]
    assert releases.list_ids(tmp_path) == made[-2:]
    assert releases.current_id(tmp_path) == made[-1]


def test_a_release_that_cannot_be_written_leaves_the_current_one(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    fill(con, "('a', 1)")
    first = publish(con, mart, tmp_path)
    absent = mart.model_copy(update={"table": "never_built"})
    with pytest.raises(releases.ReleaseError, match="never_built"):
        releases.publish(con, [mart, absent], tmp_path, run_id="r", shop="s", keep=3)
    assert releases.current_id(tmp_path) == first.release_id
    assert releases.list_ids(tmp_path) == [first.release_id]
    assert not list(tmp_path.glob(".building-*"))
    assert publish(con, mart, tmp_path).digest == first.digest
