with dates as (
    select ordered_date as happened_date
    from clean.orders

    union all

    select event_date as happened_date
    from clean.events
)

select
    max(happened_date) as as_of_date,
    min(happened_date) as first_date
from dates
