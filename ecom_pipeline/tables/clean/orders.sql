with orders as (
    select
        nullif(trim(order_id), '') as order_id,
        nullif(trim(customer_id), '') as customer_id,
        ordered_at,
        ordered_date,
        ordered_hour,
        coalesce(nullif(lower(trim(status)), ''), 'completed') as status,
        nullif(upper(trim(currency)), '') as currency,
        nullif(trim(country), '') as country,
        nullif(lower(trim(channel)), '') as channel,
        nullif(trim(campaign_id), '') as campaign_id,
        discount_amount,
        shipping_amount,
        nullif(trim(coupon_code), '') as coupon_code,
        coalesce(is_test, false) as is_test,
        updated_at,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.orders
)

select
    orders.order_id,
    orders.customer_id,
    orders.ordered_at,
    orders.ordered_date,
    orders.ordered_hour,
    orders.status,
    orders.country,
    orders.channel,
    orders.campaign_id,
    case
        when orders.currency is null then orders.discount_amount
        else try_cast(cast(orders.discount_amount as decimal(19, 4)) * rates.rate as decimal(18, 4))
    end as discount_amount,
    case
        when orders.currency is null then orders.shipping_amount
        else try_cast(cast(orders.shipping_amount as decimal(19, 4)) * rates.rate as decimal(18, 4))
    end as shipping_amount,
    orders.discount_amount as original_discount_amount,
    orders.shipping_amount as original_shipping_amount,
    orders.currency as original_currency,
    orders.coupon_code,
    orders.is_test,
    orders.updated_at,
    orders._source,
    orders._load_id,
    orders._file,
    orders._row,
    orders._reasons
from orders
left join input.exchange_rates as rates on orders.currency = rates.currency
