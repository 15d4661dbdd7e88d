"""Every example of a `shop.yaml` is one, and the worked example gives what the page says."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from ecom_pipeline.definitions import build_defs
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.config import ColumnMapping, Database, InputMapping, Shop, Source
from ecom_pipeline.shop.errors import ShopError
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers import read_database
from ecom_pipeline.shop.reading import load_shop
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
    models = (Shop, Source, InputMapping, ColumnMapping, ReadOptions, Database)
    assert {key for model in models for key in model.model_fields} <= shown


def test_the_view_gives_the_lines_inside_a_json_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data" / "shops" / "my_shop"
    folder.mkdir(parents=True)
    line = {"sku": "MUG-1", "quantity": 2, "price": "12.50"}
    order = {
        "id": 1,
        "created_at": "2024-06-18T10:00:00Z",
        "customer": {"id": 7},
        "line_items": [line, line | {"sku": "POT"}],
    }
    (folder / "orders-1.jsonl").write_text(json.dumps(order), "utf-8")
    monkeypatch.chdir(tmp_path)
    (recipe,) = (block.text for block in PAGE.blocks if block.language == "python")
    exec(recipe, {})
    with duckdb.connect() as connection:
        read_database(connection, f"duckdb:///{folder / 'views.duckdb'}", "order_lines", "lines")
        asked = "select id, customer, sku, quantity, price from lines"
        assert connection.execute(asked).fetchall() == [("1", "7", sku, "2", "12.50") for sku in ("MUG-1", "POT")]


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


def test_the_view_makes_dates_of_days_since_the_last_order(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order_id,user_id,order_number,days_since_prior_order\n3,7,2,10.0\n1,7,1,\n5,7,3,30.0\n2,8,1,\n", "utf-8"
    )
    (tmp_path / "order_products__prior.csv").write_text("order_id,product_id\n1,11\n3,12\n5,11\n2,13\n", "utf-8")
    (recipe,) = (block.text for block in PAGE.blocks if block.language == "sql" and block.text.startswith("create "))
    with duckdb.connect(config={"file_search_path": str(tmp_path)}) as views:
        views.execute(recipe)
        rows = views.execute("select order_id, order_date, product_id from baskets order by order_id").fetchall()
    day = date(2020, 1, 1)
    assert rows == [(1, day, 11), (2, day, 13), (3, date(2020, 1, 11), 12), (5, date(2020, 2, 10), 11)]


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
