with summed as (
    select
        channel,
        sum(spend) as spend,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(visits) as visits,
        sum(carts) as carts,
        sum(orders) as orders,
        sum(new_customers) as new_customers,
        sum(revenue) as revenue,
        sum(costed_revenue) as costed_revenue,
        sum(margin) as margin
    from features.channel_days
    group by channel
),

rates as (
    select
        channel,
        cast(visits as double) as n,
        cast(orders as double) / cast(visits as double) as p
    from summed
    where visits > 0 and orders <= visits
),

worth as (
    select
        cohorts.channel,
        cohorts.months_since,
        sum(cohorts.revenue_so_far) / sum(cohorts.customers) as revenue_per_customer
    from marts.cohorts as cohorts
    where cohorts.is_complete
    group by cohorts.channel, cohorts.months_since
),

paid_back as (
    select
        worth.channel,
        min(worth.months_since) as payback_months
    from worth
    inner join summed on worth.channel = summed.channel
    where
        summed.spend > 0
        and cast(worth.revenue_per_customer as double)
        * coalesce(cast(summed.margin as double) / nullif(cast(summed.costed_revenue as double), 0), 1.0)
        >= cast(summed.spend as double) / cast(summed.new_customers as double)
    group by worth.channel
)

select
    summed.channel,
    cast(summed.spend as decimal(18, 2)) as spend,
    cast(summed.impressions as bigint) as impressions,
    cast(summed.clicks as bigint) as clicks,
    cast(summed.visits as bigint) as visits,
    cast(summed.carts as bigint) as carts,
    cast(summed.orders as bigint) as orders,
    cast(summed.new_customers as bigint) as new_customers,
    cast(summed.revenue as decimal(18, 2)) as revenue,
    cast(summed.margin as decimal(18, 2)) as margin,
    cast(summed.orders as double) / nullif(cast(summed.visits as double), 0) as conversion,
    case
        when rates.p > 0
            then (
                rates.p + 1.9208 / rates.n
                - 1.96 * sqrt(rates.p * (1 - rates.p) / rates.n + 0.9604 / (rates.n * rates.n))
            ) / (1 + 3.8416 / rates.n)
        else rates.p
    end as conversion_lower,
    (rates.p + 1.9208 / rates.n + 1.96 * sqrt(rates.p * (1 - rates.p) / rates.n + 0.9604 / (rates.n * rates.n)))
    / (1 + 3.8416 / rates.n) as conversion_upper,
    try_cast(nullif(summed.spend, 0) / nullif(summed.orders, 0) as decimal(18, 2)) as cost_per_order,
    try_cast(nullif(summed.spend, 0) / nullif(summed.new_customers, 0) as decimal(18, 2)) as cost_per_acquisition,
    case
        when sum(case when summed.spend > 0 then summed.orders end) over () > 0
            then cast(summed.revenue as double) / nullif(cast(summed.spend as double), 0)
    end as return_on_spend,
    paid_back.payback_months
from summed
left join rates on summed.channel = rates.channel
left join paid_back on summed.channel = paid_back.channel
