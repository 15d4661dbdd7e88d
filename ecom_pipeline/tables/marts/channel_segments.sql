with owned as (
    select
        attribution.channel,
        attribution.customer_id,
        attribution.order_id,
        attribution.revenue,
        coalesce(segments.segment, 'guest') as segment
    from features.attribution as attribution
    cross join features.as_of as as_of
    left join features.segments as segments
        on attribution.customer_id = segments.customer_id and as_of.as_of_date = segments.cutoff_date
)

select
    channel,
    segment,
    count(distinct customer_id) as customers,
    count(*) as orders,
    cast(sum(revenue) as decimal(18, 2)) as revenue
from owned
group by channel, segment
