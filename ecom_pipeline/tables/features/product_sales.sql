with recent as (
    select
        product_days.product_id,
        sum(product_days.revenue) as revenue,
        sum(product_days.units) as units
    from features.product_days as product_days
    cross join features.as_of as as_of
    where product_days.activity_date > as_of.as_of_date - 91 and product_days.activity_date <= as_of.as_of_date
    group by product_days.product_id
),

ranked as (
    select
        product_id,
        row_number() over (order by revenue desc, units desc, product_id) as place
    from recent
    where units > 0
)

select
    product_days.product_id,
    product_days.activity_date as sales_date,
    product_days.units,
    product_days.revenue
from features.product_days as product_days
inner join ranked on product_days.product_id = ranked.product_id
where ranked.place <= 1000 and product_days.orders > 0
