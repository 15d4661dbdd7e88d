with followed as (
    select
        segments.customer_id,
        segments.cutoff_date,
        segments.segment,
        lag(segments.segment) over (
            partition by segments.customer_id
            order by segments.cutoff_date
        ) as segment_before,
        lag(segments.cutoff_date) over (
            partition by segments.customer_id
            order by segments.cutoff_date
        ) as cutoff_before
    from features.segments as segments
),

moved as (
    select
        customer_id,
        cutoff_date,
        segment_before,
        segment,
        cutoff_before
    from followed
    where segment_before <> segment
)

select
    moved.customer_id,
    moved.cutoff_date,
    moved.segment_before,
    moved.segment,
    later.orders - earlier.orders as orders_between,
    cast(later.revenue - earlier.revenue as decimal(18, 2)) as revenue_between,
    later.recency_days,
    concat(
        'days since the last order ', cast(earlier.recency_days as varchar),
        ' to ', cast(later.recency_days as varchar),
        case
            when later.orders = earlier.orders then ', no new order'
            else concat(', orders ', cast(earlier.orders as varchar), ' to ', cast(later.orders as varchar))
        end,
        ', RFM ', cast(earlier.recency_score as varchar), cast(earlier.frequency_score as varchar),
        cast(earlier.monetary_score as varchar), ' to ', cast(later.recency_score as varchar),
        cast(later.frequency_score as varchar), cast(later.monetary_score as varchar)
    ) as reason_en,
    concat(
        '距上次下单 ', cast(earlier.recency_days as varchar), ' 天变为 ', cast(later.recency_days as varchar), ' 天',
        case
            when later.orders = earlier.orders then '，无新订单'
            else concat('，订单 ', cast(earlier.orders as varchar), ' 变为 ', cast(later.orders as varchar))
        end,
        '，RFM ', cast(earlier.recency_score as varchar), cast(earlier.frequency_score as varchar),
        cast(earlier.monetary_score as varchar), ' 变为 ', cast(later.recency_score as varchar),
        cast(later.frequency_score as varchar), cast(later.monetary_score as varchar)
    ) as reason_zh
from moved
inner join features.customer_months as earlier
    on moved.customer_id = earlier.customer_id and moved.cutoff_before = earlier.cutoff_date
inner join features.customer_months as later
    on moved.customer_id = later.customer_id and moved.cutoff_date = later.cutoff_date
