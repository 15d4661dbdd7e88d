select
    series_kind,
    series,
    days,
    cast(before as decimal(18, 2)) as before_revenue,
    cast(now as decimal(18, 2)) as now_revenue,
    main_part,
    cast(main_change as decimal(18, 2)) as main_change_revenue,
    sentence_en,
    sentence_zh
from models.forecast_moves
