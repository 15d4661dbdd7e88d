with margins as (
    select
        sales.order_id,
        sum(sales.revenue) as costed_revenue,
        sum(sales.revenue - cast(products.cost as decimal(19, 4)) * sales.quantity) as margin
    from features.sales as sales
    inner join clean.products as products on sales.product_id = products.product_id
    where products.cost is not null
    group by sales.order_id
),

parts as (
    select
        spend_date as activity_date,
        channel,
        coalesce(campaign_id, '') as campaign_id,
        amount as spend,
        impressions,
        clicks,
        0 as visits,
        0 as carts,
        0 as orders,
        0 as new_customers,
        0 as revenue,
        0 as costed_revenue,
        cast(null as decimal(18, 4)) as margin
    from clean.marketing_spend

    union all

    select
        session_date as activity_date,
        coalesce(channel, 'direct') as channel,
        coalesce(campaign_id, '') as campaign_id,
        0 as spend,
        0 as impressions,
        0 as clicks,
        1 as visits,
        case when carts > 0 then 1 else 0 end as carts,
        0 as orders,
        0 as new_customers,
        0 as revenue,
        0 as costed_revenue,
        cast(null as decimal(18, 4)) as margin
    from features.sessions
    where not is_bot

    union all

    select
        attribution.ordered_date as activity_date,
        attribution.channel,
        coalesce(attribution.campaign_id, '') as campaign_id,
        0 as spend,
        0 as impressions,
        0 as clicks,
        0 as visits,
        0 as carts,
        1 as orders,
        case when attribution.is_new_customer then 1 else 0 end as new_customers,
        attribution.revenue,
        coalesce(margins.costed_revenue, 0) as costed_revenue,
        margins.margin
    from features.attribution as attribution
    left join margins on attribution.order_id = margins.order_id
)

select
    activity_date,
    channel,
    campaign_id,
    cast(sum(spend) as decimal(18, 2)) as spend,
    cast(coalesce(sum(impressions), 0) as bigint) as impressions,
    cast(coalesce(sum(clicks), 0) as bigint) as clicks,
    cast(sum(visits) as bigint) as visits,
    cast(sum(carts) as bigint) as carts,
    cast(sum(orders) as bigint) as orders,
    cast(sum(new_customers) as bigint) as new_customers,
    cast(sum(revenue) as decimal(18, 2)) as revenue,
    cast(sum(costed_revenue) as decimal(18, 2)) as costed_revenue,
    cast(sum(margin) as decimal(18, 2)) as margin
from parts
group by activity_date, channel, campaign_id
