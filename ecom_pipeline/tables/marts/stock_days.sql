select
    product_id,
    stock_date,
    cast(round(stock) as bigint) as stock,
    stock <= 0 as is_out_of_stock
from models.stock_days
