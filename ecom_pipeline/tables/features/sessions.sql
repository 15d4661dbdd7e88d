with owned as (
    select
        coalesce(events.customer_id, owners.customer_id, events.visitor_id) as visitor_id,
        events.session_id,
        coalesce(events.customer_id, owners.customer_id) as customer_id,
        events.event_type,
        events.event_at,
        events.event_date,
        case when events.channel in ('(direct)', 'none', '(none)') then 'direct' else events.channel end as channel,
        events.campaign_id,
        events.device,
        {'at': events.event_at, 'id': events.event_id} as place
    from clean.events as events
    left join features.session_owners as owners on events.session_id = owners.session_id
    where events.visitor_id is not null
),

half_hours as (
    select
        visitor_id,
        session_id,
        floor(epoch(event_at) / 1800) as half_hour,
        max(customer_id) as customer_id,
        min(event_at) as started_at,
        max(event_at) as ended_at,
        min(event_date) as session_date,
        count(*) as events,
        sum(case when event_type = 'view' then 1 else 0 end) as views,
        sum(case when event_type = 'search' then 1 else 0 end) as searches,
        sum(case when event_type = 'cart' then 1 else 0 end) as carts,
        sum(case when event_type = 'favourite' then 1 else 0 end) as favourites,
        sum(case when event_type = 'purchase' then 1 else 0 end) as purchases,
        arg_min(channel, place) filter (where channel is not null) as channel,
        arg_min(coalesce(campaign_id, ''), place)
            filter (where channel is not null or campaign_id is not null) as campaign_id,
        arg_min(device, place) filter (where device is not null) as device
    from owned
    group by visitor_id, session_id, half_hour
),

opened as (
    select
        *,
        case
            when session_id is null
                and started_at > lag(ended_at) over (
                    partition by visitor_id, session_id
                    order by half_hour
                ) + interval 30 minute
                then 1
            else 0
        end as is_opening
    from half_hours
),

numbered as (
    select
        *,
        sum(is_opening) over (
            partition by visitor_id, session_id
            order by half_hour
        ) as session_number
    from opened
),

sessions as (
    select
        visitor_id,
        session_id,
        session_number,
        max(customer_id) as customer_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        min(session_date) as session_date,
        sum(events) as events,
        sum(views) as views,
        sum(searches) as searches,
        sum(carts) as carts,
        sum(favourites) as favourites,
        sum(purchases) as purchases,
        arg_min(channel, half_hour) as channel,
        arg_min(campaign_id, half_hour) as campaign_id,
        arg_min(device, half_hour) as device
    from numbered
    group by visitor_id, session_id, session_number
)

select
    md5(
        concat_ws('|', sessions.visitor_id, coalesce(sessions.session_id, ''), cast(sessions.started_at as varchar))
    ) as session_id,
    sessions.visitor_id,
    sessions.customer_id,
    sessions.started_at,
    sessions.ended_at,
    sessions.session_date,
    cast(sessions.events as bigint) as events,
    cast(sessions.views as bigint) as views,
    cast(sessions.searches as bigint) as searches,
    cast(sessions.carts as bigint) as carts,
    cast(sessions.favourites as bigint) as favourites,
    cast(sessions.purchases as bigint) as purchases,
    sessions.channel,
    nullif(sessions.campaign_id, '') as campaign_id,
    sessions.device,
    bot_days.visitor_id is not null as is_bot
from sessions
left join features.bot_days as bot_days
    on sessions.visitor_id = bot_days.visitor_id and sessions.session_date = bot_days.activity_date
