select
    forecasts.week_start,
    forecasts.series_kind,
    forecasts.series,
    forecasts.model,
    cast(forecasts.forecast as decimal(18, 2)) as forecast_revenue,
    cast(forecasts.lower as decimal(18, 2)) as lower_revenue,
    cast(forecasts.upper as decimal(18, 2)) as upper_revenue,
    forecasts.interval as interval_share,
    cast(forecasts.lower_95 as decimal(18, 2)) as lower_95_revenue,
    cast(forecasts.upper_95 as decimal(18, 2)) as upper_95_revenue,
    units.forecast as forecast_units,
    units.lower as lower_units,
    units.upper as upper_units
from models.weekly_forecasts as forecasts
left join models.weekly_forecasts as units
    on units.measure = 'units'
    and forecasts.series_kind = units.series_kind
    and forecasts.series = units.series
    and forecasts.week_start = units.week_start
where forecasts.measure = 'revenue'
