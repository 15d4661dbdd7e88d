with parts as (
    select
        spend_date as activity_date,
        channel,
        campaign_id,
        sum(amount) as spend,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        0 as visits,
        0 as orders,
        0 as new_customers,
        0 as revenue
    from clean.marketing_spend
    group by spend_date, channel, campaign_id

    union all

    select
        session_date as activity_date,
        coalesce(channel, 'direct') as channel,
        campaign_id,
        0 as spend,
        0 as impressions,
        0 as clicks,
        count(*) as visits,
        0 as orders,
        0 as new_customers,
        0 as revenue
    from features.sessions
    where not is_bot
    group by session_date, coalesce(channel, 'direct'), campaign_id

    union all

    select
        ordered_date as activity_date,
        channel,
        campaign_id,
        0 as spend,
        0 as impressions,
        0 as clicks,
        0 as visits,
        count(*) as orders,
        sum(case when is_new_customer then 1 else 0 end) as new_customers,
        sum(revenue) as revenue
    from features.attribution
    group by ordered_date, channel, campaign_id
)

select
    activity_date,
    channel,
    coalesce(campaign_id, '') as campaign_id,
    cast(sum(spend) as decimal(18, 4)) as spend,
    cast(coalesce(sum(impressions), 0) as bigint) as impressions,
    cast(coalesce(sum(clicks), 0) as bigint) as clicks,
    cast(sum(visits) as bigint) as visits,
    cast(sum(orders) as bigint) as orders,
    cast(sum(new_customers) as bigint) as new_customers,
    cast(sum(revenue) as decimal(18, 4)) as revenue
from parts
group by activity_date, channel, coalesce(campaign_id, '')
