with followed as (
    select
        cutoff_date,
        segment,
        coalesce(
            lag(segment) over (
                partition by customer_id
                order by cutoff_date
            ),
            'not yet a buyer'
        ) as segment_before
    from features.segments
),

counted as (
    select
        cutoff_date,
        segment_before,
        segment,
        count(*) as customers
    from followed
    group by cutoff_date, segment_before, segment
),

beginning as (
    select min(cutoff_date) as first_cutoff_date
    from features.segments
)

select
    counted.cutoff_date,
    counted.segment_before,
    counted.segment,
    counted.customers,
    cast(counted.customers as double) / cast(
        sum(counted.customers) over (partition by counted.cutoff_date, counted.segment_before) as double
    ) as share_of_segment_before
from counted
inner join beginning on counted.cutoff_date > beginning.first_cutoff_date
