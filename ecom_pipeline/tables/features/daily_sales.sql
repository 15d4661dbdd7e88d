with lines as (
    select
        sales.ordered_date,
        sales.order_id,
        sales.quantity,
        sales.revenue,
        coalesce(products.category, 'unknown') as category
    from features.sales as sales
    left join features.products as products on sales.product_id = products.product_id
),

sold as (
    select
        'total' as series_kind,
        'total' as series,
        ordered_date,
        count(distinct order_id) as orders,
        sum(quantity) as units,
        sum(revenue) as revenue
    from lines
    group by ordered_date

    union all

    select
        'category' as series_kind,
        category as series,
        ordered_date,
        count(distinct order_id) as orders,
        sum(quantity) as units,
        sum(revenue) as revenue
    from lines
    group by category, ordered_date
),

series as (
    select
        series_kind,
        series,
        min(ordered_date) as first_date
    from sold
    group by series_kind, series
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
