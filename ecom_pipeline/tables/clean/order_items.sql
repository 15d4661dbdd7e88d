with items as (
    select
        nullif(trim(order_item_id), '') as order_item_id,
        nullif(trim(order_id), '') as order_id,
        nullif(trim(product_id), '') as product_id,
        quantity,
        unit_price,
        discount_amount,
        coalesce(
            line_amount,
            try_cast(cast(unit_price as decimal(19, 4)) * quantity as decimal(18, 4)) - coalesce(discount_amount, 0)
        ) as line_amount,
        nullif(upper(trim(currency)), '') as currency,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.order_items
),

priced as (
    select
        *,
        coalesce(
            unit_price,
            try_cast((line_amount + coalesce(discount_amount, 0)) / nullif(quantity, 0) as decimal(18, 4))
        ) as price_of_one
    from items
),

rated as (
    select
        priced.*,
        orders.customer_id,
        orders.ordered_at,
        orders.ordered_date,
        orders.status as order_status,
        coalesce(priced.currency, orders.original_currency) as original_currency,
        case
            when coalesce(priced.currency, orders.original_currency) is null then cast(1 as decimal(18, 8))
            else rates.rate
        end as rate
    from priced
    left join clean.orders as orders on priced.order_id = orders.order_id
    left join input.exchange_rates as rates on coalesce(priced.currency, orders.original_currency) = rates.currency
),

catalogue as (
    select count(*) as products
    from clean.products
)

select
    rated.order_item_id,
    rated.order_id,
    rated.product_id,
    rated.customer_id,
    rated.ordered_at,
    rated.ordered_date,
    rated.order_status,
    rated.quantity,
    try_cast(cast(rated.price_of_one as decimal(19, 4)) * rated.rate as decimal(18, 4)) as unit_price,
    try_cast(cast(rated.discount_amount as decimal(19, 4)) * rated.rate as decimal(18, 4)) as discount_amount,
    try_cast(cast(rated.line_amount as decimal(19, 4)) * rated.rate as decimal(18, 4)) as line_amount,
    cast(rated.line_amount as decimal(18, 4)) as original_line_amount,
    rated.original_currency,
    products.product_id is not null or catalogue.products = 0 as is_known_product,
    rated._source,
    rated._load_id,
    rated._file,
    rated._row,
    rated._reasons
from rated
cross join catalogue
left join clean.products as products on rated.product_id = products.product_id
