"""What takes several rows or files is proposed as a query, and gives what it should."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ecom_pipeline.shop.doctor import survey
from ecom_pipeline.shop.readers import files
from ecom_pipeline_tests.shop.doctor.exports import examined, loaded, mapping, rows, write_csv


def test_the_person_behind_customers_who_order_once_each(tmp_path: Path) -> None:
    orders = [[f"o{i}", f"c{i}", f"2024-03-{1 + i % 28:02} 10:00:00", "delivered"] for i in range(300)]
    header = ("order_id", "customer_id", "order_purchase_timestamp", "order_status")
    write_csv(tmp_path / "in" / "orders.csv", header, orders)
    people = [[f"c{i}", f"person{i % 200}", "curitiba"] for i in range(300)]
    write_csv(tmp_path / "in" / "customers.csv", ("customer_id", "customer_unique_id", "customer_city"), people)
    items = [[f"o{i}", f"p{i % 9}", "9.90"] for i in range(300)]
    write_csv(tmp_path / "in" / "order_items.csv", ("order_id", "product_id", "price"), items)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(*), count(distinct customer_id) from input.orders") == [(300, 200)]
        assert rows(con, "select count(*), count(distinct city) from input.customers") == [(200, 1)]
        assert rows(con, "select customer_id from input.orders where order_id = 'o201'") == [("person1",)]


def test_days_since_the_last_order_and_lists_of_products(tmp_path: Path) -> None:
    header = ("order_id", "user_id", "order_number", "order_hour_of_day", "days_since_prior_order")
    orders = [
        [f"{user * 10 + number}", f"{user}", f"{number}", "09", "" if number == 1 else f"{number}.0"]
        for user in range(1, 41)
        for number in range(1, 4)
    ]
    write_csv(tmp_path / "in" / "orders.csv", header, orders)
    for part, numbers in (("prior", (1, 2)), ("train", (3,))):
        items = [[f"{u * 10 + n}", f"{p}", f"{p}"] for u in range(1, 41) for n in numbers for p in (1, 2)]
        write_csv(tmp_path / "in" / f"order_products__{part}.csv", ("order_id", "product_id", "cart_order"), items)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        dates = "select order_id, cast(ordered_at as varchar) from input.orders where customer_id = '7' order by all"
        assert rows(con, dates) == [
            ("71", "2000-01-01 09:00:00"), ("72", "2000-01-03 09:00:00"), ("73", "2000-01-06 09:00:00")
        ]  # fmt: skip
        assert rows(con, "select count(*), sum(quantity) from input.order_items where _reasons is null") == [(240, 240)]


def test_properties_below_each_other(tmp_path: Path) -> None:
    times = [f"{1433221332117 + i * 60000}" for i in range(300)]
    events = [[time, f"{i % 40}", ("view", "transaction")[i % 2], f"{i % 25}"] for i, time in enumerate(times)]
    write_csv(tmp_path / "in" / "events.csv", ("timestamp", "visitorid", "event", "itemid"), events)
    told = [
        [f"{1431226800000 + week}", f"{item}", name, value]
        for item in range(25)
        for week, price in ((0, 5), (604800000, item + 10))
        for name, value in (("790", f"n{price}.500"), ("categoryid", f"{item % 3}"), ("888", "1116713 n2.000"))
    ]
    write_csv(tmp_path / "in" / "item_properties.csv", ("timestamp", "itemid", "property", "value"), told)
    guessed = mapping(examined(tmp_path / "in"))
    assert {"products.price", "products.category_path", "events.price"} <= set(guessed)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        product = "select cast(price as double), category_path from input.products where product_id = '4'"
        assert rows(con, product) == [(14.5, "1")]
        assert rows(con, "select count(*) from input.products") == [(25,)]
        priced = "select count(*), count(*) filter (price = cast(product_id as integer) + 10.5) from input.events"
        assert rows(con, priced) == [(300, 300)]


def test_returns_that_are_numbers_of_orders(tmp_path: Path) -> None:
    """As in Superstore, whose orders and returns are sheets of one workbook at times."""
    header = ("Order ID", "Order Date", "Customer ID", "Product ID", "Sales", "Quantity")
    sold = [[f"CA-{i // 2}", f"{1 + i % 12}/14/2017", f"C{i % 30}", f"P{i % 9}", f"{i}.25", "2"] for i in range(200)]
    write_csv(tmp_path / "in" / "Orders.csv", header, sold)
    write_csv(tmp_path / "in" / "Returns.csv", ("Returned", "Order ID"), [["Yes", f"CA-{i}"] for i in range(0, 100, 5)])
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        back = sum(i + 0.25 for i in range(200) if i // 2 % 5 == 0)
        assert rows(con, "select count(*), sum(amount)::double, count(_reasons) from input.refunds") == [(40, back, 0)]
        assert rows(con, "select count(distinct order_id) from input.orders") == [(100,)]


def test_files_too_long_to_be_read_to_their_end_refer_to_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginnings of two files that are not in one order have few numbers in common."""
    monkeypatch.setattr(survey, "BUDGET", 1 << 15)
    monkeypatch.setattr(files, "CHUNK", 1 << 12)
    orders = [[hashlib.md5(f"{i}".encode()).hexdigest(), f"u{i % 90}", f"2024-03-{1 + i % 28:02}"] for i in range(3000)]
    write_csv(tmp_path / "in" / "orders.csv", ("order_id", "customer_id", "order_purchase_date"), orders)
    items = [
        [number, f"p{(i + line) % 9}", "2024-04-01", f"{i % 50 + line}.90"]
        for i, (number, *_) in enumerate(orders)
        for line in (1, 2)
    ]
    header = ("order_id", "product_id", "shipping_limit_date", "price")
    write_csv(tmp_path / "in" / "order_items.csv", header, sorted(items))
    given = {source.name: [guess.table for guess in source.inputs] for source in examined(tmp_path / "in").sources}
    assert given == {"orders": ["orders"], "order_items": ["order_items"]}
