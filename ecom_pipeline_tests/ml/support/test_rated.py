"""Ratings of the shop's own customers teach the mood, where they teach anything."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from ecom_pipeline.ml.support import rated
from ecom_pipeline.ml.support.examples import customer_messages, rated_messages
from ecom_pipeline.ml.support.rated import MINIMUM, RatedMood, choose_mood
from ecom_pipeline.ml.support.sentiment import Mood

GOOD, BAD = ("flomig", "dorral", "好评如风"), ("krunk", "zangig", "散若沙")
"""Words of no lexicon."""


def reviews(number: int = MINIMUM) -> pd.DataFrame:
    random = np.random.default_rng(5)
    sentiments = random.choice(["positive", "negative"], number)
    texts = [
        f"the {random.choice(['lamp', 'chair', 'kettle', 'coat'])} is {random.choice(GOOD if each == 'positive' else BAD)}"
        for each in sentiments
    ]
    return pd.DataFrame({"text": texts, "sentiment": sentiments})


@pytest.mark.slow
def test_a_shop_s_own_words_are_learnt_from_its_ratings() -> None:
    model, rows = choose_mood(reviews())
    assert isinstance(model, RatedMood)
    moods = model.read(["my sofa is flomig", "my sofa is krunk", "Where is my order?", "👍"])
    assert [mood.sentiment for mood in moods] == ["positive", "negative", "neutral", "positive"]
    assert all(-1 <= mood.score <= 1 for mood in moods)
    value = {name: (figure, size) for _, name, _, figure, size, _ in rows}
    assert value["rated_mood"] == (1.0, MINIMUM // 5)
    assert value["rated_mood"][0] > max(value["mood"][0], value["majority"][0])
    assert [row[-1] for row in rows] == [False, True, True]


def test_words_that_nobody_rated_are_read_by_the_lexicons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rated, "embed", lambda texts: np.zeros((len(texts), 2), dtype=np.float32))
    good = ["wonderful", "lovely", "great", "excellent", "beautiful"]
    bad = ["terrible", "awful", "useless", "horrible", "disgusting"]
    model = RatedMood().fit([f"the lamp is {word}" for word in (*good, *bad)], ["positive"] * 5 + ["negative"] * 5)
    moods = model.read(["这盏灯太棒了", "这盏灯太糟糕了"])
    assert [mood.sentiment for mood in moods] == ["positive", "negative"]


def test_words_that_nobody_rated_are_read_by_their_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rated, "read_words", lambda _: Mood("neutral", 0.0))
    cakes = ["the cake", "a pie with apples", "the chocolate", "biscuits and bread", "the cream cake"]
    couriers = ["the courier", "the parcel", "a van brought it", "the delivery driver", "the shipment"]
    model = RatedMood().fit(cakes + couriers, ["positive"] * 5 + ["negative"] * 5)
    assert [mood.sentiment for mood in model.read(["蛋糕", "包裹"])] == ["positive", "negative"]


def test_a_word_counts_by_how_much_it_tells_the_sentiments_apart() -> None:
    words = csr_matrix([[1.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    bad, good, shared = rated._telling(words, np.array(["negative"] * 2 + ["positive"] * 2, dtype=object))
    assert bad == good == pytest.approx(np.sqrt(np.log(5) + 0.05))
    assert shared == pytest.approx(np.sqrt(0.05))


@pytest.mark.slow
def test_ratings_that_say_nothing_are_not_used() -> None:
    told = reviews()
    told["sentiment"] = told["sentiment"].sample(frac=1, random_state=1).to_numpy()
    told.loc[told.index % 4 > 0, "sentiment"] = "positive"
    model, rows = choose_mood(told)
    assert model.name == "mood"
    assert len(rows) == 3


@pytest.mark.parametrize("told", [reviews(MINIMUM - 1), reviews().assign(sentiment="positive"), reviews().head(0)])
def test_too_little_is_no_error(told: pd.DataFrame) -> None:
    model, rows = choose_mood(told)
    assert (model.name, rows) == ("mood", [])


def test_ratings_of_customers_up_to_the_date_count_in_their_order() -> None:
    sent = pd.DataFrame(
        [
            ("M1", "later", "2024-06-02", "customer", 5),
            ("M2", "Bad!", "2024-05-02", "customer", 1),
            ("M3", "fine", "2024-05-01", None, 4.5),
            ("M4", "agent", "2024-05-01", "agent", 5),
            ("M5", "not rated", "2024-05-01", "customer", None),
            ("M6", "👍", "2024-05-01", "customer", 5),
        ],
        columns=["message_id", "text", "sent_at", "author", "rating"],
    ).assign(customer_id="C", sent_date=dt.date(2024, 5, 1), language=None, order_id=None, intent=None)
    found = rated_messages(customer_messages(sent), dt.date(2024, 6, 1))
    assert found.values.tolist() == [["fine", "positive"], ["Bad!", "negative"]]


def test_a_long_review_is_read_to_its_end() -> None:
    filler = "the parcel lay there and " * 100
    texts = [f"{filler}{word} {row}" for word in ("flomig", "krunk") for row in range(10)]
    model = RatedMood().fit(texts, ["positive"] * 10 + ["negative"] * 10)
    assert [mood.sentiment for mood in model.read([f"{filler}krunk", f"{filler}flomig"])] == ["negative", "positive"]
