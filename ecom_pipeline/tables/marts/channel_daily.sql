select
    activity_date,
    channel,
    campaign_id,
    spend,
    impressions,
    clicks,
    visits,
    carts,
    orders,
    new_customers,
    revenue,
    margin
from features.channel_days
