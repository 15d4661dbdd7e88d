"""Everything about a message that is not its intent: mood, urgency, what it names, what is masked, what may be told.

What does not belong here: learning.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from ecom_pipeline.ml.support.answers import QUESTION_SEPARATOR
from ecom_pipeline.ml.support.facts import Fact, FactBook, facts_asked, goods_asked
from ecom_pipeline.ml.support.mood import can_read
from ecom_pipeline.ml.support.personal import KINDS, mask
from ecom_pipeline.ml.support.rated import ReadsMoods
from ecom_pipeline.ml.support.slots import SlotReader
from ecom_pipeline.ml.support.urgency import read_urgency

SELECTS = {
    "orders": "select order_id, customer_id, ordered_date, status, refunds, last_refund_date from marts.customer_orders"
    " where customer_id in ({customers}) order by order_id",
    "products": "select product_id, name, coalesce(category_path, category) as category, price, stock, orders"
    " from marts.products where is_active order by product_id",
    "recommendations": "select customer_id, product_id, rank from marts.recommendations"
    " where customer_id in ({customers}) order by customer_id, rank",
}
"""What a ``Desk`` is filled from: the night's warehouse, or a release, whose tables have the same names."""
OPEN_DAYS = 30
"""Facts are told of messages this young: they say how things are now."""

READ_COLUMNS = (
    "slots", "other_intents", "sentiment", "sentiment_score", "urgency", "urgency_score", "urgency_reasons", "is_complaint",
    "facts", "sources", "masked_text", *(f"masked_{kind}" for kind in KINDS),
)  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """What the shop knows that answers may tell: ``FactBook`` says the columns."""

    orders: pd.DataFrame
    products: pd.DataFrame
    recommendations: pd.DataFrame
    currency: str

    @classmethod
    def empty(cls) -> Desk:
        """Return a desk that knows nothing."""
        return cls(
            pd.DataFrame(columns=["order_id", "customer_id", "ordered_date", "status", "refunds", "last_refund_date"]),
            pd.DataFrame(columns=["product_id", "name", "category", "price", "stock", "orders"]),
            pd.DataFrame(columns=["customer_id", "product_id", "rank"]),
            "",
        )


def read_messages(
    written: pd.DataFrame,
    intents: pd.DataFrame,
    others: list[list[str]],
    questions: pd.DataFrame,
    desk: Desk,
    mood_model: ReadsMoods,
    as_of_date: dt.date,
) -> pd.DataFrame:
    """Return a row per message, ``READ_COLUMNS``; ``slots`` is a list of slots."""
    has_mood = [can_read(raw, language) for raw, language in zip(written["raw"], written["language"], strict=True)]
    moods = iter(mood_model.read(written.loc[has_mood, "raw"].tolist()))
    reader = SlotReader(desk.orders["order_id"], desk.products)
    book = FactBook(desk.orders, desk.products, desk.recommendations, reader.products_of, desk.currency)
    asked = facts_asked(set(intents["intent"].dropna()).union(*others), questions)
    opened = pd.Timestamp(as_of_date) - pd.Timedelta(days=OPEN_DAYS)
    rows = []
    for row, told, further, is_moody in zip(
        written.itertuples(index=False), intents.itertuples(index=False), others, has_mood, strict=True
    ):
        mood = next(moods) if is_moody else None
        urgency = read_urgency(row.raw, mood)
        masked = mask(row.raw)
        slots = reader.read(row.raw, row.sent_date)
        facts: list[Fact] = []
        if row.sent_at > opened:
            sure = [] if told.is_abstained else [told.intent, *further]
            kinds = [kind for intent in sure for kind in asked[intent]] + goods_asked(row.text)
            facts = book.facts(kinds, row.language, row.customer_id, row.order_id, slots, row.sent_date)
        sources = ([f"clean.faq:{told.faq_id}"] if told.faq_id else []) + [fact.source for fact in facts]
        rows.append(
            (
                slots,
                QUESTION_SEPARATOR.join(further) or None,
                mood.sentiment if mood else None,
                mood.score if mood else None,
                urgency.level,
                urgency.score,
                QUESTION_SEPARATOR.join(urgency.reasons) or None,
                urgency.is_complaint,
                " ".join(dict.fromkeys(fact.sentence for fact in facts)) or None,
                QUESTION_SEPARATOR.join(dict.fromkeys(sources)) or None,
                masked.text,
                *(masked.counts.get(kind, 0) for kind in KINDS),
            )
        )
    return pd.DataFrame(rows, columns=list(READ_COLUMNS), index=written.index, dtype=object)
