with refunds as (
    select
        nullif(trim(refund_id), '') as refund_id,
        nullif(trim(order_id), '') as order_id,
        nullif(trim(product_id), '') as product_id,
        nullif(trim(customer_id), '') as customer_id,
        refunded_at,
        refunded_date,
        quantity,
        amount,
        nullif(upper(trim(currency)), '') as currency,
        nullif(trim(reason), '') as reason,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.refunds
)

select
    refunds.refund_id,
    refunds.order_id,
    refunds.product_id,
    coalesce(refunds.customer_id, orders.customer_id) as customer_id,
    orders.status as order_status,
    refunds.refunded_at,
    refunds.refunded_date,
    refunds.quantity,
    case
        when coalesce(refunds.currency, orders.original_currency) is null then refunds.amount
        else try_cast(cast(refunds.amount as decimal(19, 4)) * rates.rate as decimal(18, 4))
    end as amount,
    refunds.amount as original_amount,
    coalesce(refunds.currency, orders.original_currency) as original_currency,
    refunds.reason,
    refunds._source,
    refunds._load_id,
    refunds._file,
    refunds._row,
    refunds._reasons
from refunds
left join clean.orders as orders on refunds.order_id = orders.order_id
left join input.exchange_rates as rates on coalesce(refunds.currency, orders.original_currency) = rates.currency
