select
    months.customer_id,
    as_of.as_of_date,
    months.recency_days,
    months.orders as frequency,
    months.revenue as monetary,
    months.recency_score,
    months.frequency_score,
    months.monetary_score,
    concat(
        cast(months.recency_score as varchar),
        cast(months.frequency_score as varchar),
        cast(months.monetary_score as varchar)
    ) as rfm_score
from features.customer_months as months
inner join features.as_of as as_of on months.cutoff_date = as_of.as_of_date
