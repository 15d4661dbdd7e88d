"""Every example of a `shop.yaml` is one, and the worked example gives what the page says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from ecom_pipeline.definitions import build_defs
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.config import ColumnMapping, Database, InputMapping, Shop, Source, Table
from ecom_pipeline.shop.errors import ShopError
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.queries import read_query
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline_tests.database import in_memory
from ecom_pipeline_tests.docs.markdown import ROOT, Block, Page, blocks_in

PAGE = Page(ROOT / "docs" / "your-own-shop.md")
AROUND = {"name": "example", "timezone": "UTC", "currency": "CNY"}
ENOUGH = {
    "some_events": {"files": "events.csv", "inputs": {"events": {"columns": {"event_type": "a", "event_at": "b"}}}}
}
EXAMPLES = {name: block for name, block in blocks_in("yaml") if not block.text.startswith("resources:")}


def completed(text: str) -> dict[str, Any]:
    """A part of a `shop.yaml` as a whole one: with a name, and with the inputs that no shop can do without."""
    part = yaml.load(text, Loader=yaml.BaseLoader)
    sources = part.get("sources", {})
    fed = {name for source in sources.values() for name in source["inputs"]}
    enough = "events" in fed or {"orders", "order_items"} <= fed
    return {**AROUND, **part, "sources": sources if enough else {**sources, **ENOUGH}}


def parse(content: dict[str, Any], folder: Path) -> Shop:
    path = folder / "shop.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return load_shop(path, {"PASSWORD": "secret"})


@pytest.mark.parametrize("block", EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_is_a_shop(block: Block, tmp_path: Path) -> None:
    parse(completed(block.text), tmp_path)


def test_an_example_with_a_wrong_key_is_none(tmp_path: Path) -> None:
    wrong = next(iter(EXAMPLES.values())).text.replace("decimal_comma", "decimal_coma")
    with pytest.raises(ShopError, match="decimal_comma"):
        parse(completed(wrong), tmp_path)


def test_examples_show_every_key() -> None:
    shown: set[str] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            shown.update(node)
            for value in node.values():
                collect(value)

    for block in PAGE.blocks:
        if block.language == "yaml":
            collect(yaml.load(block.text, Loader=yaml.BaseLoader))
    models = (Shop, Source, InputMapping, ColumnMapping, ReadOptions, Database, Table)
    assert {key for model in models for key in model.model_fields} <= shown


@pytest.fixture(scope="module")
def mugs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse of the worked example, as far as the page shows it."""
    folder = tmp_path_factory.mktemp("mugs")
    csv = next(block for block in PAGE.blocks if block.language == "csv")
    (folder / "export.csv").write_text(csv.text, "utf-8")
    (folder / "shop.yaml").write_text(next(block.text for block in PAGE.blocks if block.language == "yaml"), "utf-8")
    settings = Settings(data_dir=folder / "data", shop=folder, settle_seconds=0, threads=1)
    definitions = build_defs(settings)
    graph = definitions.resolve_asset_graph()
    wanted = dg.AssetSelection.assets(["marts", "sales_daily"]).upstream() | dg.AssetSelection.key_prefixes(["clean"])
    keys = wanted.required_multi_asset_neighbors().resolve(graph) & graph.executable_asset_keys
    with dg.DagsterInstance.ephemeral() as instance:
        done = definitions.resolve_job_def("nightly").execute_in_process(
            instance=instance,
            asset_selection=sorted(keys),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    assert done.success
    return settings.work_dir("mugs") / "warehouse.duckdb"


def rows(warehouse: Path, query: str) -> list[list[str]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return [[str(value) for value in row] for row in connection.execute(query).fetchall()]


def test_the_query_makes_dates_of_days_since_the_last_order(tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "order_id,user_id,order_number,days_since_prior_order\n3,7,2,10.0\n1,7,1,\n5,7,3,30.0\n2,8,1,\n", "utf-8"
    )
    (recipe,) = (block.text for block in PAGE.blocks if "days_since_prior_order" in block.text)
    query = yaml.safe_load(recipe)["sources"]["orders"]["query"]
    with in_memory() as connection:
        read_query(connection, query, {"orders": ([orders], None, ReadOptions())}, "dated")
        dates = connection.execute("select order_id, order_date from dated order by order_id").fetchall()
    assert dates == [("1", "2020-01-01"), ("2", "2020-01-01"), ("3", "2020-01-11"), ("5", "2020-02-10")]


@pytest.mark.slow
def test_the_worked_example_sells_what_the_page_says(mugs: Path) -> None:
    query = next(block.text for block in PAGE.blocks if block.language == "sql")
    assert rows(mugs, query) == PAGE.table_below("select sales_date")


@pytest.mark.slow
def test_the_worked_example_rejects_what_the_page_says(mugs: Path) -> None:
    query = "select table_name, source, reasons, count(*) from quarantine.rows group by all order by all"
    assert rows(mugs, query) == PAGE.table_below("`ecom quarantine list --shop mugs`")


@pytest.mark.slow
def test_the_worked_example_loses_nothing(mugs: Path) -> None:
    query = (
        "select input, routed_rows, clean_rows, duplicate_rows, quarantined_rows from journal.conservation"
        " where source = 'export' order by input"
    )
    assert rows(mugs, query) == [
        ["order_items", "6", "4", "0", "2"],
        ["orders", "6", "4", "1", "1"],
        ["raw", "8", "7", "0", "1"],
        ["refunds", "1", "1", "0", "0"],
    ]
