from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import duckdb
import pandas as pd
import pytest

from ecom_pipeline import defs
from ecom_pipeline.contracts import load_contracts
from ecom_pipeline.defs.models import profile
from ecom_pipeline.defs.models.step import previous_card
from ecom_pipeline.defs.night import Night
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.config import load_shop
from ecom_pipeline.warehouse.connection import open_warehouse
from ecom_pipeline.warehouse.increment import Plan
from ecom_pipeline_tests.e2e.mini import write_mini

CARD = ModelCard(
    model="prophet",
    metric="wape",
    value=None,
    baseline="seasonal_naive",
    baseline_value=0.25,
    decision="refused",
    reason="nothing to measure",
    trained_from=None,
    trained_to=date(2024, 5, 1),
    parameters={"horizon": 28},
    seed=1,
    metrics={"mase": 1.5},
)


def test_frames_have_the_columns_that_their_reader_names() -> None:
    queries = [
        query
        for path in Path(defs.__file__).parent.rglob("*.py")
        for query in re.findall(r"frame\(\s*f?[\"'](.*)", path.read_text("utf-8"))
    ]
    assert len(queries) > 10
    assert [query for query in queries if not query.startswith("select ") or query.startswith("select *")] == []


@pytest.mark.slow
@pytest.mark.parametrize("written", [True, False])
def test_the_live_card_comes_back_from_the_warehouse_as_it_was_written(tmp_path: Path, written: bool) -> None:
    contracts = load_contracts()
    shop = load_shop(write_mini(tmp_path / "shop"), {}, contracts)
    with open_warehouse(tmp_path / "work", memory_limit="500MB", threads=1) as connection:
        night = Night(connection=connection, settings=Settings(), shop=shop, contracts=contracts, run_id="r1")
        if written:
            contract = contracts["models.forecast_card"]
            (outcome,) = night.write([night.candidate(contract, pd.DataFrame([CARD.row()]), Plan())])
            assert not outcome.refused
        assert previous_card(night, "forecast") == (CARD if written else None)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_the_covariance_of_features_fills_gaps_and_leaves_out_what_nobody_has(rows: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema features; create table features.customers as"
            " select * from (values (1, 10.0, 7, null), (2, null, 7, null), (3, 30.0, 7, null))"
            f" as given (orders, revenue, views, searches) limit {rows}"
        )
        night = cast(Night, SimpleNamespace(connection=connection))
        found = profile._covariance(night, ["orders", "revenue", "views", "searches"])
    if rows < 2:
        assert found.empty
        return
    told = found.set_index(["feature_a", "feature_b"])
    assert set(told.index.get_level_values(0)) == {"orders", "revenue", "views"}
    assert told.loc[("orders", "revenue"), "covariance"] == 10.0
    assert told.loc[("revenue", "orders"), "correlation"] == 1.0
    assert told.loc[("views", "orders"), "covariance"] == 0.0
    assert pd.isna(told.loc[("views", "views"), "correlation"])
