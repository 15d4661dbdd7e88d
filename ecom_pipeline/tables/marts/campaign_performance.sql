with summed as (
    select
        channel,
        campaign_id,
        sum(spend) as spend,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(visits) as visits,
        sum(carts) as carts,
        sum(orders) as orders,
        sum(new_customers) as new_customers,
        sum(revenue) as revenue,
        sum(margin) as margin
    from features.channel_days
    where campaign_id <> ''
    group by channel, campaign_id
)

select
    summed.channel,
    summed.campaign_id,
    campaigns.name as campaign_name,
    campaigns.starts_on,
    campaigns.ends_on,
    cast(campaigns.budget as decimal(18, 2)) as budget,
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
    try_cast(nullif(summed.spend, 0) / nullif(summed.orders, 0) as decimal(18, 2)) as cost_per_order,
    try_cast(nullif(summed.spend, 0) / nullif(summed.new_customers, 0) as decimal(18, 2)) as cost_per_acquisition,
    case
        when sum(case when summed.spend > 0 then summed.orders end) over () > 0
            then cast(summed.revenue as double) / nullif(cast(summed.spend as double), 0)
    end as return_on_spend
from summed
left join clean.campaigns as campaigns on summed.campaign_id = campaigns.campaign_id
