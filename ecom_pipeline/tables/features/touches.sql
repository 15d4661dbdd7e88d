with visits as (
    select
        visitor_id,
        customer_id,
        session_id,
        started_at,
        session_date,
        channel
    from features.sessions
    where not is_bot and channel <> 'direct'
),

led as (
    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        cast(orders.revenue as decimal(18, 2)) as revenue,
        visits.session_id,
        visits.started_at,
        visits.channel
    from features.orders as orders
    inner join visits
        on orders.customer_id = visits.customer_id
        and visits.started_at <= orders.ordered_at
        and visits.started_at >= orders.ordered_at - interval 30 day
),

fruitful as (
    select distinct session_id
    from led
),

touched as (
    select
        order_id as journey_id,
        customer_id,
        session_id,
        started_at as touched_at,
        channel,
        (epoch(ordered_at) - epoch(started_at)) / 86400.0 as days_before,
        1 as converted,
        revenue
    from led

    union all

    select
        order_id as journey_id,
        customer_id,
        cast(null as varchar) as session_id,
        ordered_at as touched_at,
        channel,
        0.0 as days_before,
        1 as converted,
        revenue
    from features.attribution
    where method <> 'last_touch'

    union all

    select
        concat('visitor ', visits.visitor_id) as journey_id,
        visits.customer_id,
        visits.session_id,
        visits.started_at as touched_at,
        visits.channel,
        0.0 as days_before,
        0 as converted,
        0.0 as revenue
    from visits
    cross join features.as_of as as_of
    left join fruitful on visits.session_id = fruitful.session_id
    where
        fruitful.session_id is null
        and date_diff('day', cast(visits.session_date as date), cast(as_of.as_of_date as date)) > 30
)

select
    journey_id,
    row_number() over (partition by journey_id order by touched_at, session_id) as position,
    customer_id,
    session_id,
    touched_at,
    channel,
    cast(days_before as double) as days_before,
    converted = 1 as is_converted,
    cast(revenue as decimal(18, 2)) as revenue
from touched
