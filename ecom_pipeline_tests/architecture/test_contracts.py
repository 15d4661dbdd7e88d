"""Every table has a contract, every contract a writer, and both say the same."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from ecom_pipeline.contracts import TABLES, load_contracts
from ecom_pipeline.definitions import build_defs
from ecom_pipeline.settings import Settings
from ecom_pipeline.warehouse.journal import QUARANTINE
from ecom_pipeline.warehouse.lineage import tables_read
from ecom_pipeline_tests.e2e.mini import write_mini

CONTRACTS = load_contracts()


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> dg.AssetGraph:
    shop = write_mini(tmp_path_factory.mktemp("shop"))
    return build_defs(Settings(shop=shop)).resolve_asset_graph()


def written(graph: dg.AssetGraph) -> set[str]:
    return {".".join(key.path) for key in graph.get_all_asset_keys()}


def test_every_contract_has_a_writer_and_every_writer_a_contract(graph: dg.AssetGraph) -> None:
    raw = {name for name in written(graph) if name.startswith("raw.")}
    assert raw == {
        f"raw.{source}"
        for source in (
            "orders",
            "lines",
            "refunds",
            "clicks",
            "products",
            "customers",
            "messages",
            "faq",
            "spend",
            "campaigns",
            "experiments",
            "market",
            "calendar",
        )
    }
    assert written(graph) - raw - {"release.current"} == set(CONTRACTS)


def test_every_select_has_a_contract() -> None:
    assert {f"{path.parent.name}.{path.stem}" for path in TABLES.rglob("*.sql")} <= set(CONTRACTS)


def test_dependencies_are_exactly_what_the_select_reads(graph: dg.AssetGraph) -> None:
    for contract in CONTRACTS.values():
        if contract.select:
            read = {table for table in tables_read(contract.select) if not table.startswith("journal.")}
            parents = {".".join(key.path) for key in graph.get(dg.AssetKey(contract.name.split("."))).parent_keys}
            assert (read <= parents) if contract.schema_name == "ops" else (read == parents), contract.name


def test_every_column_is_documented_and_plain() -> None:
    for contract in CONTRACTS.values():
        for column in contract.columns:
            where = f"{contract.name}.{column.name}"
            assert column.description.strip(), where
            assert "[" not in column.type, where
            assert "STRUCT" not in column.type, where
            if contract.schema_name in ("marts", "ops", "models"):
                assert not column.pii, where
                assert column.name == column.name.lower(), where


def test_money_in_marts_is_decimal() -> None:
    money = {
        "amount",
        "budget",
        "cost",
        "discounts",
        "gain",
        "margin",
        "price",
        "refunds",
        "revenue",
        "shipping",
        "spend",
    }
    other = {
        f"{contract.name}.{column.name}"
        for contract in CONTRACTS.values()
        for column in contract.columns
        if contract.schema_name == "marts"
        and money & set(column.name.split("_"))
        and not column.name.startswith(("return_on", "share_of"))
        and not column.name.endswith("_band")
        and not column.type.startswith("DECIMAL")
    }
    assert other == set()


def test_tables_of_persons_name_their_customer_column() -> None:
    for contract in CONTRACTS.values():
        if any(column.name == "customer_id" for column in contract.columns):
            assert contract.customer_column == "customer_id", contract.name


def test_quarantine_is_created_as_its_contract_says() -> None:
    for table, columns in QUARANTINE.items():
        types = CONTRACTS[f"quarantine.{table}"].types
        assert columns == ", ".join(f"{name} {kind.lower()}" for name, kind in types.items())


def test_a_contract_that_cannot_be_read_names_file_and_field(tmp_path: Path) -> None:
    from ecom_pipeline.contracts import ContractError

    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "broken.yml").write_text("description: Rows.\ndomain: shop\ncolumns: []\ncolour: red\n")
    with pytest.raises(ContractError, match=r"(?s)broken\.yml.*description.*colour"):
        load_contracts(tmp_path)


@pytest.mark.parametrize("lacking", ["key", "input"])
def test_only_a_table_with_a_key_and_an_input_says_which_row_of_a_key_stays(lacking: str, tmp_path: Path) -> None:
    from ecom_pipeline.contracts import ContractError

    promises = {"input": "input: orders", "key": "key: [order_id]", "first_by": "first_by: _row"}
    del promises[lacking]
    (tmp_path / "clean").mkdir()
    columns = "columns: [{name: order_id, type: VARCHAR, description: Identifies the order}]"
    text = "\n".join(["description: One row per order.", "domain: shop", columns, *promises.values()])
    (tmp_path / "clean" / "orders.yml").write_text(text)
    with pytest.raises(ContractError, match="a key and an input"):
        load_contracts(tmp_path)


def test_promises_are_read_once_and_a_copy_derives_its_own_rules() -> None:
    assert load_contracts() is CONTRACTS
    events = CONTRACTS["clean.events"]
    stated = len(events.rules)
    assert stated
    assert len(events.model_copy(update={"rules": ()}).row_rules) == len(events.row_rules) - stated
    elsewhere = events.model_copy(update={"table": "orders"})
    assert (events.select, elsewhere.select) == tuple(
        CONTRACTS[f"clean.{name}"].select for name in ("events", "orders")
    )
