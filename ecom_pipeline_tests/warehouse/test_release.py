from __future__ import annotations

import os
from datetime import datetime
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
    lists = {"lists/dear.csv": "select product_id, price from marts.products where price > 1 order by product_id"}
    return releases.publish(con, [mart], folder, run_id="r", shop="s", keep=keep, exports=lists)


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
    for file, kind in (("release", "tables"), ("views", "views")):
        with duckdb.connect(str(tmp_path / f"releases/current/{file}.duckdb"), read_only=True) as reader:
            described = f"select comment from duckdb_{kind}() where schema_name = 'marts'"
            assert reader.execute(described).fetchall() == [("One row per product.",)]
            columns = (
                "select column_name, comment from duckdb_columns() where schema_name = 'marts' order by column_index"
            )
            assert reader.execute(columns).fetchall() == [
                ("product_id", "The product's id."),
                ("price", "Price, in the shop's currency."),
                ("_release_id", "The release the row was published in."),
            ]


def test_files_for_other_tools_come_and_go_with_their_release(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    fill(con, "('a', 1), ('c', 3), ('b', 2)")
    first = publish(con, mart, tmp_path)
    file = tmp_path / "current" / "lists" / "dear.csv"
    assert file.read_text("utf-8") == "product_id,price\nb,2.00\nc,3.00\n"
    fill(con, "('a', 1)")
    publish(con, mart, tmp_path)
    assert file.read_text("utf-8") == "product_id,price\n"
    releases.rollback(tmp_path, first.release_id)
    assert file.read_text("utf-8").endswith("c,3.00\n")


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
    (tmp_path / ".current").symlink_to("what a run that was killed was about to put in place")
    assert releases.rollback(tmp_path).release_id == first.release_id
    assert [row[0] for row in read(tmp_path / "current/release.duckdb")] == ["a", "b"]
    with pytest.raises(releases.ReleaseError, match="no release before"):
        releases.rollback(tmp_path)
    with pytest.raises(releases.ReleaseError, match=second.release_id):
        releases.rollback(tmp_path, "nonsense")


@pytest.mark.parametrize("manifest", ["{", "{}", '{"tables": [], "of_a_later_version": 1}'])
def test_a_manifest_that_cannot_be_read_is_told(
    manifest: str, con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    fill(con, "('a', 1)")
    release_id = publish(con, mart, tmp_path).release_id
    (tmp_path / release_id / "manifest.json").write_text(manifest)
    with pytest.raises(releases.ReleaseError, match=rf"{release_id}: this version cannot read its manifest\.json"):
        releases.show(tmp_path)


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
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.release_id, "current", "views.duckdb", "work"]
    assert publish(con, mart, tmp_path).digest == first.digest


def test_the_newest_release_is_the_last_one_published_whatever_the_clock_says(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(con, "('a', 1)")
    made = []
    for day in (20, 19, 21, 1, 1, 1):
        monkeypatch.setattr(releases, "now", lambda day=day: datetime(2026, 1, day))
        made.append(publish(con, mart, tmp_path, keep=3).release_id)
    assert made == sorted(set(made))
    assert releases.list_ids(tmp_path) == made[-3:]
    assert releases.current_id(tmp_path) == made[-1]
    assert releases.show(tmp_path).published_at == "2026-01-01T00:00:00"
    assert releases.rollback(tmp_path).release_id == made[-2]


def test_the_release_that_was_just_replaced_stays_for_those_about_to_open_it(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    fill(con, "('a', 1)")
    made = [publish(con, mart, tmp_path).release_id for _ in range(3)]
    releases.rollback(tmp_path, made[0])
    made.append(publish(con, mart, tmp_path, keep=1).release_id)
    assert releases.list_ids(tmp_path) == [made[0], made[3]]
    made.append(publish(con, mart, tmp_path, keep=1).release_id)
    assert releases.list_ids(tmp_path) == made[3:]


@pytest.mark.parametrize("step", ["mkdir", "_write_tables", "_write_views", "_sync", "symlink_to", "replace"])
def test_a_publication_that_is_killed_is_no_release_and_leaves_nothing(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    folder = tmp_path / "releases"
    fill(con, "('a', 1)")
    first = publish(con, mart, folder)
    owner = Path if step in ("mkdir", "symlink_to") else os if step == "replace" else releases

    def kill(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, kill)
        with pytest.raises(KeyboardInterrupt):
            publish(con, mart, folder)
    assert releases.list_ids(folder) == [first.release_id]
    assert read(folder / "views.duckdb") == [("a", first.release_id)]
    fill(con, "('b', 1)")
    second = publish(con, mart, folder)
    assert {path.name for path in folder.iterdir()} == {first.release_id, second.release_id, "current", "views.duckdb"}
    assert read(folder / "views.duckdb") == read(folder / "current/release.duckdb") == [("b", second.release_id)]
    assert releases.rollback(folder).release_id == first.release_id
    assert read(folder / "views.duckdb") == [("a", first.release_id)]


def test_a_removal_that_is_killed_is_ended_by_the_next_publication(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "releases"
    fill(con, "('a', 1)")
    made = [publish(con, mart, folder, keep=2).release_id for _ in range(2)]
    clear, calls = releases._clear, iter([releases._clear])
    monkeypatch.setattr(releases, "_clear", lambda path: next(calls)(path))
    with pytest.raises(StopIteration):
        publish(con, mart, folder, keep=2)
    assert (folder / made[0]).exists()
    assert made[0] not in releases.list_ids(folder)
    monkeypatch.setattr(releases, "_clear", clear)
    publish(con, mart, folder, keep=2)
    assert not (folder / made[0]).exists()
