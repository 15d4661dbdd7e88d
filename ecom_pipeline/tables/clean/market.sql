with market as (
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
)

select
    *,
    case
        when market_date is null or indicator is null then 1
        else row_number() over (
            partition by market_date, indicator
            order by _reasons is not null, _load_id desc, _row, _source
        )
    end as _duplicate
from market
