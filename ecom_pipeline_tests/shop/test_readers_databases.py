"""Tables of other databases arrive as exact text, in batches, and the source is never written to."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.readers import read_database
from ecom_pipeline_tests.database import in_memory
from ecom_pipeline_tests.postgres import postgres

__all__ = ["postgres"]


@pytest.fixture
def con():
    with in_memory() as connection:
        connection.execute("create schema raw").fetchall()
        yield connection


def rows(con) -> list[tuple]:
    return con.execute("select * from raw.orders order by _row").fetchall()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def sqlite_file(tmp_path):
    path = tmp_path / "the shop.db"
    with closing(sqlite3.connect(path)) as source, source:
        source.execute('create table orders (id integer primary key, "Full Name" text, price real, ID2 blob, mixed)')
        source.executemany(
            "insert into orders values (?, ?, ?, ?, ?)",
            [(2, 'O"Neil', 0.1 + 0.2, b"\xff\x00", "text"), (1, "王小明", 12.5, None, 7), (3, "", None, None, 1.0)],
        )
        source.execute("create view cheap as select * from orders where price < 1")
        source.execute(
            """create table many as
            with recursive n(i) as (select 1 union all select i + 1 from n limit 70000) select i from n"""
        )
    return path


def test_sqlite(con, sqlite_file):
    before = digest(sqlite_file)
    found = read_database(con, f"sqlite:///{sqlite_file}", "orders", "raw.orders")
    assert found.columns == ("id", "Full Name", "price", "ID2", "mixed")
    assert (found.rows, found.unreadable, found.notices) == (3, 0, ())
    assert [row[:6] for row in rows(con)] == [
        ("1", "王小明", "12.5", None, "7", 1),
        ("2", 'O"Neil', "0.30000000000000004", "FF00", "text", 2),
        ("3", None, None, None, "1.0", 3),
    ]
    assert read_database(con, f"sqlite:///{sqlite_file}", "cheap", "raw.orders").rows == 1
    assert digest(sqlite_file) == before


def test_rows_are_numbered_over_all_batches(con, sqlite_file):
    found = read_database(con, f"sqlite:///{sqlite_file}", "main.many", "raw.orders")
    assert found.rows == 70_000
    assert "no primary key" in found.notices[0]
    assert con.execute("select count(*) from raw.orders where i::bigint <> _row").fetchall() == [(0,)]


def test_sqlite_columns_that_are_null_at_first_or_throughout(con, tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as source, source:
        source.execute("create table orders (id integer primary key, note text, code text, rank integer)")
        source.executemany(
            "insert into orders values (?, ?, null, ?)",
            [(i, None if i < 1500 else "007", None if i < 1500 else i) for i in range(3000)],
        )
    assert read_database(con, f"sqlite:///{path}", "orders", "raw.orders").rows == 3000
    counted = "count(note), min(note), count(code), count(rank), max(rank)"
    assert con.execute(f"select {counted} from raw.orders").fetchall() == [(1500, "007", 0, 1500, "2999")]


def test_duckdb(con, tmp_path):
    path = tmp_path / "it's.duckdb"
    with duckdb.connect(str(path)) as source:
        source.execute(
            """create table orders as select 1 as id, 0.1::decimal(18, 4) as price,
            timestamp '2024-01-02 03:04:05' as at,
            timestamptz '2024-01-02 03:04:05+08' as tz, [1, 2] as list, {'a': 'x'} as struct, '' as empty,
            true as flag"""
        ).fetchall()
        source.execute("create schema s; create view s.v as select * from orders").fetchall()
    before = digest(path)
    con.execute("set timezone = 'America/New_York'").fetchall()
    read_database(con, f"duckdb:///{path}", "orders", "raw.orders")
    expected = ("1", "0.1000", "2024-01-02 03:04:05", "2024-01-01 19:04:05+00:00", "[1,2]", '{"a":"x"}', None, "true")
    assert rows(con) == [(*expected, 1, None, None)]
    assert read_database(con, f"duckdb:///{path}", "s.v", "raw.orders").rows == 1
    assert digest(path) == before
    assert con.execute("select count(*) from duckdb_databases() where path like '%it''s%'").fetchall() == [(0,)]


def test_a_view_of_duckdb_over_files_beside_it(con, tmp_path):
    (tmp_path / "orders.jsonl").write_text('{"id": 1, "lines": [{"sku": "a"}, {"sku": "b"}]}\n')
    with duckdb.connect(str(tmp_path / "views.duckdb"), config={"file_search_path": str(tmp_path)}) as source:
        source.execute("create view lines as select id, unnest(lines).sku as sku from read_json('orders*.jsonl')")
    read_database(con, f"duckdb:///{tmp_path / 'views.duckdb'}", "lines", "raw.orders")
    assert rows(con) == [("1", "a", 1, None, None), ("1", "b", 2, None, None)]


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_what_cannot_be_read_is_refused(con, tmp_path, sqlite_file, kind):
    with pytest.raises(InputError, match="existing database file"):
        read_database(con, f"{kind}:///{tmp_path}/absent", "orders", "raw.orders")
    assert not (tmp_path / "absent").exists()
    junk = tmp_path / "junk"
    junk.write_bytes(b"no database" * 1000)
    with pytest.raises(InputError, match="readable"):
        read_database(con, f"{kind}:///{junk}", "orders", "raw.orders")
    with pytest.raises(InputError, match="name of a table"):
        read_database(con, f"sqlite:///{sqlite_file}", "orders; drop table orders", "raw.orders")
    with pytest.raises(InputError, match="table or view that exists"):
        read_database(con, f"sqlite:///{sqlite_file}", "absent", "raw.orders")
    with pytest.raises(InputError, match="URL that starts with"):
        read_database(con, "mysql://root:secret@host/db", "orders", "raw.orders")


def test_passwords_stay_out_of_messages(con):
    with pytest.raises(InputError) as caught:
        read_database(con, "postgresql://shop:s3cret@127.0.0.1:1/db?password=s3cret", "orders", "raw.orders")
    assert "s3cret" not in str(caught.value)
    assert "shop:***@127.0.0.1" in str(caught.value)


@pytest.fixture
def shop_database(postgres):
    from adbc_driver_postgresql import dbapi

    with closing(dbapi.connect(postgres, autocommit=True)) as connection, closing(connection.cursor()) as cursor:
        for statement in (
            "drop schema if exists sales cascade",
            "create schema sales",
            """create table sales.orders (
                "Order ID" bigint primary key, amount numeric(30, 10), placed timestamptz, local timestamp, name text,
                ratio double precision, tags text[], detail jsonb, day date, raw bytea, ok boolean, ref uuid)""",
            """insert into sales.orders values
                (2, 12345678901234567890.0123456789, '2024-03-31 03:30:00+02', '2024-03-31 02:30:00.123456',
                 'O''Neil "the" \\ 王小明', 0.1::float8 + 0.2, array['a', 'b,c'], '{"k": [1, 2.50]}', '2024-02-29',
                 '\\xdeadbeef', true, '00000000-0000-0000-0000-000000000001'),
                (1, null, null, null, '', null, null, null, null, null, null, null)""",
            "create table sales.many as select i, md5(i::text) as text from generate_series(1, 200000) i",
        ):
            cursor.execute(statement)
    return postgres


@pytest.mark.slow
def test_postgresql(con, shop_database):
    found = read_database(con, shop_database, "sales.orders", "raw.orders")
    assert (found.rows, found.unreadable, found.notices, found.dialect) == (2, 0, (), "postgresql")
    assert found.columns[0] == "Order ID"
    first, second = rows(con)
    assert first == ("1", *[None] * 11, 1, None, None)
    assert second == (
        "2",
        "12345678901234567890.0123456789",
        "2024-03-31 01:30:00+00",
        "2024-03-31 02:30:00.123456",
        'O\'Neil "the" \\ 王小明',
        "0.30000000000000004",
        '{a,"b,c"}',
        '{"k": [1, 2.50]}',
        "2024-02-29",
        "\\xdeadbeef",
        "true",
        "00000000-0000-0000-0000-000000000001",
        2,
        None,
        None,
    )


@pytest.mark.slow
def test_postgresql_in_batches(con, shop_database):
    found = read_database(con, shop_database, "sales.many", "raw.orders")
    assert found.rows == 200_000
    assert "no primary key" in found.notices[0]
    assert con.execute(
        "select count(*), count(distinct _row), max(_row) from raw.orders where text = md5(i)"
    ).fetchall() == [(200_000, 200_000, 200_000)]


@pytest.mark.slow
def test_postgresql_refusals(con, shop_database):
    with pytest.raises(InputError, match="table or view that exists"):
        read_database(con, shop_database, "absent", "raw.orders")
    with pytest.raises(InputError, match="PostgreSQL server") as caught:
        read_database(con, shop_database.replace("/postgres", "/absent"), "orders", "raw.orders")
    assert "secret" not in str(caught.value)
