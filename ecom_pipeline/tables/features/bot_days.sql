with agents as (
    select
        visitor_id,
        event_date,
        user_agent,
        count(*) as events
    from clean.events
    where visitor_id is not null
    group by visitor_id, event_date, user_agent
),

busy as (
    select
        visitor_id,
        event_date,
        cast(sum(events) as bigint) as events,
        max(
            case
                when regexp_matches(lower(user_agent), 'bot|crawl|spider|slurp|scrapy|headless|python|curl/|wget')
                    then 1
                else 0
            end
        ) as named
    from agents
    group by visitor_id, event_date
),

paced as (
    select
        events.visitor_id,
        events.event_date,
        events.event_at,
        lag(events.event_at) over (
            partition by events.visitor_id, events.event_date
            order by events.event_at
        ) as previous_at
    from clean.events as events
    inner join busy on events.visitor_id = busy.visitor_id and events.event_date = busy.event_date
    where busy.events > 100
),

quick as (
    select
        visitor_id,
        event_date,
        count(*) as events
    from paced
    where event_at < previous_at + interval 5 second
    group by visitor_id, event_date
)

select
    busy.visitor_id,
    busy.event_date as activity_date,
    busy.events,
    coalesce(quick.events, 0) as quick_events,
    busy.named = 1 as is_named_robot
from busy
left join quick on busy.visitor_id = quick.visitor_id and busy.event_date = quick.event_date
where busy.named = 1 or quick.events > 100
