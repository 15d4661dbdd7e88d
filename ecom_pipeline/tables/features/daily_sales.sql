with lines as (
    select
        sales.ordered_date,
        sales.order_id,
        sales.quantity,
        sales.revenue,
        coalesce(products.category, 'unknown') as category,
        coalesce(products.brand, 'unknown') as brand,
        coalesce(orders.channel, 'unknown') as channel,
        coalesce(placed.country, 'unknown') as country
    from features.sales as sales
    left join features.products as products on sales.product_id = products.product_id
    left join features.orders as orders on sales.order_id = orders.order_id
    left join clean.orders as placed on sales.order_id = placed.order_id
),

sold as (
    select
        case
            when category is not null then 'category'
            when brand is not null then 'brand'
            when channel is not null then 'channel'
            when country is not null then 'country'
            else 'total'
        end as series_kind,
        coalesce(category, brand, channel, country, 'total') as series,
        ordered_date,
        count(distinct order_id) as orders,
        sum(quantity) as units,
        sum(revenue) as revenue
    from lines
    group by
        grouping sets (
            (ordered_date),
            (ordered_date, category),
            (ordered_date, brand),
            (ordered_date, channel),
            (ordered_date, country)
        )
),

said as (
    select series_kind
    from sold
    group by series_kind
    having series_kind in ('total', 'category') or max(case when series <> 'unknown' then 1 else 0 end) = 1
),

series as (
    select
        sold.series_kind,
        sold.series,
        min(sold.ordered_date) as first_date
    from sold
    inner join said on sold.series_kind = said.series_kind
    group by sold.series_kind, sold.series
)

select
    series.series_kind,
    series.series,
    days.calendar_date as sales_date,
    coalesce(sold.orders, 0) as orders,
    cast(coalesce(sold.units, 0) as decimal(18, 4)) as units,
    cast(coalesce(sold.revenue, 0) as decimal(18, 4)) as revenue
from series
inner join features.days as days on days.calendar_date >= series.first_date
left join sold
    on series.series_kind = sold.series_kind
    and series.series = sold.series
    and days.calendar_date = sold.ordered_date
