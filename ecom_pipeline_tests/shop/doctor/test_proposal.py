"""The proposal is a ``shop.yaml``: it loads, maps rows to known answers, and says what it is sure of and what is missing."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from ecom_pipeline.shop.doctor import propose_yaml
from ecom_pipeline.shop.errors import ShopError
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline_tests.shop.doctor.exports import (
    CHINESE,
    ENGLISH,
    examined,
    filled,
    lines,
    loaded,
    rows,
    write_csv,
)
from ecom_pipeline_tests.shop.shops import CONTRACTS


def proposal(folder: Path) -> str:
    return propose_yaml(examined(folder))


def write_workbook(path: Path, sheets: dict[str, list[list[object]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    book.save(path)


def test_english_lines(tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "sales_2024-03.csv", ENGLISH, lines())
    write_csv(
        tmp_path / "in" / "sales_2024-04.csv", ENGLISH, [["8000", "2024-04-01 09:00:00", "u1", "p1", "2", "3.25"]]
    )
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, shop):
        assert {name: source.files for name, source in shop.sources.items()} == {"sales": "sales_*.csv"}
        assert filled(con) == {"orders": (81, 0), "order_items": (81, 0)}
        assert rows(con, "select count(distinct order_id), min(ordered_at), max(ordered_date) from input.orders") == [
            (41, datetime(2024, 3, 1, 10, 0), date(2024, 4, 1))
        ]
        assert rows(con, "select sum(quantity * unit_price) from input.order_items") == [(Decimal("706.50"),)]
        assert rows(con, "select customer_id, product_id from input.orders join input.order_items using (order_id)"
                         " where order_id = '8000'") == [("u1", "p1")]  # fmt: skip


def test_lines_without_a_quantity_are_taken_for_one_piece_and_the_proposal_says_so(tmp_path: Path) -> None:
    write_csv(tmp_path / "in" / "sales.csv", [*ENGLISH[:4], ENGLISH[5]], [[*row[:4], row[5]] for row in lines()])
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        counted = rows(con, "select count(*), sum(quantity), sum(quantity * unit_price) from input.order_items")
        assert counted == [(80, Decimal("80"), Decimal("500.00"))]
    assert "no quantity: every line is taken for one piece" in (tmp_path / "shop.yaml").read_text("utf-8")


def test_chinese_exports_of_four_kinds(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    status = ["交易成功", "交易成功", "交易关闭", "待发货"]
    sold = [[*row, status[number // 2 % 4]] for number, row in enumerate(lines())]
    write_csv(folder / "订单明细.csv", (*CHINESE, "订单状态"), sold, encoding="gb18030")
    write_workbook(
        folder / "资料.xlsx",
        {
            "商品": [
                ["商品ID", "商品名称", "类目", "售价"],
                *([f"p{i}", f"保温杯{i}", "家居", 9.5] for i in range(25)),
            ],
            "投放": [["日期", "渠道", "花费"], *([f"2024-03-{i:02}", "搜索", 10.25] for i in range(1, 21))],
        },
    )
    with closing(sqlite3.connect(folder / "会员.db")) as source, source:
        source.execute(
            'create table 会员 ("用户ID" text primary key, "姓名" text, "性别" text, "注册时间" text, "备注" text)'
        )
        source.executemany(
            "insert into 会员 values (?, ?, ?, ?, null)",
            [(f"u{i}", "王芳", "女", "2023-01-05 08:00:00") for i in range(15)],
        )
    with gzip.open(folder / "行为日志.jsonl.gz", "wt", encoding="utf-8") as file:
        for i in range(60):
            act = ["浏览", "浏览", "加购", "收藏"][i % 4]
            event = {"用户ID": f"u{i % 15}", "商品ID": f"p{i % 25}", "行为类型": act, "时间戳": 1_709_300_000 + i}
            file.write(json.dumps(event, ensure_ascii=False) + "\n")
    with loaded(folder, tmp_path / "shop.yaml") as (con, shop):
        assert (shop.timezone, shop.currency, shop.country) == ("Asia/Shanghai", "CNY", "CN")
        assert set(shop.sources) == {"lines", "products", "marketing_spend", "customers", "events"}
        assert filled(con) == {
            "orders": (80, 0),
            "order_items": (80, 0),
            "products": (25, 0),
            "marketing_spend": (20, 0),
            "customers": (15, 0),
            "events": (60, 0),
        }
        by_status = "select status, count(distinct order_id) from input.orders group by status order by status"
        assert rows(con, by_status) == [("cancelled", 10), ("completed", 20), ("pending", 10)]
        assert rows(con, "select sum(quantity * unit_price) from input.order_items") == [(Decimal("700.00"),)]
        assert rows(con, "select min(ordered_at) from input.orders") == [(datetime(2024, 3, 1, 2, 0),)]
        by_type = "select event_type, count(*) from input.events group by event_type order by event_type"
        assert rows(con, by_type) == [("cart", 15), ("favourite", 15), ("view", 30)]
        assert rows(con, "select name, category_path, price from input.products where product_id = 'p7'") == [
            ("保温杯7", "家居", Decimal("9.5"))
        ]
        assert rows(con, "select sum(amount), min(spend_date) from input.marketing_spend") == [
            (Decimal("205.00"), date(2024, 3, 1))
        ]
        assert rows(con, "select distinct name, gender, registered_at from input.customers") == [
            ("王芳", "女", datetime(2023, 1, 5, 0, 0))
        ]


def test_rows_without_an_order_number_are_orders(tmp_path: Path) -> None:
    header = ("customer_id", "date", "pieces", "dollar_value")
    bought = [[str(i % 9), f"202403{1 + i % 28:02}", "2", f"{i}.25"] for i in range(30)]
    write_csv(tmp_path / "in" / "purchases.csv", header, bought)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, shop):
        assert shop.currency == "USD"
        assert filled(con) == {"orders": (30, 0), "order_items": (30, 0)}
        assert rows(con, "select count(distinct order_id), sum(line_amount) from input.orders join input.order_items"
                         " using (order_id)") == [(30, Decimal("442.50"))]  # fmt: skip


def test_every_guess_says_how_sure_it_is(tmp_path: Path) -> None:
    write_csv(tmp_path / "lines.csv", (*ENGLISH, "Country"), [[*row, "United Kingdom"] for row in lines()])
    text = proposal(tmp_path)
    sure = re.compile(r"  # [01]\.\d\d \S")
    guesses = [
        line for line in text.splitlines() if re.match(r"(timezone|currency|country|      \w+|          \w+): ?", line)
    ]
    guesses = [line for line in guesses if not line.strip().startswith("columns:")]
    assert len(guesses) == 3 + 3 + 10
    assert [line for line in guesses if not sure.search(line)] == []
    assert re.search(r"^country: GB +# 0\.90 100% of the countries named$", text, re.MULTILINE)
    assert re.search(r"order_id: InvoiceNo +# 0\.95 name; e\.g\. 7000, 7001$", text, re.MULTILINE)


def test_what_nothing_speaks_for_is_assumed_and_says_so(tmp_path: Path) -> None:
    write_csv(tmp_path / "lines.csv", ENGLISH, lines())
    text = proposal(tmp_path)
    assert re.search(r"^timezone: UTC +# 0\.00 assumed", text, re.MULTILINE)
    assert re.search(r"^currency: USD +# 0\.00 assumed", text, re.MULTILINE)
    assert re.search(r"^# country: \? +# nothing in the files says it", text, re.MULTILINE)


def test_what_is_missing_and_what_that_costs(tmp_path: Path) -> None:
    write_csv(tmp_path / "lines.csv", (*ENGLISH, "Description"), [[*row, f"Lamp {row[3]}"] for row in lines()])
    text = proposal(tmp_path)
    missing = text.split("# What is missing, and what that costs:\n")[1].splitlines()
    assert [re.match(r"# - ([\w.]+): \w", line)[1] for line in missing] == [  # type: ignore[index]
        "events", "refunds", "customers", "messages", "faq", "marketing_spend", "campaigns",
        "experiments", "market", "calendar",
        "orders.channel", "products.category_path",
    ]  # fmt: skip
    assert "- events: no sessions, funnel or interest in products that were not bought" in text
    assert "Empty: marts.funnel_daily, marts.open_carts." in text
    assert "- messages: no intents, no sentiment, no suggested answers. Empty: marts.support_daily" in text
    assert "- products.category_path: no interest tags, and no forecasts by category." in text


def test_not_enough_to_run(tmp_path: Path) -> None:
    people = [[f"u{i}", f"u{i}@example.org", "Leeds"] for i in range(15)]
    write_csv(tmp_path / "customers.csv", ("customer_id", "email", "city"), people)
    found = examined(tmp_path)
    text = propose_yaml(found)
    assert "# NOT ENOUGH TO RUN: needed are orders with their lines (order_items), or events." in text
    (empty,) = (missing.tables for missing in found.missing if missing.what == "events")
    assert "marts.recommendations" in empty
    assert "marts.customer_profiles" not in empty, "customers are enough for it"
    path = tmp_path / "shop.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ShopError, match="expected sources for orders and order_items, or for events"):
        load_shop(path, {}, CONTRACTS)


def test_people_are_not_quoted(tmp_path: Path) -> None:
    people = [[f"u{i}", "Ada Lovelace", f"u{i}@example.org", "Leeds"] for i in range(15)]
    write_csv(tmp_path / "customers.csv", ("customer_id", "name", "email", "city"), people)
    text = proposal(tmp_path)
    assert "e.g. Leeds" in text
    assert "Lovelace" not in text
    assert "example.org" not in text


def test_other_currencies_need_a_rate(tmp_path: Path) -> None:
    paid = [[*row, "GBP" if number % 5 else "EUR"] for number, row in enumerate(lines())]
    write_csv(tmp_path / "lines.csv", (*ENGLISH, "currency"), paid)
    text = proposal(tmp_path)
    assert re.search(r"^currency: GBP +# 0\.90", text, re.MULTILINE)
    assert "# exchange_rates: {EUR: ?}   # needed: what one unit is worth in GBP" in text
