with standing as (
    select
        customer_id,
        revenue,
        percent_rank() over (order by revenue) as standing
    from features.customers
),

chosen as (
    select
        messages.message_id,
        messages.urgency_score + coalesce(standing.standing, 0) / 2 as priority,
        messages.customer_id,
        messages.sent_at,
        messages.language,
        messages.intent,
        messages.urgency,
        messages.urgency_reasons,
        messages.is_complaint,
        cast(coalesce(standing.revenue, 0) as decimal(18, 2)) as revenue,
        messages.masked_text,
        messages.suggested_answer
    from marts.support_messages as messages
    cross join features.as_of as as_of
    left join standing on messages.customer_id = standing.customer_id
    where
        (messages.urgency = 'high' or messages.is_complaint)
        and date_diff('day', cast(messages.sent_date as date), cast(as_of.as_of_date as date)) between 0 and 29
)

select
    message_id,
    row_number() over (order by priority desc, sent_at, message_id) as rank,
    priority,
    customer_id,
    sent_at,
    language,
    intent,
    urgency,
    urgency_reasons,
    is_complaint,
    revenue,
    masked_text,
    suggested_answer
from chosen
