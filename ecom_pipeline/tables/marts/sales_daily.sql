with parts as (
    select
        sales_date,
        orders,
        units,
        revenue as gross_revenue,
        0 as discounts,
        0 as shipping,
        0 as refunds,
        0 as customers,
        0 as new_customers
    from features.daily_sales
    where series_kind = 'total'

    union all

    select
        ordered_date as sales_date,
        0 as orders,
        0 as units,
        0 as gross_revenue,
        sum(discount_amount) as discounts,
        sum(shipping_amount) as shipping,
        0 as refunds,
        count(distinct customer_id) as customers,
        sum(case when order_number = 1 then 1 else 0 end) as new_customers
    from features.orders
    group by ordered_date

    union all

    select
        refunded_date as sales_date,
        0 as orders,
        0 as units,
        0 as gross_revenue,
        0 as discounts,
        0 as shipping,
        sum(amount) as refunds,
        0 as customers,
        0 as new_customers
    from clean.refunds
    where coalesce(order_status, '') <> 'cancelled'
    group by refunded_date
),

summed as (
    select
        sales_date,
        sum(orders) as orders,
        sum(units) as units,
        cast(sum(gross_revenue) as decimal(18, 2)) as gross_revenue,
        cast(sum(discounts) as decimal(18, 2)) as discounts,
        cast(sum(shipping) as decimal(18, 2)) as shipping,
        cast(sum(refunds) as decimal(18, 2)) as refunds,
        sum(customers) as customers,
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
    cast(customers as bigint) as customers,
    cast(new_customers as bigint) as new_customers,
    try_cast(gross_revenue / nullif(orders, 0) as decimal(18, 2)) as average_order_value
from summed
