with placed as (
    select
        order_id,
        customer_id,
        ordered_date,
        status,
        row_number() over (partition by customer_id order by ordered_at desc, order_id desc) as recency
    from clean.orders
    where customer_id is not null
),

refunded as (
    select
        order_id,
        sum(amount) as refunds,
        max(refunded_date) as last_refund_date
    from clean.refunds
    group by order_id
)

select
    placed.order_id,
    placed.customer_id,
    placed.recency,
    placed.ordered_date,
    placed.status,
    cast(coalesce(refunded.refunds, 0) as decimal(18, 2)) as refunds,
    refunded.last_refund_date
from placed
left join refunded on placed.order_id = refunded.order_id
where placed.recency <= 5
