select
    recommendations.customer_id,
    recommendations.rank,
    recommendations.product_id,
    products.name as product_name,
    products.category,
    products.brand,
    cast(products.price as decimal(18, 2)) as price,
    recommendations.score,
    recommendations.source,
    recommendations.as_of_date
from models.recommendations as recommendations
left join features.products as products on recommendations.product_id = products.product_id
