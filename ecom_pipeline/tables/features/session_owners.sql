select
    session_id,
    max(customer_id) as customer_id
from clean.events
where session_id is not null
group by session_id
having min(customer_id) = max(customer_id)
