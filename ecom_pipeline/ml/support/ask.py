"""One question at a time, answered from what a release publishes: its examples, orders, goods and recommendations.

The model is fitted again from the published examples when a desk opens, so that a release holds no file that only one
version of a library reads. What does not belong here: opening the release (``asking``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from ecom_pipeline.ml.support.abstention import choose_threshold
from ecom_pipeline.ml.support.answers import QUESTION_SEPARATOR, AnswerFinder
from ecom_pipeline.ml.support.desk import Desk
from ecom_pipeline.ml.support.facts import FactBook, facts_asked, goods_asked
from ecom_pipeline.ml.support.intent import KernelIntent
from ecom_pipeline.ml.support.language import detect_language
from ecom_pipeline.ml.support.letters import only_greets
from ecom_pipeline.ml.support.mood import can_read, written_mood
from ecom_pipeline.ml.support.reading import read_wishes
from ecom_pipeline.ml.support.slots import Slot, SlotReader
from ecom_pipeline.ml.support.text import intent_text
from ecom_pipeline.ml.support.urgency import read_urgency

GREETING = {"en": "Hello! What can we do for you?", "zh": "您好！请问有什么可以帮您？"}
UNKNOWN = {
    "en": "I don't know; a colleague will answer you.",
    "zh": "这个问题我不知道，我们的同事会答复您。",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is said to a question, and why: an answer of the FAQ, facts, or goods within the price that is named.

    ``intent`` and ``probability`` are the best guess also where ``is_known`` is false; ``sources`` name the rows behind
    every sentence of ``answer``, unless it returns a greeting; of ``slots`` several of a name are split by ``|``.
    """

    question: str
    language: str
    intent: str | None
    probability: float
    out_of_scope: float
    is_known: bool
    answer: str
    sources: list[str]
    other_intents: list[str]
    sentiment: str | None
    urgency: str
    slots: dict[str, str]


class OpenDesk:
    """A desk that answers.

    Parameters
    ----------
    examples
        ``example_id, customer_id, intent, text, language, faq_id, answer``, as ``published_examples`` returns them.
    desk
        Orders, goods and recommendations.
    target_error
        The share of wrong answers among those given.

    Raises
    ------
    ValueError
        There are not two intents to tell apart.
    """

    def __init__(self, examples: pd.DataFrame, desk: Desk, *, target_error: float) -> None:
        if examples["intent"].nunique() < 2:
            raise ValueError(f"examples: {examples['intent'].nunique()} intents, expected two at least to tell apart")
        self._model = KernelIntent().fit(examples["text"].tolist(), examples["intent"].tolist())
        self._threshold = choose_threshold(self._model.rehearsal_.rehearsed, target_error)
        self._learnt = frozenset(examples["text"])
        self._questions = questions = examples.dropna(subset=["faq_id"])
        self._finder = AnswerFinder().fit(questions) if len(questions) else None
        self._answers = dict(zip(questions["faq_id"], questions["answer"], strict=True))
        self._asked = facts_asked(self._model.classes_, questions)
        self._reader = SlotReader(desk.orders["order_id"], desk.products)
        self._book = FactBook(desk.orders, desk.products, desk.recommendations, self._reader.products_of, desk.currency)
        # Lexicons are read when the desk opens, not with the first question.
        self.ask("open 开门", asked_on=dt.date(2000, 1, 1))

    def ask(self, question: str, *, customer_id: str | None = None, asked_on: dt.date) -> Answer:
        """Answer one question; ``asked_on`` is the day that words such as yesterday are counted from."""
        text, language = intent_text(question), detect_language(question)
        guesses, is_sure, (others,) = read_wishes(
            [text], self._model, self._threshold, questions=self._questions, learnt=self._learnt
        )
        slots = self._reader.read(question, asked_on)
        intents = [guesses.intents[0], *others] if is_sure[0] else []
        tongue = "zh" if language == "zh" else "en"
        sentences, sources = self._told(text, language, customer_id, intents, slots, asked_on)
        if guesses.intents[0] is None and only_greets(text):
            sentences = [GREETING[tongue]]
        mood = written_mood().read([question])[0] if can_read(question, language) else None
        return Answer(
            question=question,
            language=language,
            intent=guesses.intents[0],
            probability=round(float(guesses.confidence[0]), 4),
            out_of_scope=round(1 - float(guesses.scope[0]), 4),
            is_known=bool(sentences),
            answer=" ".join(sentences) or UNKNOWN[tongue],
            sources=sources,
            other_intents=others,
            sentiment=mood.sentiment if mood else None,
            urgency=read_urgency(question, mood).level,
            slots={
                name: f" {QUESTION_SEPARATOR} ".join(slot.value for slot in slots if slot.name == name)
                for name in dict.fromkeys(slot.name for slot in slots)
            },
        )

    def _told(
        self,
        text: str,
        language: str,
        customer_id: str | None,
        intents: list[str],
        slots: list[Slot],
        asked_on: dt.date,
    ) -> tuple[list[str], list[str]]:
        sentences: list[str] = []
        sources: list[str] = []
        if self._finder is not None and intents:
            found = self._finder.match([text] * len(intents), intents, [language] * len(intents))
            for faq_id in dict.fromkeys(each for each in found.faq_ids if each is not None):
                sentences.append(self._answers[faq_id])
                sources.append(f"clean.faq:{faq_id}")
        kinds = [kind for intent in intents for kind in self._asked[intent]] + goods_asked(text)
        for fact in self._book.facts(kinds, language, customer_id, None, slots, asked_on):
            sentences.append(fact.sentence)
            sources.append(fact.source)
        return list(dict.fromkeys(sentences)), list(dict.fromkeys(sources))
