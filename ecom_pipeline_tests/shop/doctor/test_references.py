"""Exports beside each other: whose orders lines are of, shops that number alike, exports that grow or lie by month."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecom_pipeline_tests.shop.doctor.exports import examined, loaded, mapping, rows, write_csv

HEADER = ("order_id", "order_date", "customer_id", "sku", "quantity", "price")


def order_lines(start: str = "2024-03", orders: int = 40) -> list[list[str]]:
    return [[f"{n}", f"{start}-{n % 28 + 1:02} 10:00:00", f"c{n % 9}", f"p{n % 5}", "2", "2.50"] for n in range(orders)]


@pytest.mark.parametrize("names", [("orders", "order_items"), ("my_orders", "an_export_of_items")])
def test_lines_with_a_time_give_no_orders_where_another_file_has_them(tmp_path: Path, names: tuple[str, str]) -> None:
    """Their own number of the order is another than the one that the orders go by, as in Magento."""
    orders = [[f"{n:06}", "2024-03-01 10:00:00", f"c{n % 9}", ("canceled", "complete")[n % 4 > 0]] for n in range(40)]
    lines = [[f"{n}", f"{900 + n}", f"{n:06}", "2024-03-01 10:05:00", "p1", "2", "2.50"] for n in range(40)]
    in_, header = tmp_path / "in", ("ID", "Purchase Date", "Customer ID", "Status")
    write_csv(in_ / f"{names[0]}.csv", header, orders)
    named = ("item_id", "order_id", "increment_id", "created_at", "product_id", "qty_ordered", "price")
    write_csv(in_ / f"{names[1]}.csv", named, lines)
    found = {source.name: [guess.table for guess in source.inputs] for source in examined(in_).sources}
    assert found == {names[0]: ["orders"], names[1]: ["order_items"]}
    assert mapping(examined(in_))["order_items.order_id"] == "increment_id"
    with loaded(in_, tmp_path / "shop.yaml") as (con, _):
        sold = (
            "select status, sum(quantity * unit_price)::int from input.order_items join input.orders using (order_id)"
        )
        assert rows(con, f"{sold} group by all order by all") == [("cancelled", 50), ("completed", 150)]


def test_shops_that_number_alike_are_told_apart_and_versions_of_one_are_not(tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "de" / "orders.csv", HEADER, order_lines())
    write_csv(tmp_path / "in" / "uk" / "orders.csv", HEADER, order_lines("2024-04"))
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(distinct order_id), min(order_id) from input.orders") == [(80, "de-0")]
        assert rows(
            con, "select count(distinct order_id) from input.order_items semi join input.orders using (order_id)"
        ) == [(80,)]
    write_csv(tmp_path / "one" / "old" / "orders.csv", HEADER, order_lines())
    write_csv(
        tmp_path / "one" / "new" / "orders.csv", (*HEADER, "coupon"), [[*line, "X"] for line in order_lines(orders=60)]
    )
    assert mapping(examined(tmp_path / "one"))["orders.order_id"] == "order_id"


def test_an_export_that_has_grown_and_one_that_lies_in_folders_by_month(tmp_path: Path) -> None:
    for month in range(1, 7):
        more = ["X"] if month > 2 else []
        lines = [[f"{month}{line[0]}", *line[1:], *more] for line in order_lines(f"2024-{month:02}")]
        write_csv(tmp_path / "in" / f"orders-2024-{month:02}.csv", (*HEADER, "coupon")[: len(lines[0])], lines)
        place = tmp_path / "months" / f"month=2024-{month:02}" / "part-0.parquet"
        place.parent.mkdir(parents=True)
        pq.write_table(pa.table({name: [line[i] for line in lines] for i, name in enumerate(HEADER)}), place)
    assert [source.place for source in examined(tmp_path / "in").sources] == [{"files": "orders-*.csv"}]
    assert [source.place for source in examined(tmp_path / "months").sources] == [{"files": "month=*/part-0.parquet"}]
    for folder in ("in", "months"):
        with loaded(tmp_path / folder, tmp_path / "shop.yaml") as (con, _):
            assert rows(con, "select count(*), sum(quantity * unit_price)::int from input.order_items") == [(240, 1200)]


def test_a_column_of_noughts_tells_no_refunds_but_the_state_does(tmp_path: Path) -> None:
    """As in Lazada: the state says it, less what was taken off the line."""
    header = (*HEADER, "discount", "status", "refund_amount")
    states = ["delivered"] * 8 + ["returned", "canceled"]
    lines = [[*line, "0.50", states[n % 10], "0.00"] for n, line in enumerate(order_lines())]
    write_csv(tmp_path / "in" / "orders.csv", header, lines)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(*), sum(amount) from input.refunds") == [(4, Decimal("18.00"))]


@pytest.mark.parametrize("is_before", [True, False])
def test_an_amount_before_its_discount_and_one_after_it(tmp_path: Path, is_before: bool) -> None:
    """Amazon's item-price is that of the line before the promotion; others tell what was paid."""
    lines = []
    for n in range(200):
        price, pieces, off = n % 5 + 3, n % 2 + 1, 0.75 * (n % 3 == 0)
        amount = price * pieces - (0 if is_before else off)
        lines.append([f"{n}", "2024-03-01 10:00:00", f"p{n % 5}", f"{pieces}", f"{amount:.2f}", f"{off:.2f}"])
    header = ("amazon-order-id", "purchase-date", "sku", "quantity", "item-price", "item-promotion-discount")
    write_csv(tmp_path / "in" / "orders.csv", header, lines)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        paid = sum((n % 5 + 3) * (n % 2 + 1) - 0.75 * (n % 3 == 0) for n in range(200))
        assert rows(con, "select sum(line_amount)::double from input.order_items") == [(paid,)]


def test_a_price_after_its_discount_is_not_reduced_again(tmp_path: Path) -> None:
    """As in Ozon: the price before it stands in a column of its own."""
    lines = [[*line[:5], f"{n % 5 + 2}.50", f"{n % 5 + 3}.10", "1.20"] for n, line in enumerate(order_lines())]
    write_csv(tmp_path / "in" / "orders.csv", (*HEADER, "price before", "discount"), lines)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        sums = "select sum(coalesce(line_amount, quantity * unit_price - coalesce(discount_amount, 0)))::int from input.order_items"
        assert rows(con, sums) == [(360,)]


def test_a_number_of_the_line_is_not_its_product(tmp_path: Path) -> None:
    lines = [[f"{9000 + n}", *line] for n, line in enumerate(order_lines(orders=300))]
    write_csv(tmp_path / "lines.csv", ("item_id", *HEADER), lines)
    assert mapping(examined(tmp_path))["order_items.product_id"] == "sku"


def test_a_workbook_of_another_office_is_read(tmp_path: Path) -> None:
    cells = [HEADER, *order_lines()]
    table = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string"><text:p>{v}</text:p></table:table-cell>' for v in row)
        + "</table:table-row>"
        for row in cells
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = f"<office:document-content {spaces}><office:body><office:spreadsheet>"
    content += f'<table:table table:name="Orders">{table}</table:table></office:spreadsheet></office:body></office:document-content>'
    (tmp_path / "in").mkdir()
    with ZipFile(tmp_path / "in" / "orders.ods", "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("content.xml", content)
        book.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(*), sum(quantity * unit_price)::int from input.order_items") == [(40, 200)]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.zip", "an archive: unpack it"),
        ("a.csv.bz2", "unpack it, or pack it by gzip"),
        ("a.xml", "no reader for XML"),
    ],
)
def test_what_has_no_reader_is_told_with_what_to_do(tmp_path: Path, name: str, told: str) -> None:
    write_csv(tmp_path / "orders.csv", HEADER, order_lines())
    (tmp_path / name).write_bytes(b"x")
    assert [notice for notice in examined(tmp_path).notices if told in notice]
