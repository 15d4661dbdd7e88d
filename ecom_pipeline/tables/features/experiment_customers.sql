with behaviour as (
    select
        assigned.experiment_id,
        assigned.customer_id,
        sum(case when days.activity_date < assigned.assigned_date then days.orders else 0 end) as orders,
        sum(case when days.activity_date < assigned.assigned_date then days.revenue else 0 end) as revenue,
        sum(case when days.activity_date < assigned.assigned_date then days.views else 0 end) as views,
        sum(case when days.activity_date < assigned.assigned_date then days.carts else 0 end) as carts,
        min(case when days.activity_date < assigned.assigned_date and days.orders > 0 then days.activity_date end)
            as first_order_date,
        max(case when days.activity_date < assigned.assigned_date and days.orders > 0 then days.activity_date end)
            as last_order_date,
        sum(case when days.activity_date < assigned.assigned_date then 0 else days.orders end) as orders_after,
        sum(case when days.activity_date < assigned.assigned_date then 0 else days.revenue end) as revenue_after
    from clean.experiments as assigned
    inner join features.customer_days as days
        on assigned.customer_id = days.customer_id
        and days.activity_date <= assigned.assigned_date + interval 29 day
    group by assigned.experiment_id, assigned.customer_id
),

cutoffs as (
    select
        assigned.experiment_id,
        assigned.customer_id,
        max(segments.cutoff_date) as cutoff_date
    from clean.experiments as assigned
    inner join features.segments as segments
        on assigned.customer_id = segments.customer_id and segments.cutoff_date < assigned.assigned_date
    group by assigned.experiment_id, assigned.customer_id
)

select
    assigned.experiment_id,
    assigned.customer_id,
    assigned.arm,
    assigned.is_control,
    assigned.planned_share,
    assigned.cost,
    assigned.assigned_date,
    date_diff('day', cast(assigned.assigned_date as date), cast(as_of.as_of_date as date)) >= 29 as is_complete,
    coalesce(segments.segment, case when behaviour.orders > 0 then 'unknown' else 'browser' end) as segment,
    cast(coalesce(behaviour.orders, 0) as bigint) as orders,
    cast(coalesce(behaviour.revenue, 0) as decimal(18, 4)) as revenue,
    date_diff('day', cast(behaviour.last_order_date as date), cast(assigned.assigned_date as date)) as recency_days,
    date_diff('day', cast(behaviour.first_order_date as date), cast(assigned.assigned_date as date))
        as first_order_days,
    cast(coalesce(behaviour.views, 0) as bigint) as views,
    cast(coalesce(behaviour.carts, 0) as bigint) as carts,
    coalesce(behaviour.orders_after, 0) > 0 as has_ordered,
    cast(coalesce(behaviour.revenue_after, 0) as decimal(18, 4)) as revenue_after
from clean.experiments as assigned
cross join features.as_of as as_of
left join behaviour
    on assigned.experiment_id = behaviour.experiment_id and assigned.customer_id = behaviour.customer_id
left join cutoffs on assigned.experiment_id = cutoffs.experiment_id and assigned.customer_id = cutoffs.customer_id
left join features.segments as segments
    on cutoffs.customer_id = segments.customer_id and cutoffs.cutoff_date = segments.cutoff_date
