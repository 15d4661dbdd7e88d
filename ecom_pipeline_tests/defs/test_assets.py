"""What the UI shows of a table before and after it was written: files, layer, columns, and where each column comes from."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from ecom_pipeline.contracts import load_contracts
from ecom_pipeline.definitions import build_defs
from ecom_pipeline.defs.landing import mapped_contract
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.reading import load_shop

SHOP = """\
name: corner
timezone: Europe/Berlin
currency: EUR
sources:
  till:
    files: till.csv
    inputs:
      orders:
        columns: {order_id: No, ordered_at: At, customer_id: {sql: "Who || No"}}
      order_items:
        columns: {order_id: No, product_id: Sku, quantity: Qty, unit_price: Price}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "shop.yaml").write_text(SHOP, "utf-8")
    rows = ["No,At,Who,Sku,Qty,Price,Note"]
    rows += [f"{n},2024-05-0{1 + n % 9} 10:00:00,w{n % 7},s{n % 5},1,{'abc' if n == 3 else 5},x" for n in range(60)]
    (tmp_path / "till.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return Settings(shop=tmp_path, data_dir=tmp_path / "data", settle_seconds=0)


def test_a_table_leads_to_what_makes_it_and_names_its_layer(settings: Settings) -> None:
    graph = build_defs(settings).resolve_asset_graph()
    sales, listed, till = (
        graph.get(dg.AssetKey(key)).metadata
        for key in (["marts", "sales_daily"], ["models", "recommendations"], ["raw", "till"])
    )
    assert sales["contract"].path == "ecom_pipeline/tables/marts/sales_daily.yml"
    assert str(load_contracts()["marts.sales_daily"].select) in sales["select"].md_str
    assert "function" not in sales
    assert listed["contract"].path == "ecom_pipeline/tables/models/recommendations.yml"
    assert listed["function"].path.startswith("ecom_pipeline/defs/models/recommend.py:")
    assert "contract" not in till
    assert till["function"].path.startswith("ecom_pipeline/defs/landing.py:")
    assert graph.get(dg.AssetKey(["marts", "sales_daily"])).tags["layer"] == "marts"


def test_columns_that_no_contract_declares_say_what_they_are() -> None:
    words = load_contracts()["input.orders"].descriptions
    assert words["ordered_date"] == "The business date of ordered_at, in the shop's timezone."
    assert words["_row"] == "The row of the file, from 1."
    for contract in load_contracts().values():
        assert list(contract.descriptions) == list(contract.types)


def test_a_column_of_a_file_says_what_it_is_read_as(settings: Settings) -> None:
    words = mapped_contract(load_shop(settings.shop_file), "till").descriptions
    assert words["No"] == "Read as orders.order_id, orders.customer_id, order_items.order_id."
    assert words["Sku"] == "Read as order_items.product_id."


@pytest.mark.slow
def test_lineage_of_columns_leads_to_those_of_the_files_and_quarantine_is_shown(settings: Settings) -> None:
    definitions = build_defs(settings)
    graph = definitions.resolve_asset_graph()
    wanted = dg.AssetSelection.assets(["clean", "order_items"]).upstream().required_multi_asset_neighbors()
    with dg.DagsterInstance.ephemeral() as instance:
        done = definitions.resolve_job_def("nightly").execute_in_process(
            instance=instance,
            asset_selection=sorted(wanted.resolve(graph) & graph.executable_asset_keys),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert done.success
        shown = {
            table: instance.get_latest_materialization_event(
                dg.AssetKey(table.split("."))
            ).asset_materialization.metadata
            for table in ("raw.till", "input.orders", "clean.order_items", "quarantine.rows")
        }
    assert shown["raw.till"]["dagster/row_count"].value == 60
    lineage = shown["input.orders"]["dagster/column_lineage"].value.deps_by_column
    assert {name: {one.column_name for one in deps} for name, deps in lineage.items()} == {
        "order_id": {"No"},
        "customer_id": {"Who", "No"},
        "ordered_at": {"At"},
        "ordered_date": {"At"},
        "ordered_hour": {"At"},
    }
    assert shown["quarantine.rows"]["dagster/row_count"].value == 1
    (row,) = shown["clean.order_items"]["quarantined"].records
    assert row.data["rows"] == 1
    assert "unit_price: 'abc' is not a number" in row.data["reasons"]
