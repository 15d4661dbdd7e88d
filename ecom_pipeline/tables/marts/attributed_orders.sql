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
    revenue
from features.attribution
