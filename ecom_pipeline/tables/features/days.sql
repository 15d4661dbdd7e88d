with digits as (
    select n
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as numbers (n)
),

counted as (
    select 10000 * e.n + 1000 * d.n + 100 * c.n + 10 * b.n + a.n as days
    from digits as a
    cross join digits as b
    cross join digits as c
    cross join digits as d
    cross join digits as e
)

select cast(as_of.first_date + counted.days as date) as calendar_date
from features.as_of as as_of
inner join counted on counted.days <= date_diff('day', cast(as_of.first_date as date), cast(as_of.as_of_date as date))
