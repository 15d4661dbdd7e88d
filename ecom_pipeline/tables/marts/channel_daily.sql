select
    activity_date,
    channel,
    campaign_id,
    cast(spend as decimal(18, 2)) as spend,
    impressions,
    clicks,
    visits,
    carts,
    orders,
    new_customers,
    cast(revenue as decimal(18, 2)) as revenue,
    cast(margin as decimal(18, 2)) as margin
from features.channel_days
