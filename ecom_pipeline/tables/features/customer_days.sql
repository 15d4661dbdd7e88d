with browsing as (
    select
        events.customer_id,
        events.event_date as activity_date,
        count(*) as events,
        sum(case when events.event_type = 'view' then 1 else 0 end) as views,
        sum(case when events.event_type = 'cart' then 1 else 0 end) as carts,
        sum(case when events.event_type = 'favourite' then 1 else 0 end) as favourites,
        sum(case when events.event_type = 'search' then 1 else 0 end) as searches
    from clean.events as events
    left join features.bot_days as bot_days
        on events.visitor_id = bot_days.visitor_id and events.event_date = bot_days.activity_date
    where events.customer_id is not null and bot_days.visitor_id is null
    group by events.customer_id, events.event_date
),

sold as (
    select
        customer_id,
        ordered_date as activity_date,
        count(distinct order_id) as orders,
        sum(quantity) as units,
        sum(revenue) as revenue
    from features.sales
    where customer_id is not null
    group by customer_id, ordered_date
),

refunded as (
    select
        customer_id,
        refunded_date as activity_date,
        sum(amount) as refunds
    from clean.refunds
    where customer_id is not null and coalesce(order_status, '') <> 'cancelled'
    group by customer_id, refunded_date
),

written as (
    select
        customer_id,
        sent_date as activity_date,
        count(*) as messages
    from clean.messages
    where customer_id is not null and author = 'customer'
    group by customer_id, sent_date
),

active as (
    select customer_id, activity_date from browsing
    union
    select customer_id, activity_date from sold
    union
    select customer_id, activity_date from refunded
    union
    select customer_id, activity_date from written
)

select
    active.customer_id,
    active.activity_date,
    coalesce(browsing.events, 0) as events,
    cast(coalesce(browsing.views, 0) as bigint) as views,
    cast(coalesce(browsing.carts, 0) as bigint) as carts,
    cast(coalesce(browsing.favourites, 0) as bigint) as favourites,
    cast(coalesce(browsing.searches, 0) as bigint) as searches,
    coalesce(sold.orders, 0) as orders,
    cast(coalesce(sold.units, 0) as decimal(18, 4)) as units,
    cast(coalesce(sold.revenue, 0) as decimal(18, 4)) as revenue,
    cast(coalesce(refunded.refunds, 0) as decimal(18, 4)) as refunds,
    coalesce(written.messages, 0) as messages
from active
left join browsing
    on active.customer_id = browsing.customer_id and active.activity_date = browsing.activity_date
left join sold
    on active.customer_id = sold.customer_id and active.activity_date = sold.activity_date
left join refunded
    on active.customer_id = refunded.customer_id and active.activity_date = refunded.activity_date
left join written
    on active.customer_id = written.customer_id and active.activity_date = written.activity_date
