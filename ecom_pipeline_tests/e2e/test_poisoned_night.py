"""Break each table's promise in turn: the live tables and the release stay as they were, and the UI shows which check refused."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping

import dagster as dg
import pandas as pd
import pytest

from ecom_pipeline.contracts import Column, Contract, Rule, load_contracts
from ecom_pipeline.definitions import build_defs
from ecom_pipeline.defs import landing
from ecom_pipeline.defs.assemble import LEARNING
from ecom_pipeline.defs.models.step import Learned
from ecom_pipeline.defs.night import Night
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.warehouse.stage import next_of
from ecom_pipeline_tests.e2e.conftest import House, materialize

pytestmark = pytest.mark.slow
CONTRACTS = load_contracts()
PIPELINES_OWN = {"quarantine.rows", "quarantine.duplicates"}
"""Written by the steps of other tables."""


def changed(contract: Contract, **values: object) -> Contract:
    return Contract.model_validate(contract.model_dump() | values)


def unkept(contract: Contract) -> Contract:
    return changed(contract, minimum_rows=10**9)


def key(table: str) -> dg.AssetKey:
    return dg.AssetKey(table.split("."))


def steps(definitions: dg.Definitions) -> list[list[str]]:
    """The tables of each step."""
    graph = definitions.resolve_asset_graph()
    written = graph.executable_asset_keys - {dg.AssetKey(["release", "current"])}
    together = {frozenset(graph.get(one).execution_set_asset_keys) for one in written}
    return sorted(sorted(".".join(one.path) for one in group) for group in together)


def rounds(definitions: dg.Definitions) -> Iterable[list[str]]:
    """Tables to break at once, one per step, until each was broken."""
    of_steps = steps(definitions)
    for turn in range(max(map(len, of_steps))):
        yield [tables[turn] for tables in of_steps if turn < len(tables)]


def levels(definitions: dg.Definitions, names: Iterable[str]) -> Iterable[list[str]]:
    """The tables in groups that do not read each other, so that one run breaks each of a group by itself."""
    wanted = set(names)
    for level in definitions.resolve_asset_graph().toposorted_asset_keys_by_level:
        if group := sorted(wanted & {".".join(one.path) for one in level}):
            yield group


def poison(house: House, names: Iterable[str], patch: pytest.MonkeyPatch) -> dg.Definitions:
    """The definitions, with promises that no candidate keeps."""
    names = set(names)

    def raw_contract(shop: Shop, source: str, columns: Iterable[str]) -> Contract:
        contract = promised(shop, source, columns)
        return unkept(contract) if contract.name in names else contract

    promised = landing.raw_contract
    patch.setattr(landing, "raw_contract", raw_contract)
    contracts = {name: unkept(contract) if name in names else contract for name, contract in CONTRACTS.items()}
    return build_defs(house.settings, contracts=contracts)


def learn_once(known: dict[str, tuple[Learned, dict[str, pd.DataFrame]]], patch: pytest.MonkeyPatch) -> None:
    """Let a model that learned in an earlier round give the same again: its tables are broken one by one, not its learning."""

    def remembering(name: str, learn: Callable[[Night], Learned]) -> Callable[[Night], Learned]:
        def remembered(night: Night) -> Learned:
            if name in known:
                learned, staged = known[name]
                for table, rows in staged.items():
                    night.stage(table)(rows)
                return learned
            learned = learn(night)
            staged = {table: night.frame(f"select * from {next_of(CONTRACTS[table])}") for table in learned.staged}
            known[name] = learned, staged
            return learned

        return remembered

    for domain in LEARNING:
        models = [one._replace(learn=remembering(one.name, one.learn)) for one in domain.MODELS]
        patch.setattr(domain, "MODELS", models)


def told(evaluation: dg.AssetCheckEvaluation, verdict: str) -> list[dict[str, object]]:
    """The single checks with this verdict, as the UI lists them."""
    listed = evaluation.metadata["verdicts"]
    assert isinstance(listed, dg.TableMetadataValue)
    return [dict(record.data) for record in listed.records if record.data["verdict"] == verdict]


def refusals(house: House, result: dg.ExecuteInProcessResult) -> list[tuple[str, object]]:
    """What the UI shows in red: table and single check of every failed evaluation with severity ERROR in the event log."""
    logged = house.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [entry.dagster_event.asset_check_evaluation_data for entry in logged if entry.dagster_event]
    failed = [one for one in evaluations if not one.passed and one.severity is dg.AssetCheckSeverity.ERROR]
    assert all(one.metadata["refused by"].value for one in failed)
    return [(".".join(one.asset_key.path), single["check"]) for one in failed for single in told(one, "refused")]


def run_from(house: House, definitions: dg.Definitions, *tables: str) -> dg.ExecuteInProcessResult:
    """The steps of these tables and those that read what they write."""
    return materialize(definitions, dg.AssetSelection.assets(*map(key, tables)).downstream(depth=1), house.instance)


def started(result: dg.ExecuteInProcessResult) -> list[str]:
    return [str(event.step_key) for event in result.all_events if event.is_step_start]


def test_no_table_is_beside_the_way_to_the_release(house: House) -> None:
    """A refused table holds back the release because steps between them are skipped: there must be such steps."""
    graph = build_defs(house.settings).resolve_asset_graph()
    leading, ahead = set(), {dg.AssetKey(["release", "current"])}
    while ahead:
        leading |= ahead
        ahead = {up for one in ahead for up in graph.get(one).parent_keys & graph.executable_asset_keys} - leading
    assert leading == graph.executable_asset_keys


def test_each_broken_promise_leaves_everything_as_it_was(house: House) -> None:
    tables, release = house.tables(), house.release_bytes()
    every = {table for group in steps(build_defs(house.settings)) for table in group}
    assert set(CONTRACTS) - PIPELINES_OWN <= every
    assert len([table for table in every if table.startswith("raw.")]) == 13
    broken: set[str] = set()
    known: dict[str, tuple[Learned, dict[str, pd.DataFrame]]] = {}
    for names in rounds(build_defs(house.settings)):
        with pytest.MonkeyPatch.context() as patch:
            learn_once(known, patch)
            definitions = poison(house, names, patch)
            for group in levels(definitions, names):
                result = run_from(house, definitions, *group)
                assert not result.success, group
                assert sorted(refusals(house, result)) == [(name, "row_count") for name in group]
                assert len(started(result)) == len(group), f"what reads {group} ran: {started(result)}"
                assert not result.get_asset_materialization_events(), group
                assert house.tables() == tables, group
                assert house.release_bytes() == release, group
                broken.update(group)
    assert broken == every
    assert len(known) > 8


def with_a_column(contract: Contract) -> Contract:
    column = Column(name="promised", type="VARCHAR", description="Nobody brings it.")
    return changed(contract, columns=(*contract.columns, column))


def with_a_type(contract: Contract) -> Contract:
    first, *others = contract.columns
    return changed(contract, columns=(first.model_copy(update={"type": "TIMESTAMP"}), *others))


def with_a_key(contract: Contract) -> Contract:
    return changed(contract, key=("segment",))


def with_a_rule(contract: Contract) -> Contract:
    rule = Rule(name="never", where="1 = 2", description="expected the impossible", action="fail")
    return changed(contract, rules=(*contract.rules, rule))


def with_values(contract: Contract) -> Contract:
    first, *others = contract.columns
    return changed(contract, columns=(first.model_copy(update={"values": ("nobody",)}), *others))


@pytest.mark.parametrize(
    ("table", "breaking", "check"),
    [
        ("marts.customer_profiles", with_a_column, "columns_match"),
        ("marts.customer_profiles", with_a_type, "columns_match"),
        ("marts.customer_profiles", with_a_key, "key__unique"),
        ("marts.customer_profiles", with_a_rule, "never"),
        ("marts.customer_profiles", with_values, "customer_id__in_set"),
        ("models.behaviour_map", with_a_column, "columns_match"),
        ("models.behaviour_map", with_a_rule, "never"),
        ("clean.orders", with_a_rule, "never"),
        ("clean.orders", with_values, "within_tolerance"),
    ],
)
def test_every_kind_of_promise_refuses(
    house: House, table: str, breaking: Callable[[Contract], Contract], check: str
) -> None:
    contracts: Mapping[str, Contract] = {**CONTRACTS, table: breaking(CONTRACTS[table])}
    tables = house.tables()
    with house.release_untouched():
        result = run_from(house, build_defs(house.settings, contracts=contracts), table)
    assert not result.success
    assert (table, check) in refusals(house, result)
    assert len(started(result)) == 1
    assert house.tables() == tables


def spoil(house: House, file: str, column: str, value: str, count: int) -> None:
    """Give a column of the last rows of a file a value that breaks a rule."""
    path = house.landing / file
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = list(csv.reader(stream))
    for row in rows[-count:]:
        row[header.index(column)] = value
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])


def test_too_many_bad_rows_refuse_the_table(house: House) -> None:
    spoil(house, "lines.csv", "qty", "-1", 100)
    orders, release = house.tables()['clean."order_items"'], house.release_bytes()
    result = house.materialize(dg.AssetSelection.assets(["raw", "lines"]).downstream())
    assert not result.success
    assert refusals(house, result) == [("clean.order_items", "within_tolerance")]
    assert house.tables()['clean."order_items"'] == orders
    assert house.release_bytes() == release
    written = {".".join(event.asset_key.path) for event in result.get_asset_materialization_events() if event.asset_key}
    assert "raw.lines" in written
    assert written.isdisjoint({"clean.order_items", "features.sales", "marts.sales_daily", "release.current"})


def test_a_few_bad_rows_warn_and_go_to_quarantine(house: House) -> None:
    spoil(house, "lines.csv", "qty", "-1", 10)
    ((before,),) = house.query("select count(*) from clean.order_items")
    result = house.materialize(
        dg.AssetSelection.assets(["raw", "lines"], ["clean", "order_items"]) | dg.AssetSelection.key_prefixes(["input"])
    )
    assert result.success
    assert refusals(house, result) == []
    warned = [
        (single["check"], single["rows failed"])
        for one in result.get_asset_check_evaluations()
        if not one.passed and one.severity is dg.AssetCheckSeverity.WARN
        for single in told(one, "warned")
    ]
    assert ("quantity__between", 10) in warned
    assert house.query("select count(*) from clean.order_items") == [(before - 10,)]
    assert house.query("select count(*), min(file), min(row_number) from quarantine.rows") == [(10, "lines.csv", 642)]
