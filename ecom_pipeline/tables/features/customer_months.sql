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

reference as (
    select
        counted.orders,
        counted.revenue,
        (2 * rank() over (order by counted.orders) + count(*) over (partition by counted.orders) - 2)
        / (2.0 * counted.buyers) as frequency_share,
        (2 * rank() over (order by counted.revenue) + count(*) over (partition by counted.revenue) - 2)
        / (2.0 * counted.buyers) as monetary_share
    from counted
    inner join yardstick on counted.cutoff_date = yardstick.cutoff_date
),

edges as (
    select
        min(case when frequency_share > 0.2 then orders end) as frequency_2,
        min(case when frequency_share > 0.4 then orders end) as frequency_3,
        min(case when frequency_share > 0.6 then orders end) as frequency_4,
        coalesce(min(case when frequency_share > 0.8 then orders end), max(orders) + 1) as frequency_5,
        min(case when monetary_share > 0.2 then revenue end) as monetary_2,
        min(case when monetary_share > 0.4 then revenue end) as monetary_3,
        min(case when monetary_share > 0.6 then revenue end) as monetary_4,
        coalesce(min(case when monetary_share > 0.8 then revenue end), max(revenue) + 0.0001) as monetary_5
    from reference
)

select
    counted.customer_id,
    counted.cutoff_date,
    counted.orders,
    counted.revenue,
    try_cast(counted.revenue / counted.orders as decimal(18, 4)) as average_order_value,
    counted.recency_days,
    counted.first_order_days,
    cast(
        ceil(
            5.0
            * (
                2 * rank() over (partition by counted.cutoff_date order by counted.recency_days desc)
                + count(*) over (partition by counted.cutoff_date, counted.recency_days)
                - 2
            )
            / (2 * counted.buyers)
        ) as bigint
    ) as recency_score,
    cast(
        case
            when counted.orders >= edges.frequency_5 then 5
            when counted.orders >= edges.frequency_4 then 4
            when counted.orders >= edges.frequency_3 then 3
            when counted.orders >= edges.frequency_2 then 2
            else 1
        end as bigint
    ) as frequency_score,
    cast(
        case
            when counted.revenue >= edges.monetary_5 then 5
            when counted.revenue >= edges.monetary_4 then 4
            when counted.revenue >= edges.monetary_3 then 3
            when counted.revenue >= edges.monetary_2 then 2
            else 1
        end as bigint
    ) as monetary_score
from counted
cross join edges
