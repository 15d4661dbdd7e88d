select
    advice.product_id,
    products.name,
    products.category,
    series.demand,
    cast(round(advice.stock) as bigint) as stock,
    advice.lead_time_days,
    advice.review_days,
    advice.service_level,
    advice.pack_size,
    advice.minimum_order,
    advice.daily_demand,
    advice.protected_days,
    advice.expected_demand,
    advice.safety_stock,
    advice.reorder_point,
    cast(round(advice.suggested_units) as bigint) as suggested_units,
    cast(advice.suggested_cost as decimal(18, 2)) as suggested_cost,
    advice.days_of_cover,
    advice.stock_out_date,
    advice.lost_units,
    cast(advice.stock_value as decimal(18, 2)) as stock_value,
    cast(round(advice.overstock_units) as bigint) as overstock_units,
    cast(advice.overstock_value as decimal(18, 2)) as overstock_value,
    advice.is_overstocked,
    advice.stock_out_risk,
    as_of.as_of_date
from models.purchase_advice as advice
cross join features.as_of as as_of
left join features.products as products on advice.product_id = products.product_id
left join models.forecast_series as series
    on series.measure = 'units'
    and series.series_kind = 'product'
    and advice.product_id = series.series
