"""Which column is the money of a line is told by sums and ratios: every cent of exports whose headers mislead."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from ecom_pipeline_tests.shop.doctor.exports import examined, loaded, mapping, rows, write_csv

PAID = """select sum(coalesce(line_amount, quantity * unit_price - coalesce(discount_amount, 0)))::decimal(18, 2)
    from input.order_items where _reasons is null"""
PRICES = [Decimal(cents) / 100 for cents in (250, 1000, 725, 1999, 305, 1210, 870)]


def bought() -> list[tuple[int, int, int, Decimal, Decimal]]:
    """Order, product, pieces, price of one, discount of the line: 60 orders of two lines."""
    return [
        (
            order,
            product,
            1 + (order + line) % 3,
            PRICES[product],
            Decimal("0.50") if (order + line) % 4 == 0 else Decimal("0.00"),
        )
        for order in range(60)
        for line in range(2)
        for product in [(order + line) % 7]
    ]


def paid(folder: Path, header: Sequence[str], lines: Sequence[Sequence[object]], shop_file: Path) -> Decimal:
    write_csv(folder / "orders.csv", header, [[str(value) for value in line] for line in lines])
    with loaded(folder, shop_file) as (con, _):
        return Decimal(rows(con, PAID)[0][0])


GROSS = sum((price * pieces for _, _, pieces, price, _ in bought()), Decimal())
NET = GROSS - sum((less for *_, less in bought()), Decimal())


@pytest.mark.parametrize(
    ("header", "amounts", "expected"),
    [
        (("item-price",), lambda n, price, less: (n * price,), GROSS),
        (("line_total",), lambda n, price, less: (price,), GROSS),
        (("Gross Sales", "Discounts", "Net Sales"), lambda n, p, less: (n * p, -less, n * p - less), NET),
        (("Price", "Discount"), lambda n, price, less: (price, -less), NET),
        (("Product Price", "Sales", "Discount", "Left"), lambda n, p, less: (p, n * p, less, n * p - less), NET),
        (("Price", "Discount Amount", "Item Total"), lambda n, p, less: (p, less, n * p), NET),
        (("item_price", "item_row_total", "total"), lambda n, p, less: (p, n * p, "99.00"), GROSS),
    ],
    ids=["grows with pieces", "does not", "below zero", "below zero alone", "left of it", "before it", "of the order"],
)
def test_money_of_a_line(tmp_path: Path, header, amounts, expected) -> None:  # type: ignore[no-untyped-def]
    lines = [
        (f"o{order}", "2024-03-01 10:00:00", f"p{product}", pieces, *amounts(pieces, price, less))
        for order, product, pieces, price, less in bought()
    ]
    head = ("order_id", "order_date", "sku", "quantity", *header)
    assert paid(tmp_path / "in", head, lines, tmp_path / "shop.yaml") == expected


def test_an_amount_of_the_order_is_not_that_of_its_lines(tmp_path: Path) -> None:
    totals = {order: sum(n * p for o, _, n, p, _ in bought() if o == order) for order in range(60)}
    lines = [
        (f"o{order}", "2024-03-01", f"p{product}", pieces, totals[order], price)
        for order, product, pieces, price, _ in bought()
    ]
    head = ("order_id", "order_date", "sku", "quantity", "total_amount", "worth")
    assert paid(tmp_path / "in", head, lines, tmp_path / "shop.yaml") == GROSS


def test_a_discount_that_is_a_share_of_the_price(tmp_path: Path) -> None:
    lines = [
        (f"o{order}", "2024-03-01", f"p{product}", pieces, price, share)
        for order, product, pieces, price, _ in bought()
        for share in [("0", "0.2", "0.05")[order % 3]]
    ]
    head = ("OrderID", "OrderDate", "ProductID", "Quantity", "UnitPrice", "Discount")
    expected = sum(Decimal(n) * p * (1 - Decimal(share)) for *_, n, p, share in lines)
    assert paid(tmp_path / "in", head, lines, tmp_path / "shop.yaml") == expected.quantize(Decimal("0.01"))
    after = [(*line[:4], line[3] * line[4] * (1 - Decimal(line[5])), line[5]) for line in lines]
    head = ("Order ID", "Order Date", "Product ID", "Quantity", "Sales", "Discount")
    assert paid(tmp_path / "after", head, after, tmp_path / "shop.yaml") == expected.quantize(Decimal("0.01"))


@pytest.mark.parametrize("amounts", [("AMOUNT", "SALES_PRICE"), ("amount", "asp_price")])
def test_pieces_that_are_called_an_amount(tmp_path: Path, amounts: tuple[str, str]) -> None:
    """As in Ta-Feng; and where the amount would be taken for the money."""
    lines = [
        ("11/1/2000", f"c{order}", f"p{product}", pieces, int(price) * pieces)
        for order, product, pieces, price, _ in bought()
    ]
    head = ("TRANSACTION_DT", "CUSTOMER_ID", "PRODUCT_ID", *amounts)
    assert paid(tmp_path / "in", head, lines, tmp_path / "shop.yaml") == sum(line[-1] for line in lines)
    told = mapping(examined(tmp_path / "in"))
    assert told["order_items.quantity"] == amounts[0]


def test_a_line_above_that_sums_up_the_lines_of_its_order(tmp_path: Path) -> None:
    """As in reports of eBay, where lines that are alone have all in one."""
    lines: list[tuple[object, ...]] = []
    expected = Decimal()
    for order in range(60):
        own = [line for line in bought() if line[0] == order][: 1 + order % 2]
        expected += sum((price * pieces for _, _, pieces, price, _ in own), Decimal())
        if len(own) > 1:
            lines.append(
                (
                    f"o{order}",
                    "Mar-01-24",
                    "",
                    "",
                    sum(line[2] for line in own),
                    f"${sum(p * n for _, _, n, p, _ in own)}",
                )
            )
        for _, product, pieces, price, _ in own:
            lines.append((f"o{order}", "" if len(own) > 1 else "Mar-01-24", f"{product}", "Cup", pieces, f"${price}"))
    head = ("Order Number", "Sale Date", "Item Number", "Item Title", "Quantity", "Sold For")
    assert paid(tmp_path / "in", head, lines, tmp_path / "shop.yaml") == expected


def test_lines_that_were_cancelled_have_no_amount(tmp_path: Path) -> None:
    """As in Amazon's reports; the discount of some lines is not that of the order."""
    lines = [
        (f"o{order}", "2024-03-01", "Cancelled" if order % 9 == 0 else "Shipped", f"p{product}",
         *((0, "", "") if order % 9 == 0 else (pieces, price * pieces, "0.50" if product else "")))
        for order, product, pieces, price, _ in bought()
    ]  # fmt: skip
    head = (
        "amazon-order-id",
        "purchase-date",
        "order-status",
        "sku",
        "quantity",
        "item-price",
        "item-promotion-discount",
    )
    expected = sum((p * n for order, _, n, p, _ in bought() if order % 9), Decimal())
    assert paid(tmp_path / "in", head, lines, tmp_path / "shop.yaml") == expected
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(*) from input.orders") == [(120,)]
        assert rows(con, "select count(discount_amount) from input.orders") == [(0,)]


def test_points_that_part_thousands(tmp_path: Path) -> None:
    """As Shopee writes rupiah."""
    lines = [
        (f"o{order}", "2024-03-01 10:00", f"p{product}", pieces, f"{int(price)}.500")
        for order, product, pieces, price, _ in bought()
    ]
    head = ("No. Pesanan", "Waktu Pesanan Dibuat", "Nomor Referensi SKU", "Jumlah", "Harga Setelah Diskon")
    expected = sum(pieces * (int(price) * 1000 + 500) for _, _, pieces, price, _ in bought())
    assert paid(tmp_path / "in", head, lines, tmp_path / "shop.yaml") == expected
    found = examined(tmp_path / "in")
    assert (found.currency.value, found.timezone.value) == ("IDR", "Asia/Jakarta")


def test_sales_of_days_without_orders_or_prices(tmp_path: Path) -> None:
    """As of Rossmann, told by store, and of Favorita, told by pieces."""
    days = [f"2016-01-{day:02}" for day in range(1, 29)]
    sold = [(store, day, 100 * store + place) for store in (1, 2, 3) for place, day in enumerate(days)]
    assert paid(tmp_path / "a", ("Store", "Date", "Sales"), sold, tmp_path / "shop.yaml") == sum(
        one[-1] for one in sold
    )
    assert mapping(examined(tmp_path / "a"))["order_items.product_id"] == "Store"
    told = [(day, store, f"i{item}", item) for store, day, _ in sold for item in (5, 6)]
    head = ("date", "store_nbr", "item_nbr", "unit_sales")
    assert paid(tmp_path / "b", head, told, tmp_path / "shop.yaml") == 0
    found = mapping(examined(tmp_path / "b"))
    assert (found["order_items.quantity"], found["order_items.unit_price"]) == ("unit_sales", {"value": "0"})
