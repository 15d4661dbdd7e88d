select
    market_date,
    nullif(trim(indicator), '') as indicator,
    value,
    _source,
    _load_id,
    _file,
    _row,
    _reasons
from input.market
