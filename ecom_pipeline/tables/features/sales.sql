with shop as (
    select count(*) as orders
    from clean.orders
)

select
    order_item_id as sale_id,
    order_id,
    customer_id,
    product_id,
    ordered_at,
    ordered_date,
    quantity,
    line_amount as revenue
from clean.order_items
where order_status <> 'cancelled'

union all

select
    events.event_id as sale_id,
    coalesce(
        events.order_id,
        case when events.session_id is not null then concat_ws('|', events.visitor_id, events.session_id) end,
        events.event_id
    ) as order_id,
    events.customer_id,
    events.product_id,
    events.event_at as ordered_at,
    events.event_date as ordered_date,
    coalesce(events.quantity, 1) as quantity,
    coalesce(
        try_cast(cast(events.price as decimal(19, 4)) * coalesce(events.quantity, 1) as decimal(18, 4)), 0
    ) as revenue
from clean.events as events
cross join shop
where events.event_type = 'purchase' and shop.orders = 0
