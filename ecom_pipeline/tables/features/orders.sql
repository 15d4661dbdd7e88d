with sold as (
    select
        order_id,
        min(customer_id) as customer_id,
        min(ordered_at) as ordered_at,
        min(ordered_date) as ordered_date,
        cast(sum(revenue) as decimal(18, 4)) as revenue
    from features.sales
    group by order_id
)

select
    sold.order_id,
    sold.customer_id,
    sold.ordered_at,
    sold.ordered_date,
    case when orders.channel in ('(direct)', 'none', '(none)') then 'direct' else orders.channel end as channel,
    orders.campaign_id,
    sold.revenue,
    coalesce(orders.discount_amount, 0) as discount_amount,
    coalesce(orders.shipping_amount, 0) as shipping_amount,
    case
        when sold.customer_id is not null then row_number() over (
            partition by sold.customer_id
            order by sold.ordered_at, sold.order_id
        )
    end as order_number
from sold
left join clean.orders as orders on sold.order_id = orders.order_id
