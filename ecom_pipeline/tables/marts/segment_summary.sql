with segments as (
    select
        segment,
        max(as_of_date) as as_of_date,
        count(*) as customers,
        sum(orders) as orders,
        sum(revenue) as revenue,
        sum(refunds) as refunds,
        sum(recency_days) as recency_days
    from marts.customer_profiles
    group by segment
),

whole as (
    select
        sum(customers) as customers,
        sum(revenue) as revenue
    from segments
)

select
    segments.segment,
    segments.as_of_date,
    segments.customers,
    cast(segments.customers as double) / cast(whole.customers as double) as share_of_customers,
    cast(segments.orders as bigint) as orders,
    cast(segments.revenue as decimal(18, 2)) as revenue,
    cast(segments.revenue as double) / nullif(cast(whole.revenue as double), 0) as share_of_revenue,
    cast(segments.refunds as decimal(18, 2)) as refunds,
    try_cast(segments.revenue / nullif(segments.orders, 0) as decimal(18, 2)) as average_order_value,
    cast(segments.recency_days as double) / cast(segments.customers as double) as average_recency_days
from segments
cross join whole
