"""Urgency, facts and drafts: nothing invented, nothing of another customer's, everything with its source."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from ecom_pipeline.ml.support.ask import GREETING, UNKNOWN, OpenDesk
from ecom_pipeline.ml.support.desk import Desk
from ecom_pipeline.ml.support.drafts import draft_entries
from ecom_pipeline.ml.support.examples import published_examples
from ecom_pipeline.ml.support.facts import FactBook, asked_facts
from ecom_pipeline.ml.support.sentiment import read_words
from ecom_pipeline.ml.support.slots import Slot, SlotReader
from ecom_pipeline.ml.support.urgency import read_urgency

pytestmark = pytest.mark.usefixtures("any_mood")

ORDERS = pd.DataFrame(
    [
        ("O1", "C1", dt.date(2024, 5, 1), "completed", 30.5, dt.date(2024, 5, 9)),
        ("O2", "C1", dt.date(2024, 6, 1), "pending", 0.0, None),
        ("O3", "C2", dt.date(2024, 6, 2), "cancelled", 0.0, None),
    ],
    columns=["order_id", "customer_id", "ordered_date", "status", "refunds", "last_refund_date"],
)
PRODUCTS = pd.DataFrame(
    [
        ("P1", "desk lamp", "Home", 80.0, 5, 3),
        ("P2", "floor lamp", "Home", 300.0, 0, 9),
        ("P3", "wool coat", "Apparel > Coats", 900.0, 2, 7),
        ("P4", "silk coat", "Apparel", 1900.0, None, 1),
    ],
    columns=["product_id", "name", "category", "price", "stock", "orders"],
)
RECOMMENDED = pd.DataFrame(
    [("C1", "P2", 1), ("C1", "P3", 2), ("C1", "P3", 3)], columns=["customer_id", "product_id", "rank"]
)
DESK = Desk(ORDERS, PRODUCTS, RECOMMENDED, "CNY")
TODAY = dt.date(2024, 6, 3)
FAQ = pd.DataFrame(
    [
        (
            "F1",
            "order_status",
            "Where is my order?|Track my parcel|Has my order shipped?|When does it arrive?",
            "See My orders.",
            "en",
        ),
        ("F2", "order_status", "我的订单到哪了|查询物流|什么时候发货|我的包裹在哪里", "请看我的订单。", "zh"),
        (
            "F3",
            "invoice",
            "Send me an invoice|I need a receipt|Invoice for my company|Can I get a bill?",
            "Choose Request invoice.",
            "en",
        ),
        ("F4", "invoice", "怎么开发票|需要发票|公司抬头开票|电子发票在哪里", "点击申请发票。", "zh"),
        (
            "F5",
            "stock",
            "Is it in stock?|When is it available again?|Do you still have it?|Is it sold out?",
            "Choose Notify me.",
            "en",
        ),
        ("F6", "stock", "还有货吗|什么时候补货|有库存吗|缺货了吗", "点击到货提醒。", "zh"),
    ],
    columns=["faq_id", "intent", "questions", "answer", "language"],
)


def book() -> FactBook:
    return FactBook(ORDERS, PRODUCTS, RECOMMENDED, SlotReader([], PRODUCTS).products_of, "CNY")


@pytest.mark.parametrize(
    ("text", "level", "is_complaint"),
    [
        ("我要投诉你们，再不处理就打12315", "high", True),
        ("I will call my lawyer, this is fraud", "high", True),
        ("The charger caught fire and burned my hand", "high", False),
        ("麻烦今天之内回复", "normal", False),
        ("What material is it?", "low", False),
        ("怎么开发票", "low", False),
        ("Is the Fire TV stick in stock, and smoke detectors?", "low", False),
        ("可以用工商银行卡付款买多媒体音箱和拖鞋吗，不着急", "low", False),
        ("Not urgent, but the smoke detector caught fire", "high", False),
    ],
)
def test_urgency_and_complaints(text: str, level: str, is_complaint: bool) -> None:
    found = read_urgency(text, read_words(text))
    assert (found.level, found.is_complaint) == (level, is_complaint)
    assert 0 <= found.score <= 1


def test_a_bad_mood_makes_any_message_more_urgent_and_angry_words_a_complaint() -> None:
    bad = read_words("terrible, horrible, worst")
    calm, fault, angry = (
        read_urgency("my parcel", None),
        read_urgency("my parcel", bad),
        read_urgency("terrible, horrible", bad),
    )
    assert calm.score < fault.score == angry.score
    assert angry.reasons == ("mood",)
    assert (calm.is_complaint, fault.is_complaint, angry.is_complaint) == (False, False, True)


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("打我电话13912345678", ()),
        ("打12345", ("legal",)),
        ("还没拆封，可以退吗", ()),
        ("还没收到", ("waited",)),
        ("显示签收了但是我没收到", ("waited",)),
        ("it says delivered but nothing here", ("waited",)),
    ],
)
def test_a_number_is_no_part_of_another_and_what_has_not_been_opened_has_not_waited(
    text: str, reasons: tuple[str, ...]
) -> None:
    assert read_urgency(text, None).reasons == reasons


def test_facts_name_the_row_they_come_from() -> None:
    (fact,) = book().facts(["order"], "en", "C1", "O1", [], TODAY)
    assert fact == ("Order O1 of 2024-05-01 is completed.", "marts.customer_orders:O1")
    (fact,) = book().facts(["order"], "zh", "C1", None, [], TODAY)
    assert fact == ("您2024-06-01的订单O2状态为待处理。", "marts.customer_orders:O2")
    (fact,) = book().facts(["refund"], "en", "C1", "O1", [], TODAY)
    assert fact.sentence == "For order O1, 30.50 CNY were refunded, last on 2024-05-09."
    (fact,) = book().facts(["refund"], "zh", "C1", "O2", [], TODAY)
    assert fact.sentence == "订单O2目前没有退款记录。"


def test_the_order_of_somebody_else_is_not_told() -> None:
    assert book().facts(["order"], "en", "C1", None, [Slot("order_number", "O3")], TODAY) == []
    assert book().facts(["order"], "en", None, "O3", [], TODAY) == []
    assert book().facts(["order"], "en", "C9", None, [], TODAY) == []


def test_an_order_that_was_placed_later_is_not_what_a_message_is_about() -> None:
    (fact,) = book().facts(["order"], "en", "C1", None, [], dt.date(2024, 5, 31))
    assert fact.source == "marts.customer_orders:O1"
    assert book().facts(["order"], "en", "C1", None, [], dt.date(2024, 4, 30)) == []


def test_what_is_not_in_the_tables_is_not_said() -> None:
    named = [Slot("product", "silk coat")]
    assert [fact.sentence for fact in book().facts(["stock"], "en", "C1", None, named, TODAY)] == []
    assert [
        fact.sentence
        for fact in book().facts(["stock", "price"], "en", "C1", None, [Slot("product", "floor lamp")], TODAY)
    ] == [
        "floor lamp: out of stock now.",
        "floor lamp costs 300 CNY.",
    ]
    assert book().facts(["stock"], "en", "C1", None, [Slot("product", "unknown thing")], TODAY) == []
    strange = ORDERS.assign(status="on the moon")
    assert FactBook(strange, PRODUCTS, RECOMMENDED, {}, "CNY").facts(["order"], "en", "C1", "O1", [], TODAY) == []


def test_offers_are_in_stock_and_within_the_price() -> None:
    asked = [Slot("category", "Apparel"), Slot("price_from", "500"), Slot("price_to", "2400")]
    (fact,) = book().facts([], "en", None, None, asked, TODAY)
    assert fact == ("In stock for you: wool coat at 900 CNY.", "marts.products:P3")
    assert book().facts([], "en", "C1", None, [Slot("price_to", "2400")], TODAY) == []
    either = [Slot("category", "Apparel"), Slot("category", "Toys"), Slot("price_to", "2400")]
    assert book().facts([], "en", None, None, either, TODAY) == [fact]
    (fact,) = book().facts(["recommendation"], "en", None, None, [Slot("category", "Apparel")], TODAY)
    assert fact.source == "marts.products:P3"
    assert book().facts(["recommendation"], "en", None, None, [Slot("category", "App")], TODAY) == []
    (fact,) = book().facts(["recommendation"], "en", "C1", None, [], TODAY)
    assert fact.source == "marts.products:P3"
    assert book().facts(["recommendation"], "en", None, None, [], TODAY) == []


@pytest.mark.parametrize(
    ("bound", "offered"),
    [(("price_to", "1000"), ["P3", "P1"]), (("price_to", "80"), ["P1"]), (("price_from", "80.5"), ["P3"])],
)
def test_without_recommendations_that_fit_what_most_order_within_the_price_is_offered_first(
    bound: tuple[str, str], offered: list[str]
) -> None:
    facts = book().facts(["recommendation"], "zh", None, None, [Slot(*bound)], TODAY)
    assert [fact.source for fact in facts] == [f"marts.products:{each}" for each in offered]


@pytest.mark.parametrize(
    ("question", "source", "told"),
    [
        ("How much is the desk lamp?", ["marts.products:P1"], "desk lamp costs 80 CNY."),
        ("Do you have a floor lamp in stock", ["marts.products:P2"], "floor lamp: out of stock now."),
        ("How much is the moon?", [], ""),
        ("The desk lamp smells odd", [], ""),
    ],
)
def test_goods_that_are_named_are_told_of_whatever_the_intents_of_the_faq(
    question: str, source: list[str], told: str
) -> None:
    none = sent([]).assign(intent=pd.Series(dtype=object))
    examples = published_examples(none, FAQ[FAQ["intent"] != "stock"])
    answer = OpenDesk(examples, DESK, target_error=0.0).ask(question, asked_on=TODAY)
    assert [each for each in answer.sources if each.startswith("marts.products")] == source
    assert answer.answer.endswith(told)


def test_intents_ask_for_facts_by_their_name_or_their_questions() -> None:
    assert asked_facts("order_status", []) == ["order"]
    assert asked_facts("q17", ["退款多久到账", "怎么申请退款"]) == ["refund"]
    assert asked_facts("return_item", ["怎么退货", "How do I return it?"]) == []
    assert asked_facts("opening_hours", ["When do you open?"]) == []


def sent(texts: list[str], language: str = "en") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "message_id": [f"M{at:02}" for at in range(len(texts))],
            "customer_id": [f"C{at % 3}" for at in range(len(texts))],
            "sent_at": pd.date_range("2024-06-01", periods=len(texts)),
            "sent_date": pd.date_range("2024-06-01", periods=len(texts)).date,
            "raw": texts,
            "text": [text.lower() for text in texts],
            "language": language,
        }
    )


def test_unanswered_messages_become_masked_drafts_with_counts() -> None:
    texts = ["Hi, are you hiring?", "are you hiring", "Are you hiring now?", "are you hiring..."]
    idle = ["a single odd thing", "👍", "hello", "hello!", "hello?", "Hello there"]
    found = draft_entries(pd.concat([sent([*texts, *idle]), sent(["你好,你们招人吗,电话13800138000"] * 3, "zh")]))
    assert found[["language", "messages", "customers"]].values.tolist() == [["en", 4, 3], ["zh", 3, 3]]
    assert "hiring" in found["title"][0].lower()
    assert "hi," not in found["examples"][0].lower()
    assert found["title"][1] == "你们招人吗,电话[phone]"
    assert found["examples"][1] == found["title"][1]
    assert found["example_ids"][1] == "M00"
    assert len(found["example_ids"][0].split(" | ")) == len(found["examples"][0].split(" | ")) == 3
    assert found["first_sent_date"][0] == dt.date(2024, 6, 1)
    assert len(draft_entries(sent([]))) == 0


def test_a_draft_names_nobodys_order() -> None:
    texts = [f"is SO20240{number}0017 a real RTX4090?" for number in range(4)]
    assert draft_entries(sent(texts))["examples"].tolist() == ["is [number] a real RTX4090?"]


@pytest.fixture(scope="module")
def desk() -> OpenDesk:
    none = sent([]).assign(intent=pd.Series(dtype=object))
    return OpenDesk(published_examples(none, FAQ), DESK, target_error=0.1)


def test_a_question_is_answered_with_the_facts_of_who_asks(desk: OpenDesk) -> None:
    told = desk.ask("Where is my order?", customer_id="C1", asked_on=dt.date(2024, 6, 3))
    assert told.intent == "order_status"
    assert told.is_known
    assert told.answer == "See My orders. Order O2 of 2024-06-01 is pending."
    assert told.sources == ["clean.faq:F1", "marts.customer_orders:O2"]
    told = desk.ask("怎么开发票", asked_on=dt.date(2024, 6, 3))
    assert (told.answer, told.sources) == ("点击申请发票。", ["clean.faq:F4"])


@pytest.mark.parametrize(("further", "others"), [("I need a receipt", ["invoice"]), ("qwertz uiop asdf", [])])
def test_what_else_is_wanted_is_told_where_it_is_sure(desk: OpenDesk, further: str, others: list[str]) -> None:
    assert desk.ask(f"Where is my order? {further}", asked_on=TODAY).other_intents == others


def test_a_greeting_alone_is_returned_unless_the_shop_answers_greetings(desk: OpenDesk) -> None:
    for greeting, language in (("在吗", "zh"), ("您好！", "zh"), ("hello", "en")):
        told = desk.ask(greeting, asked_on=TODAY)
        assert (told.answer, told.intent, told.sources, told.probability) == (GREETING[language], None, [], 0)
    greets = pd.DataFrame(
        [("F7", "greeting", "hello|hi there|你好|在吗", "How can we help?", None)], columns=FAQ.columns
    )
    none = sent([]).assign(intent=pd.Series(dtype=object))
    kind = OpenDesk(published_examples(none, pd.concat([FAQ, greets])), DESK, target_error=0.1)
    assert kind.ask("在吗", asked_on=TODAY).answer == "How can we help?"


@pytest.mark.parametrize(
    ("question", "language"), [("qwertz uiop asdf", "en"), ("乒乓球拍天气预报", "zh"), ("👍", "en")]
)
def test_what_is_not_known_is_said_to_be_unknown(desk: OpenDesk, question: str, language: str) -> None:
    told = desk.ask(question, asked_on=dt.date(2024, 6, 3))
    assert not told.is_known
    assert (told.answer, told.sources) == (UNKNOWN[language], [])


def test_published_examples_are_masked_and_keep_whose_they_are() -> None:
    labelled = sent(["call me: 138 0013 8000 about the order", "call me: 139 0013 8000 about the order"]).assign(
        intent="order_status"
    )
    found = published_examples(labelled, FAQ)
    told = found[found["faq_id"].isna()]
    assert told[["example_id", "customer_id", "text"]].values.tolist() == [
        ["M01", "C1", "call me: [phone] about the order"]
    ]
    assert found["example_id"].is_unique
    assert len(found) == 1 + 6 * 4


def test_one_intent_cannot_be_asked() -> None:
    with pytest.raises(ValueError, match="expected two"):
        OpenDesk(published_examples(sent([]).assign(intent=None), FAQ.head(2)), DESK, target_error=0.1)
