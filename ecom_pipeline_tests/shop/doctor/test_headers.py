"""Columns are known by their names, English and Chinese, however they are spelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecom_pipeline.shop.doctor.names import CERTAIN, KNOWN, VAGUE, likeness
from ecom_pipeline_tests.shop.doctor.exports import CHINESE, ENGLISH, examined, lines, mapping, write_csv
from ecom_pipeline_tests.shop.shops import CONTRACTS

SPELLINGS = {
    "wholesaler": ENGLISH,
    "snake": ("order_id", "order_date", "customer_id", "product_id", "quantity", "unit_price"),
    "camel": ("orderId", "orderDate", "customerId", "productId", "Quantity", "unitPrice"),
    "words": ("Order Number", "Order Date", "User ID", "SKU", "QTY", "Unit Price"),
    "chinese": CHINESE,
    "chinese with units": ("订单编号", "下单时间", "会员编号", "商品编码", "数量(件)", "单价（元）"),
}


@pytest.mark.parametrize("header", SPELLINGS.values(), ids=SPELLINGS)
def test_sales(tmp_path: Path, header: tuple[str, ...]) -> None:
    write_csv(tmp_path / "export.csv", header, lines())
    order, time, customer, product, quantity, price = header
    assert mapping(examined(tmp_path)) == {
        "orders.order_id": order,
        "orders.customer_id": customer,
        "orders.ordered_at": time,
        "order_items.order_id": order,
        "order_items.product_id": product,
        "order_items.quantity": quantity,
        "order_items.unit_price": price,
    }


ROLES = {
    "customers": (
        ("会员编号", "姓名", "手机号", "城市"),
        [[f"u{i}", "王芳", f"1380000{i:04}", "上海"] for i in range(20)],
    ),
    "products": (("sku", "title", "brand", "price"), [[f"p{i}", f"Lamp {i}", "Lumio", f"{i}.50"] for i in range(20)]),
    "refunds": (
        ("refund_no", "order_no", "refund_time", "amount"),
        [[f"r{i}", f"o{i}", "2024-03-01", "4.20"] for i in range(20)],
    ),
    "messages": (
        ("ticket_id", "sent_at", "customer_id", "text"),
        [[str(i), "2024-03-01 10:00:00", f"u{i}", f"Where is my parcel number {i}?"] for i in range(20)],
    ),
    "marketing_spend": (
        ("日期", "渠道", "花费", "点击"),
        [[f"2024-03-{1 + i}", "搜索", "12.50", str(i)] for i in range(20)],
    ),
    "experiments": (
        ("experiment", "user_id", "variant", "assignment_date"),
        [["spring", f"u{i}", ("control", "mail")[i % 2], f"2024-03-{1 + i:02}"] for i in range(20)],
    ),
    "calendar": (("date", "name", "kind"), [[f"2024-03-{1 + i:02}", f"Day {i}", "holiday"] for i in range(20)]),
}


@pytest.mark.parametrize("table", ROLES)
def test_what_a_file_is_about(tmp_path: Path, table: str) -> None:
    header, rows = ROLES[table]
    write_csv(tmp_path / f"{table}.csv", header, rows)
    (source,) = examined(tmp_path).sources
    (given,) = source.inputs
    assert given.table == table
    assert {column.source_column for column in given.columns} == set(header)
    assert source.unused == ()


def test_a_column_that_means_nothing_is_left_and_named(tmp_path: Path) -> None:
    write_csv(tmp_path / "lines.csv", (*ENGLISH, "zzz"), [[*row, "?"] for row in lines()])
    (source,) = examined(tmp_path).sources
    assert source.unused == ("zzz",)


def test_likeness() -> None:
    columns = {column.name: column for column in CONTRACTS["input.orders"].columns}
    assert likeness("Order-ID", columns["order_id"]) == CERTAIN
    assert likeness("订单编号", columns["order_id"]) == KNOWN
    assert likeness("date", columns["ordered_at"]) == VAGUE
    assert 0 < likeness("old invoice no", columns["order_id"]) < VAGUE
    assert likeness("weather", columns["order_id"]) == 0
