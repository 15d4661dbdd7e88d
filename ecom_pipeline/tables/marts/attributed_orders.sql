select
    order_id,
    customer_id,
    ordered_at,
    ordered_date,
    channel,
    campaign_id,
    method,
    touched_at,
    is_new_customer,
    cast(revenue as decimal(18, 2)) as revenue
from features.attribution
