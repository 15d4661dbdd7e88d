"""Of a thread the desk reads what is new, of a post what is said; nothing is left out where nothing else is there."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.support.letters import newest_part, only_greets, wish
from ecom_pipeline.ml.support.pipeline import support_shop
from ecom_pipeline.ml.support.sentiment import read_words
from ecom_pipeline.ml.support.text import intent_text

QUOTED = "I am angry, terrible service, it is broken."
THREADS = {
    "gmail": f"It works now, great.\n\nOn Mon, Jun 3, 2024 at 10:12 AM Shop <help@shop.example>\nwrote:\n\n> {QUOTED}\n>> x",
    "outlook": f"It works now, great.\r\n\r\nFrom: Shop <help@shop.example>\r\nSent: Monday\r\nTo: me\r\nSubject: RE\r\n\r\n{QUOTED}",
    "one line": f"It works now, great. From: Shop Sent: Monday 3 June 10:12 To: me {QUOTED}",
    "original": f"It works now, great.\n-----Original Message-----\n{QUOTED}",
    "below": f"On 3/6/24 10:11, Shop wrote:\n> {QUOTED}\nIt works now, great.",
    "signed": "It works now, great.\n-- \nTerrible Ltd\nBroken Road 3",
    "markup": f"<div>It works now, great.</div><blockquote type='cite'>{QUOTED}</blockquote>",
    "device": "It works now, great.\n\nSent from my iPhone",
    "zendesk": f"It works now, great.\n##- Please type your reply above this line -##\n{QUOTED}",
}
CHINESE = {
    "在": "好的，现在可以了。\n\n在 2024年6月3日 10:12，客服 <a@shop.example> 写道：\n> 您好，太差了",
    "原始邮件": "好的，现在可以了。\n------------------ 原始邮件 ------------------\n发件人: 客服\n太差了",
    "发件人": "好的，现在可以了。\n发件人：客服\n发送时间：2024年6月3日\n收件人：我\n太差了",
}
WHOLE = (
    "On 3 June I wrote: where is my parcel? No answer.",
    "From: China to Germany, how long does it take?",
    "is the price < 20 and > 10?",
    "FW:\n---------- Forwarded message ---------\nFrom: me\nDate: 3 June 2024\nmy parcel is late",
    "> only what is quoted",
    "my mail is a@b.example",
)


@pytest.mark.parametrize("name", THREADS)
def test_of_a_thread_the_newest_part_is_read(name: str) -> None:
    assert newest_part(THREADS[name]).split() == ["It", "works", "now,", "great."]
    assert intent_text(THREADS[name]) == "it works now, great."
    assert read_words(THREADS[name]).sentiment == "positive"


@pytest.mark.parametrize(
    "text",
    [
        "你好，在吗？发票",
        "亲，请问：发票",
        "亲爱的客服，发票",
        "<p>Hello,</p><p>发票</p><p>Best,<br>Eve</p>",
        "Dear Sir/Madam,\n发票\nThanks\nJohn\n+44 7911 123456",
    ],
)
def test_greetings_and_closings_are_not_what_is_said(text: str) -> None:
    assert intent_text(text) == "发票"


@pytest.mark.parametrize("name", CHINESE)
def test_of_a_chinese_thread_the_newest_part_is_read(name: str) -> None:
    assert newest_part(CHINESE[name]).strip() == "好的，现在可以了。"


@pytest.mark.parametrize("text", WHOLE)
def test_what_only_looks_like_a_thread_is_read_whole(text: str) -> None:
    assert newest_part(text).split() == text.split()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@ShopHelp @115858 where is my parcel https://t.co/a1B #late", "where is my parcel late"),
        ("Dear Mr. Smith,\n\nI want a refund.\n\nThanks in advance,\nBob", "I want a refund."),
        ("您好，我的包裹没有收到\n谢谢", "我的包裹没有收到"),
        ("Hi there,\nit broke\nKind regards\nAnna Smith\nThe Company\n+44 20 7946 0958", "it broke"),
        ("It broke\nthanks a lot for your help\n\nBest regards\nAnna", "It broke"),
        ("Thanks\nwhere is my parcel now", "Thanks where is my parcel now"),
        ("#5 is missing", "#5 is missing"),
        ("hello there", "hello there"),
        ("thanks!", "thanks!"),
        ("https://shop.example/p/1", "https://shop.example/p/1"),
    ],
)
def test_the_wish_stands_between_greeting_and_closing(text: str, said: str) -> None:
    assert " ".join(wish(text).split()) == said


@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        ">",
        "On 2024 ",
        "\nthanks",
        "dear a ",
        "a",
        "<p ",
        "From: a\n",
        "\n2024",
        "&nbsp;",
        "@a",
        "--\n",
        "hi,",
        ",",
    ],
)
def test_odd_texts_are_read_in_no_time(piece: str) -> None:
    started = time.process_time()
    for text in ("dear " + piece * 4_000)[:4_000], ("hi" + piece * 4_000 + "x")[-4_000:]:
        wish(text)
        only_greets(text)
    assert time.process_time() - started < 0.5


@pytest.mark.usefixtures("any_mood")
def test_a_night_reads_the_newest_part_and_keeps_the_whole() -> None:
    faq = pd.DataFrame(
        {
            "faq_id": ["works", "broken"],
            "intent": ["works", "broken"],
            "questions": ["it works now|everything works|works fine now", "it is broken|it broke|the thing is broken"],
            "answer": ["Good.", "Sorry."],
            "language": ["en", "en"],
        }
    )
    size = len(THREADS)
    messages = pd.DataFrame(
        {
            "message_id": [f"m{at}" for at in range(size)],
            "customer_id": "c",
            "sent_at": pd.Timestamp("2024-06-03"),
            "sent_date": dt.date(2024, 6, 3),
            "text": list(THREADS.values()),
            "language": "en",
            "order_id": None,
            "author": "customer",
            "intent": None,
            "rating": np.nan,
        }
    )
    told = support_shop(messages, faq, as_of_date=dt.date(2024, 6, 3), seed=1).predictions
    assert told["intent"].tolist() == ["works"] * size
    assert set(told["sentiment"]) == {"positive"}
    assert told["masked_text"].str.contains("angry").sum() == 7
