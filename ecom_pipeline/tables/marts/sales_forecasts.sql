with evaluated as (
    select
        series_kind,
        series,
        model,
        bool_or(is_baseline) as is_baseline
    from models.forecast_evaluation
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
    forecasts.interval as interval_share
from models.forecasts as forecasts
cross join cards
left join evaluated
    on forecasts.series_kind = evaluated.series_kind
    and forecasts.series = evaluated.series
    and forecasts.model = evaluated.model
