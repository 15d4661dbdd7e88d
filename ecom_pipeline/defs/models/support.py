"""The service desk: messages and the shop's FAQ to intents, answers and drafts."""

from ecom_pipeline.defs.models.step import Learned, Model, as_of, previous_card
from ecom_pipeline.defs.night import Night


def _support(night: Night) -> Learned:
    from ecom_pipeline.ml.support.desk import SELECTS, Desk
    from ecom_pipeline.ml.support.pipeline import MESSAGE_COLUMNS, TARGET_ERROR, support_shop

    writers = "select customer_id from clean.messages"
    known = {name: night.frame(select.format(customers=writers)) for name, select in SELECTS.items()}
    stated = night.shop.support.target_error
    result = support_shop(
        night.frame(f"select {', '.join(MESSAGE_COLUMNS)} from clean.messages order by sent_at, message_id"),
        night.frame("select faq_id, intent, questions, answer, language from clean.faq order by faq_id"),
        as_of_date=as_of(night),
        seed=night.settings.seed,
        desk=Desk(**known, currency=night.shop.currency),
        target_error=TARGET_ERROR if stated is None else stated,
        previous_card=previous_card(night, "support"),
    )
    return Learned(
        card=result.card,
        frames={
            "models.message_predictions": result.predictions,
            "models.message_slots": result.slots,
            "models.faq_drafts": result.drafts,
            "models.support_examples": result.examples,
            "models.support_evaluation": result.evaluation,
        },
        learned={"models.message_predictions": "message_id", "models.faq_drafts": None},
    )


MODELS = [
    Model(
        "support",
        [
            "models.message_predictions",
            "models.message_slots",
            "models.faq_drafts",
            "models.support_examples",
            "models.support_evaluation",
        ],
        [
            "clean.messages",
            "clean.faq",
            "features.as_of",
            "marts.customer_orders",
            "marts.products",
            "marts.recommendations",
        ],
        _support,
    ),
]
