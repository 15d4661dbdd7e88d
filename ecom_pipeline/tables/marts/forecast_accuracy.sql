select
    measure,
    series_kind,
    series,
    model,
    metric,
    value,
    origins,
    horizon_days,
    is_baseline
from models.forecast_evaluation
