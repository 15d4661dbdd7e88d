"""Language, mood, abstention, baselines: known answers, and what holds for any text.

What asks the learnt mood is here, so that it is learnt once: that takes seconds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import opencc
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from ecom_pipeline.ml.support import trials
from ecom_pipeline.ml.support.abstention import NEVER, Rehearsed, choose_threshold, is_answered, measure
from ecom_pipeline.ml.support.baselines import KeywordIntent, MajorityIntent
from ecom_pipeline.ml.support.challenge import evaluate_sentiment
from ecom_pipeline.ml.support.language import detect_language
from ecom_pipeline.ml.support.mood import written_mood
from ecom_pipeline.ml.support.sentiment import read_words
from ecom_pipeline.ml.support.trials import chance_level, lead_interval, macro_f1
from ecom_pipeline.ml.support.written import JUDGED, LEARNT, sentences_of
from ecom_pipeline_tests.examples import OF_THE_DESK, assert_examples_hold


@pytest.mark.parametrize("module", OF_THE_DESK)
def test_examples_in_the_documentation_hold(module: str) -> None:
    assert_examples_hold(module)


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("I love it, it works great", "positive"),
        ("this is terrible", "negative"),
        ("not good at all", "negative"),
        ("not bad at all", "positive"),
        ("东西很好，非常满意", "positive"),
        ("质量太差了，我要退货", "negative"),
        ("很不高兴", "negative"),
        ("不是不好", "positive"),
        ("I have never seen a worse one", "negative"),
        ("没有比这更好用的水壶了", "positive"),
        ("The leak has been fixed", "positive"),
        ("问题还没解决", "negative"),
        ("Thanks for nothing", "negative"),
        ("I am not happy with how this was handled", "negative"),
        ("The noise stopped", "positive"),
        ("It stopped", "neutral"),
        ("I have nothing but trouble with them", "negative"),
        ("My old one was no match for this", "positive"),
        ("This is no match for my old one", "negative"),
        ("Nothing could be easier", "positive"),
        ("I wish I had bought it sooner", "positive"),
        ("If only it worked", "negative"),
        ("How many more times do I have to ask?", "negative"),
        ("How many times can I use it?", "neutral"),
        ("贵是贵，但是好用", "positive"),
        ("便宜是便宜，但是难用", "negative"),
        ("没那么贵", "positive"),
        ("没那么好", "negative"),
        ("以前的跟它没法比", "positive"),
        ("它跟以前的没法比", "negative"),
        ("再也不用担心漏水了", "positive"),
        ("再也不会来了", "negative"),
        ("要是质量好点就好了", "negative"),
        ("滚筒洗衣机什么时候发货", "neutral"),
        ("Fantastic, it arrived broken", "negative"),
        ("太好了，又坏了", "negative"),
        ("A heroic effort", "positive"),
        ("An agonizing wait", "negative"),
        ("It was not an agonizing wait", "positive"),
        ("I'd like to cancel my order, please help me", "neutral"),
        ("I like it", "positive"),
        ("The refund is still not here wtf", "negative"),
        ("this is bs", "negative"),
        ("绝绝子，无限回购", "positive"),
        ("客服已读不回", "negative"),
        ("Is the fabric itchy?", "neutral"),
        ("where is my order", "neutral"),
        ("我的订单到哪里了", "neutral"),
        ("", "neutral"),
    ],
)
def test_sentiment_survives_negation_in_both_languages(text: str, sentiment: str) -> None:
    assert read_words(text).sentiment == sentiment


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=60))
def test_any_text_has_a_mood_and_a_language(text: str) -> None:
    for mood in (read_words(text), *written_mood().read([text])):
        assert -1 <= mood.score <= 1
        assert (mood.sentiment == "positive") <= (mood.score >= 0)
    assert detect_language(text)


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("My daughter wears it to bed.", "positive"),
        ("女儿睡觉都要穿着。", "positive"),
        ("The wheels fell off on the first walk.", "negative"),
        ("走第一步轮子就飞了。", "negative"),
        ("Could you tell me how wide the shelf is?", "neutral"),
        ("架子有多宽？", "neutral"),
    ],
)
def test_a_mood_that_no_word_of_the_lexicon_tells_is_read_from_the_meaning(text: str, sentiment: str) -> None:
    (mood,) = written_mood().read([text])
    assert mood.sentiment == sentiment
    assert read_words(text).sentiment == "neutral"


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("How long is the warranty on the insulated bottle", "neutral"),
        ("请问这个杯子能装热水吗", "neutral"),
        ("It has not shipped yet, is it still possible to cancel. ASAP please", "neutral"),
        ("暂时不需要了，取消SO202304080004", "neutral"),
        ("Please send me the tracking number. So frustrating!", "negative"),
        ("麻烦发一下物流单号。太让人失望了", "negative"),
    ],
)
def test_a_plain_wish_is_neutral_until_a_word_says_otherwise(text: str, sentiment: str) -> None:
    assert written_mood().read([text])[0].sentiment == sentiment


def test_a_chinese_question_that_insists_sounds_worse() -> None:
    for once in ("到底发不发货？", "这个能用吗？"):
        assert read_words(once + "？").score < read_words(once).score
    assert read_words("does it ship today??").score == read_words("does it ship today?").score


def test_signs_without_a_letter_have_the_mood_of_the_signs() -> None:
    assert [mood.sentiment for mood in written_mood().read(["👍", "😡", "!!"])] == ["positive", "negative", "neutral"]
    assert written_mood().read([]) == []


def test_most_moods_of_the_messages_of_a_real_desk_are_read() -> None:
    messages = pd.read_csv(Path(__file__).with_name("desk_messages.csv"), keep_default_na=False)
    moods = [mood.sentiment for mood in written_mood().read(messages["text"].tolist())]
    assert (messages["mood"] == moods).mean() >= 0.85


def test_moods_in_traditional_chinese_are_read_nearly_as_well() -> None:
    told = sentences_of(("untuned",))
    told = told[told["language"] == "zh"].head(200)
    traditional = opencc.OpenCC("s2tw")
    moods = written_mood().read([traditional.convert(text) for text in told["text"]])
    right = [mood.sentiment == sentiment for mood, sentiment in zip(moods, told["sentiment"], strict=True)]
    assert sum(right) / len(right) > 0.9


def test_the_mood_beats_its_baselines_on_sentences_it_has_not_learnt_from_in_both_languages() -> None:
    value = {(model, metric): figure for _, model, metric, figure, _, _ in evaluate_sentiment()}
    for language in ("en", "zh"):
        assert value["mood", f"accuracy_{language}_untuned"] >= 0.9
        assert value["mood", f"accuracy_{language}_sealed"] >= 0.65
        for baseline in ("lexicon", "keyword", "majority"):
            assert value["mood", f"accuracy_{language}"] > value[baseline, f"accuracy_{language}"] + 0.1


def test_three_hundred_pairs_of_each_language_judge_the_mood_and_none_of_them_is_learnt_from() -> None:
    judged, learnt = sentences_of(JUDGED), sentences_of(LEARNT)
    pairs = judged.dropna(subset=["pair"])
    assert (pairs.groupby("pair")["sentiment"].nunique() == 2).all()
    assert (pairs.groupby("language")["pair"].nunique() >= 300).all()
    assert not set(judged["pair"].dropna()) & set(learnt["pair"].dropna())
    assert not set(judged["text"]) & set(learnt["text"])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40), st.floats(0, 0.5))
def test_the_threshold_keeps_the_error_it_was_chosen_for(pairs: list[tuple[float, bool]], target: float) -> None:
    confidence = np.array([sure for sure, _ in pairs], dtype=float)
    right = np.array([is_right for _, is_right in pairs], dtype=bool)
    threshold = choose_threshold(Rehearsed(confidence, right, np.ones(len(pairs))), target)
    cost = measure(is_answered(confidence, threshold), right)
    assert cost.error is None or cost.error <= target
    if threshold == NEVER:
        assert not is_answered(confidence, threshold).any()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_macro_f1_is_scikit_learns_over_the_true_intents(pairs: list[tuple[str, str]]) -> None:
    truth, guessed = [one for one, _ in pairs], [two for _, two in pairs]
    labels = sorted(set(truth))
    assert macro_f1(truth, guessed) == pytest.approx(
        f1_score(truth, guessed, labels=labels, average="macro", zero_division=0)
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["a", "b", "d", None])), min_size=1, max_size=30))
def test_resamples_are_scored_by_the_same_macro_f1(pairs: list[tuple[str, str | None]]) -> None:
    truth, guessed = [one for one, _ in pairs], [two for _, two in pairs]
    assert trials._macro_f1(*trials._codes(truth, guessed)) == pytest.approx(macro_f1(truth, guessed))


def test_the_lead_is_above_zero_only_where_it_is_no_luck() -> None:
    truth = list("ab" * 30)
    low, high = lead_interval(truth, truth, ["a"] * 60, seed=1)
    assert 0 < low <= high
    low, high = lead_interval(truth, ["a"] * 31 + truth[31:33] + ["a"] * 27, ["a"] * 60, seed=1)
    assert low <= 0 <= high


def test_chance_is_what_blind_guesses_reach() -> None:
    truth = list("ab" * 50)
    assert 0.5 < chance_level(truth, truth, seed=1) < 0.65
    assert chance_level(truth, ["a"] * 100, seed=1) == macro_f1(truth, ["a"] * 100)


def test_the_baselines_say_the_commonest_and_the_most_telling_word() -> None:
    texts = ["where is my order", "my order is late", "order status", "refund please", "I want a refund", "退款 谢谢"]
    intents = ["status", "status", "status", "refund", "refund", "refund_zh"]
    majority = MajorityIntent().fit(texts, intents).predict(["refund", "anything"])
    assert list(majority.intents) == ["status", "status"]
    keyword = KeywordIntent().fit(texts, intents).predict(["a refund", "the order"])
    assert list(keyword.intents) == ["refund", "status"]
