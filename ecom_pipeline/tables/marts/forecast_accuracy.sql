select
    series_kind,
    series,
    model,
    is_baseline,
    metric,
    value,
    origins,
    horizon_days
from models.forecast_evaluation
