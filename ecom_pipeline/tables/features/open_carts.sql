with handled as (
    select
        events.customer_id,
        events.product_id,
        max(case when events.event_type = 'cart' then events.event_at end) as put_at,
        max(case when events.event_type = 'cart' then events.event_date end) as last_cart_date,
        max(case when events.event_type in ('remove', 'purchase') then events.event_at end) as taken_at
    from clean.events as events
    cross join features.as_of as as_of
    left join features.bot_days as bot_days
        on events.visitor_id = bot_days.visitor_id and events.event_date = bot_days.activity_date
    where
        events.event_type in ('cart', 'remove', 'purchase')
        and events.customer_id is not null
        and events.product_id is not null
        and events.event_date > as_of.as_of_date - interval 30 day
        and events.event_date <= as_of.as_of_date
        and bot_days.visitor_id is null
    group by events.customer_id, events.product_id
),

sold as (
    select
        customer_id,
        product_id,
        max(ordered_date) as last_sold_date
    from features.sales
    where customer_id is not null
    group by customer_id, product_id
)

select
    handled.customer_id,
    handled.product_id,
    handled.last_cart_date,
    date_diff('day', cast(handled.last_cart_date as date), cast(as_of.as_of_date as date)) as days_open,
    as_of.as_of_date
from handled
cross join features.as_of as as_of
left join sold on handled.customer_id = sold.customer_id and handled.product_id = sold.product_id
where
    handled.put_at is not null
    and (handled.taken_at is null or handled.taken_at < handled.put_at)
    and (sold.last_sold_date is null or sold.last_sold_date < handled.last_cart_date)
