select
    trends.scope,
    trends.category,
    trends.rank,
    trends.product_id,
    products.name as product_name,
    products.brand,
    cast(products.price as decimal(18, 2)) as price,
    trends.score,
    trends.recent_customers,
    trends.earlier_customers,
    trends.as_of_date
from models.trending_products as trends
left join features.products as products on trends.product_id = products.product_id
