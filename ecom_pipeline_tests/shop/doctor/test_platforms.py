"""What exports of well-known shop systems look like, and that the proposal counts every line and every cent of them."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook

from ecom_pipeline.shop.doctor import propose_yaml
from ecom_pipeline.shop.doctor.meaning import meanings, spelled
from ecom_pipeline.shop.doctor.names import likeness
from ecom_pipeline_tests.shop.doctor.exports import examined, filled, loaded, rows, write_csv
from ecom_pipeline_tests.shop.shops import CONTRACTS

LINES = (
    "select count(*), count(distinct order_item_id), sum(quantity * unit_price)::decimal(18, 2) from input.order_items"
)


def test_an_order_whose_first_line_alone_says_all_about_it(tmp_path: Path) -> None:
    header = (
        *("Name", "Email", "Financial Status", "Currency", "Refunded Amount", "Created at"),
        *("Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "first", "place", "held"),
        "RowID",
    )
    own, lines = ["Ann", "Leeds", "x", "7"], []
    for order in range(30):
        at, mail = f"2024-03-{order % 28 + 1:02} 10:00:00 -0500", f"c{order % 9}@example.org"
        paid = "voided" if order == 3 else "paid"
        back = "10.00" if order == 5 else "0.00"
        lines.append([f"#{order}", mail, paid, "USD", back, at, "2", "Mug", "2.50", "MUG", *own])
        lines.append([f"#{order}", mail, "", "", "", at, "1", "Pot", "10.00", "" if order == 7 else "POT", *own])
    folder = tmp_path / "in"
    for number in (1, 2):
        write_csv(folder / f"orders_export_{number}.csv", header, lines[30 * number - 30 : 30 * number])
    people = [[f"'{7000 + i}", f"c{i}@example.org", "no" if i % 3 else "yes"] for i in range(12)]
    write_csv(folder / "customers_export.csv", ("Customer ID", "Email", "Accepts Email Marketing"), people)
    found = examined(folder)
    assert found.sources[1].fill_down == ("Name", "Financial Status", "Currency")
    with loaded(folder, tmp_path / "shop.yaml") as (con, _):
        assert rows(con, LINES) == [(60, 60, Decimal("450.00"))]
        assert rows(con, "select currency, count(*) from input.order_items group by all") == [("USD", 60)]
        assert rows(con, "select product_id, count(*) from input.order_items group by all order by all") == [
            *[("MUG", 30), ("POT", 29), ("Pot", 1)]
        ]
        assert rows(con, "select distinct refund_id, order_id, amount from input.refunds") == [
            ("#5", "#5", Decimal("10.0000"))
        ]
        known = "customer_id in (select customer_id from input.customers)"
        assert rows(con, f"select count(distinct customer_id), bool_and({known}) from input.orders") == [(9, True)]
        refused = "select email from input.customers where not is_opted_out order by email"
        assert [mail for (mail,) in rows(con, refused)] == [f"c{i}@example.org" for i in (0, 3, 6, 9)]


def test_products_with_variants_and_more_pictures(tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "lines.csv", ("order_id", "date", "sku", "quantity", "price"), [
        [f"{i}", "2024-03-01", f"S-{i % 6}", "1", "2.50"] for i in range(30)
    ])  # fmt: skip
    header = ("Handle", "Title", "Vendor", "Variant SKU", "Variant Price", "Image Src")
    variants = []
    for i in range(0, 12, 2):
        variants += [
            [f"p-{i}", f"Cup {i}", "Acme", f"S-{i}", "2.50", "1.jpg"],
            [f"p-{i}", "", "", f"S-{i + 1}", "3.50", ""],
            [f"p-{i}", "", "", "", "", "2.jpg"],
        ]
    write_csv(tmp_path / "in" / "products_export.csv", header, variants)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(
            con, "select count(*), count(distinct product_id), count(name), count(brand) from input.products"
        ) == [(12, 12, 12, 12)]


def test_a_workbook_with_a_title_merged_cells_and_a_total(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["店铺：小店  导出时间：2024-07-01"])
    sheet.append([])
    sheet.append(["订单号", "订单状态", "订单创建时间", "买家手机号", "商品编码", "商品名称", "商品数量", "商品单价"])
    for order in range(20):
        sheet.append([f"E{order:04}", "交易完成", "2024-03-01 10:00:00", f"139{order:08}", "A", "杯子", 1, 2.5])
        sheet.append([None, None, None, None, "B", "茶壶", 2, 10])
    sheet.append(["合计", None, None, None, None, None, None, 450])
    folder = tmp_path / "in"
    folder.mkdir()
    book.save(folder / "订单.xlsx")
    assert "above the header passed over" in propose_yaml(examined(folder))
    with loaded(folder, tmp_path / "shop.yaml") as (con, _):
        sums = "select order_id, count(*), sum(quantity * unit_price)::decimal(18, 2) from input.order_items"
        told = rows(con, f"{sums} where product_id is not null group by order_id")
        assert {(lines, money) for _, lines, money in told} == {(2, Decimal("22.50"))}
        assert len(told) == 20


@pytest.mark.parametrize("twice", [False, True])
def test_a_number_that_begins_anew_in_every_order_is_not_the_id_of_a_line(tmp_path: Path, twice: bool) -> None:
    """An order may hold the same product twice: lines that differ in their number only."""
    orders = [[f"o{i}", f"c{i % 7}", "2024-03-01 10:00:00"] for i in range(40)]
    write_csv(tmp_path / "in" / "orders.csv", ("order_id", "customer_id", "order_date"), orders)
    header = ("order_id", "order_item_id", "product_id", "price")
    lines = [[f"o{i}", str(n), f"p{i if twice else n}", "2.50"] for i in range(40) for n in (1, 2)]
    write_csv(tmp_path / "in" / "order_items.csv", header, lines)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, LINES) == [(80, 80, Decimal("200.00"))]


def test_lines_without_an_order_number_or_a_quantity(tmp_path: Path) -> None:
    header = ("t_dat", "customer_id", "article_id", "price", "sales_channel_id")
    bought = [[f"2019-09-{i % 20 + 1:02}", f"c{i % 11}", f"0{108775000 + i % 5}", "2.55", "1"] for i in range(60)]
    write_csv(tmp_path / "in" / "transactions_train.csv", header, [*bought, *bought[:4]])
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, shop):
        assert shop.sources["transactions_train"].duplicates == "keep"
        assert rows(con, LINES) == [(64, 64, Decimal("163.20"))]
        baskets = len({(line[0], line[1]) for line in bought})
        assert rows(con, "select count(distinct order_id) from input.orders") == [(baskets,)]


def test_reviews_are_messages_and_small_numbers_are_no_keys(tmp_path: Path) -> None:
    orders = [[f"o{i:03}", f"c{i % 7}", "2024-03-01 10:00:00", "delivered"] for i in range(60)]
    write_csv(tmp_path / "in" / "orders.csv", ("order_id", "customer_id", "order_date", "status"), orders)
    lines = [[f"o{i:03}", str(i), "1", "2.50"] for i in range(60)]
    write_csv(tmp_path / "in" / "lines.csv", ("order_id", "product_id", "quantity", "price"), lines)
    products = [[str(i), f"Lamp number {i}"] for i in range(60)]
    write_csv(tmp_path / "in" / "products.csv", ("product_id", "product_name"), products)
    aisles = [[str(i), f"aisle {i}"] for i in range(12)]
    write_csv(tmp_path / "in" / "aisles.csv", ("aisle_id", "aisle"), aisles)
    reviews = [
        [f"r{i}", f"o{i:03}", str(1 + i % 5), "" if i % 4 else "Recebi bem antes do prazo", "2024-03-09 00:00:00"]
        for i in range(60)
    ]
    header = ("review_id", "order_id", "review_score", "review_comment_message", "review_creation_date")
    write_csv(tmp_path / "in" / "order_reviews.csv", header, reviews)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert filled(con) == {
            table: (count, 0)
            for table, count in (("messages", 15), ("order_items", 60), ("orders", 60), ("products", 60))
        }
        assert rows(con, "select count(*), avg(rating) from input.messages where order_id like 'o%'") == [(15, 3.0)]


def test_reports_on_advertising(tmp_path: Path) -> None:
    """A title above, sums below, sums on top, and a channel that nothing but the name of the file tells."""
    folder = tmp_path / "in"
    write_csv(folder / "events.csv", ("user_id", "item_id", "event", "time"), [
        [f"u{i}", f"p{i}", "view", "2024-02-01 10:00:00"] for i in range(20)
    ])  # fmt: skip
    days = [f"2024-02-{day:02}" for day in range(1, 29)]
    google = "\r\n".join(f'{day},Brand,"1,200",30,EUR,"1,012.50"' for day in days)
    (folder / "google_ads.csv").write_text(
        'Campaign report\r\n"1 February 2024 - 28 February 2024"\r\n'
        f"Day,Campaign,Impr.,Clicks,Currency code,Cost\r\n{google}\r\n"
        'Total: Account, --,"33,600",840,EUR,"28,350.00"\r\n'
    )
    header = ("Reporting starts", "Reporting ends", "Campaign name", "Impressions", "Link clicks", "Amount spent (EUR)")
    meta = [[day, day, "Prospecting", "900", "20", "2.50"] for day in days]
    write_csv(folder / "meta-ads.csv", header, [[days[0], days[-1], "", "25200", "560", "70.00"], *meta])
    with loaded(folder, tmp_path / "shop.yaml") as (con, _):
        spent = "select channel, count(*), sum(amount) from input.marketing_spend where _reasons is null group by all order by all"
        assert rows(con, spent) == [("google_ads", 28, Decimal("28350.0000")), ("meta", 28, Decimal("70.0000"))]


def test_objects_inside_json_are_opened_and_lists_are_named(tmp_path: Path) -> None:
    """As GA4 exports its events."""
    folder = tmp_path / "in"
    folder.mkdir()
    kinds = ["view_item", "add_to_cart", "purchase", "scroll"]
    events = [
        {
            "event_timestamp": str(1_711_879_200_000_000 + i * 60_000_001),
            "event_name": kinds[i % 4],
            "user_pseudo_id": f"{i % 9}.1700000000",
            "device": {"category": "mobile"},
            "ecommerce": {"transaction_id": f"T{i}"} if i % 4 == 2 else {},
            "items": [{"item_id": "a"}, {"item_id": "b"}],
        }
        for i in range(40)
    ]
    (folder / "events.jsonl").write_text("\n".join(map(json.dumps, events)), "utf-8")
    (source,) = examined(folder).sources
    assert any("items: lists, of which only a query makes rows" in notice for notice in source.notices)
    with loaded(folder, tmp_path / "shop.yaml") as (con, _):
        assert filled(con) == {"events": (30, 0)}
        told = rows(con, "select distinct device, event_at from input.events where order_id = 'T2'")
        assert told == [("mobile", datetime(2024, 3, 31, 10, 2, 0, 2))]


def test_orders_whose_state_alone_tells_that_they_were_given_back(tmp_path: Path) -> None:
    header = ("order_id", "date", "status", "sku", "quantity", "price")
    words = ["completed"] * 8 + ["refunded", "cancelled"]
    sold = [[f"{i}", "2024-03-01", words[i % 10], f"s{i % 4}", "2", "2.50"] for i in range(50)]
    write_csv(tmp_path / "in" / "orders.csv", header, sold)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(*), sum(amount) from input.refunds") == [(5, Decimal("25.0000"))]


def test_what_an_export_lacks_is_said(tmp_path: Path) -> None:
    orders = [[f"{i}", f"u{i % 7}", str(i % 7), str(i % 24)] for i in range(50)]
    write_csv(tmp_path / "in" / "orders.csv", ("order_id", "user_id", "order_dow", "order_hour_of_day"), orders)
    products = [[f"p{i}", f"Lamp {i}"] for i in range(50)]
    write_csv(tmp_path / "in" / "products.csv", ("product_id", "product_name"), products)
    (notice,) = examined(tmp_path / "in").notices
    assert "not recognised as any input; for orders it would need ordered_at; its columns are order_id" in notice


def test_headers_of_five_languages() -> None:
    french = ("Numéro de commande", "Date de commande", "État de la commande", "UGS", "Quantité", "Prix unitaire")
    german = ("Bestellnummer", "Bestelldatum", "Bestellstatus", "Artikelnummer", "Menge", "Einzelpreis")
    spanish = ("Número de pedido", "Fecha de pedido", "Estado del pedido", "Código", "Cantidad", "Precio")
    italian = ("Numero ordine", "Data ordine", "Stato ordine", "Codice articolo", "Quantità", "Prezzo unitario")
    portuguese = ("Número do pedido", "Data do pedido", "Status do pedido", "Código do produto", "Quantidade", "Preço")
    done = ("Terminée", "Versendet", "Completado", "Spedito", "Entregue")
    columns = {
        column.name: column for table in ("orders", "order_items") for column in CONTRACTS[f"input.{table}"].columns
    }
    for header, word in zip((french, german, spanish, italian, portuguese), done, strict=True):
        told = [max(columns, key=lambda name, title=title: likeness(title, columns[name])) for title in header]
        assert told == ["order_id", "ordered_at", "status", "product_id", "quantity", "unit_price"]
        assert meanings(columns["status"])[spelled(word)] == "completed"
