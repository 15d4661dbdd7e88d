select
    neighbours.product_id,
    products.name as product_name,
    neighbours.rank,
    neighbours.similar_product_id,
    others.name as similar_product_name,
    others.category as similar_category,
    cast(others.price as decimal(18, 2)) as similar_price,
    neighbours.score,
    neighbours.source
from models.similar_products as neighbours
left join features.products as products on neighbours.product_id = products.product_id
left join features.products as others on neighbours.similar_product_id = others.product_id
