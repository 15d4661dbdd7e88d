"""What the tests of the doctor share: exports written to a folder, a diagnosis of it, its proposal loaded."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.doctor import Diagnosis, diagnose, propose_yaml
from ecom_pipeline.shop.loading import load_source
from ecom_pipeline.shop.mapping import input_selects
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline_tests.database import in_memory
from ecom_pipeline_tests.shop.shops import CONTRACTS

ENGLISH = ("InvoiceNo", "InvoiceDate", "CustomerID", "StockCode", "Quantity", "UnitPrice")
CHINESE = ("订单号", "下单时间", "用户ID", "商品ID", "数量", "单价")
CON = duckdb.connect(config={"threads": 1})
"""A diagnosis leaves nothing in it, so that one is enough for all: DuckDB takes some time to start."""


def lines(orders: int = 40) -> list[list[str]]:
    """Order, time, customer, product, quantity, price: two lines an order, 3 x 2.50 and 1 x 10.00."""
    return [
        [
            f"{7000 + order}",
            f"2024-03-{1 + order % 28:02} 10:{order % 60:02}:00",
            f"u{order % 15}",
            f"p{(order * 2 + line) % 25}",
            ("3", "1")[line],
            ("2.50", "10.00")[line],
        ]
        for order in range(orders)
        for line in range(2)
    ]


def write_csv(
    path: Path, header: Sequence[str] | None, rows: Sequence[Sequence[str]], encoding: str = "utf-8", mark: str = ","
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=mark)
        writer.writerows([header, *rows] if header else rows)
    return path


def examined(folder: Path) -> Diagnosis:
    """The diagnosis, made once of the same files; nothing of it stays in the database."""
    return _diagnosis(folder, tuple((path, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))))


@lru_cache(maxsize=4)
def _diagnosis(folder: Path, _files: tuple[tuple[Path, int], ...]) -> Diagnosis:
    found = diagnose(CON, folder, CONTRACTS)
    assert CON.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]
    return found


def mapping(found: Diagnosis) -> dict[str, Any]:
    """``input.column`` to the source's column, or to how it is said where it is no mere rename."""
    return {
        f"{given.table}.{column.target}": column.origin["column"]
        if list(column.origin) == ["column"]
        else column.origin
        for source in found.sources
        for given in source.inputs
        for column in given.columns
    }


@contextmanager
def loaded(folder: Path, shop_file: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Shop]]:
    """A warehouse with the views of the inputs, as the proposal maps them."""
    shop_file.write_text(propose_yaml(examined(folder)), "utf-8")
    with warehouse(folder, load_shop(shop_file, {}, CONTRACTS)) as loaded_one:
        yield loaded_one


@contextmanager
def warehouse(folder: Path, shop: Shop) -> Iterator[tuple[duckdb.DuckDBPyConnection, Shop]]:
    """The same for a shop that is there."""
    with in_memory() as con:
        con.execute("create schema raw")
        con.execute("create schema input")
        con.execute("set timezone = 'UTC'")
        columns = {}
        for source in shop.sources:
            load_source(con, shop, source, folder, [], 1, f'raw."{source}"')
            columns[source] = [name for name, *_ in con.execute(f'describe raw."{source}"').fetchall()]
        for table, select in input_selects(shop, CONTRACTS, columns).items():
            con.execute(f"create view input.{table} as {select}")
        yield con, shop


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def filled(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """Rows of every input that has any, and how many of them have a value that could not be read."""
    counted = {
        contract.table: rows(con, f"select count(*), count(_reasons) from {contract.name}")[0]
        for contract in CONTRACTS.values()
        if contract.schema_name == "input" and contract.table != "exchange_rates"
    }
    return {table: (found[0], found[1]) for table, found in counted.items() if found[0]}
