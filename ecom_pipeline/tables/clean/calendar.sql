with calendar as (
    select
        calendar_date,
        nullif(trim(name), '') as name,
        coalesce(nullif(lower(trim(kind)), ''), 'event') as kind,
        nullif(trim(country), '') as country,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.calendar
)

select
    *,
    case
        when calendar_date is null or name is null then 1
        else row_number() over (
            partition by calendar_date, name, country
            order by _reasons is not null, _load_id desc, _row, _source
        )
    end as _duplicate
from calendar
