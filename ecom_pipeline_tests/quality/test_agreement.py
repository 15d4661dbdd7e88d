"""Great Expectations, plain SQL and Python count the same rows, for every kind of rule, whatever the values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecom_pipeline.contracts import Contract
from ecom_pipeline.quality import judge

Make = Callable[..., Contract]

ALLOWED = ["a", "it's", 'say "x"', "é:x", "数据", "50%", "%s $1 ?", ""]
COLUMNS = """
  - {name: word, type: VARCHAR, description: d, required: true, values: VALUES, matches: "[a-z' ]*"}
  - {name: money, type: "DECIMAL(18,4)", description: d, required: true, minimum: -0.5, maximum: 12.25}
  - {name: ratio, type: DOUBLE, description: d, minimum: 0, maximum: 1}
  - {name: whole, type: BIGINT, description: d, minimum: -3}
"""
RULES = "[{name: sums, where: whole + money >= 0 or word like '%a%', description: d, action: warn}]"

text = st.one_of(st.sampled_from(ALLOWED), st.text(alphabet="ab'\" :%$?é数\n", max_size=4))
money = st.decimals(min_value=-20, max_value=20, places=4)
ratio = st.one_of(st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf, 5e-324, -5e-324]), st.floats(-2, 2))
whole = st.integers(-(2**63), 2**63 - 1).filter(lambda n: abs(n) < 2**40) | st.integers(-5, 5)
row = st.tuples(*(st.none() | values for values in (text, money, ratio, whole)))
tables = st.lists(row, max_size=12)


def promised(make: Make) -> Contract:
    values = "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in ALLOWED) + "]"
    return make(COLUMNS.replace("VALUES", values), rules=RULES, on_violation="quarantine", tolerance="1")


def stage(con: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]) -> None:
    con.execute("create or replace table staging.t (word varchar, money decimal(18,4), ratio double, whole bigint)")
    if rows:
        con.executemany("insert into staging.t values (?, ?, ?, ?)", rows)


def in_python(rows: list[tuple[Any, ...]]) -> dict[str, list[bool]]:
    """Per rule, which rows break it; not a number is above everything, as in DuckDB."""

    def each(breaks: Callable[[Any, Any, Any, Any], bool]) -> list[bool]:
        return [breaks(*one) for one in rows]

    def sums(word: str | None, amount: Decimal | None, _: float | None, number: int | None) -> bool:
        above = None if amount is None or number is None else number + amount >= 0
        has_a = None if word is None else "a" in word
        return above is False and has_a is False

    return {
        "word__not_null": each(lambda w, m, r, n: w is None),
        "word__in_set": each(lambda w, m, r, n: w is not None and w not in ALLOWED),
        "word__matches": each(lambda w, m, r, n: w is not None and not re.fullmatch("[a-z' ]*", w)),
        "money__not_null": each(lambda w, m, r, n: m is None),
        "money__between": each(lambda w, m, r, n: m is not None and not Decimal("-0.5") <= m <= Decimal("12.25")),
        "ratio__between": each(lambda w, m, r, n: r is not None and not 0 <= r <= 1),
        "whole__between": each(lambda w, m, r, n: n is not None and n < -3),
        "sums": each(sums),
    }


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=tables)
def test_judge_sql_and_python_agree(
    con: duckdb.DuckDBPyConnection, contract: Make, rows: list[tuple[Any, ...]]
) -> None:
    promise = promised(contract)
    stage(con, rows)
    expected = in_python(rows)
    judged = {result.name: result for result in judge(con, promise, "staging.t", scope="rows")}
    assert {name: judged[name].rows_failed for name in expected} == {name: sum(e) for name, e in expected.items()}
    assert {result.rows_checked for result in judged.values()} == {len(rows)}
    for rule in promise.row_rules:
        moved = con.execute(f"select {rule.breaks} from staging.t order by rowid").fetchall()
        assert [broken for (broken,) in moved] == expected[rule.name], rule.name
    leaving = [
        any(expected[rule.name][i] for rule in promise.row_rules if rule.action == "quarantine")
        for i in range(len(rows))
    ]
    assert judged["within_tolerance"].rows_failed == sum(leaving)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=tables)
def test_the_expectations_that_great_expectations_ships_agree(
    con: duckdb.DuckDBPyConnection, contract: Make, rows: list[tuple[Any, ...]]
) -> None:
    import great_expectations.expectations as gxe

    from ecom_pipeline.quality.session import session_on

    stage(con, rows)
    stock = {
        "word__not_null": gxe.ExpectColumnValuesToNotBeNull(column="word"),
        "word__in_set": gxe.ExpectColumnValuesToBeInSet(column="word", value_set=ALLOWED),
        "money__not_null": gxe.ExpectColumnValuesToNotBeNull(column="money"),
        "money__between": gxe.ExpectColumnValuesToBeBetween(column="money", min_value=-0.5, max_value=12.25),
        "ratio__between": gxe.ExpectColumnValuesToBeBetween(column="ratio", min_value=0, max_value=1),
        "whole__between": gxe.ExpectColumnValuesToBeBetween(column="whole", min_value=-3),
        "sums": gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select * from {batch} where (whole + money >= 0 or contains(word, 'a')) is false"
        ),
    }
    with session_on(con, "staging.t") as session:
        verdicts = dict(zip(stock, session.validate(list(stock.values())), strict=True))
    judged = {result.name: result for result in judge(con, promised(contract), "staging.t", scope="rows")}
    for name, verdict in verdicts.items():
        assert verdict.error is None, verdict.error
        assert verdict.passed == judged[name].passed, name
        count = verdict.result["observed_value" if name == "sums" else "unexpected_count"]
        assert (count or 0) == judged[name].rows_failed, name
