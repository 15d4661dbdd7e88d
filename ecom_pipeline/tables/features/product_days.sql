with browsing as (
    select
        events.product_id,
        events.event_date as activity_date,
        sum(case when events.event_type = 'view' then 1 else 0 end) as views,
        sum(case when events.event_type = 'cart' then 1 else 0 end) as carts,
        sum(case when events.event_type = 'favourite' then 1 else 0 end) as favourites
    from clean.events as events
    left join features.bot_days as bot_days
        on events.visitor_id = bot_days.visitor_id and events.event_date = bot_days.activity_date
    where
        events.product_id is not null
        and events.event_type in ('view', 'cart', 'favourite')
        and bot_days.visitor_id is null
    group by events.product_id, events.event_date
),

sold as (
    select
        product_id,
        ordered_date as activity_date,
        count(distinct order_id) as orders,
        sum(quantity) as units,
        sum(revenue) as revenue
    from features.sales
    where product_id is not null
    group by product_id, ordered_date
),

refunded as (
    select
        product_id,
        refunded_date as activity_date,
        sum(amount) as refunds
    from clean.refunds
    where product_id is not null and coalesce(order_status, '') <> 'cancelled'
    group by product_id, refunded_date
),

active as (
    select product_id, activity_date from browsing
    union
    select product_id, activity_date from sold
    union
    select product_id, activity_date from refunded
)

select
    active.product_id,
    active.activity_date,
    cast(coalesce(browsing.views, 0) as bigint) as views,
    cast(coalesce(browsing.carts, 0) as bigint) as carts,
    cast(coalesce(browsing.favourites, 0) as bigint) as favourites,
    coalesce(sold.orders, 0) as orders,
    cast(coalesce(sold.units, 0) as decimal(18, 4)) as units,
    cast(coalesce(sold.revenue, 0) as decimal(18, 4)) as revenue,
    cast(coalesce(refunded.refunds, 0) as decimal(18, 4)) as refunds
from active
left join browsing
    on active.product_id = browsing.product_id and active.activity_date = browsing.activity_date
left join sold
    on active.product_id = sold.product_id and active.activity_date = sold.activity_date
left join refunded
    on active.product_id = refunded.product_id and active.activity_date = refunded.activity_date
