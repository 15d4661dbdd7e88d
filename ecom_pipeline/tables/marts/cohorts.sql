with won as (
    select
        customer_id,
        channel,
        cast(date_trunc('month', ordered_date) as date) as cohort_month
    from features.attribution
    where is_new_customer
),

sizes as (
    select
        cohort_month,
        channel,
        count(*) as customers
    from won
    group by cohort_month, channel
),

months as (
    select
        cast(date_trunc('month', calendar_date) as date) as month,
        max(calendar_date) as last_date
    from features.days
    group by cast(date_trunc('month', calendar_date) as date)
),

grid as (
    select
        sizes.cohort_month,
        sizes.channel,
        sizes.customers,
        months.month,
        12 * (year(months.month) - year(sizes.cohort_month)) + month(months.month) - month(sizes.cohort_month)
            as months_since,
        months.last_date = last_day(months.month) as is_complete
    from sizes
    inner join months on months.month >= sizes.cohort_month
),

bought as (
    select
        won.cohort_month,
        won.channel,
        cast(date_trunc('month', orders.ordered_date) as date) as month,
        count(distinct orders.customer_id) as active_customers,
        count(*) as orders,
        sum(orders.revenue) as revenue
    from won
    inner join features.orders as orders on won.customer_id = orders.customer_id
    group by won.cohort_month, won.channel, cast(date_trunc('month', orders.ordered_date) as date)
)

select
    grid.cohort_month,
    grid.channel,
    cast(grid.months_since as bigint) as months_since,
    grid.customers,
    coalesce(bought.active_customers, 0) as active_customers,
    cast(coalesce(bought.active_customers, 0) as double) / cast(grid.customers as double) as retention,
    coalesce(bought.orders, 0) as orders,
    cast(coalesce(bought.revenue, 0) as decimal(18, 2)) as revenue,
    cast(
        sum(bought.revenue) over (
            partition by grid.cohort_month, grid.channel
            order by grid.months_since
        ) as decimal(18, 2)
    ) as revenue_so_far,
    grid.is_complete
from grid
left join bought
    on grid.cohort_month = bought.cohort_month and grid.channel = bought.channel and grid.month = bought.month
