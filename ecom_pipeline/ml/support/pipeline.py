"""The single entry: a shop's messages and FAQ in; what each message wants, names, feels and should be told, out.

The kernel model and its baselines are tried on the same messages; the kernel model's intents are used only where it
beats the better baseline. Each model abstains below the confidence that keeps its mistakes under ``target_error`` on
texts it did not learn from, unknown questions among them; an abstained message gets no answer. What does not belong
here: reading or writing tables, and any text of a message that is not masked in what is returned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.support.abstention import measure
from ecom_pipeline.ml.support.answers import AnswerFinder, Matches, example_questions
from ecom_pipeline.ml.support.baselines import MajorityIntent
from ecom_pipeline.ml.support.certainty import Guesses
from ecom_pipeline.ml.support.challenge import evaluate_sentiment
from ecom_pipeline.ml.support.decision import decide
from ecom_pipeline.ml.support.desk import Desk, read_messages
from ecom_pipeline.ml.support.drafts import draft_entries
from ecom_pipeline.ml.support.examples import (
    Split,
    customer_messages,
    labelled_messages,
    published_examples,
    rated_messages,
    split,
)
from ecom_pipeline.ml.support.personal import KINDS
from ecom_pipeline.ml.support.rated import ReadsMoods, choose_mood
from ecom_pipeline.ml.support.reading import read_wishes
from ecom_pipeline.ml.support.report import NO_MODEL, card_without_model, evaluation_table, intent_rows, model_card
from ecom_pipeline.ml.support.trials import Row, Trial, try_models

TARGET_ERROR = 0.025
"""The share of wrong intents, and of wrong answers, among those given."""
MESSAGE_COLUMNS = (
    "message_id", "customer_id", "sent_at", "sent_date", "text", "language", "order_id", "author", "intent", "rating",
)  # fmt: skip
FAQ_COLUMNS = ("faq_id", "intent", "questions", "answer", "language")
PREDICTION_COLUMNS = (
    "message_id", "customer_id", "language", "intent", "other_intents", "confidence", "out_of_scope", "is_abstained",
    "sentiment", "sentiment_score", "urgency", "urgency_score", "urgency_reasons", "is_complaint", "faq_id", "faq_score",
    "facts", "sources", "masked_text", *(f"masked_{kind}" for kind in KINDS), "model",
)  # fmt: skip
SLOT_COLUMNS = ("message_id", "customer_id", "position", "slot", "value")
_TYPES = {
    "sentiment_score": "float64",
    "urgency_score": "float64",
    "is_complaint": "bool",
    **{f"masked_{kind}": "int64" for kind in KINDS},
}


@dataclass(frozen=True, kw_only=True)
class SupportResult:
    """What a night's reading of messages gives.

    Attributes
    ----------
    predictions
        One row per message of a customer, ``PREDICTION_COLUMNS``. An abstained message keeps the best guess in
        ``intent`` and has no answer; one without a word, or that only greets, has no intent. ``sentiment`` is missing for
        languages without a lexicon.
    slots
        One row per thing a message names: ``message_id, customer_id, position, slot, value``.
    drafts
        Entries that the FAQ lacks, see ``drafts.COLUMNS``.
    examples
        What questions can be answered from outside the warehouse: ``examples.PUBLISHED_COLUMNS``.
    evaluation
        ``task, model, metric, value, rows, is_baseline`` for the tasks intent, answer and sentiment; ``value`` is
        missing where a model answers nothing that could be wrong.
    card
        The row of the registry. Its decision governs the predictions: ``kept`` asks the caller to leave the live ones.
    """

    predictions: pd.DataFrame
    slots: pd.DataFrame
    drafts: pd.DataFrame
    examples: pd.DataFrame
    evaluation: pd.DataFrame
    card: ModelCard


@dataclass(frozen=True)
class _Answering:
    """How answers are given, and what that was worth on the test texts."""

    finder: AnswerFinder
    rows: list[Row]


def support_shop(
    messages: pd.DataFrame,
    faq: pd.DataFrame,
    *,
    as_of_date: dt.date,
    seed: int,
    desk: Desk | None = None,
    target_error: float = TARGET_ERROR,
    previous_card: ModelCard | None = None,
) -> SupportResult:
    """Read every customer message of a shop.

    Parameters
    ----------
    messages
        ``MESSAGE_COLUMNS``; may be empty. ``sent_at`` is UTC, ``sent_date`` the day where the shop is, ``intent`` a known
        label, ``order_id`` the order that the shop says the message is about, ``rating`` one to five stars.
    faq
        ``faq_id, intent, questions, answer, language``, the example questions separated by ``|``; may be empty.
    as_of_date
        Labels and ratings of later messages are not learnt from.
    seed
        Fixes all randomness.
    desk
        The shop's orders, goods and recommendations, for slots and facts; without it there are none of the shop's own.
    target_error
        The share of wrong intents, and of wrong answers, among those given.
    previous_card
        Card of the last run. A model worse by more than 10 % is ``kept`` back for up to a week.

    Raises
    ------
    ValueError
        The input is not the promised table.
    """
    if not 0 <= target_error < 1:
        raise ValueError(f"target_error: {target_error}, expected a share from 0 to below 1")
    _require(messages, MESSAGE_COLUMNS, "messages")
    _require(faq, FAQ_COLUMNS, "faq")
    written = customer_messages(messages)
    labelled = labelled_messages(written, as_of_date)
    questions = example_questions(faq)
    examples = split(labelled, questions, seed)
    mood_model, rated_rows = choose_mood(rated_messages(written, as_of_date))
    sentiment_rows: list[Row] = [*evaluate_sentiment(), *rated_rows]
    trials = try_models(examples, target_error) if examples else []
    metric = "macro_f1" if examples and examples.folds is None else "cross_validated_macro_f1"
    verdict = decide(trials, examples, metric, previous_card, as_of_date=as_of_date, seed=seed) if examples else None
    winner = verdict.winner if verdict else None
    answering = _learn_answers(questions, examples, winner) if examples and winner and len(questions) else None
    predictions, slots = _predictions(
        written, questions, examples, winner, answering, desk or Desk.empty(), mood_model, as_of_date
    )
    if verdict and examples:
        rows = [*intent_rows(trials, examples), *(answering.rows if answering else ()), *sentiment_rows]
        card = model_card(
            verdict, examples, labelled, questions, predictions, rows, metric, mood_model.name, target_error, seed
        )
    else:
        rows = sentiment_rows
        card = card_without_model(labelled, questions, rows, mood_model.name, target_error, seed)
    return SupportResult(
        predictions=predictions,
        slots=slots,
        drafts=draft_entries(written[predictions["faq_id"].isna().to_numpy()]),
        examples=published_examples(labelled, faq),
        evaluation=evaluation_table(rows),
        card=card,
    )


def _require(frame: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"{name}: no column {', '.join(missing)}; expected {', '.join(columns)}")


def _learn_answers(questions: pd.DataFrame, examples: Split, winner: Trial) -> _Answering:
    """Learn the questions, and judge the answers: right is an entry of the message's true intent."""
    finder = AnswerFinder().fit(questions)
    judge = finder if examples.folds is None else AnswerFinder(skip_same_text=True).fit(questions)
    truth = examples.test["intent"].to_numpy()
    found = _match(judge, examples.test, winner.test, winner.gate.answered)
    nearest = judge.nearest(examples.test["text"].tolist())
    most = MajorityIntent().fit([], examples.train["intent"].tolist()).intent_
    has_answer = np.full(len(truth), bool((questions["intent"] == most).any()))
    rows = [
        *_answer_rows(finder.name, found.is_found, found.intents == truth, False),
        *_answer_rows("nearest", nearest.is_found, nearest.intents == truth, True),
        *_answer_rows("majority", has_answer, truth == most, True),
    ]
    return _Answering(finder, rows)


def _match(finder: AnswerFinder, texts: pd.DataFrame, guesses: Guesses, answered: NDArray[np.bool_]) -> Matches:
    intents = guesses.only(answered).intents.tolist()
    return finder.match(texts["text"].tolist(), intents, texts["language"].tolist())


def _answer_rows(model: str, answered: NDArray[np.bool_], is_right: NDArray[np.bool_], is_baseline: bool) -> list[Row]:
    cost = measure(answered, is_right)
    values = {"accuracy": float((answered & is_right).mean()), "coverage": cost.coverage, "error": cost.error}
    return [("answer", model, metric, value, len(answered), is_baseline) for metric, value in values.items()]


def _predictions(
    written: pd.DataFrame,
    questions: pd.DataFrame,
    examples: Split | None,
    winner: Trial | None,
    answering: _Answering | None,
    desk: Desk,
    mood_model: ReadsMoods,
    as_of_date: dt.date,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = written[["message_id", "customer_id", "language"]].assign(
        intent=pd.Series(None, index=written.index, dtype=object),
        confidence=np.nan,
        out_of_scope=np.nan,
        is_abstained=True,
        faq_id=pd.Series(None, index=written.index, dtype=object),
        faq_score=np.nan,
        model=winner.model.name if winner else NO_MODEL,
    )
    texts = written["text"].tolist()
    others: list[list[str]] = [[] for _ in texts]
    if winner and examples and texts:
        guesses, answered, others = read_wishes(
            texts, winner.model, winner.gate.threshold, questions=questions, learnt=examples.texts
        )
        frame["intent"] = guesses.intents
        is_guessed = frame["intent"].notna()
        frame["confidence"] = np.where(is_guessed, guesses.confidence, np.nan)
        frame["out_of_scope"] = np.where(is_guessed, 1 - guesses.scope, np.nan)
        frame["is_abstained"] = ~answered
        if answering is not None:
            found = _match(answering.finder, written, guesses, answered)
            frame["faq_id"] = found.faq_ids
            frame["faq_score"] = np.where(frame["faq_id"].notna(), found.scores, np.nan)
    read = read_messages(written, frame, others, questions, desk, mood_model, as_of_date)
    slots = [
        (row.message_id, row.customer_id, position, *slot)
        for row, named in zip(written.itertuples(index=False), read["slots"], strict=True)
        for position, slot in enumerate(named, 1)
    ]
    frame = frame.join(read.drop(columns="slots")).astype(_TYPES)
    return frame[list(PREDICTION_COLUMNS)], pd.DataFrame(slots, columns=list(SLOT_COLUMNS)).astype(
        {"position": "int64"}
    )
