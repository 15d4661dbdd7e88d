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

counted as (
    select
        *,
        count(*) over (partition by cutoff_date) as buyers
    from measured
),

latest as (
    select
        max(cutoff_date) as cutoff_date,
        max(buyers) as buyers
    from counted
),

yardstick as (
    select
        coalesce(
            max(
                case
                    when counted.cutoff_date < latest.cutoff_date and 2 * counted.buyers >= latest.buyers
                        then counted.cutoff_date
                end
            ),
            max(latest.cutoff_date)
        ) as cutoff_date
    from counted
    cross join latest
),

compared as (
    select
        counted.*,
        case when counted.cutoff_date = yardstick.cutoff_date then 1.0 else 0.0 end as is_yardstick
    from counted
    cross join yardstick
),

ranked as (
    select
        *,
        (
            2.0 * count(*) over (partition by cutoff_date order by recency_days desc)
            - count(*) over (partition by cutoff_date, recency_days)
        ) / (2 * buyers) as recency_share,
        (2 * sum(is_yardstick) over (order by orders) - sum(is_yardstick) over (partition by orders))
        / (2 * sum(is_yardstick) over ()) as frequency_share,
        (2 * sum(is_yardstick) over (order by revenue) - sum(is_yardstick) over (partition by revenue))
        / (2 * sum(is_yardstick) over ()) as monetary_share
    from compared
)

select
    customer_id,
    cutoff_date,
    orders,
    revenue,
    try_cast(revenue / orders as decimal(18, 4)) as average_order_value,
    recency_days,
    first_order_days,
    cast(ceil(5 * recency_share) as bigint) as recency_score,
    cast(ceil(greatest(1, 5 * frequency_share)) as bigint) as frequency_score,
    cast(ceil(greatest(1, 5 * monetary_share)) as bigint) as monetary_score
from ranked
