with evaluated as (
    select
        series_kind,
        series,
        model,
        bool_or(is_baseline) as is_baseline
    from models.forecast_evaluation
    where measure = 'revenue'
    group by series_kind, series, model
),

cards as (
    select max(baseline) as baseline
    from models.forecast_card
)

select
    forecasts.forecast_date,
    forecasts.series_kind,
    forecasts.series,
    forecasts.model,
    evaluated.is_baseline,
    cards.baseline as shop_baseline,
    cast(forecasts.forecast as decimal(18, 2)) as forecast_revenue,
    cast(forecasts.lower as decimal(18, 2)) as lower_revenue,
    cast(forecasts.upper as decimal(18, 2)) as upper_revenue,
    forecasts.interval as interval_share,
    cast(forecasts.lower_95 as decimal(18, 2)) as lower_95_revenue,
    cast(forecasts.upper_95 as decimal(18, 2)) as upper_95_revenue,
    units.forecast as forecast_units,
    units.lower as lower_units,
    units.upper as upper_units
from models.forecasts as forecasts
cross join cards
left join evaluated
    on forecasts.series_kind = evaluated.series_kind
    and forecasts.series = evaluated.series
    and forecasts.model = evaluated.model
left join models.forecasts as units
    on units.measure = 'units'
    and forecasts.series_kind = units.series_kind
    and forecasts.series = units.series
    and forecasts.forecast_date = units.forecast_date
where forecasts.measure = 'revenue'
