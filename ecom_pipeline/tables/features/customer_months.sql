with cutoffs as (
    select max(days.calendar_date) as cutoff_date
    from features.days as days
    cross join features.as_of as as_of
    where days.calendar_date > as_of.as_of_date - interval 365 day
    group by year(days.calendar_date), month(days.calendar_date)
),

ordered as (
    select
        cutoffs.cutoff_date,
        orders.customer_id,
        count(*) as orders,
        sum(orders.revenue) as revenue,
        min(orders.ordered_date) as first_order_date,
        max(orders.ordered_date) as last_order_date
    from cutoffs
    inner join features.orders as orders on cutoffs.cutoff_date >= orders.ordered_date
    where orders.customer_id is not null
    group by cutoffs.cutoff_date, orders.customer_id
),

measured as (
    select
        cutoff_date,
        customer_id,
        orders,
        cast(revenue as decimal(18, 4)) as revenue,
        date_diff('day', cast(last_order_date as date), cast(cutoff_date as date)) as recency_days,
        date_diff('day', cast(first_order_date as date), cast(cutoff_date as date)) as first_order_days
    from ordered
),

ranked as (
    select
        *,
        2 * rank() over (partition by cutoff_date order by recency_days desc)
        + count(*) over (partition by cutoff_date, recency_days) - 2 as recency_rank,
        2 * rank() over (partition by cutoff_date order by orders)
        + count(*) over (partition by cutoff_date, orders) - 2 as frequency_rank,
        2 * rank() over (partition by cutoff_date order by revenue)
        + count(*) over (partition by cutoff_date, revenue) - 2 as monetary_rank,
        2 * count(*) over (partition by cutoff_date) as highest_rank
    from measured
)

select
    customer_id,
    cutoff_date,
    orders,
    revenue,
    try_cast(revenue / orders as decimal(18, 4)) as average_order_value,
    recency_days,
    first_order_days,
    cast(ceil(5.0 * recency_rank / highest_rank) as bigint) as recency_score,
    cast(ceil(5.0 * frequency_rank / highest_rank) as bigint) as frequency_score,
    cast(ceil(5.0 * monetary_rank / highest_rank) as bigint) as monetary_score
from ranked
