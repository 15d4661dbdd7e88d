from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from ecom_pipeline.contracts import Contract, Rule
from ecom_pipeline.quality import judge
from ecom_pipeline.warehouse.candidate import Candidate, Outcome
from ecom_pipeline.warehouse.connection import WarehouseError
from ecom_pipeline.warehouse.increment import Plan
from ecom_pipeline.warehouse.names import columns_of
from ecom_pipeline.warehouse.write import Writer

GOOD = "select 'a' as product_id, 1.50::decimal(18,2) as price union all select 'b', 2.00"


def write(con: duckdb.DuckDBPyConnection, *candidates: Candidate) -> list[Outcome]:
    return Writer(connection=con, judge=judge, run_id="r1").write(candidates)


def rows(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    return con.execute(f"select * from {table} order by all").fetchall()


def leftovers(con: duckdb.DuckDBPyConnection) -> list[tuple[str]]:
    return con.execute(
        "select table_name from duckdb_tables() where schema_name = 'staging' or table_name like '%\\_\\_next' escape '\\'"
    ).fetchall()


def test_a_candidate_that_keeps_its_promise_goes_live_with_its_comments(
    con: duckdb.DuckDBPyConnection, mart: Contract
) -> None:
    (outcome,) = write(con, Candidate(contract=mart, content=GOOD))
    assert (outcome.status, outcome.rows) == ("swapped", 2)
    assert len(rows(con, "marts.products")) == 2
    comments = con.execute(
        "select comment from duckdb_columns() where schema_name = 'marts' and table_name = 'products' order by column_index"
    ).fetchall()
    assert comments == [("The product's id.",), ("Price, in the shop's currency.",)]
    assert leftovers(con) == []


def test_a_key_of_one_text_is_kept_without_a_dictionary(con: duckdb.DuckDBPyConnection, mart: Contract) -> None:
    """Its values do not repeat; those of another column may."""
    many = "select 'product ' || range as product_id, 1.00::decimal(18,2) as price from range(20000)"
    (outcome,) = write(con, Candidate(contract=mart, content=many))
    assert (outcome.status, outcome.rows) == ("swapped", 20_000)
    con.execute("checkpoint")
    kept = "select distinct compression from pragma_storage_info('marts.products') where segment_type = 'VARCHAR'"
    assert con.execute(kept).fetchall() == [("ZSTD",)]
    assert con.execute("select count(distinct product_id) from marts.products").fetchall() == [(20_000,)]


@pytest.mark.parametrize(
    ("bad", "check"),
    [
        ("select 'a' as product_id, -1.00::decimal(18,2) as price", "price__between"),
        ("select null::varchar as product_id, 1.00::decimal(18,2) as price", "product_id__not_null"),
        ("select 'a' as product_id, 1.00::decimal(18,2) as price union all select 'a', 2.00", "key__unique"),
        ("select 'a' as product_id, 1.00::double as price", "columns_match"),
        ("select 'a' as product_id", "columns_match"),
        ("select 'a' as product_id, 1.00::decimal(18,2) as price, 1 as extra", "columns_match"),
    ],
)
def test_a_broken_promise_leaves_the_live_table_as_it_was(
    con: duckdb.DuckDBPyConnection, mart: Contract, bad: str, check: str
) -> None:
    write(con, Candidate(contract=mart, content=GOOD))
    before = rows(con, "marts.products")
    (outcome,) = write(con, Candidate(contract=mart, content=bad))
    assert outcome.refused
    assert [one.name for one in outcome.checks if not one.passed] == [check]
    assert rows(con, "marts.products") == before
    assert leftovers(con) == []
    assert con.execute("select outcome from journal.writes order by written_at").fetchall() == [
        ("swapped",),
        ("refused",),
    ]


def test_one_refusal_in_a_group_refuses_all(con: duckdb.DuckDBPyConnection, mart: Contract) -> None:
    other = mart.model_copy(update={"table": "other"})
    write(con, Candidate(contract=mart, content=GOOD), Candidate(contract=other, content=GOOD))
    first, second = write(
        con,
        Candidate(contract=mart, content="select 'z' as product_id, 9.00::decimal(18,2) as price"),
        Candidate(contract=other, content="select 'z' as product_id, -9.00::decimal(18,2) as price"),
    )
    assert first.refused
    assert second.refused
    assert len(rows(con, "marts.products")) == len(rows(con, "marts.other")) == 2


def test_a_frame_is_cast_to_the_promised_types(con: duckdb.DuckDBPyConnection, mart: Contract) -> None:
    frame = pd.DataFrame({"price": [1.5], "product_id": ["a"]})
    (outcome,) = write(con, Candidate(contract=mart, content=frame))
    assert outcome.status == "swapped"
    assert columns_of(con, "marts.products") == {"product_id": "VARCHAR", "price": "DECIMAL(18,2)"}


def test_a_skipped_table_is_empty_and_says_why(con: duckdb.DuckDBPyConnection, mart: Contract) -> None:
    (outcome,) = write(con, Candidate(contract=mart, content=None, skipped="no products"))
    assert (outcome.status, outcome.rows, outcome.reason) == ("skipped", 0, "no products")
    assert columns_of(con, "marts.products") == mart.types


def test_a_merge_replaces_the_touched_rows_and_judges_the_new_ones_with_the_keys_they_touch(
    con: duckdb.DuckDBPyConnection, mart: Contract
) -> None:
    by_key = mart.model_copy(update={"mode": "merge", "merge_on": "product_id"})
    by_price = mart.model_copy(update={"mode": "merge", "merge_on": "price"})
    write(con, Candidate(contract=by_key, content=GOOD))
    assert merge(con, by_key, "'b' as product_id", "select 'b' as product_id, 7.00::decimal(18,2) as price") == "merged"
    assert [(key, float(str(price))) for key, price in rows(con, "marts.products")] == [("a", 1.5), ("b", 7.0)]
    clash = merge(con, by_price, "9.00 as price", "select 'a' as product_id, 9.00::decimal(18,2) as price")
    assert clash == "refused", "the key is taken by a row that stays"
    assert merge(con, by_price, "1.50 as price", "select 'a' as product_id, 9.00::decimal(18,2) as price") == "merged"
    assert [(key, float(str(price))) for key, price in rows(con, "marts.products")] == [("a", 9.0), ("b", 7.0)]
    assert leftovers(con) == []


def merge(con: duckdb.DuckDBPyConnection, contract: Contract, touched: str, select: str) -> str:
    con.execute(f"create or replace table staging.touched as select {touched}")
    plan = Plan(mode="merge", select=select, touched="staging.touched")
    (outcome,) = write(con, Candidate(contract=contract, plan=plan))
    return outcome.status


def test_a_statement_that_fails_is_a_warehouse_error_and_changes_nothing(
    con: duckdb.DuckDBPyConnection, mart: Contract
) -> None:
    write(con, Candidate(contract=mart, content=GOOD))
    with pytest.raises(WarehouseError, match=r"marts\.products"):
        write(con, Candidate(contract=mart, content="select error('boom') as product_id, 1.00::decimal(18,2) as price"))
    assert len(rows(con, "marts.products")) == 2
    assert leftovers(con) == []


def land(con: duckdb.DuckDBPyConnection, values: str) -> str:
    """Rows of (row, id, price, reasons, duplicate) as raw, input view and the SELECT of clean."""
    con.execute(
        f"create or replace table raw.items as select 1::bigint as _load_id, 'f.csv' as _file, n::bigint as _row, id, price::varchar as price, null::varchar as _line"
        f" from (values {values}) as t(n, id, price, reasons, duplicate)"
    )
    select = (
        "select id as product_id, price::decimal(18,2) as price, 'items' as _source, 1::bigint as _load_id, 'f.csv' as _file,"
        f" n::bigint as _row, reasons::varchar as _reasons, duplicate::bigint as _duplicate from (values {values}) as t(n, id, price, reasons, duplicate)"
    )
    con.execute(f"create or replace view input.products as select _source, _load_id, _file, _row from ({select})")
    return select


def test_rejects_go_to_quarantine_with_reasons_and_the_original_row(
    con: duckdb.DuckDBPyConnection, clean: Contract
) -> None:
    select = land(
        con,
        "(1,'a',1,null,1), (2,'a',1,null,2), (3,'b',-5,null,1), (4,'c',3,'price: odd',1), (5,'d',4,null,1), (6,'e',4,null,1)",
    )
    odd = Rule(name="even", where="price <> 4", description="price: expected another", action="warn")
    warned = Contract.model_validate(clean.model_dump() | {"rules": [odd]})
    (outcome,) = write(con, Candidate(contract=warned, content=select))
    assert outcome.status == "swapped"
    assert outcome.conservation == [("items", 6, 3, 1, 2)]
    assert [row[0] for row in rows(con, "clean.products")] == ["a", "d", "e"]
    held = con.execute("select row_number, reasons, original from quarantine.rows order by row_number").fetchall()
    assert held == [
        (3, "price: expected at least 0", '{"id":"b","price":"-5"}'),
        (4, "price: odd", '{"id":"c","price":"3"}'),
    ]
    assert outcome.quarantined == {"price: expected at least 0": 1, "price: odd": 1}


def test_of_rows_that_share_a_key_the_first_in_the_order_of_the_contract_stays_and_the_others_are_not_judged(
    con: duckdb.DuckDBPyConnection, clean: Contract
) -> None:
    ordered = clean.model_copy(update={"first_by": "_reasons is not null, price desc, _row"})
    arrived = (
        "(1,'a',1,null,0), (2,'a',3,null,0), (3,'a',3,null,0), (4,'a',9,'price: odd',0), (5,'b',-5,null,0), (6,'b',4,null,0),"
        "(7,null,2,'product_id: odd',0), (8,null,2,'product_id: odd',0), (9,'c',2,'price: odd',0), (10,'c',1,'price: odd',0)"
    )
    select = f"select * exclude (_duplicate) from ({land(con, arrived)})"
    (outcome,) = write(con, Candidate(contract=ordered.model_copy(update={"tolerance": 0.7}), content=select))
    assert con.execute("select _row from clean.products order by all").fetchall() == [(2,), (6,)]
    kept_out = {
        table: [row for (row,) in con.execute(f"select row_number from quarantine.{table} order by all").fetchall()]
        for table in ("rows", "duplicates")
    }
    assert kept_out == {"rows": [4, 7, 8, 9], "duplicates": [1, 3, 5, 10]}
    assert outcome.conservation == [("items", 10, 2, 4, 4)]
    judged = {check.name: (check.rows_failed, check.rows_checked) for check in outcome.checks}
    assert judged["price__between"] == (0, 6)
    assert leftovers(con) == []


def test_what_cannot_be_read_of_a_copy_is_told_unless_a_later_file_has_the_row_again(
    con: duckdb.DuckDBPyConnection, clean: Contract
) -> None:
    later = clean.model_copy(update={"first_by": "_reasons is not null, _load_id desc, _row", "tolerance": 0.7})
    arrived = (
        "(1,'mended',2,'price: odd',0), (2,'spoilt',2,null,0), (3,'still odd',2,'price: odd',0),"
        "(4,'mended',3,null,0), (5,'spoilt',3,'price: odd',0), (6,'still odd',3,'price: odd',0)"
    )
    of_two_files = f"* exclude (_duplicate) replace (_row // 4 + 1 as _load_id) from ({land(con, arrived)})"
    con.execute("create or replace table raw.items as select * replace (_row // 4 + 1 as _load_id) from raw.items")
    (outcome,) = write(con, Candidate(contract=later, content=f"select {of_two_files}"))
    assert outcome.conservation == [("items", 6, 2, 2, 2)]
    assert con.execute("select _row from clean.products order by all").fetchall() == [(2,), (4,)]
    assert con.execute("select row_number from quarantine.rows order by all").fetchall() == [(5,), (6,)]


def test_a_number_that_begins_anew_in_every_order_is_no_key(con: duckdb.DuckDBPyConnection, clean: Contract) -> None:
    sharing = clean.model_copy(update={"first_by": "_load_id desc, _row", "copies_share": ("price",), "tolerance": 0.5})

    def judged(arrived: str) -> Outcome:
        (outcome,) = write(
            con, Candidate(contract=sharing, content=f"select * exclude (_duplicate) from ({land(con, arrived)})")
        )
        return outcome

    equal = judged("(1,'a',1,null,0), (2,'a',1,null,0), (3,'b',2,null,0), (4,'b',null,null,0), (5,'b',null,null,0)")
    assert [check.passed for check in equal.checks if check.name == "copies_agree"] == [True]
    corrected = judged("(1,'a',1,null,0), (2,'a',3,null,0), (3,'b',2,null,0), (4,'c',2,null,0)")
    (warned,) = [check for check in corrected.checks if check.name == "copies_agree"]
    assert (corrected.status, warned.passed, warned.rows_failed, warned.rows_checked) == ("swapped", False, 1, 4)
    refused = judged("(1,'a',1,null,0), (2,'a',3,null,0), (3,'a',5,null,0), (4,'b',2,null,0), (5,'b',7,null,0)")
    assert refused.refused
    assert "3 of 5 rows have the product_id of another row of their file and differ from it in price" in refused.reason
    assert "such as product_id 'a'" in refused.reason
    assert leftovers(con) == []


def test_copies_that_disagree_are_a_share_of_all_rows_however_few_of_them_a_night_judges(
    con: duckdb.DuckDBPyConnection, clean: Contract
) -> None:
    sharing = clean.model_copy(
        update={
            "first_by": "_row",
            "copies_share": ("price",),
            "tolerance": 0.2,
            "mode": "merge",
            "merge_on": "product_id",
        }
    )
    con.execute("insert into journal.loads (load_id, source, file) values (1, 'items', 'f.csv')")
    arrived = [*(f"({n},'a{n}',1,null,0)" for n in range(1, 9)), "(9,'a1',2,null,0)", "(10,'b',-1,null,0)"]

    def judged(*rows: str) -> tuple[str, bool, int, int]:
        select = f"select * exclude (_duplicate) from ({land(con, ','.join([*arrived, *rows]))})"
        plan = Plan()
        if rows:
            new = f"select * from ({select}) where _row > {len(arrived)}"
            con.execute(f"create table staging.touched as select distinct product_id from ({new})")
            con.execute(f"create table staging.arrived as select _load_id, _row from ({new})")
            plan = Plan(mode="merge", select=new, touched="staging.touched", arrived="staging.arrived")
        (outcome,) = write(con, Candidate(contract=sharing, content=select, plan=plan))
        (check,) = [check for check in outcome.checks if check.name == "copies_agree"]
        if rows and not outcome.refused:
            arrived.extend(rows)
        return outcome.status, check.passed, check.rows_failed, check.rows_checked

    assert judged() == ("swapped", False, 1, 10)
    assert judged("(11,'c',1,null,0)", "(12,'c',2,null,0)") == ("merged", False, 2, 12)
    assert judged("(13,'d',1,null,0)", "(14,'d',2,null,0)", "(15,'d',3,null,0)") == ("refused", False, 4, 15)
    assert con.execute("select row_number, differs from quarantine.duplicates order by all").fetchall() == [
        (9, True),
        (12, True),
        (14, True),
        (15, True),
    ]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("'of the same form'", "'of the same form'", "; most often (2 rows) of the same form"),
        ("$$'one' is no price$$", "$$'two' is no price$$", "; one of them 'one' is no price"),
    ],
)
def test_above_the_tolerance_the_table_is_refused_and_the_rejects_are_kept_for_diagnosis(
    con: duckdb.DuckDBPyConnection, clean: Contract, first: str, second: str, told: str
) -> None:
    write(con, Candidate(contract=clean, content=land(con, "(1,'a',1,null,1)")))
    landed = land(con, f"(1,'a',1,{first},1), (2,'b',1,{second},1), (3,'c',1,null,1)")
    (outcome,) = write(con, Candidate(contract=clean, content=landed))
    assert outcome.refused
    assert "within_tolerance" in outcome.reason
    assert outcome.reason.endswith(told)
    assert [row[0] for row in rows(con, "clean.products")] == ["a"]
    assert con.execute("select count(*) from quarantine.rows").fetchall() == [(2,)]


def test_a_row_that_the_select_loses_or_multiplies_is_refused(con: duckdb.DuckDBPyConnection, clean: Contract) -> None:
    select = land(con, "(1,'a',1,null,1), (2,'b',1,null,1)")
    (lost,) = write(con, Candidate(contract=clean, content=f"select * from ({select}) where product_id = 'a'"))
    assert lost.refused
    assert "items: 2 arrived, 1 accounted for" in lost.reason
    (counted,) = [check for check in lost.checks if check.name == "conservation"]
    assert (counted.rows_failed, counted.rows_checked) == (1, 2)
    (doubled,) = write(
        con, Candidate(contract=clean, content=f"{select} union all select 'z', 1, 'items', 1, 'f.csv', 9, null, 1")
    )
    assert "items: 2 arrived, 3 accounted for" in doubled.reason


def test_a_value_that_could_not_be_read_is_not_called_missing_as_well(
    con: duckdb.DuckDBPyConnection, clean: Contract
) -> None:
    select = land(con, "(1,null,1,'product_id: odd',1), (2,null,1,'price: odd',1), (3,'c',1,null,1), (4,'d',1,null,1)")
    (outcome,) = write(con, Candidate(contract=clean, content=select))
    assert sorted(outcome.quarantined) == ["price: odd; product_id: expected a value", "product_id: odd"]


def test_a_skipped_table_of_clean_passes_every_check_that_it_lists_and_leaves_no_quarantine(
    con: duckdb.DuckDBPyConnection, clean: Contract
) -> None:
    (before,) = write(con, Candidate(contract=clean, content=land(con, "(1,'a',1,null,1), (2,'b',-1,null,1)")))
    con.execute("drop view input.products")
    con.execute("create table input.products (_source varchar)")
    (skipped,) = write(con, Candidate(contract=clean, content=None, skipped="shop.yaml maps no source to products"))
    assert (skipped.status, skipped.rows) == ("skipped", 0)
    assert [check.name for check in skipped.checks] == [check.name for check in before.checks]
    assert all(check.passed for check in skipped.checks)
    assert rows(con, "quarantine.rows") == []


def test_a_select_of_clean_that_does_not_say_what_is_a_duplicate_is_refused(
    con: duckdb.DuckDBPyConnection, clean: Contract
) -> None:
    select = land(con, "(1,'a',1,null,1)")
    with pytest.raises(WarehouseError, match="does not give _duplicate"):
        write(con, Candidate(contract=clean, content=f"select * exclude (_duplicate) from ({select})"))
    assert leftovers(con) == []
