select
    measure,
    series_kind,
    series,
    demand,
    days_known,
    model,
    weights,
    coverage_80,
    coverage_95,
    failures
from models.forecast_series
