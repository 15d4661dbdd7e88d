select
    sales_date,
    series as category,
    orders,
    cast(units as decimal(18, 2)) as units,
    cast(revenue as decimal(18, 2)) as revenue
from features.daily_sales
where series_kind = 'category'
