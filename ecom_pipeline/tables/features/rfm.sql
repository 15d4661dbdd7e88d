with buyers as (
    select
        customer_id,
        as_of_date,
        recency_days,
        orders as frequency,
        revenue as monetary
    from features.customers
    where orders > 0
),

ranked as (
    select
        *,
        2 * rank() over (order by recency_days desc) + count(*) over (partition by recency_days) - 2 as recency_rank,
        2 * rank() over (order by frequency) + count(*) over (partition by frequency) - 2 as frequency_rank,
        2 * rank() over (order by monetary) + count(*) over (partition by monetary) - 2 as monetary_rank,
        2 * count(*) over (partition by as_of_date) as highest_rank
    from buyers
),

scored as (
    select
        customer_id,
        as_of_date,
        recency_days,
        frequency,
        monetary,
        cast(ceil(5.0 * recency_rank / highest_rank) as bigint) as recency_score,
        cast(ceil(5.0 * frequency_rank / highest_rank) as bigint) as frequency_score,
        cast(ceil(5.0 * monetary_rank / highest_rank) as bigint) as monetary_score
    from ranked
)

select
    customer_id,
    as_of_date,
    recency_days,
    frequency,
    monetary,
    recency_score,
    frequency_score,
    monetary_score,
    concat(
        cast(recency_score as varchar), cast(frequency_score as varchar), cast(monetary_score as varchar)
    ) as rfm_score
from scored
