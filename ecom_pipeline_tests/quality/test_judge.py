from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.contracts import Contract
from ecom_pipeline.quality import check_specs, judge

Make = Callable[..., Contract]

ORDERS = """
  - {name: order_id, type: BIGINT, description: d, required: true}
  - {name: status, type: VARCHAR, description: d, values: [completed, "won't pay"]}
  - {name: amount, type: "DECIMAL(18,4)", description: d, minimum: 0, maximum: 100.5}
  - {name: email, type: VARCHAR, description: d, pii: true, matches: ".+@.+"}
"""
AMOUNT = "  - {name: amount, type: BIGINT, description: d, minimum: 0}"


def results(con: duckdb.DuckDBPyConnection, contract: Contract, scope: str, **more: float) -> dict[str, CheckResult]:
    return {result.name: result for result in judge(con, contract, "staging.t", scope=scope, **more)}


def stage(con: duckdb.DuckDBPyConnection, *values: str, columns: str = "order_id, status, amount, email") -> None:
    con.execute(f"create or replace table staging.t as select * from (values {', '.join(values)}) as v({columns})")


def amounts(con: duckdb.DuckDBPyConnection, *values: int) -> None:
    con.execute("create or replace table staging.t as select unnest(?::bigint[]) as amount", [list(values)])


def test_each_kind_of_rule_counts_the_rows_that_break_it(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    stage(
        con,
        "(1::bigint, 'completed', 5::decimal(18,4), 'a@b')",
        "(2, 'won''t pay', 100.5, 'nobody')",
        "(3, 'Completed', 100.5001, null)",
        "(null, '', -0.0001, '@')",
        "(null, null, null, null)",
    )
    rules = "[{name: cheap, where: amount < 5.5, description: expensive, action: warn}]"
    found = results(con, contract(ORDERS, rules=rules), "rows")
    assert {name: (r.rows_failed, r.rows_checked, r.passed, r.action) for name, r in found.items()} == {
        "order_id__not_null": (2, 5, False, "fail"),
        "status__in_set": (2, 5, False, "fail"),
        "amount__between": (2, 5, False, "fail"),
        "email__matches": (2, 5, False, "fail"),
        "cheap": (2, 5, False, "warn"),
    }
    assert found["status__in_set"].observed == "2 of 5 rows; for example status ''; status 'Completed'"
    assert found["cheap"].description == "expensive"


def test_rows_that_keep_every_rule_pass(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    stage(con, "(1::bigint, 'completed', 0::decimal(18,4), 'a@b')")
    found = results(con, contract(ORDERS, on_violation="quarantine"), "rows")
    assert len(found) == 5
    assert all(result.passed and result.rows_failed == 0 and result.rows_checked == 1 for result in found.values())


@pytest.mark.parametrize(
    ("bad", "good", "tolerance", "passed"),
    [
        (0, 3, 0.0, True),
        (1, 99, 0.0, False),
        (29, 71, 0.29, True),
        (30, 70, 0.29, False),
        (4, 0, 1.0, False),
        (0, 0, 0.0, True),
    ],
)
def test_tolerance_is_a_share_of_rows_and_never_all_of_them(
    con: duckdb.DuckDBPyConnection, contract: Make, bad: int, good: int, tolerance: float, passed: bool
) -> None:
    amounts(con, *[-1] * bad, *[1] * good)
    promise = contract(AMOUNT, on_violation="quarantine", tolerance=str(tolerance))
    for found in (
        results(con, promise, "rows")["within_tolerance"],
        results(con, promise.model_copy(update={"tolerance": 0.5}), "rows", tolerance=tolerance)["within_tolerance"],
    ):
        assert (found.passed, found.refuses, found.rows_failed, found.rows_checked) == (
            passed,
            not passed,
            bad,
            bad + good,
        )
        assert found.description == f"at most {tolerance * 100:g} % of the rows go to quarantine"


@pytest.mark.parametrize(("beside", "failed", "passed"), [((6, 0), 1, True), ((6, 1), 2, False), ((5, 0), 1, False)])
def test_rows_beside_the_relation_count_for_the_tolerance(
    con: duckdb.DuckDBPyConnection, contract: Make, beside: tuple[int, int], failed: int, passed: bool
) -> None:
    amounts(con, -1, 1, 1, 1)
    promise = contract(AMOUNT, on_violation="quarantine", tolerance="0.1")
    found = {one.name: one for one in judge(con, promise, "staging.t", scope="rows", beside=beside)}["within_tolerance"]
    assert (found.rows_failed, found.rows_checked, found.passed) == (failed, 4 + beside[0], passed)


def test_tolerance_counts_a_row_once_and_only_for_rules_that_quarantine(
    con: duckdb.DuckDBPyConnection, contract: Make
) -> None:
    rules = """
      - {name: even, where: amount % 2 = 0, description: odd}
      - {name: small, where: amount < 5, description: large, action: warn}
    """
    amounts(con, -1, -3, 2, 4, 10)
    found = results(con, contract(AMOUNT, on_violation="quarantine", tolerance="0.4", rules=rules), "rows")
    assert {name: result.rows_failed for name, result in found.items()} == {
        "amount__between": 2,
        "even": 2,
        "small": 1,
        "within_tolerance": 2,
    }
    assert found["within_tolerance"].passed


def test_unreadable_rows_count_against_the_tolerance(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    stage(
        con,
        "(1::bigint, null::varchar)",
        "(-2, 'amount: unreadable')",
        "(null, 'amount: unreadable')",
        columns="amount, _reasons",
    )
    found = results(con, contract(AMOUNT, "clean", on_violation="quarantine"), "rows")
    assert (found["amount__between"].rows_failed, found["amount__between"].rows_checked) == (1, 3)
    assert (found["within_tolerance"].rows_failed, found["within_tolerance"].rows_checked) == (2, 3)


def test_clean_table_without_rules_is_still_held_to_its_tolerance(
    con: duckdb.DuckDBPyConnection, contract: Make
) -> None:
    stage(con, "(1::bigint, 'bad')", "(2, null)", columns="amount, _reasons")
    plain = contract("  - {name: amount, type: BIGINT, description: d}", "clean", tolerance="0.4")
    (found,) = judge(con, plain, "staging.t", scope="rows")
    assert (found.name, found.passed, found.observed) == ("within_tolerance", False, "1 of 2 rows")


def test_table_without_row_rules_has_nothing_to_judge(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    amounts(con, 1)
    assert judge(con, contract("  - {name: amount, type: BIGINT, description: d}"), "staging.t", scope="rows") == []


def test_a_rule_that_cannot_be_evaluated_fails_with_its_own_message(
    con: duckdb.DuckDBPyConnection, contract: Make
) -> None:
    rules = """
      - {name: unknown, where: nope > 1, description: d, action: warn}
      - {name: text, where: "cast('x' || amount as int) > 1", description: d, action: warn}
      - {name: syntax, where: "amount >", description: d}
      - {name: fine, where: amount > 1, description: d, action: warn}
    """
    amounts(con, 1)
    found = results(con, contract(AMOUNT, rules=rules), "rows")
    for name, words in {
        "unknown": 'Referenced column "nope" not found',
        "text": "Could not convert string 'x1' to INT32",
        "syntax": "syntax error",
        "within_tolerance": "syntax error",
    }.items():
        result = found[name]
        assert (result.passed, result.action, result.refuses) == (False, "fail", True)
        assert result.observed.startswith("could not be judged: ")
        assert words in result.observed
        assert "\n" not in result.observed
    assert (found["fine"].rows_failed, found["fine"].action) == (1, "warn")
    assert found["amount__between"].passed


def test_missing_relation_refuses(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    promise = contract(AMOUNT)
    for scope in ("rows", "table"):
        (found,) = judge(con, promise, "staging.absent", scope=scope)
        assert found.refuses
        assert "absent" in found.observed


def test_unknown_scope_is_an_error(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    with pytest.raises(ValueError, match="found 'all'"):
        judge(con, contract(AMOUNT), "staging.t", scope="all")


def test_columns_must_have_the_promised_names_and_types_in_any_order(
    con: duckdb.DuckDBPyConnection, contract: Make
) -> None:
    promise = contract(ORDERS, key="[order_id]", minimum_rows="1")
    con.execute("create table staging.t (email varchar, amount decimal(18,4), status varchar, order_id bigint)")
    assert results(con, promise, "table")["columns_match"].passed
    con.execute("create or replace table staging.t (email varchar, amount decimal(18,2), order_id integer, extra date)")
    (found,) = judge(con, promise, "staging.t", scope="table")
    assert found.refuses
    assert found.observed == (
        "status is missing; extra is not promised; order_id is INTEGER, expected BIGINT;"
        " amount is DECIMAL(18,2), expected DECIMAL(18,4)"
    )


def test_columns_of_a_view_are_judged_too(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    con.execute("create view staging.t as select 1::bigint as amount")
    found = results(con, contract(AMOUNT), "table")["columns_match"]
    assert (found.passed, found.rows_failed, found.rows_checked) == (True, 0, 0), "it is about columns"


@pytest.mark.parametrize(
    ("key", "rows", "failed"),
    [
        ("[a]", [(1, 1), (2, 1)], 0),
        ("[a]", [(1, 1), (1, 2), (1, 3), (2, 1)], 3),
        ("[a, b]", [(1, 1), (1, 2), (2, 1)], 0),
        ("[a, b]", [(1, 1), (1, 1), (None, 2), (None, 2), (None, 3)], 4),
        ("[a]", [], 0),
    ],
)
def test_key_names_one_row_and_nulls_are_equal(
    con: duckdb.DuckDBPyConnection,
    contract: Make,
    key: str,
    rows: list[tuple[int | None, int]],
    failed: int,
) -> None:
    columns = "  - {name: a, type: BIGINT, description: d}\n  - {name: b, type: BIGINT, description: d}"
    con.execute("create table staging.t (a bigint, b bigint)")
    if rows:
        con.executemany("insert into staging.t values (?, ?)", rows)
    found = results(con, contract(columns, key=key), "table")["key__unique"]
    assert (found.rows_failed, found.rows_checked, found.passed) == (failed, len(rows), failed == 0)
    assert found.action == "fail"


@pytest.mark.parametrize(("rows", "passed"), [(2, False), (3, True)])
def test_minimum_rows(con: duckdb.DuckDBPyConnection, contract: Make, rows: int, passed: bool) -> None:
    amounts(con, *range(rows))
    found = results(con, contract(AMOUNT, minimum_rows="3"), "table")["row_count"]
    assert (found.passed, found.rows_checked, found.observed) == (passed, rows, f"{rows} rows")


def test_specs_name_the_checks_that_judging_gives(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    stage(con, "(1::bigint, 'completed', 1::decimal(18,4), 'a@b')")
    rules = "[{name: positive, where: amount > 0, description: d, action: quarantine}]"
    for promise in (
        contract(ORDERS),
        contract(ORDERS, on_violation="quarantine", key="[order_id]", minimum_rows="1"),
        contract(ORDERS, rules=rules, key="[order_id]"),
    ):
        judged = [*judge(con, promise, "staging.t", scope="rows"), *judge(con, promise, "staging.t", scope="table")]
        assert [(r.name, r.description) for r in judged] == check_specs(promise)


def test_values_of_persons_are_not_told(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    stage(con, "(7::bigint, 'x', 1::decimal(18,4), 'mary.example.com')")
    rules = "[{name: other, where: amount > 1, description: d}]"
    found = results(con, contract(ORDERS, rules=rules, key="[order_id]"), "rows")
    assert found["email__matches"].observed == "1 of 1 rows"
    assert found["other"].observed == "1 of 1 rows; for example order_id '7'"
    of_customers = contract(ORDERS, rules=rules, key="[order_id]", customer_column="order_id")
    assert results(con, of_customers, "rows")["other"].observed == "1 of 1 rows"


def test_examples_are_few_and_short(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    con.execute("create table staging.t as select repeat('x', 200 + i // 2) as status from range(8) as t(i)")
    promise = contract("  - {name: status, type: VARCHAR, description: d, values: [a]}")
    assert results(con, promise, "rows")["status__in_set"].observed == "8 of 8 rows; for example " + "; ".join(
        [f"status '{'x' * 157}...'"] * 3
    )


def test_names_and_conditions_of_any_characters(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    con.execute("""create table staging."a ""b.c:d%" as select 'x:y %s %(z)s $1 ?' as "order" """)
    columns = r"""  - {name: order, type: VARCHAR, description: d, key: 1, matches: "x:y %s %\\(z\\)s \\$1 \\?"}"""
    promise = contract(columns.replace(", key: 1", ""), key="[order]")
    relation = '"staging"."a ""b.c:d%"'
    assert [r.passed for r in judge(con, promise, relation, scope="rows")] == [True]
    assert [r.passed for r in judge(con, promise, relation, scope="table")] == [True, True]


def test_judged_in_the_schema_and_time_zone_of_the_connection(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    con.execute("attach ':memory:' as other; create schema other.staging; use other.staging")
    con.execute("set TimeZone = 'Asia/Tokyo'")
    con.execute(
        "create table staging.t as select timestamptz '2024-01-01 20:00:00+00' as sold_at; create table known (d date)"
    )
    con.execute("insert into known values (date '2024-01-02')")
    rules = "[{name: known, where: cast(sold_at as date) in (select d from known), description: d}]"
    promise = contract("  - {name: sold_at, type: TIMESTAMP WITH TIME ZONE, description: d}", rules=rules)
    assert results(con, promise, "rows")["known"].observed == "0 of 1 rows"
    assert results(con, promise, "table")["columns_match"].passed


def test_connection_is_free_and_the_file_can_be_closed(tmp_path: Path, contract: Make) -> None:
    path = str(tmp_path / "w.duckdb")
    con = duckdb.connect(path)
    con.execute("create schema staging; create table staging.t as select -1::bigint as amount")
    rules = "[{name: broken, where: nope > 1, description: d}]"
    for scope in ("rows", "table"):
        judge(con, contract(AMOUNT, key="[amount]", rules=rules), "staging.t", scope=scope)
        con.execute("begin; drop table staging.t; create table staging.t as select 1::bigint as amount; commit")
    con.close()
    duckdb.connect(path, config={"threads": 1}).close()  # another configuration: refused while the file is still open
    duckdb.connect(path, read_only=True).close()


def test_tables_and_connections_are_judged_one_after_the_other(contract: Make) -> None:
    for amount in (-1, 1, -2):
        con = duckdb.connect()
        con.execute("create schema staging")
        for name, value in (("t", amount), ("u", -amount)):
            con.execute(f"create table staging.{name} as select {value}::bigint as amount")
            (found,) = judge(con, contract(AMOUNT), f"staging.{name}", scope="rows")
            assert found.passed == (value >= 0)
        con.close()


def test_breaks_is_true_exactly_for_rows_that_break_the_rule(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    con.execute("create table staging.t as select unnest([-1, 0, null])::bigint as amount")
    (rule,) = contract(AMOUNT).row_rules
    assert rule.name == "amount__between"
    assert con.execute(f"select amount, {rule.breaks} from staging.t").fetchall() == [
        (-1, True),
        (0, False),
        (None, False),
    ]
