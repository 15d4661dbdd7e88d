"""Dumps of databases and of payment, tracking and returns systems: several files that name each other's rows, each counted once."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from ecom_pipeline_tests.shop.doctor.exports import examined, loaded, mapping, rows, write_csv

SOLD = "select count(*), sum(coalesce(line_amount, quantity * unit_price))::decimal(18, 2) from input.order_items"
GIVEN_BACK = "select count(*), sum(amount)::decimal(18, 2), min(refunded_date)::varchar from input.refunds"


def at(n: int, clock: str = "10:00:00") -> str:
    return f"2024-03-{n % 28 + 1:02} {clock}"


def test_rows_without_a_name_of_their_own_are_neither_orders_nor_products(tmp_path: Path) -> None:
    """As thelook has them: an ``id`` numbers pieces in stock and offices too; products are those that lines name."""
    states = ("Complete", "Complete", "Complete", "Cancelled", "Returned")
    orders = [[f"{n}", f"{n % 9}", states[n % 5], at(n)] for n in range(200)]
    pieces = [
        [f"{n}{k}", f"{n}", f"{n % 9}", f"{n % 12}", f"9{n}{k}", states[n % 5], at(n), at(n, "12:00:00") if n % 5 == 4 else "", "2.50"]
        for n in range(200)
        for k in range(2)
    ]  # fmt: skip
    header = ("id", "order_id", "user_id", "product_id", "inventory_item_id", "status", "created_at", "returned_at")
    write_csv(tmp_path / "in" / "order_items.csv", (*header, "sale_price"), pieces)
    write_csv(tmp_path / "in" / "orders.csv", ("order_id", "user_id", "status", "created_at"), orders)
    stock = [[f"9{n}{k}", f"{n % 12}", at(n), "1.25", f"Mug {n % 12}"] for n in range(200) for k in range(2)]
    write_csv(
        tmp_path / "in" / "inventory_items.csv", ("id", "product_id", "created_at", "cost", "product_name"), stock
    )
    products = [[f"{n}", "Kitchen", f"Mug {n}", f"A{n:04}", "Women"] for n in range(12)]
    write_csv(tmp_path / "in" / "products.csv", ("id", "category", "name", "sku", "department"), products)
    write_csv(tmp_path / "in" / "distribution_centers.csv", ("id", "name"), [["1", "Memphis"], ["2", "Houston"]])
    found = mapping(examined(tmp_path / "in"))
    assert (found["products.product_id"], found["products.category_path"]) == ("id", "category")
    assert found["order_items.order_item_id"] == "id"
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, SOLD) == [(400, Decimal("1000.00"))]
        assert rows(con, GIVEN_BACK)[0][:2] == (80, Decimal("200.00"))
        assert rows(con, "select count(distinct refund_id) from input.refunds") == [(80,)]
        assert rows(con, "select distinct strftime(refunded_at, '%H') from input.refunds") == [("12",)]
        assert rows(con, "select count(*), count(distinct order_id) from input.orders") == [(200, 200)]
        assert rows(con, "select count(*), bool_and(starts_with(name, 'Mug')) from input.products") == [(12, True)]


def test_a_file_of_returns_is_no_file_of_orders(tmp_path: Path) -> None:
    lines = [[f"{n}", f"1000{n}", at(n), f"u{n % 9}", f"{n % 7}", "2", "2.50"] for n in range(60)]
    write_csv(
        tmp_path / "en" / "orders.csv", ("id", "order_id", "created_at", "user_id", "sku", "quantity", "price"), lines
    )
    returned = [[f"{n}", at(n + 3), f"7{n}", f"1000{n}", "2.50"] for n in range(4)]
    header = ("order_item_refund_id", "created_at", "order_item_id", "order_id", "refund_amount_usd")
    write_csv(tmp_path / "en" / "order_item_refunds.csv", header, returned)
    write_csv(tmp_path / "zh" / "订单.csv", ("id", "订单号", "下单时间", "下单帐号", "商品ID", "数量", "单价"), lines)
    returned = [[f"170000000{n}", f"1000{n}", f"{n % 7}", at(n + 3), "退货", "1", "2.50"] for n in range(4)]
    write_csv(
        tmp_path / "zh" / "售后单.csv",
        ("服务单号", "订单号", "商品编号", "申请时间", "客户期望", "商品数量", "退款金额"),
        returned,
    )
    for folder in ("en", "zh"):
        with loaded(tmp_path / folder, tmp_path / "shop.yaml") as (con, _):
            assert rows(con, SOLD) == [(60, Decimal("300.00"))]
            assert rows(con, GIVEN_BACK) == [(4, Decimal("10.00"), "2024-03-04")]


def test_codes_are_told_by_the_names_in_another_file(tmp_path: Path) -> None:
    """As PrestaShop has them: the reference of an order is no product, and its state is a number."""
    orders = [[f"{n}", f"R{n:05}", f"{n % 9}", ("5", "5", "6", "7")[n % 4], "5,00", at(n)] for n in range(240)]
    header = ("id_order", "reference", "id_customer", "current_state", "total_paid", "date_add")
    write_csv(tmp_path / "in" / "ps_orders.csv", header, orders, mark=";")
    lines = [[f"{n}{k}", f"{n}", f"{k}", "1", "2,50"] for n in range(240) for k in range(2)]
    header = ("id_order_detail", "id_order", "product_id", "product_quantity", "unit_price_tax_incl")
    write_csv(tmp_path / "in" / "ps_order_detail.csv", header, lines, mark=";")
    products = [[f"{n}", f"REF{n}", f"Blue mug {n}", "2,50", "7", f"{n % 2 + 1}"] for n in range(2)]
    header = ("id_product", "reference", "name", "price", "quantity", "category_id")
    write_csv(tmp_path / "in" / "ps_product.csv", header, products, mark=";")
    states = [["5", "1", "Livré"], ["6", "1", "Annulé"], ["7", "1", "Remboursé"], ["2", "1", "Paiement accepté"]]
    write_csv(tmp_path / "in" / "ps_order_state_lang.csv", ("id_order_state", "id_lang", "name"), states, mark=";")
    found = examined(tmp_path / "in")
    assert any("ps_order_state_lang.csv: read by the doctor alone" in notice for notice in found.notices)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        states_of = "select status, count(*) from input.orders group by all order by all"
        assert rows(con, states_of) == [("cancelled", 60), ("completed", 120), ("returned", 60)]
        assert rows(con, SOLD) == [(480, Decimal("1200.00"))]
        assert rows(con, GIVEN_BACK)[0][:2] == (60, Decimal("300.00"))
        assert rows(con, "select product_id from input.products order by 1") == [("0",), ("1",)]


def test_sessions_and_page_views_are_events(tmp_path: Path) -> None:
    sessions = [[f"{n}", at(n), f"{n % 30}", "gsearch" if n % 2 else "bsearch"] for n in range(60)]
    write_csv(
        tmp_path / "in" / "website_sessions.csv",
        ("website_session_id", "created_at", "user_id", "utm_source"),
        sessions,
    )
    views = [[f"{n}{k}", at(n), f"{n}", f"/page-{k}"] for n in range(60) for k in range(5)]
    header = ("website_pageview_id", "created_at", "website_session_id", "pageview_url")
    write_csv(tmp_path / "in" / "website_pageviews.csv", header, views)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        told = (
            "select event_type, count(distinct event_id), count(distinct session_id), count(channel) from input.events"
        )
        assert rows(con, f"{told} group by all order by all") == [("view", 300, 60, 0), ("visit", 60, 60, 60)]


def test_parameters_in_a_list_of_keys_and_values(tmp_path: Path) -> None:
    """As GA4 exports them to BigQuery."""
    events = []
    for n in range(60):
        told = {"ga_session_id": {"int_value": f"{1700 + n}"}, "currency": {"string_value": "EUR"}}
        events.append({
            "event_timestamp": f"{1_710_000_000_000_000 + n * 10**9}", "event_name": ("view_item", "purchase")[n % 2],
            "user_pseudo_id": f"{n % 9}.17", "event_params": [{"key": key, "value": value} for key, value in told.items()],
            "items": [{"item_id": f"S{k}", "item_name": f"Mug {k}", "price": 2.5, "quantity": 2} for k in range(2)],
        })  # fmt: skip
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "events.json").write_text("\n".join(map(json.dumps, events)))
    found = examined(tmp_path / "in")
    assert (found.currency.value, found.sources[0].notices) == ("EUR", ())
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        bought = "select count(*), count(distinct session_id), sum(quantity * price)::int from input.events"
        assert rows(con, f"{bought} where event_type = 'purchase' and currency = 'EUR'") == [(60, 30, 300)]


def test_a_state_of_the_return_beside_that_of_the_order(tmp_path: Path) -> None:
    """As in Douyin: of what was closed before it was sent, nothing is given back beside."""
    states = (("已完成", "-"), ("已完成", "退款成功"), ("已关闭", "待发货-退款成功"), ("已完成", "没有申请退款"))
    lines = [[f"\t{n}", f"{n % 7}", "2", "2.50", f"u{n % 9}", f"{at(n)}\t", *states[n % 4]] for n in range(60)]
    header = ("主订单编号", "商品ID", "商品数量", "商品单价", "用户ID", "订单提交时间", "订单状态", "售后状态")
    write_csv(tmp_path / "in" / "抖音订单.csv", header, lines)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, GIVEN_BACK)[0][:2] == (15, Decimal("75.00"))


def test_codes_of_three_letters_are_no_currency_and_prose_is_no_state(tmp_path: Path) -> None:
    said = ("Payment complete.", "The bank did not return any further details.")
    lines = [
        [f"ch_{n}", f"Order #{n}", said[n % 3 == 0], at(n), "5.00", "FBL", ("Paid", "Failed")[n % 3 == 0], f"c{n % 9}"]
        for n in range(300)
    ]
    header = ("id", "Description", "Seller Message", "Created", "Amount", "Guarantee", "Status", "Customer ID")
    write_csv(tmp_path / "payments.csv", header, lines)
    found = mapping(examined(tmp_path))
    assert found["orders.status"] == {"column": "Status", "values": {"Paid": "completed", "Failed": "cancelled"}}
    assert found["order_items.product_id"] == {"value": "unknown"}
    assert "orders.currency" not in found


def test_words_cut_short_and_the_only_time_there_is(tmp_path: Path) -> None:
    """As in dunnhumby's carts."""
    header = (
        "SHOP_WEEK",
        "SHOP_DATE",
        "SHOP_HOUR",
        "QUANTITY",
        "SPEND",
        "PROD_CODE",
        "CUST_CODE",
        "BASKET_ID",
        "STORE_REGION",
    )
    lines = [
        ["200607", f"200604{n % 28 + 1:02}", "20", f"{n % 3 + 1}", f"{(n % 3 + 1) * 1.25:.2f}", f"PRD{n % 7}", f"CUST{n % 9}", f"99{n // 2}", "E02"]
        for n in range(120)
    ]  # fmt: skip
    write_csv(tmp_path / "transactions_200607.csv", header, lines)
    found = mapping(examined(tmp_path))
    told = [found[f"orders.{name}"] for name in ("order_id", "customer_id", "ordered_at")]
    assert told == ["BASKET_ID", "CUST_CODE", {"column": "SHOP_DATE", "format": "%Y%m%d"}]
    assert (found["order_items.product_id"], found["order_items.line_amount"]) == ("PROD_CODE", "SPEND")
    assert "orders.country" not in found


def test_lines_without_a_price_have_that_of_the_products(tmp_path: Path) -> None:
    """As in Maven's toys and AdventureWorks: what products cost lies in their own file, their subcategories in another."""
    sold = [[f"{n}", at(n)[:10], f"{n % 50}", f"{n % 4 + 1}", f"{n % 2 + 1}"] for n in range(120)]
    write_csv(tmp_path / "in" / "sales.csv", ("Sale_ID", "Date", "Store_ID", "Product_ID", "Units"), sold)
    products = [[f"{n}", f"Toy {n}", f"{n % 2 + 7}", "$1.00 ", f"${n}.50 "] for n in range(1, 5)]
    header = ("Product_ID", "Product_Name", "ProductSubcategoryKey", "Product_Cost", "Product_Price")
    write_csv(tmp_path / "in" / "products.csv", header, products)
    kinds = [["7", "Puzzles"], ["8", "Games"]]
    write_csv(tmp_path / "in" / "subcategories.csv", ("ProductSubcategoryKey", "SubcategoryName"), kinds)
    lines = next(source for source in examined(tmp_path / "in").sources if source.name == "sales")
    assert lines.notices == ("no price: what a product costs in products.csv is taken for it, whenever it was sold",)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        revenue = sum((n % 4 + 1.5) * (n % 2 + 1) for n in range(120))
        assert rows(con, SOLD) == [(120, Decimal(f"{revenue:.2f}"))]
        assert rows(
            con, "select category_path, count(*), sum(cost)::int from input.products group by all order by all"
        ) == [
            ("Games", 2, 2),
            ("Puzzles", 2, 2),
        ]
