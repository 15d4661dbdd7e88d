"""The closed forms are what fitting again would give, and unknown questions are told from known ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import normalize

from ecom_pipeline.ml.support import certainty, intent
from ecom_pipeline.ml.support.abstention import Rehearsed, choose_threshold, is_answered
from ecom_pipeline.ml.support.background import background
from ecom_pipeline.ml.support.features import Points
from ecom_pipeline.ml.support.intent import KernelIntent
from ecom_pipeline.ml.support.pipeline import TARGET_ERROR
from ecom_pipeline.ml.support.reading import further_intents

SAYINGS = {
    "delivery": "where is my {}|when does the {} arrive|track the {} please|has the {} shipped|我的{}到哪里了|{}发货了吗|查一下{}的物流|{}什么时候送到",
    "refund": "I want my money back for the {}|please refund the {}|refund for a broken {}|give me a refund, the {} failed|我要退{}的款|{}申请退款|{}坏了能退钱吗|{}的退款到账了吗",
    "invoice": "send me an invoice for the {}|I need a receipt for the {}|invoice of the {} for my company|bill for the {}|{}请给我开发票|需要{}的发票|{}公司抬头开票|{}的电子发票",
}  # fmt: skip
THINGS = ("lamp", "chair", "phone", "coat", "kettle")
STRANGE = (
    "what is the weather tomorrow",
    "tell me a joke",
    "are you hiring people",
    "今天天气怎么样",
    "讲个笑话",
    "你们招人吗",
)


def examples() -> tuple[list[str], list[str]]:
    pairs = [
        (form.format(thing), intent)
        for intent, forms in SAYINGS.items()
        for at, form in enumerate(forms.split("|"))
        for thing in (THINGS[at % 5], THINGS[(at + 2) % 5])
    ]
    return [text for text, _ in pairs], [intent for _, intent in pairs]


@pytest.fixture(scope="module")
def model() -> KernelIntent:
    return KernelIntent().fit(*examples())


def refitted_guess(model: KernelIntent, left_out: np.ndarray, row: int) -> str:
    """Guess for one example, or one sentence that others are asked, by the least squares of the rest, same points."""
    points = model.features_.transform([*model.texts_, *model.background_.texts])
    cosine = points.meaning.astype(float) @ points.meaning.T
    kernel = np.exp(model.sharpness * (cosine - 1)) + model.words_ * (points.words @ points.words.T).toarray()
    kept = ~left_out
    told = np.append(model.intents_, [None] * len(model.background_.texts))
    target = (told[:, None] == model.classes_[None, :]).astype(float)
    matrix = kernel[np.ix_(kept, kept)] + model.ridge_ * np.eye(kept.sum())
    return str(model.classes_[(kernel[row, kept] @ np.linalg.solve(matrix, target[kept])).argmax()])


def rows_like(model: KernelIntent, row: int) -> np.ndarray:
    """Which examples and sentences have the intent or the topic of one of them."""
    of = np.concatenate([model.intents_, model.background_.topics.astype(object)])
    return np.array([each == of[row] for each in of])


def test_the_inverse_is_whole_whatever_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intent, "_CHUNK", 7)
    points = np.random.default_rng(1).normal(size=(23, 40)).astype(np.float32)
    kernel = points @ points.T / 40
    expected = np.linalg.inv(kernel.astype(float) + 0.1 * np.eye(23))
    np.testing.assert_allclose(intent._inverse(kernel, 0.1), expected, rtol=1e-3, atol=1e-4)


def test_of_too_many_examples_the_latest_of_every_intent_are_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intent, "MOST", 5)
    often = [(f"where is parcel {day}", "delivery") for day in range(8)]
    model = KernelIntent().fit(*zip(("my bill", "invoice"), *often, strict=True))
    assert model.texts_ == ["my bill", *(text for text, _ in often[-4:])]


def test_single_examples_are_trusted_less_where_labels_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [form.format(thing) for forms in SAYINGS.values() for form in forms.split("|") for thing in THINGS]
    right = [name for name, forms in SAYINGS.items() for _ in forms.split("|") for _ in THINGS]
    random = np.random.default_rng(4)
    wrong = [str(random.choice(list(SAYINGS))) if random.random() < 0.4 else each for each in right]
    misled, sound = KernelIntent().fit(texts, wrong), KernelIntent().fit(texts, right)
    assert (sound.words_, sound.ridge_) == intent.SETTINGS[0]
    assert misled.ridge_ > sound.ridge_
    monkeypatch.setattr(intent, "SETTINGS", intent.SETTINGS[:1])
    trusting = KernelIntent().fit(texts, wrong)
    share = [
        float(np.mean(each.predict(texts).intents == np.array(right, dtype=object))) for each in (misled, trusting)
    ]
    assert share[0] > share[1] + 0.05


def test_words_count_more_where_meaning_says_nothing() -> None:
    random = np.random.default_rng(5)
    codes = np.arange(400) % 2
    told = random.normal(size=(400, 30)) + 0.2 * np.outer(2 * codes - 1, random.normal(size=30))
    nothing = random.normal(size=(400, 4)).astype(np.float32)
    points = Points(csr_matrix(normalize(told)), normalize(nothing))
    target = np.eye(2, dtype=np.float32)[codes]
    assert KernelIntent()._setting(points, target)[0] > intent.SETTINGS[0][0]
    assert (
        KernelIntent()._setting(Points(points.words, normalize(told).astype(np.float32)), target) == intent.SETTINGS[0]
    )


def test_what_an_example_would_have_got_unseen_is_what_fitting_again_gives() -> None:
    texts, intents = examples()
    dealt = np.random.default_rng(2).permutation(intents).tolist()
    for model in (KernelIntent().fit(texts, intents), KernelIntent().fit(texts, dealt)):
        told = model.rehearsal_.guesses.intents[: len(model.texts_)]
        for row in range(0, len(model.texts_), 5):
            alone = np.arange(len(model.texts_) + len(model.background_.texts)) == row
            assert told[row] == refitted_guess(model, alone, row)


def test_an_intent_and_a_topic_never_seen_are_rehearsed_as_if_they_were_not_there(model: KernelIntent) -> None:
    size, others = len(model.texts_), len(model.background_.texts)
    assert model.rehearsal_.truth[size:].tolist() == [None] * (size + others)
    for row in [*range(0, size, 7), *range(size, size + others, 60)]:
        told = model.rehearsal_.guesses.intents[size + row]
        assert told == refitted_guess(model, rows_like(model, row), row)
        assert row >= size or told != model.intents_[row]


def test_unknown_questions_are_half_of_the_rehearsal_of_three_intents_and_could_be_any_of_them(
    model: KernelIntent,
) -> None:
    size, intents = len(model.texts_), len(model.classes_)
    known, apart, others = (part.sum() for part in np.split(model.rehearsal_.weight, [size, 2 * size]))
    assert intents == 3
    assert others + apart * (intents - 1) / intents == pytest.approx(known)
    assert others / known == pytest.approx(0.25 * len(model.background_.texts) / len(background().texts))


def test_what_a_shop_has_an_intent_for_is_not_taken_for_what_others_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    weather = [
        *("will it rain in {}", "how hot is it in {}", "is it snowing in {}", "do I need an umbrella in {}"),
        *("{}会下雨吗", "{}今天热不热", "{}下雪了吗", "去{}要带伞吗"),
    ]
    texts, intents = examples()
    texts += [form.format(town) for form in weather for town in ("london", "rome")]
    intents += ["weather"] * 2 * len(weather)
    asked = ["is it going to rain in berlin", "how hot is it in madrid today", "柏林会下雨吗", "去北京要带伞吗"]
    model = KernelIntent().fit(texts, intents)
    assert not {"外面热不热", "what is the forecast for sunday"} & set(model.background_.texts)
    assert "who invented the telephone" in model.background_.texts
    monkeypatch.setattr(intent, "foreign", lambda topics, examples, each: np.arange(len(topics)))
    taken = KernelIntent().fit(texts, intents)
    told = model.predict(asked).scope
    assert told.min() > 0.9
    assert (told > taken.predict(asked).scope).all()


def test_unknown_questions_are_told_from_known_ones(model: KernelIntent) -> None:
    known = [
        "where is the bag",
        "refund the bag",
        "invoice for the bag",
        "我的包到哪里了",
        "包坏了我要退款",
        "包要开发票",
    ]
    told = model.predict([*known, *STRANGE])
    assert told.intents[:6].tolist() == ["delivery", "refund", "invoice"] * 2
    assert roc_auc_score([1] * 6 + [0] * 6, told.scope) > 0.95
    heard = model.rehearsal_
    rehearsed = Rehearsed(heard.guesses.confidence, heard.guesses.intents == heard.truth, heard.weight)
    answered = is_answered(told.confidence, choose_threshold(rehearsed, TARGET_ERROR))
    assert answered[:6].all()
    assert not answered[6:].any()
    assert told.confidence[6:].max() < 0.01


def test_what_somebody_filed_wrongly_does_not_silence_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    forms = SAYINGS | {
        "price": "how much is the {}|what does the {} cost|price of the {} please|{}多少钱|{}什么价格|{}卖多少",
        "care": "how do I wash the {}|can the {} be cleaned with water|how to look after the {}|{}怎么清洗|{}怎么保养|{}能水洗吗",
        "stock": "is the {} in stock|when is the {} back|do you have the {} left|{}还有货吗|{}什么时候补货|{}有现货吗",
    }
    right = {form.format(thing): name for name, each in forms.items() for form in each.split("|") for thing in THINGS}
    texts, told = list(right), list(right.values())
    random = np.random.default_rng(6)
    filed = [str(random.choice(list(forms))) if random.random() < 0.05 else name for name in told]

    def answered() -> float:
        model = KernelIntent().fit(texts, filed)
        guesses = model.predict([text.replace("the", "that") for text in texts])
        is_sure = is_answered(guesses.confidence, choose_threshold(model.rehearsal_.rehearsed, 0.025))
        assert (is_sure & (guesses.intents != np.array(told, dtype=object))).sum() <= 0.03 * is_sure.sum()
        return float(is_sure.mean())

    assert answered() > 0.9
    monkeypatch.setattr(certainty, "_OTHERS", len(forms))
    assert answered() < 0.6


def test_an_example_that_is_confused_with_a_like_intent_is_not_misfiled() -> None:
    unseen = np.array(
        [[0.9, 0.1, 0.0], [0.8, 0.2, 0.1], [0.1, 0.9, 0.0], [0.9, 0.2, 0.1], [0.0, 0.1, 0.9], [0.9, 0.2, 0.1]]
    )
    assert certainty.misfiled(unseen.astype(np.float32), np.array([0, 0, 1, 1, 2, 2])).tolist() == [False] * 5 + [True]


def test_examples_in_one_language_teach_the_other() -> None:
    texts, intents = examples()
    english = [row for row, text in enumerate(texts) if text.isascii()]
    model = KernelIntent().fit([texts[row] for row in english], [intents[row] for row in english])
    told = model.predict(
        ["我的包裹到哪里了", "快递什么时候送到", "我要退款", "请把钱退给我", "请给我开发票", "需要收据"]
    )
    assert told.intents.tolist() == ["delivery", "delivery", "refund", "refund", "invoice", "invoice"]


def test_probabilities_are_probabilities_and_texts_alone_are_read_as_in_a_batch(model: KernelIntent) -> None:
    texts = ["where is it", "refund", "👍", "", "发票"]
    batch = model.predict(texts)
    assert ((batch.confidence >= 0) & (batch.confidence <= 1) & (batch.scope >= 0) & (batch.scope <= 1)).all()
    for row, text in enumerate(texts):
        alone = model.predict([text])
        assert alone.intents[0] == batch.intents[row]
        assert alone.confidence[0] == pytest.approx(batch.confidence[row], abs=1e-5)
    assert batch.intents[2] is None
    assert len(model.predict([]).intents) == 0


def test_the_order_of_the_examples_changes_nothing(model: KernelIntent) -> None:
    texts, intents = examples()
    order = np.random.default_rng(1).permutation(len(texts))
    again = KernelIntent().fit([texts[row] for row in order], [intents[row] for row in order])
    first, second = model.predict(list(STRANGE)), again.predict(list(STRANGE))
    assert first.intents.tolist() == second.intents.tolist()
    np.testing.assert_allclose(first.confidence, second.confidence, atol=1e-3)


def test_several_wishes_are_found_in_their_order_without_the_main_one(model: KernelIntent) -> None:
    texts = [
        "where is my lamp, and also send me an invoice for the lamp",
        "我的手机到哪里了,另外请给我开发票",
        "where is my lamp",
    ]
    main = np.array(["delivery"] * 3, dtype=object)
    assert further_intents(texts, main, model, 0.3) == [["invoice"], ["invoice"], []]
    assert further_intents(texts, main, model, 2.0) == [[], [], []]
