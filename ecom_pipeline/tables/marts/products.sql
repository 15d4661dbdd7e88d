with sold as (
    select
        product_id,
        min(case when orders > 0 then activity_date end) as first_sold_date,
        max(case when orders > 0 then activity_date end) as last_sold_date,
        sum(orders) as orders,
        sum(units) as units,
        sum(revenue) as revenue,
        sum(refunds) as refunds,
        sum(views) as views,
        sum(carts) as carts,
        sum(favourites) as favourites
    from features.product_days as product_days
    inner join features.as_of as as_of on product_days.activity_date <= as_of.as_of_date
    group by product_id
)

select
    products.product_id,
    products.name,
    products.category,
    products.category_path,
    products.brand,
    cast(products.price as decimal(18, 2)) as price,
    products.price_band,
    cast(products.cost as decimal(18, 2)) as cost,
    products.stock,
    products.lead_time_days,
    products.is_active,
    products.is_in_catalogue,
    sold.first_sold_date,
    sold.last_sold_date,
    cast(coalesce(sold.orders, 0) as bigint) as orders,
    cast(coalesce(sold.units, 0) as decimal(18, 2)) as units,
    cast(coalesce(sold.revenue, 0) as decimal(18, 2)) as revenue,
    cast(coalesce(sold.refunds, 0) as decimal(18, 2)) as refunds,
    cast(coalesce(sold.views, 0) as bigint) as views,
    cast(coalesce(sold.carts, 0) as bigint) as carts,
    cast(coalesce(sold.favourites, 0) as bigint) as favourites,
    as_of.as_of_date
from features.products as products
cross join features.as_of as as_of
left join sold on products.product_id = sold.product_id
