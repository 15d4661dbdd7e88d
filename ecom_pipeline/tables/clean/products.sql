with products as (
    select
        nullif(trim(product_id), '') as product_id,
        nullif(trim(name), '') as name,
        nullif(regexp_replace(trim(category_path), ' *> *', ' > ', 'g'), '') as category_path,
        nullif(trim(brand), '') as brand,
        price as original_price,
        cost as original_cost,
        nullif(upper(trim(currency)), '') as currency,
        stock,
        lead_time_days,
        pack_size,
        minimum_order,
        review_days,
        service_level,
        nullif(trim(description), '') as description,
        is_active,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.products
),

converted as (
    select
        products.product_id,
        products.name,
        products.category_path,
        products.brand,
        case
            when products.currency is null then products.original_price
            else try_cast(cast(products.original_price as decimal(19, 4)) * rates.rate as decimal(18, 4))
        end as price,
        case
            when products.currency is null then products.original_cost
            else try_cast(cast(products.original_cost as decimal(19, 4)) * rates.rate as decimal(18, 4))
        end as cost,
        products.original_price,
        products.original_cost,
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
        products._reasons,
        products._reasons is null and row_number() over (
            partition by products.product_id, products._source
            order by products._reasons is not null, products.name is null, products._load_id desc, products._row desc
        ) = 1 as is_last
    from products
    left join input.exchange_rates as rates on products.currency = rates.currency
),

told as (
    select
        product_id,
        arg_max(name, _load_id) as name,
        arg_max(category_path, _load_id) as category_path,
        arg_max(brand, _load_id) as brand,
        arg_max(price, _load_id) as price,
        arg_max(cost, _load_id) as cost,
        arg_max(stock, _load_id) as stock,
        arg_max(lead_time_days, _load_id) as lead_time_days,
        arg_max(pack_size, _load_id) as pack_size,
        arg_max(minimum_order, _load_id) as minimum_order,
        arg_max(review_days, _load_id) as review_days,
        arg_max(service_level, _load_id) as service_level,
        arg_max(description, _load_id) as description,
        arg_max(is_active, _load_id) as is_active
    from converted
    where is_last
    group by product_id
)

select
    converted.product_id,
    coalesce(converted.name, told.name) as name,
    coalesce(converted.category_path, told.category_path) as category_path,
    coalesce(converted.brand, told.brand) as brand,
    coalesce(converted.price, case when converted.original_price is null then told.price end) as price,
    coalesce(converted.cost, case when converted.original_cost is null then told.cost end) as cost,
    converted.original_price,
    converted.original_cost,
    converted.original_currency,
    coalesce(converted.stock, told.stock) as stock,
    coalesce(converted.lead_time_days, told.lead_time_days) as lead_time_days,
    coalesce(converted.pack_size, told.pack_size) as pack_size,
    coalesce(converted.minimum_order, told.minimum_order) as minimum_order,
    coalesce(converted.review_days, told.review_days) as review_days,
    coalesce(converted.service_level, told.service_level) as service_level,
    coalesce(converted.description, told.description) as description,
    coalesce(converted.is_active, told.is_active, true) as is_active,
    converted._source,
    converted._load_id,
    converted._file,
    converted._row,
    converted._reasons
from converted
left join told on converted.is_last and converted.product_id = told.product_id
