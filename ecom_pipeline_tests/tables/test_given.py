"""Given small tables, every SELECT gives the rows that a person worked out by hand (``given/``)."""

from __future__ import annotations

import pytest

from ecom_pipeline.contracts import PROVENANCE
from ecom_pipeline_tests.tables.cases import Case, read_cases, read_table
from ecom_pipeline_tests.tables.world import CONTRACTS, World, promised

CASES = read_cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_select_gives_what_is_expected(case: Case, empty: World) -> None:
    found, expected = case.run(empty)
    assert found == expected


def test_the_cases_of_a_table_expect_something_of_every_column() -> None:
    expected = {(case.table, column) for case in CASES for column in case.expect.columns}
    columns = {(case.table, column) for case in CASES for column in promised(CONTRACTS[case.table])}
    assert {(table, column) for table, column in columns - expected if column not in PROVENANCE} == set()


def test_every_select_has_a_case() -> None:
    assert {contract.name for contract in CONTRACTS.values() if contract.select} - {
        case.table for case in CASES
    } == set()


def test_a_case_is_told_by_its_name() -> None:
    names = [str(case) for case in CASES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("expect", "right"),
    [
        ("notice\n a\n b", True),
        ("notice\n b\n a", True),
        ("notice\n a", False),
        ("notice\n a\n a", False),
        ("notice", False),
    ],
)
def test_an_expectation_is_all_rows_in_any_order(expect: str, right: bool, empty: World) -> None:
    given = {"journal.notices": read_table("notice\n a\n b", ["notice"])}
    found, expected = Case("ops.notices", "", given, read_table(expect, ["notice"])).run(empty)
    assert (found == expected) is right
    assert empty.one("select count(*) from journal.notices") == 0


def test_a_table_is_text() -> None:
    table = read_table("a | b\n1 |\n'' | x|y\n", ["a", "b"])
    assert table.dicts() == [{"a": "1", "b": None}, {"a": "", "b": "x|y"}]


@pytest.mark.parametrize(("text", "message"), [("a | c\n1 | 2", "no such column: c"), ("a | b\n1", "expected 2 cells")])
def test_a_table_that_cannot_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_table(text, ["a", "b"])
