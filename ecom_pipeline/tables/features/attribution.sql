with touches as (
    select
        session_id,
        customer_id,
        started_at,
        channel,
        campaign_id
    from features.sessions
    where
        customer_id is not null
        and not is_bot
        and channel <> 'direct'
),

happened as (
    select
        customer_id,
        started_at as happened_at,
        0 as is_order,
        session_id as happened_id
    from touches

    union all

    select
        customer_id,
        ordered_at as happened_at,
        1 as is_order,
        order_id as happened_id
    from features.orders
    where customer_id is not null
),

remembered as (
    select
        is_order,
        happened_id,
        last_value(case when is_order = 0 then happened_id end ignore nulls) over (
            partition by customer_id
            order by happened_at, is_order, happened_id
            rows between unbounded preceding and current row
        ) as last_session_id
    from happened
),

visits as (
    select count(*) as sessions
    from features.sessions
),

joined as (
    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        orders.ordered_date,
        orders.channel,
        orders.campaign_id,
        orders.order_number,
        cast(orders.revenue as decimal(18, 2)) as revenue,
        touches.session_id as touched_id,
        touches.started_at as touched_at,
        touches.channel as touched_channel,
        touches.campaign_id as touched_campaign_id,
        visits.sessions
    from features.orders as orders
    cross join visits
    left join remembered on orders.order_id = remembered.happened_id and remembered.is_order = 1
    left join touches
        on remembered.last_session_id = touches.session_id
        and touches.started_at >= orders.ordered_at - interval 30 day
)

select
    order_id,
    customer_id,
    ordered_at,
    ordered_date,
    case
        when touched_id is not null then touched_channel
        when channel is not null then channel
        when sessions > 0 then 'direct'
        else 'unknown'
    end as channel,
    case when touched_id is not null then touched_campaign_id else campaign_id end as campaign_id,
    case
        when touched_id is not null then 'last_touch'
        when channel is not null then 'shop'
        else 'none'
    end as method,
    touched_at,
    coalesce(order_number = 1, false) as is_new_customer,
    revenue
from joined
