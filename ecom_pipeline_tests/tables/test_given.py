"""Given small tables, every SELECT gives the rows that a person worked out by hand (``given/``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecom_pipeline.contracts import PROVENANCE
from ecom_pipeline_tests.tables.cases import Case, read_cases, read_table
from ecom_pipeline_tests.tables.world import CONTRACTS, World, promised

CASES = read_cases()
SELECTS = [contract.name for contract in CONTRACTS.values() if contract.select]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_select_gives_what_is_expected(case: Case, world: World) -> None:
    found, expected = case.run(world)
    assert found == expected


@pytest.mark.parametrize("table", SELECTS)
def test_every_column_of_every_select_is_expected_somewhere(table: str) -> None:
    expected = {column for case in CASES if case.table == table for column in case.expect.columns}
    assert set(promised(CONTRACTS[table])) - set(PROVENANCE) - expected == set()


def test_a_case_is_told_by_its_name() -> None:
    names = [str(case) for case in CASES]
    assert sorted(names) == sorted(set(names))


def test_a_wrong_expectation_is_found(tmp_path: Path, world: World) -> None:
    given = "given: {clean.market: 'market_date | value\n2024-01-01 | 1'}"
    for number, wrong in enumerate(("expect: 'run_id\n'", "expect: 'run_id\nr'", f"{given}\n  expect: 'run_id'")):
        (tmp_path / "ops.notices.yml").write_text(f"- case: wrong {number}\n  {wrong}\n", "utf-8")
        (case,) = read_cases(tmp_path)
        found, expected = case.run(world)
        assert (found == expected) is (case.expect.rows == ())


def test_a_table_is_text() -> None:
    table = read_table("a | b\n1 |\n'' | x|y\n", ["a", "b"])
    assert table.dicts() == [{"a": "1", "b": None}, {"a": "", "b": "x|y"}]


@pytest.mark.parametrize(("text", "message"), [("a | c\n1 | 2", "no such column: c"), ("a | b\n1", "expected 2 cells")])
def test_a_table_that_cannot_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_table(text, ["a", "b"])
