select
    predictions.message_id,
    predictions.customer_id,
    messages.sent_at,
    messages.sent_date,
    predictions.language,
    predictions.intent,
    predictions.confidence,
    predictions.is_abstained,
    predictions.sentiment,
    predictions.sentiment_score,
    predictions.faq_id,
    faq.answer as suggested_answer,
    predictions.faq_score,
    predictions.model
from models.message_predictions as predictions
inner join clean.messages as messages on predictions.message_id = messages.message_id
left join clean.faq as faq on predictions.faq_id = faq.faq_id
