with shown as (
    select
        product_id,
        max(category_path) as category_path,
        try_cast(sum(price) / nullif(count(price), 0) as decimal(18, 4)) as average_price
    from clean.events
    where product_id is not null
    group by product_id
),

sold as (
    select
        product_id,
        try_cast(sum(revenue) / nullif(sum(quantity), 0) as decimal(18, 4)) as average_price
    from features.sales
    where product_id is not null
    group by product_id
),

known as (
    select product_id from clean.products
    union
    select product_id from sold
    union
    select product_id from shown
),

described as (
    select
        known.product_id,
        products.name,
        coalesce(products.category_path, regexp_replace(shown.category_path, ' *> *', ' > ', 'g')) as category_path,
        products.brand,
        coalesce(products.price, nullif(sold.average_price, 0), shown.average_price) as price,
        products.cost,
        products.stock,
        products.lead_time_days,
        products.pack_size,
        products.minimum_order,
        products.review_days,
        products.service_level,
        coalesce(products.is_active, true) as is_active,
        products.product_id is not null as is_in_catalogue
    from known
    left join clean.products as products on known.product_id = products.product_id
    left join sold on known.product_id = sold.product_id
    left join shown on known.product_id = shown.product_id
),

categorised as (
    select
        *,
        coalesce(nullif(trim(split_part(category_path, ' > ', 1)), ''), 'unknown') as category
    from described
),

ranked as (
    select
        *,
        rank() over (partition by category, price is null order by price) as price_rank,
        count(*) over (partition by category, price) as same_price,
        count(*) over (partition by category, price is null) as priced
    from categorised
)

select
    product_id,
    name,
    category,
    category_path,
    brand,
    price,
    case
        when price is null then null
        when 5 * (2 * price_rank + same_price - 2) <= 2 * priced then 'lowest'
        when 5 * (2 * price_rank + same_price - 2) <= 4 * priced then 'low'
        when 5 * (2 * price_rank + same_price - 2) <= 6 * priced then 'medium'
        when 5 * (2 * price_rank + same_price - 2) <= 8 * priced then 'high'
        else 'highest'
    end as price_band,
    cost,
    stock,
    lead_time_days,
    pack_size,
    minimum_order,
    review_days,
    service_level,
    is_active,
    is_in_catalogue
from ranked
