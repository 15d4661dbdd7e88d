with days as (
    select customer_days.*
    from features.customer_days as customer_days
    inner join features.as_of as as_of on customer_days.activity_date <= as_of.as_of_date
),

totals as (
    select
        customer_id,
        min(activity_date) as first_active_date,
        min(case when orders > 0 then activity_date end) as first_order_date,
        max(case when orders > 0 then activity_date end) as last_order_date,
        count(*) as active_days,
        sum(views) as views,
        sum(carts) as carts,
        sum(favourites) as favourites,
        sum(searches) as searches,
        sum(units) as units,
        sum(revenue) as revenue,
        sum(refunds) as refunds,
        sum(messages) as messages
    from days
    group by customer_id
),

ordered as (
    select
        customer_id,
        count(*) as orders
    from features.orders
    where customer_id is not null
    group by customer_id
),

visits as (
    select
        customer_id,
        count(*) as sessions
    from features.sessions
    where customer_id is not null and not is_bot
    group by customer_id
),

tastes as (
    select
        interactions.customer_id,
        count(distinct interactions.product_id) as distinct_products,
        count(distinct products.category) as distinct_categories
    from features.interactions as interactions
    left join features.products as products on interactions.product_id = products.product_id
    group by interactions.customer_id
),

known as (
    select customer_id from clean.customers
    union
    select customer_id from totals
),

joined as (
    select
        known.customer_id,
        as_of.as_of_date,
        least(totals.first_active_date, customers.registered_date) as first_seen_date,
        totals.first_order_date,
        totals.last_order_date,
        coalesce(ordered.orders, 0) as orders,
        cast(coalesce(totals.units, 0) as decimal(18, 4)) as units,
        cast(coalesce(totals.revenue, 0) as decimal(18, 4)) as revenue,
        cast(coalesce(totals.refunds, 0) as decimal(18, 4)) as refunds,
        coalesce(totals.active_days, 0) as active_days,
        coalesce(visits.sessions, 0) as sessions,
        cast(coalesce(totals.views, 0) as bigint) as views,
        cast(coalesce(totals.carts, 0) as bigint) as carts,
        cast(coalesce(totals.favourites, 0) as bigint) as favourites,
        cast(coalesce(totals.searches, 0) as bigint) as searches,
        coalesce(tastes.distinct_products, 0) as distinct_products,
        coalesce(tastes.distinct_categories, 0) as distinct_categories,
        cast(coalesce(totals.messages, 0) as bigint) as messages
    from known
    cross join features.as_of as as_of
    left join clean.customers as customers on known.customer_id = customers.customer_id
    left join totals on known.customer_id = totals.customer_id
    left join ordered on known.customer_id = ordered.customer_id
    left join visits on known.customer_id = visits.customer_id
    left join tastes on known.customer_id = tastes.customer_id
)

select
    customer_id,
    as_of_date,
    first_seen_date,
    first_order_date,
    last_order_date,
    orders,
    units,
    revenue,
    refunds,
    try_cast(revenue / nullif(orders, 0) as decimal(18, 4)) as average_order_value,
    date_diff('day', cast(last_order_date as date), cast(as_of_date as date)) as recency_days,
    case
        when first_seen_date > as_of_date then 0
        else date_diff('day', cast(first_seen_date as date), cast(as_of_date as date))
    end as tenure_days,
    active_days,
    sessions,
    views,
    carts,
    favourites,
    searches,
    distinct_products,
    distinct_categories,
    messages
from joined
