with parts as (
    select
        sales_date,
        orders,
        units,
        revenue,
        0 as discount_amount,
        0 as shipping_amount,
        0 as refunded_amount,
        cast(null as varchar) as customer_id,
        0 as new_customers
    from features.daily_sales
    where series_kind = 'total'

    union all

    select
        ordered_date as sales_date,
        0 as orders,
        0 as units,
        0 as revenue,
        discount_amount,
        shipping_amount,
        0 as refunded_amount,
        customer_id,
        case when order_number = 1 then 1 else 0 end as new_customers
    from features.orders

    union all

    select
        refunded_date as sales_date,
        0 as orders,
        0 as units,
        0 as revenue,
        0 as discount_amount,
        0 as shipping_amount,
        amount as refunded_amount,
        cast(null as varchar) as customer_id,
        0 as new_customers
    from clean.refunds
    where coalesce(order_status, '') <> 'cancelled'
),

summed as (
    select
        sales_date,
        sum(orders) as orders,
        sum(units) as units,
        cast(sum(revenue) as decimal(18, 2)) as gross_revenue,
        cast(sum(discount_amount) as decimal(18, 2)) as discounts,
        cast(sum(shipping_amount) as decimal(18, 2)) as shipping,
        cast(sum(refunded_amount) as decimal(18, 2)) as refunds,
        count(distinct customer_id) as customers,
        sum(new_customers) as new_customers
    from parts
    group by sales_date
)

select
    sales_date,
    cast(orders as bigint) as orders,
    cast(units as decimal(18, 2)) as units,
    gross_revenue,
    discounts,
    refunds,
    cast(gross_revenue - discounts - refunds as decimal(18, 2)) as net_revenue,
    shipping,
    customers,
    cast(new_customers as bigint) as new_customers,
    try_cast(gross_revenue / nullif(orders, 0) as decimal(18, 2)) as average_order_value
from summed
