with products as (
    select
        nullif(trim(product_id), '') as product_id,
        nullif(trim(name), '') as name,
        nullif(regexp_replace(trim(category_path), ' *> *', ' > ', 'g'), '') as category_path,
        nullif(trim(brand), '') as brand,
        price,
        cost,
        nullif(upper(trim(currency)), '') as currency,
        stock,
        lead_time_days,
        pack_size,
        minimum_order,
        review_days,
        service_level,
        nullif(trim(description), '') as description,
        coalesce(is_active, true) as is_active,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.products
)

select
    products.product_id,
    products.name,
    products.category_path,
    products.brand,
    case
        when products.currency is null then products.price
        else try_cast(cast(products.price as decimal(19, 4)) * rates.rate as decimal(18, 4))
    end as price,
    case
        when products.currency is null then products.cost
        else try_cast(cast(products.cost as decimal(19, 4)) * rates.rate as decimal(18, 4))
    end as cost,
    products.price as original_price,
    products.cost as original_cost,
    products.currency as original_currency,
    products.stock,
    products.lead_time_days,
    products.pack_size,
    products.minimum_order,
    products.review_days,
    products.service_level,
    products.description,
    products.is_active,
    products._source,
    products._load_id,
    products._file,
    products._row,
    products._reasons
from products
left join input.exchange_rates as rates on products.currency = rates.currency
