select
    carts.customer_id,
    carts.product_id,
    products.name as product_name,
    products.category,
    products.brand,
    cast(products.price as decimal(18, 2)) as price,
    products.stock,
    carts.last_cart_date,
    carts.days_open,
    coalesce(profiles.is_opted_out, false) as is_opted_out,
    carts.as_of_date
from features.open_carts as carts
left join features.products as products on carts.product_id = products.product_id
left join marts.customer_profiles as profiles on carts.customer_id = profiles.customer_id
