select
    sent_date,
    coalesce(intent, 'unknown') as intent,
    count(*) as messages,
    count(distinct customer_id) as customers,
    cast(sum(case when is_abstained then 1 else 0 end) as bigint) as abstained_messages,
    cast(sum(case when faq_id is not null then 1 else 0 end) as bigint) as answered_messages,
    cast(sum(case when sentiment = 'positive' then 1 else 0 end) as bigint) as positive_messages,
    cast(sum(case when sentiment = 'negative' then 1 else 0 end) as bigint) as negative_messages,
    cast(sum(case when is_first_contact then 1 else 0 end) as bigint) as first_contacts,
    cast(sum(case when is_first_contact and faq_id is not null then 1 else 0 end) as bigint) as answered_first_contacts,
    cast(sum(case when is_complaint then 1 else 0 end) as bigint) as complaints,
    cast(sum(case when urgency = 'high' then 1 else 0 end) as bigint) as urgent_messages
from marts.support_messages
group by sent_date, coalesce(intent, 'unknown')
