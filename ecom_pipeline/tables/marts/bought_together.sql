select
    pairs.product_id,
    products.name as product_name,
    pairs.rank,
    pairs.other_product_id,
    others.name as other_product_name,
    others.category as other_category,
    cast(others.price as decimal(18, 2)) as other_price,
    pairs.baskets_together,
    pairs.product_baskets,
    pairs.other_baskets,
    pairs.baskets,
    pairs.lift,
    pairs.cosine,
    pairs.as_of_date
from models.bought_together as pairs
left join features.products as products on pairs.product_id = products.product_id
left join features.products as others on pairs.other_product_id = others.product_id
