select
    activity_date,
    channel,
    campaign_id,
    cast(spend as decimal(18, 2)) as spend,
    impressions,
    clicks,
    visits,
    orders,
    new_customers,
    cast(revenue as decimal(18, 2)) as revenue
from features.channel_days
