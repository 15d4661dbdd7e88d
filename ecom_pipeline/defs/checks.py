"""The check that Dagster lists for a table: one, which sums up every single check of the contract.

What belongs here: how verdicts are shown. What does not: giving them (``quality``), and recording each one for ``ops``
(``warehouse``). Dagster writes eight small transactions about a check in every run, whatever it found, so that a check
for each rule cost more than the rest of an empty night (docs/decisions/0012-one-dagster-check-per-table.md).
"""

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from ecom_pipeline.checks import CheckResult
from ecom_pipeline.contracts import Contract
from ecom_pipeline.quality import check_specs
from ecom_pipeline.warehouse.aside import CONSERVATION, CONSERVATION_WORDS, COPIES, COPIES_WORDS

NAME = "contract"
REFUSED, WARNED = "Refused: the table stays as it was.", "Only warned: no gate was closed."
"""What the UI calls a failure alike."""


def key_of(table: str) -> dg.AssetKey:
    """Asset key of ``schema.table``."""
    return dg.AssetKey(table.split("."))


def check_of(contract: Contract) -> dg.AssetCheckSpec:
    """What the UI lists for a table before it was ever judged."""
    conserved = [(CONSERVATION, CONSERVATION_WORDS)] if contract.input else []
    copies = [(COPIES, f"{COPIES_WORDS}: {', '.join(contract.copies_share)}")] if contract.copies_share else []
    single = [f"- {name}: {words}" for name, words in [*check_specs(contract), *copies, *conserved]]
    return dg.AssetCheckSpec(
        name=NAME,
        asset=key_of(contract.name),
        description="\n".join(["The table keeps its contract:", *single]),
        blocking=True,
    )


def check_results(contracts: Iterable[Contract], judged: Sequence[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    """Verdicts about tables as Dagster records them: an error where one refuses the table, else a warning.

    A table about which nothing was judged gets no result, which fails its step.
    """
    for contract in contracts:
        verdicts = [check for check in judged if check.table == contract.name]
        if verdicts:
            yield _result(contract, verdicts)


def _result(contract: Contract, verdicts: Sequence[CheckResult]) -> dg.AssetCheckResult:
    refused = [check for check in verdicts if check.refuses]
    warned = [check for check in verdicts if not check.passed and not check.refuses]
    warned.sort(key=lambda check: -check.rows_failed)
    kept = [check for check in verdicts if check.passed]
    told = {"refused by": refused, "warned by": warned}
    named = {words: "; ".join(f"{one.name}: {one.observed}" for one in some) for words, some in told.items() if some}
    return dg.AssetCheckResult(
        asset_key=key_of(contract.name),
        check_name=NAME,
        passed=not named,
        severity=dg.AssetCheckSeverity.ERROR if refused else dg.AssetCheckSeverity.WARN,
        description=REFUSED if refused else WARNED if warned else None,
        metadata={
            **named,
            "single checks": len(verdicts),
            "verdicts": dg.MetadataValue.table([_record(check) for check in (*refused, *warned, *kept)]),
        },
    )


def _record(check: CheckResult) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "check": check.name,
            "verdict": "kept" if check.passed else "refused" if check.refuses else "warned",
            "rows failed": check.rows_failed,
            "rows checked": check.rows_checked,
            "observed": check.observed,
        }
    )
