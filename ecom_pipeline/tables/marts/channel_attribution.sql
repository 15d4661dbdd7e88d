with paid as (
    select
        channel,
        sum(spend) as spend
    from features.channel_days
    group by channel
)

select
    credited.method,
    credited.channel,
    credited.credited_orders,
    credited.credited_revenue,
    credited.share,
    cast(coalesce(paid.spend, 0) as decimal(18, 2)) as spend,
    cast(credited.credited_revenue as double) / nullif(cast(paid.spend as double), 0) as return_on_spend
from models.channel_attribution as credited
left join paid on credited.channel = paid.channel
