select
    session_id,
    case when min(customer_id) = max(customer_id) then max(customer_id) end as customer_id,
    min(event_at) as started_at
from clean.events
where session_id is not null
group by session_id
