with messages as (
    select
        predictions.message_id,
        predictions.customer_id,
        messages.sent_at,
        messages.sent_date,
        lag(messages.sent_date) over (
            partition by predictions.customer_id
            order by messages.sent_at, predictions.message_id
        ) as earlier_date,
        predictions.language,
        predictions.intent,
        predictions.other_intents,
        predictions.confidence,
        predictions.out_of_scope,
        predictions.is_abstained,
        predictions.sentiment,
        predictions.sentiment_score,
        predictions.urgency,
        predictions.urgency_score,
        predictions.urgency_reasons,
        predictions.is_complaint,
        predictions.faq_id,
        predictions.facts,
        predictions.sources,
        predictions.faq_score,
        predictions.masked_text,
        predictions.model
    from models.message_predictions as predictions
    inner join clean.messages as messages on predictions.message_id = messages.message_id
)

select
    messages.message_id,
    messages.customer_id,
    messages.sent_at,
    messages.sent_date,
    messages.language,
    messages.intent,
    messages.other_intents,
    messages.confidence,
    messages.out_of_scope,
    messages.is_abstained,
    messages.sentiment,
    messages.sentiment_score,
    messages.urgency,
    messages.urgency_score,
    messages.urgency_reasons,
    messages.is_complaint,
    messages.customer_id is null
    or messages.earlier_date is null
    or date_diff('day', cast(messages.earlier_date as date), cast(messages.sent_date as date)) > 7 as is_first_contact,
    messages.faq_id,
    case
        when faq.answer is null then messages.facts
        when messages.facts is null then faq.answer
        else faq.answer || ' ' || messages.facts
    end as suggested_answer,
    messages.sources as answer_sources,
    messages.faq_score,
    messages.masked_text,
    messages.model
from messages
left join clean.faq as faq on messages.faq_id = faq.faq_id
