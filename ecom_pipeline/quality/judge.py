"""From a contract to check results.

Row rules are judged by the one condition that the contract states, which is also the one that moves rows to quarantine:
the verdict and the move cannot differ. Great Expectations is imported when judging starts, never with this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.contracts import Action, Contract, Rule
from ecom_pipeline.sql import quoted

if TYPE_CHECKING:
    from ecom_pipeline.quality.session import Session, Verdict

WITHIN_TOLERANCE = "within_tolerance"
COLUMNS_MATCH = "columns_match"
KEY_UNIQUE = "key__unique"
ROW_COUNT = "row_count"
SHOWN = 160
"""Characters of a value that an example shows."""


def judge(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    relation: str,
    *,
    tolerance: float | None = None,
    scope: str,
    beside: tuple[int, int] = (0, 0),
) -> list[CheckResult]:
    """Judge a staged, committed relation against a contract.

    Parameters
    ----------
    relation
        ``schema.table`` in the connection's database; either part may be quoted.
    tolerance
        Share of rows that may go to quarantine; the contract's by default.
    scope
        ``rows``: the row rules, on a candidate, which has ``_reasons`` in ``clean``. ``table``: columns, key and number of
        rows of what would go live.
    beside
        Rows of the table that are not in the relation, and those of them that are in quarantine: the tolerance is a share
        of all rows.

    Returns
    -------
    list of CheckResult
        In the order of :func:`check_specs`. A check that could not be evaluated has failed and refuses. Where the
        columns do not match, nothing else of scope ``table`` is judged.
    """
    if scope == "rows":
        allowed = contract.tolerance if tolerance is None else tolerance
        return _judge_rows(connection, contract, relation, allowed, beside)
    if scope == "table":
        return _judge_table(connection, contract, relation)
    raise ValueError(f"scope: expected rows or table, found {scope!r}")


def check_specs(contract: Contract) -> list[tuple[str, str]]:
    """Name and description of every check that a contract leads to."""
    key, rows = f"{', '.join(contract.key)}: expected to name one row", contract.minimum_rows
    return [
        *((rule.name, rule.description) for rule in contract.row_rules),
        *([(WITHIN_TOLERANCE, _tolerance_words(contract.tolerance))] if _quarantines(contract) else []),
        (COLUMNS_MATCH, "the columns and types are those promised"),
        *([(KEY_UNIQUE, key)] if contract.key else []),
        *([(ROW_COUNT, f"expected at least {rows:,} rows")] if rows else []),
    ]


def _quarantines(contract: Contract) -> bool:
    return contract.schema_name == "clean" or any(rule.action == "quarantine" for rule in contract.row_rules)


def _tolerance_words(tolerance: float) -> str:
    return f"at most {tolerance * 100:g} % of the rows go to quarantine"


def _judge_rows(
    connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str, tolerance: float, beside: tuple[int, int]
) -> list[CheckResult]:
    rules = contract.row_rules
    quarantines = _quarantines(contract)
    if not rules and not quarantines:
        return []
    from ecom_pipeline.quality.expectations import ExpectFewRowsToBreakRules, ExpectRowsToKeepRule
    from ecom_pipeline.quality.session import session_on

    leaving = [rule.breaks for rule in rules if rule.action == "quarantine"]
    if contract.schema_name == "clean":
        leaving.append("_reasons is not null")
    expectations = [ExpectRowsToKeepRule(breaks=rule.breaks) for rule in rules]
    if quarantines:
        breaks = " or ".join(leaving) or "false"
        expectations.append(ExpectFewRowsToBreakRules(breaks=breaks, tolerance=tolerance, beside=beside))
    results = []
    with session_on(connection, relation) as session:
        verdicts = session.validate(expectations)
        for rule, verdict in zip(rules, verdicts, strict=False):
            examples = "" if verdict.passed or verdict.error else _examples(session, contract, rule)
            results.append(_of_rows(contract, rule.name, rule.description, verdict, rule.action, examples))
    if quarantines:
        results.append(_of_rows(contract, WITHIN_TOLERANCE, _tolerance_words(tolerance), verdicts[-1]))
    return results


def _judge_table(connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str) -> list[CheckResult]:
    from great_expectations.expectations.core.expect_table_row_count_to_be_between import ExpectTableRowCountToBeBetween
    from great_expectations.expectations.expectation import Expectation

    from ecom_pipeline.quality.expectations import ExpectColumnsAndTypes, ExpectKeyToNameOneRow
    from ecom_pipeline.quality.session import session_on

    with session_on(connection, relation) as session:
        (shape,) = session.validate([ExpectColumnsAndTypes(types=contract.types)])
        words = dict(check_specs(contract))
        observed = str(shape.result.get("observed_value", ""))
        results = [_check_result(contract, COLUMNS_MATCH, words[COLUMNS_MATCH], shape, observed)]
        if not shape.passed:
            return results
        asked: dict[str, Expectation] = {}
        if contract.key:
            asked[KEY_UNIQUE] = ExpectKeyToNameOneRow(columns=tuple(quoted(column) for column in contract.key))
        if contract.minimum_rows:
            asked[ROW_COUNT] = ExpectTableRowCountToBeBetween(min_value=contract.minimum_rows)
        verdicts = dict(zip(asked, session.validate(list(asked.values())), strict=True)) if asked else {}
        if KEY_UNIQUE in verdicts:
            results.append(_of_rows(contract, KEY_UNIQUE, words[KEY_UNIQUE], verdicts[KEY_UNIQUE]))
        if ROW_COUNT in verdicts:
            verdict = verdicts[ROW_COUNT]
            rows = verdict.result.get("observed_value", 0)
            told = _check_result(contract, ROW_COUNT, words[ROW_COUNT], verdict, f"{rows:,} rows", checked=rows)
            results.append(told)
    return results


def _examples(session: Session, contract: Contract, rule: Rule) -> str:
    """Which values broke a rule, or which keys have them; nothing that tells who a person is."""
    personal = {column.name for column in contract.columns if column.pii} | {contract.customer_column}
    columns: Sequence[str] = [rule.column] if rule.column else contract.key
    if not columns or personal & set(columns) or rule.kind == "not_null":
        return ""
    rows = session.examples(columns, rule.breaks)
    told = [", ".join(f"{name} {_short(value)}" for name, value in zip(columns, row, strict=True)) for row in rows]
    return f"; for example {'; '.join(told)}"


def _short(value: str | None) -> str:
    if value is None:
        return "null"
    return repr(value if len(value) <= SHOWN else f"{value[: SHOWN - 3]}...")


def _of_rows(
    contract: Contract, name: str, words: str, verdict: Verdict, action: Action = "fail", examples: str = ""
) -> CheckResult:
    failed, checked = verdict.result.get("unexpected_count", 0), verdict.result.get("element_count", 0)
    observed = f"{failed:,} of {checked:,} rows{examples}"
    return _check_result(contract, name, words, verdict, observed, action=action, failed=failed, checked=checked)


def _check_result(
    contract: Contract,
    name: str,
    words: str,
    verdict: Verdict,
    observed: str,
    *,
    action: Action = "fail",
    failed: int = 0,
    checked: int = 0,
) -> CheckResult:
    return CheckResult(
        table=contract.name,
        name=name,
        description=words,
        action=action if verdict.error is None else "fail",
        passed=verdict.passed,
        rows_failed=failed,
        rows_checked=checked,
        observed=observed if verdict.error is None else f"could not be judged: {verdict.error}",
    )
