"""One check per table in the UI: red where a single check refuses, yellow where one only warns, and it says which."""

from __future__ import annotations

import dagster as dg
import pytest

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.contracts import Action, load_contracts
from ecom_pipeline.defs.checks import REFUSED, WARNED, check_of, check_results

ORDERS = load_contracts()["clean.orders"]


def verdict(name: str, action: Action = "fail", failed: int = 0, table: str = ORDERS.name) -> CheckResult:
    return CheckResult(
        table=table,
        name=name,
        description=f"{name} in words",
        action=action,
        passed=failed == 0,
        rows_failed=failed,
        rows_checked=10,
        observed=f"{failed} of 10 rows",
    )


@pytest.mark.parametrize(
    ("verdicts", "passed", "severity", "named"),
    [
        ([verdict("a"), verdict("b", "warn")], True, dg.AssetCheckSeverity.WARN, {}),
        ([verdict("a"), verdict("b", "warn", 2)], False, dg.AssetCheckSeverity.WARN, {"warned by": "b: 2 of 10 rows"}),
        (
            [verdict("a", "quarantine", 1), verdict("b", "warn", 2)],
            False,
            dg.AssetCheckSeverity.WARN,
            {"warned by": "b: 2 of 10 rows; a: 1 of 10 rows"},
        ),
        (
            [verdict("a", "fail", 3), verdict("b", "warn", 2), verdict("c")],
            False,
            dg.AssetCheckSeverity.ERROR,
            {"refused by": "a: 3 of 10 rows", "warned by": "b: 2 of 10 rows"},
        ),
    ],
    ids=["all kept", "a warning", "two warnings", "a refusal beside a warning"],
)
def test_a_refusal_is_an_error_and_a_warning_a_warning(
    verdicts: list[CheckResult], passed: bool, severity: dg.AssetCheckSeverity, named: dict[str, str]
) -> None:
    (result,) = check_results([ORDERS], verdicts)
    assert (result.passed, result.severity) == (passed, severity)
    refuses = severity == dg.AssetCheckSeverity.ERROR
    assert result.description == (None if passed else REFUSED if refuses else WARNED)
    told = {name: value.value for name, value in result.metadata.items() if name.endswith(" by")}
    assert told == named
    assert result.metadata["single checks"].value == len(verdicts)


def test_every_single_verdict_is_listed_the_gravest_first() -> None:
    (result,) = check_results([ORDERS], [verdict("c"), verdict("b", "warn", 2), verdict("a", "fail", 3)])
    assert [tuple(record.data.values()) for record in result.metadata["verdicts"].records] == [
        ("a", "refused", 3, 10, "3 of 10 rows"),
        ("b", "warned", 2, 10, "2 of 10 rows"),
        ("c", "kept", 0, 10, "0 of 10 rows"),
    ]


def test_verdicts_are_told_of_their_own_table_only_and_none_is_made_up() -> None:
    others = load_contracts()["clean.products"]
    results = list(check_results([others, ORDERS], [verdict("a", "fail", 3)]))
    assert [(result.asset_key, result.passed) for result in results] == [(dg.AssetKey(["clean", "orders"]), False)]


def test_a_check_says_what_it_sums_up_before_anything_was_judged() -> None:
    spec = check_of(ORDERS)
    assert spec.blocking
    for words in ("within_tolerance: at most ", "columns_match: ", "key__unique: order_id", "conservation: every row"):
        assert f"\n- {words}" in str(spec.description)
    assert "conservation" not in str(check_of(load_contracts()["marts.sales_daily"]).description)
