"""Traditional Chinese is read as simplified Chinese is, and stays as it was written."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecom_pipeline.ml.support.facts import asked_facts
from ecom_pipeline.ml.support.intent import KernelIntent
from ecom_pipeline.ml.support.personal import mask
from ecom_pipeline.ml.support.sentiment import read_words
from ecom_pipeline.ml.support.slots import SlotReader
from ecom_pipeline.ml.support.text import intent_texts, simplified
from ecom_pipeline.ml.support.urgency import read_urgency


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_every_character_keeps_its_place(text: str) -> None:
    assert len(simplified(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "sentiment"), [("收到貨以後我很不高興。", "negative"), ("質量一點都不差", "positive")]
)
def test_words_are_found(text: str, sentiment: str) -> None:
    assert read_words(text).sentiment == sentiment


def test_a_faq_in_one_script_knows_questions_in_the_other() -> None:
    faq = {
        "退款": ["我要退款", "退款什么时候到账", "把钱退给我"],
        "物流": ["我的包裹到哪里了", "订单发货了吗", "查物流"],
    }
    pairs = [(text, intent) for intent, texts in faq.items() for text in texts]
    model = KernelIntent().fit(intent_texts(text for text, _ in pairs), [intent for _, intent in pairs])
    asked = ["退款什麼時候到賬", "訂單發貨了嗎"]
    guesses = model.predict(intent_texts(asked))
    assert guesses.intents.tolist() == ["退款", "物流"]
    same = model.predict(intent_texts(["退款什么时候到账", "订单发货了吗"]))
    assert guesses.confidence.tolist() == same.confidence.tolist()


def test_personal_data_is_masked_and_the_rest_stays_as_it_was_written() -> None:
    told = mask("收件人：陳大文，地址：臺北市信義區市府路45號8樓，謝謝")
    assert told.text == "收件人:[name],地址:[address],謝謝"


def test_slots_are_found_and_goods_are_named_as_the_shop_names_them() -> None:
    goods = pd.DataFrame({"product_id": ["p"], "name": ["智慧檯燈"], "category": ["電子產品"]})
    reader = SlotReader(["SO20240101"], goods)
    told = reader.read("訂單號碼：A12345，三天前買的智慧檯燈，預算不超過五百塊", dt.date(2024, 6, 1))
    assert dict(told) == {"order_number": "A12345", "product": "智慧檯燈", "price_to": "500"}
    assert ("category", "電子產品") in reader.read("2000元左右的電子產品", dt.date(2024, 6, 1))


def test_urgency_and_the_facts_asked_for_are_read() -> None:
    assert read_urgency("我要投訴，馬上處理", None) == read_urgency("我要投诉，马上处理", None)
    assert asked_facts("訂單狀態", []) == asked_facts("订单状态", []) == ["order"]


def test_text_in_other_scripts_is_left_alone() -> None:
    for text in ("Großes Paket, naïve café", "どこですか", "👍 ok"):
        assert simplified(text) == text
