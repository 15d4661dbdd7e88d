with seen as (
    select
        session_id,
        min(customer_id) as first_customer_id,
        max(customer_id) as last_customer_id,
        max(case identified_by when 'login' then 3 when 'order' then 2 when 'contact' then 1 end) as strength,
        min(event_at) as started_at
    from clean.events
    where session_id is not null
    group by session_id
)

select
    session_id,
    case when first_customer_id = last_customer_id then first_customer_id end as customer_id,
    case
        when first_customer_id = last_customer_id
            then case strength when 3 then 'login' when 2 then 'order' else 'contact' end
    end as identified_by,
    coalesce(first_customer_id <> last_customer_id, false) as is_shared,
    started_at
from seen
