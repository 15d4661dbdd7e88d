"""What messages name, in both languages: known answers, and nothing of a person's in clear."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.ml.support.prices import number
from ecom_pipeline.ml.support.slots import SlotReader

GOODS = pd.DataFrame(
    [
        ("P1", "朴电 降噪蓝牙耳机 轻享版", "Electronics > Headphones"),
        ("P2", "Lumio desk lamp", "Home"),
        ("P3", "silk scarf", "Apparel"),
        ("P4", None, "Food"),
    ],
    columns=["product_id", "name", "category"],
)
READER = SlotReader(["SO202301010015", "SO202301020001"], GOODS)
SENT = dt.date(2024, 6, 1)


def read(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for slot in READER.read(text, SENT):
        found.setdefault(slot.name, []).append(slot.value)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2000元左右的电子产品", {"category": ["Electronics"], "price_from": ["1600"], "price_to": ["2400"]}),
        ("预算两千以内的家居用品", {"category": ["Home"], "price_to": ["2000"]}),
        ("两百以内推荐个礼物", {"price_to": ["200"]}),
        ("1.5万以内的相机", {"price_to": ["15000"]}),
        ("三天以内能到吗", {}),
        ("100到200块的围巾", {"price_from": ["100"], "price_to": ["200"]}),
        ("between $20 and $30", {"price_from": ["20"], "price_to": ["30"]}),
        ("clothes under 50 dollars", {"category": ["Apparel"], "price_to": ["50"]}),
        ("looking for headphones under 300", {"category": ["Electronics > Headphones"], "price_to": ["300"]}),
        ("想买耳机这类数码产品", {"category": ["Electronics > Headphones"]}),
        ("I have waited for under 3 weeks", {}),
        ("around $500", {"price_from": ["400"], "price_to": ["600"]}),
        ("¥100以上的食品", {"category": ["Food"], "price_from": ["100"]}),
        ("at least 100 yuan", {"price_from": ["100"]}),
        ("scarves, 30 dollars or less", {"price_to": ["30"]}),
        ("预算150到200的围巾", {"price_from": ["150"], "price_to": ["200"]}),
        ("budget 40 to 60", {"price_from": ["40"], "price_to": ["60"]}),
        ("between 100 and 200 quid", {"price_from": ["100"], "price_to": ["200"]}),
        ("两三百块的礼物", {"price_from": ["200"], "price_to": ["300"]}),
        ("二百块以内", {"price_to": ["200"]}),
        ("扣了300元还没退", {}),
        ("你们退了100到200元", {}),
        ("please refund 507 yuan", {}),
        ("SO202406160013发货了没有", {"order_number": ["SO202406160013"]}),
        ("so202406160013 please", {"order_number": ["SO202406160013"]}),
        ("my order # SO-2024 0616 0013 says processing", {"order_number": ["SO202406160013"]}),
        ("SO2024 0616 0013这单，订单号4711-22", {"order_number": ["SO202406160013", "4711-22"]}),
        ("order no. 4711-22 is late", {"order_number": ["4711-22"]}),
        ("降噪蓝牙耳机有货吗", {"product": ["降噪蓝牙耳机"]}),
        ("Is the desk lamp in stock?", {"product": ["desk lamp"]}),
        ("3月5日买的2件", {"date": ["2024-03-05"], "quantity": ["2"]}),
        ("12月30日下的单", {"date": ["2023-12-30"]}),
        ("ordered on 3rd of May", {"date": ["2024-05-03"]}),
        ("昨天买了三盒", {"date": ["2024-05-31"], "quantity": ["3"]}),
        ("5 days ago, 3 pairs", {"date": ["2024-05-27"], "quantity": ["3"]}),
        ("前天买的，昨日付的，大前天看的", {"date": ["2024-05-30", "2024-05-31", "2024-05-29"]}),
        ("今天还是明天，最晚后天", {"date": ["2024-06-01", "2024-06-02", "2024-06-03"]}),
        ("yesterday, today or Tomorrow", {"date": ["2024-05-31", "2024-06-01", "2024-06-02"]}),
        ("bought last Tuesday, came last Saturday", {"date": ["2024-05-28", "2024-05-25"]}),
        ("上周二买的，这周六要，下星期天走", {"date": ["2024-05-21", "2024-06-01", "2024-06-09"]}),
        ("上周一直没动静，上周三天没发货", {}),
        ("2024-02-30", {}),
        ("2 decent lamps, maybe 10, from your market 20 days ago", {"date": ["2024-05-12"]}),
        ("June 3, Sept. 5 and 24th December", {"date": ["2024-06-03", "2024-09-05", "2023-12-24"]}),
        ("the 2 may be broken", {}),
        ("my order 2024-05-01", {"date": ["2024-05-01"]}),
        ("2k以内的围巾", {"price_to": ["2000"]}),
        ("没有一个人负责", {}),
        ("电话139-0000-7857，寄到成都市锦江区春熙路71号", {"phone": ["[phone]"], "address": ["[address]"]}),
        ("", {}),
    ],
)
def test_what_a_message_names(text: str, expected: dict[str, list[str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("两千", 2000),
        ("一百五", 150),
        ("一千零五", 1005),
        ("三万二", 32_000),
        ("十二万三千", 123_000),
        ("十五", 15),
        ("1.5万", 15_000),
        ("2k", 2000),
    ],
)
def test_numbers_in_chinese(written: str, value: float) -> None:
    assert number(written) == value


@given(st.text(alphabet="0123456789年月日元到-~ $¥abc件个天前@.+SO两千", max_size=40))
def test_any_text_can_be_read(text: str) -> None:
    for slot in READER.read(text, SENT):
        assert slot.value


@pytest.mark.parametrize(
    ("order", "named"),
    [("12345678", ["12345678"]), ("1234567", []), ("AB1234", ["AB1234"]), ("A123", []), ("AB-1234", ["AB-1234"])],
)
def test_a_bare_number_is_an_order_only_where_the_shop_s_numbers_are_long(order: str, named: list[str]) -> None:
    reader = SlotReader([order], GOODS)
    assert [slot.value for slot in reader.read(f"{order} is late", SENT) if slot.name == "order_number"] == named


def test_an_order_that_is_written_as_the_shop_does_takes_no_number_beside_it() -> None:
    named = SlotReader(["AB1234", "AB12345"], GOODS).read("AB1234 5 pcs", SENT)
    assert named == [("order_number", "AB1234"), ("quantity", "5")]


def test_the_phrase_that_means_fewest_goods_names_them_and_of_those_the_longest() -> None:
    goods = pd.DataFrame({"product_id": ["P1", "P2"], "name": ["red desk lamp", "blue desk lamp"], "category": "Home"})
    slots = SlotReader([], goods).read("is the red desk lamp dimmable", SENT)
    assert [slot.value for slot in slots] == ["red desk lamp"]


def test_a_day_without_a_year_is_the_nearest() -> None:
    assert READER.read("1月5日能到吗", dt.date(2024, 12, 30)) == [("date", "2025-01-05")]


def test_what_goods_of_several_kinds_share_names_none_of_them() -> None:
    goods = pd.DataFrame(
        {
            "product_id": ["P1", "P2", "P3"],
            "name": ["海苔脆 礼盒装", "积木 礼盒装", "desk lamp gift box"],
            "category": ["Food > Snacks", "Toys", "Home"],
        }
    )
    reader = SlotReader([], goods)
    named = {
        text: [slot.value for slot in reader.read(text, SENT)] for text in ("礼盒装的海苔脆", "有礼盒装吗", "gift box?")
    }
    assert named == {"礼盒装的海苔脆": ["海苔脆"], "有礼盒装吗": [], "gift box?": ["gift box"]}


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("tea, please", ["Food > Tea"]),
        ("freeze-dried coffee", ["Food > Coffee"]),
        ("我的手机号是多少，电子发票呢", []),
        ("my phone is off, phone number?", []),
        ("a new phone", ["Phones"]),
        ("手机", ["Phones"]),
        ("园艺工坊有什么", ["园艺工坊"]),
        ("your zorbs", ["Zorbs"]),
    ],
)
def test_words_name_the_goods_they_mean(text: str, categories: list[str]) -> None:
    paths = ["Food > Tea", "Food > Coffee", "Phones", "Electronics", "园艺工坊", "Zorbs"]
    goods = pd.DataFrame({"product_id": paths, "name": None, "category": paths})
    assert [slot.value for slot in SlotReader([], goods).read(text, SENT)] == categories


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("any laptops?", []),
        ("computer accessories under 50 dollars", ["Electronics > Computer accessories"]),
        ("电脑配件有吗", ["Electronics > Computer accessories"]),
        ("a new phone", ["Electronics > Phones"]),
        ("手机配件", ["Electronics > 手机配件"]),
        ("accessories", ["Apparel > Accessories"]),
        ("运动鞋", ["Apparel > Shoes"]),
        ("garden tools please", ["Garden tools"]),
    ],
)
def test_what_belongs_to_goods_is_not_called_as_they_are(text: str, categories: list[str]) -> None:
    paths = [
        "Electronics > Computer accessories",
        "Electronics > 手机配件",
        "Electronics > Phones",
        "Apparel > Accessories",
    ]
    paths += ["Apparel > Shoes", "Sports", "Garden tools"]
    goods = pd.DataFrame({"product_id": paths, "name": None, "category": paths})
    read = SlotReader([], goods).read(text, SENT)
    assert [slot.value for slot in read if slot.name == "category"] == categories


def test_a_shop_without_goods_and_orders_has_slots_too() -> None:
    reader = SlotReader([], GOODS.head(0))
    assert [slot.name for slot in reader.read("order 12345, 2 pieces", SENT)] == ["order_number", "quantity"]


def test_one_letter_before_digits_is_an_order_only_as_the_shop_writes_it() -> None:
    reader = SlotReader(["A1001", "A1002"], GOODS)
    asked = ("where is a1001", "is this a 2024 model")
    assert [[slot for slot in reader.read(text, SENT) if slot.name == "order_number"] for text in asked] == [
        [("order_number", "A1001")],
        [],
    ]
