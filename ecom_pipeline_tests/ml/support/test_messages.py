"""A hundred and twenty short messages of a real desk, with what a person reads in them.

``desk_messages.csv`` was committed before anything was run on it: two thirds ordinary, one third odd (one word, typing
errors, slang, both languages in one message), and ``strangers.csv`` before its questions that nobody asks a shop were told
from the others by any background. Nothing is tuned on them; the bounds lie just below what was measured first.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from ecom_pipeline.ml.support.abstention import choose_threshold, is_answered
from ecom_pipeline.ml.support.answers import example_questions
from ecom_pipeline.ml.support.intent import KernelIntent
from ecom_pipeline.ml.support.pipeline import TARGET_ERROR
from ecom_pipeline.ml.support.slots import SlotReader
from ecom_pipeline.ml.support.text import intent_texts
from ecom_pipeline.shop.samples.support import faq_table

GOODS = ("running shoes", "light down jacket", "desk lamp", "air fryer", "空气炸锅", "智能门锁", "护眼台灯")
SENT_ON = dt.date(2024, 6, 15)


@pytest.fixture(scope="module")
def messages() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name("desk_messages.csv"), keep_default_na=False)


def test_three_questions_per_intent_and_language_tell_most_intents(messages: pd.DataFrame) -> None:
    faq = faq_table().rename(columns={"id": "faq_id"})
    questions = example_questions(faq)
    known = messages[messages["intent"] != "out_of_scope"]
    guesses = KernelIntent().fit(questions["text"].tolist(), questions["intent"].tolist())
    told = guesses.predict(intent_texts(known["text"])).intents
    right = [guess in intent.split("|") for guess, intent in zip(told, known["intent"], strict=True)]
    assert sum(right) >= 0.83 * len(right)


def test_what_nobody_asks_a_shop_is_surely_unknown_and_what_customers_ask_is_answered() -> None:
    asked = pd.read_csv(Path(__file__).with_name("strangers.csv"), keep_default_na=False)
    questions = example_questions(faq_table().rename(columns={"id": "faq_id"}))
    model = KernelIntent().fit(questions["text"].tolist(), questions["intent"].tolist())
    told, is_known = model.predict(intent_texts(asked["text"])), (asked["intent"] != "").to_numpy()
    answered = is_answered(told.confidence, choose_threshold(model.rehearsal_.rehearsed, TARGET_ERROR))
    assert not (answered & (told.intents != asked["intent"].to_numpy())).any()
    assert answered[is_known].mean() >= 0.6
    assert told.confidence[~is_known].mean() < 0.15


def test_everything_a_message_names_is_found_and_nothing_else(messages: pd.DataFrame) -> None:
    goods = pd.DataFrame({"product_id": GOODS, "name": GOODS, "category": None})
    reader = SlotReader(["SO202406020031", "SO202405280044"], goods)
    wrong = []
    for text, written in zip(messages["text"], messages["slots"], strict=True):
        named = {slot.name: slot.value for slot in reader.read(text, SENT_ON)}
        if named != dict(each.split("=") for each in written.split(",") if each):
            wrong.append((text, named))
    assert len(wrong) <= 1, wrong
