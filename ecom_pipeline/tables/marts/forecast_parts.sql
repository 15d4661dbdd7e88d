select
    series_kind,
    series,
    forecast_date,
    part,
    cast(value as decimal(18, 2)) as part_revenue
from models.forecast_parts
