"""What a relation looks like."""

from __future__ import annotations

from ecom_pipeline.warehouse.connection import transaction
from ecom_pipeline.warehouse.names import columns_of
from ecom_pipeline_tests.database import in_memory


def test_columns_are_given_in_order_whatever_the_names() -> None:
    with in_memory() as con:
        con.execute('create schema raw; create table raw."a.b ""c"" -d" (z decimal(18,2), "select" varchar[], a date)')
        expected = {"z": "DECIMAL(18,2)", "select": "VARCHAR[]", "a": "DATE"}
        for relation in ('raw.a.b "c" -d', 'raw."a.b ""c"" -d"'):
            assert list(columns_of(con, relation).items()) == list(expected.items())
        con.execute('create view raw.seen as select a, z from raw."a.b ""c"" -d"')
        assert columns_of(con, "raw.seen") == {"a": "DATE", "z": "DECIMAL(18,2)"}


def test_what_is_not_there_has_no_columns_and_leaves_the_transaction_as_it_is() -> None:
    with in_memory() as con:
        con.execute("create schema raw")
        with transaction(con):
            con.execute("create table raw.here (a integer)")
            assert columns_of(con, "raw.absent") == columns_of(con, "nowhere.absent") == {}
        assert columns_of(con, "raw.here") == {"a": "INTEGER"}
