from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.contracts import Contract
from ecom_pipeline.quality import judge

Make = Callable[..., Contract]

NINE_RULES = "\n".join(f"  - {{name: c{n}, type: BIGINT, description: d, minimum: {n}}}" for n in range(9))
ROWS = "select " + ", ".join(f"i as c{n}" for n in range(9)) + " from range(20) as t(i)"


def python(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    home = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-B", "-W", "default", "-c", code],
        cwd=tmp_path,
        env=os.environ | home,
        capture_output=True,
        text=True,
        check=False,
    )


def test_importing_the_package_leaves_great_expectations_alone(tmp_path: Path) -> None:
    done = python(
        "import sys, ecom_pipeline.quality, ecom_pipeline.quality.judge\n"
        "print({'great_expectations', 'sqlalchemy', 'duckdb_engine'} & set(sys.modules))",
        tmp_path,
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.slow
def test_judging_prints_nothing_writes_nothing_and_calls_nobody(tmp_path: Path) -> None:
    done = python(
        """
import sys
seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)) if event.startswith("socket.") else None)
import duckdb
from ecom_pipeline.contracts import parse_contract
from ecom_pipeline.quality import judge
text = '''
{description: One row per x, domain: shop, key: [a], minimum_rows: 1,
columns: [{name: a, type: BIGINT, description: d, minimum: 0}],
rules: [{name: broken, where: nope, description: d}, {name: large, where: "LARGE", description: d}]}
'''
large = "(select count(distinct hash(i)) from range(10000000) as t(i)) > a"
contract = parse_contract(text.replace("LARGE", large), "marts", "t", "t.yml")
con = duckdb.connect(config={"memory_limit": "20MB", "temp_directory": "", "threads": 1})
con.execute("create schema staging; create table staging.t as select -1::bigint as a")
results = {r.name: r for scope in ("rows", "table") for r in judge(con, contract, "staging.t", scope=scope)}
found = [r.passed for r in results.values()]
words = results["large"].observed
assert words.startswith("could not be judged: Out of Memory Error: could not allocate"), words
calls = [event for event, args in seen if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto")]
assert found == [False, False, False, False, True, True, True], found
assert not calls, calls
""",
        tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.rglob("*")) == []


def test_all_rules_of_a_table_are_judged_in_one_statement(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    import sqlalchemy as sa

    from ecom_pipeline.quality.expectations import ExpectRowsToKeepRule
    from ecom_pipeline.quality.session import session_on

    con.execute(f"create table staging.t as {ROWS}")
    with session_on(con, "staging.t") as session:
        statements: list[str] = []
        engine = session._validator.execution_engine.engine
        sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        verdicts = session.validate([ExpectRowsToKeepRule(breaks=f"c0 < {n}") for n in range(9)])
    assert [verdict.result["unexpected_count"] for verdict in verdicts] == list(range(9))
    assert len(statements) == 1


def test_a_session_leaves_no_cursor_behind(con: duckdb.DuckDBPyConnection) -> None:
    from ecom_pipeline.quality.session import session_on

    con.execute("create table staging.t as select 1 as a")
    with session_on(con, "staging.t") as session:
        assert session.examples(["a"], "true") == [("1",)]
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        session.examples(["a"], "true")


def test_rows_can_be_read_after_their_connection_went_back(con: duckdb.DuckDBPyConnection) -> None:
    import sqlalchemy as sa

    from ecom_pipeline.quality.dialect import engine_on

    with engine_on(con.cursor()) as engine:
        with engine.connect() as connection:
            result = connection.execute(sa.text("select * from range(5000)"))
            none = connection.execute(sa.text("select 1 where false"))
        with engine.connect() as connection:
            connection.execute(sa.text("select 2"))
    assert [row[0] for row in result.fetchall()] == list(range(5000))
    assert none.fetchall() == []


def test_columns_are_reflected_with_the_types_that_duckdb_prints(con: duckdb.DuckDBPyConnection) -> None:
    import sqlalchemy as sa

    from ecom_pipeline.quality.dialect import engine_on

    con.execute("create table staging.t (b decimal(18,4) not null, a timestamp with time zone, c varchar[])")
    ((database,),) = con.execute("select current_database()").fetchall()
    cursor = con.cursor()
    cursor.execute(f"use {database}")
    with engine_on(cursor) as engine:
        columns = sa.inspect(engine).get_columns("t", "staging")
        with pytest.raises(sa.exc.NoSuchTableError, match=r'"staging"\."absent"'):
            sa.inspect(engine).get_columns("absent", "staging")
    assert [(column["name"], str(column["type"]), column["nullable"]) for column in columns] == [
        ("b", "DECIMAL(18,4)", False),
        ("a", "TIMESTAMP WITH TIME ZONE", True),
        ("c", "VARCHAR[]", True),
    ]


@pytest.mark.slow
def test_judging_costs_little_more_than_its_queries(con: duckdb.DuckDBPyConnection, contract: Make) -> None:
    promise = contract(NINE_RULES, on_violation="quarantine", key="[c0]", minimum_rows="1")
    con.execute(f"create table staging.t as {ROWS}")
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        for scope in ("rows", "table"):
            judge(con, promise, "staging.t", scope=scope)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.15
