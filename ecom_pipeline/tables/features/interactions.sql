select
    events.customer_id,
    events.product_id,
    events.event_date as interaction_date,
    events.event_type,
    count(*) as interactions
from clean.events as events
left join features.bot_days as bot_days
    on events.visitor_id = bot_days.visitor_id and events.event_date = bot_days.activity_date
where
    events.event_type in ('view', 'cart', 'favourite')
    and events.customer_id is not null
    and events.product_id is not null
    and bot_days.visitor_id is null
group by events.customer_id, events.product_id, events.event_date, events.event_type

union all

select
    customer_id,
    product_id,
    ordered_date as interaction_date,
    'purchase' as event_type,
    count(*) as interactions
from features.sales
where customer_id is not null and product_id is not null
group by customer_id, product_id, ordered_date
