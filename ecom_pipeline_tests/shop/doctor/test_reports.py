"""Reports of marketplaces, trackers and chats: what their rows are, who is behind them, and what follows them next month."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ecom_pipeline_tests.shop.doctor.exports import ENGLISH, examined, filled, lines, loaded, mapping, rows, write_csv


def test_rows_that_say_whether_they_are_sales_returns_or_neither(tmp_path: Path) -> None:
    """As Wildberries settles: deliveries have no kind, returns a positive quantity and the number of what was sold."""
    header = (
        "Артикул поставщика",
        "Тип документа",
        "Дата продажи",
        "Кол-во",
        "Вайлдберриз реализовал Товар (Пр)",
        "Srid",
    )
    report = []
    for i in range(60):
        day = f"2024-03-{1 + i % 28:02}"
        report.append([f"art-{i % 9}", "", day, "0", "0", f"s{i}"])
        report.append([f"art-{i % 9}", "Продажа", day, "1", "100.50", f"s{i}"])
        if i % 10 == 0:
            report += [
                [f"art-{i % 9}", "", day, "0", "0", f"s{i}"],
                [f"art-{i % 9}", "Возврат", day, "1", "100.50", f"s{i}"],
            ]
    write_csv(tmp_path / "in" / "Отчет_реализации.csv", header, report, mark=";")
    assert not examined(tmp_path / "in").sources[0].keeps_equal_rows
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(distinct order_id), count(*) from input.orders") == [(60, 60)]
        assert rows(con, "select sum(quantity), sum(line_amount) from input.order_items") == [(60, Decimal("6030.00"))]
        known = "order_id in (select order_id from input.orders)"
        assert rows(con, f"select count(*), sum(quantity), sum(amount), bool_and({known}) from input.refunds") == [
            (6, 6, Decimal("603.00"), True)
        ]


def test_a_discount_that_other_columns_show_as_taken_off_is_not_taken_off_again(tmp_path: Path) -> None:
    """As Ozon tells it: before, off and after beside what the buyer paid."""
    header = (
        "Номер заказа",
        "Принят в обработку",
        "Статус",
        "Артикул",
        "Ваша цена",
        "Количество",
        "Цена до скидок",
        "Скидка руб",
    )
    orders = [
        [
            f"9-{i}",
            f"2024-03-{1 + i % 28:02}",
            "Доставлен",
            f"A{i % 7}",
            f"{80.4 + i:.2f}",
            f"{1 + i % 2}",
            f"{100.5 + i:.2f}",
            "20.10",
        ]
        for i in range(40)
    ]
    write_csv(tmp_path / "in" / "orders.csv", header, orders, mark=";")
    guessed = mapping(examined(tmp_path / "in"))
    assert guessed["order_items.unit_price"] == "Ваша цена"
    assert "order_items.discount_amount" not in guessed


def test_events_of_a_tracker_that_orders_are_a_part_of(tmp_path: Path) -> None:
    """A person's number is preferred to that of the browser, which stands for the session of a day."""
    told = []
    for n in range(90):
        at = f"2024-03-{1 + n % 28:02}T10:00:{n % 60:02}.000Z"
        mug = {"product_id": f"m{n % 5}", "name": "Mug", "price": 2.5, "quantity": 1, "currency": "GBP"}
        order = {"order_id": f"o{n}", "total": 6, "revenue": 2.5, "shipping": 3.5, "currency": "GBP", "products": [mug]}
        event = ("Product Viewed", mug) if n % 3 else ("Order Completed", order)
        whose = {"anonymousId": f"a{n % 20}"} | ({"userId": f"u{n % 20}"} if n % 2 else {})
        told.append(whose | {"timestamp": at, "event": event[0], "properties": event[1]})
    path = tmp_path / "in" / "tracker.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(map(json.dumps, told)))
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert set(filled(con)) == {"events", "products"}
        sums = "select event_type, count(*), sum(price)::decimal(18, 2), count(customer_id), count(session_id) from input.events"
        assert rows(con, f"{sums} group by all order by all") == [
            ("purchase", 30, Decimal("75.00"), 15, 30),
            ("view", 60, Decimal("150.00"), 30, 60),
        ]
        assert rows(
            con, "select distinct session_id from input.events where customer_id = 'u1' order by 1 limit 1"
        ) == [("a1 2024-03-02",)]


def test_numbers_of_customers_that_are_addresses_become_digests(tmp_path: Path) -> None:
    views = [[f"c{i % 9}@example.org", "view", f"p{i % 5}", f"2024-03-{1 + i % 28:02} 10:00:00"] for i in range(40)]
    write_csv(tmp_path / "in" / "events.csv", ("distinct_id", "event", "product_id", "timestamp"), views)
    given = next(one for one in examined(tmp_path / "in").sources[0].inputs[0].columns if one.target == "customer_id")
    assert (given.origin, given.examples) == ({"sql": "md5(lower(trim(distinct_id)))"}, ())


def test_where_orders_know_a_name_alone_it_stands_for_the_customer_with_doubt(tmp_path: Path) -> None:
    told = [[*line[:2], f"Client {line[2]} Meyer", *line[3:]] for line in lines()]
    head = ("order_id", "order_date", "Customer Name", "sku", "quantity", "price")
    write_csv(tmp_path / "in" / "orders.csv", head, told)
    given = next(one for one in examined(tmp_path / "in").sources[0].inputs[0].columns if one.target == "customer_id")
    assert given.origin == {"sql": 'md5(lower(trim("Customer Name")))'}
    assert (given.confidence, given.examples) == (0.3, ())
    assert "people of one name are taken for one" in given.why


def test_codes_that_are_at_times_written_small_are_one_product_each(tmp_path: Path) -> None:
    sold = [[*line[:3], line[3] if line[0] == "7001" else line[3].upper(), *line[4:]] for line in lines()]
    write_csv(tmp_path / "in" / "orders.csv", ENGLISH, sold)
    assert mapping(examined(tmp_path / "in"))["order_items.product_id"] == {"sql": "upper(StockCode)"}


def test_a_report_of_spend_that_names_no_channel_goes_by_its_file(tmp_path: Path) -> None:
    spent = [[f"2024-03-{day:02}", f"c{day % 2}", "1000", "20", f"{day}.50"] for day in range(1, 29)]
    for name in ("spring sale 2024", "Google spring sale"):
        head = ("Day", "Campaign", "Impressions", "Clicks", "Cost")
        write_csv(tmp_path / name / f"{name}.csv", head, spent)
    found = [mapping(examined(tmp_path / name)) for name in ("spring sale 2024", "Google spring sale")]
    assert [one["marketing_spend.channel"] for one in found] == [{"value": "spring_sale"}, {"value": "google_ads"}]


def test_masked_telephones_and_what_is_none_join_nobody(tmp_path: Path) -> None:
    header = (
        "订单编号",
        "买家会员名",
        "收货人姓名",
        "联系手机",
        "是否手机订单",
        "订单创建时间",
        "商家编码",
        "购买数量",
        "价格",
    )
    orders = [
        [
            f"{10**9 + i}",
            f"tb{i % 9}",
            "张*",
            f"138****{i % 9:04}",
            "手机订单",
            f"2024-03-{1 + i % 28:02}",
            "A",
            "1",
            "2.50",
        ]
        for i in range(40)
    ]
    write_csv(tmp_path / "in" / "订单.csv", header, orders)
    assert "customers.phone" not in mapping(examined(tmp_path / "in"))


@pytest.mark.parametrize("customers", [9, 60])
def test_a_sender_called_like_the_customer_is_the_customer(tmp_path: Path, customers: int) -> None:
    chat = [
        [f"tb{i % customers}", "小美", (f"tb{i % customers}", "小美")[side], f"2024-03-01 10:{i % 60:02}:0{side}", text]
        for i in range(120)
        for side, text in enumerate(("什么时候发货？", "亲，今天发货哦"))
    ]
    write_csv(tmp_path / "in" / "聊天记录.csv", ("买家昵称", "客服昵称", "发送方", "发送时间", "消息内容"), chat)
    write_csv(tmp_path / "in" / "orders.csv", ENGLISH, lines())
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select author, text, count(*) from input.messages group by all order by all") == [
            ("agent", "亲，今天发货哦", 120),
            ("customer", "什么时候发货？", 120),
        ]


def test_equal_lines_are_told_apart_by_a_number_of_their_own(tmp_path: Path) -> None:
    """As in Pakistan's orders: else an export of the same months under another name would count them again."""
    header = (*ENGLISH, "item_id")
    orders = [[*line, f"{211131 + place}"] for place, line in enumerate([*lines(120), *lines(3)])]
    write_csv(tmp_path / "in" / "lines_2024.csv", header, orders)
    (source,) = examined(tmp_path / "in").sources
    assert source.keeps_equal_rows == ""
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(distinct order_item_id) from input.order_items") == [(246,)]


@pytest.mark.parametrize(
    ("name", "glob", "next_one"),
    [
        ("ExportOrderList202412261010.csv", "ExportOrderList[0-9]*.csv", "ExportOrderList202501261010.csv"),
        ("2019-Oct.csv", "[0-9]*.csv", "2019-Nov.csv"),
        ("Jan-2024 lines.csv", "* lines.csv", "Feb-2024 lines.csv"),
        ("lines_v2.csv", "lines_v2.csv", ""),
    ],
)
def test_a_file_with_a_date_in_its_name_has_successors(tmp_path: Path, name: str, glob: str, next_one: str) -> None:
    write_csv(tmp_path / "in" / name, ENGLISH, lines())
    (source,) = examined(tmp_path / "in").sources
    assert source.place == {"files": glob}
    if next_one:
        assert len(list((write_csv(tmp_path / "in" / next_one, ENGLISH, lines())).parent.glob(glob))) == 2


def test_where_equal_rows_count_or_another_file_would_be_found_only_this_one_is_meant(tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "lines_2024.csv", (*ENGLISH, "colour"), [
        *[[*line, "red"] for line in lines()], *[[*line, "blue"] for line in lines()]
    ])  # fmt: skip
    (source,) = examined(tmp_path / "in").sources
    assert source.keeps_equal_rows
    assert source.place == {"files": "lines_2024.csv"}
    write_csv(tmp_path / "other" / "lines_2024.csv", ENGLISH, lines())
    write_csv(tmp_path / "other" / "lines_2023.csv", ("product_id", "name", "price"), [
        [f"p{i}", f"Mug {i}", "2.50"] for i in range(20)
    ])  # fmt: skip
    assert [source.place["files"] for source in examined(tmp_path / "other").sources] == [
        "lines_2023.csv",
        "lines_2024.csv",
    ]


def test_days_with_dashes_and_two_digits_of_the_year_and_words_cut_short(tmp_path: Path) -> None:
    header = ("Order ID", "Date", "SKU", "transaction_qty", "Amount")
    sold = [
        [f"405-{i:07}", f"{4 + i % 3:02}-{1 + i % 28:02}-22", f"S{i % 9}", f"{1 + i % 3}", "12.50"] for i in range(60)
    ]
    write_csv(tmp_path / "in" / "Sale Report.csv", header, sold)
    guessed = mapping(examined(tmp_path / "in"))
    assert guessed["orders.ordered_at"] == {"column": "Date", "format": "%m-%d-%y"}
    assert guessed["order_items.quantity"] == "transaction_qty"


@pytest.mark.parametrize(("grows", "target"), [(True, "line_amount"), (False, "unit_price")])
def test_a_price_grows_with_the_pieces_where_no_product_is_told_too(tmp_path: Path, grows: bool, target: str) -> None:
    header = ("invoice_no", "customer_id", "quantity", "price", "invoice_date")
    sold = [
        [f"I{i}", f"C{i % 70}", f"{1 + i % 5}", f"{300.08 * (1 + i % 5 * grows):.2f}", f"{1 + i % 28}/5/2022"]
        for i in range(203)
    ]
    write_csv(tmp_path / "in" / "shopping.csv", header, sold)
    assert mapping(examined(tmp_path / "in"))[f"order_items.{target}"] == "price"


def test_a_settlement_with_clocks_named_by_letters_and_words_that_are_no_state(tmp_path: Path) -> None:
    """As Amazon settles: fees between sales and refunds, PST in winter and PDT in summer, and the state is a place."""
    header = (
        "date/time",
        "type",
        "order id",
        "sku",
        "description",
        "quantity",
        "order state",
        "product sales",
        "selling fees",
        "total",
    )
    report = []
    for i in range(80):
        kind = "Refund" if i % 20 == 5 else "Service Fee" if i % 20 == 9 else "Order"
        sales = {"Order": 12.5, "Refund": -12.5}.get(kind, 0.0)
        zone = "PST" if i < 40 else "PDT"
        report.append(
            [
                f"Jan {1 + i % 28}, 2023 9:{i % 60:02}:00 AM {zone}",
                kind,
                f"111-{i:07}",
                f"S{i % 9}",
                f"Cup {i % 9}",
                "1",
            ]
        )
        report[-1] += ["CA", f"{sales:.2f}", f"{-sales * 0.15:.2f}", f"{sales * 0.85:.2f}"]
    write_csv(tmp_path / "in" / "MonthlyTransaction.csv", header, report)
    (source,) = examined(tmp_path / "in").sources
    assert source.notices == ("date/time names its clock by letters: that of the shop is taken",)
    assert "products.category_path" not in mapping(examined(tmp_path / "in"))
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(*), count(_reasons), min(ordered_at), count(status) from input.orders") == [
            (72, 0, datetime(2023, 1, 1, 9), 72)
        ]
        assert rows(con, "select sum(line_amount) from input.order_items") == [(Decimal("900.00"),)]
        assert rows(con, "select count(*), sum(amount) from input.refunds") == [(4, Decimal("50.00"))]
