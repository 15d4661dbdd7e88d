from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pytest

from ecom_pipeline.contracts import Contract, parse_contract
from ecom_pipeline_tests.database import in_memory


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with in_memory() as connection:
        connection.execute("create schema staging")
        yield connection


@pytest.fixture(scope="session")
def contract() -> Callable[..., Contract]:
    def make(columns: str, schema: str = "marts", **more: str) -> Contract:
        lines = [f"{key}: {value}" for key, value in more.items()]
        text = "\n".join(["description: One row per thing", "domain: shop", *lines, "columns:", columns])
        return parse_contract(text, schema, "things", "things.yml")

    return make
