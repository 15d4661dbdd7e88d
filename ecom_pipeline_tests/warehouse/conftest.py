from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ecom_pipeline.contracts import Contract, parse_contract
from ecom_pipeline.warehouse.connection import open_warehouse


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(tmp_path / "work", memory_limit="500MB", threads=1) as connection:
        yield connection


PRODUCTS = """
description: One row per product.
domain: shop
key: [product_id]
columns:
  - {name: product_id, type: VARCHAR, description: "The product's id.", required: true}
  - {name: price, type: "DECIMAL(18,2)", description: "Price, in the shop's currency.", minimum: 0}
"""


@pytest.fixture
def mart() -> Contract:
    return parse_contract(PRODUCTS, "marts", "products", "products.yml")


@pytest.fixture
def clean() -> Contract:
    return parse_contract(
        PRODUCTS + "on_violation: quarantine\ntolerance: 0.5\ninput: products\n", "clean", "products", "products.yml"
    )
